"""The wheel: built without a network, installed where there is no Django, and asked."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]


def run(*command: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False, **options
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    pytest.importorskip("hatchling", reason="It builds the wheel: pip install hatchling.")
    folder = tmp_path_factory.mktemp("wheel")
    done = run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"),
        *("--no-build-isolation", "--wheel-dir", folder, ROOT),
    )
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_it_holds_the_core_and_the_catalog_s_files_alone(wheel):
    names = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}

    code = {each for each in names if each.suffix == ".py"}
    assert all(each.parts[:2] == ("calculator", "estimation") for each in code)
    assert {each.name for each in names if each.suffix == ".csv"} == {
        "models.csv",
        "model_aliases.csv",
        "gpus.csv",
    }


def test_it_answers_where_nothing_else_is_installed(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=False)
    folder = "Scripts" if sys.platform == "win32" else "bin"
    python = tmp_path / "env" / folder / "python"
    installed = run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index"),
        wheel,
    )
    assert installed.returncode == 0, installed.stderr

    question = ("llama-3.1-8b", "--method", "qlora", "--gpu", "rtx-4090")
    command = run(python.with_name("finetuning-vram"), *question, cwd=tmp_path)
    module = run(python, "-m", "calculator.estimation", *question, cwd=tmp_path)
    django = run(python, "-c", "import django", cwd=tmp_path)

    assert command.returncode == module.returncode == 0, command.stderr
    assert command.stdout == module.stdout
    assert "GeForce RTX 4090" in command.stdout
    assert django.returncode == 1
