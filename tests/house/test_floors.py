"""The floors of the house: imports look down, and every module stands on one of them."""

from __future__ import annotations

import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest
from importlinter.api import read_configuration

ROOT = Path(__file__).resolve().parents[2]
APPS = ("calculator", "gpus")
# What belongs to an app as a whole.
OF_THE_APP = re.compile(r"\w+(\.apps|\.migrations(\..*)?)?")


@pytest.fixture(scope="module")
def contracts():
    return read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]


@pytest.fixture(scope="module")
def imports():
    return grimp.build_graph(*APPS, cache_dir=None)


def test_the_contracts_are_kept():
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_every_module_stands_on_a_floor(contracts, imports):
    floors = next(each for each in contracts if each["id"] == "floors")
    rooms = [room.strip() for layer in floors["layers"] for room in layer.split(":")]

    homeless = [
        module
        for module in imports.modules
        if not OF_THE_APP.fullmatch(module)
        and not any(f"{module}.".startswith(f"{room}.") for room in rooms)
        and not any(room.startswith(f"{module}.") for room in rooms)  # a package of rooms
    ]

    assert homeless == []


def test_no_module_imports_itself_by_way_of_others(imports):
    graph = {each: imports.find_modules_directly_imported_by(each) for each in imports.modules}

    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_the_map_shows_the_floors_in_their_order(contracts):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = text.partition("## The map of the house")[2].split("```")[1]
    floors = next(each for each in contracts if each["id"] == "floors")
    layers = [layer for layer in floors["layers"] if ".admin" not in layer]  # a room's door
    on_the_map = re.findall(r"^((?:calculator|gpus|config)[\w/]*)", shown, re.MULTILINE)
    rooms = [name.strip("/").replace("/", ".") for name in on_the_map]

    levels = [
        min(level for level, layer in enumerate(layers) if re.search(rf"\b{room}\b", layer))
        for room in rooms
        if room not in ("calculator.faq", "calculator.language_models")  # from their rows up
    ]

    assert levels == sorted(levels)
    assert len(set(levels)) >= 9


def test_no_package_of_the_site_is_crowded():
    packages = {path.parent for app in APPS for path in (ROOT / app).rglob("*.py")}

    crowded = {
        str(package.relative_to(ROOT)): len(modules)
        for package in packages
        if not {"estimation", "migrations", "commands"} & set(package.relative_to(ROOT).parts)
        and len(modules := [m for m in package.glob("*.py") if m.name != "__init__.py"]) > 12
    }

    assert crowded == {}
