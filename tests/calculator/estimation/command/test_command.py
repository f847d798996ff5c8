"""`python -m calculator.estimation`, as a job script calls it."""

import io
import json
import re
import shlex
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.command import main
from calculator.estimation.command.catalog import find_architecture

DOCS = Path(__file__).resolve().parents[4] / "docs" / "command.md"
LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("llama-3.1-8b --method qlora --gpu 24GB", 0),
        ("llama-3.1-8b --method full --gpu rtx-4090", 1),
        ("llama-3.1-8b --gpu rtx-4090", 1),  # not with every method
        ("llama-3.1-8b --method full", 0),  # there is nothing to fit into
        ("llama-3.1-8b --method full --gpu h100-sxm-80gb --gpus 4", 0),
        ("llama-3.1-8b --method lora --sequence-length 4352 --gpu 24GB", 1),  # tight
        ("llama-3.1-8b --method lora --sequence-length 4352 --gpu 24GB --allow-tight", 0),
        ("--size 7 --method qlora --gpu 8", 1),
        ("llama-9", 2),
        ("llama-3.1-8b --gpu rtx4091", 2),
        ("--size 0", 2),
        ("--size x", 2),
        ("--config /nowhere/config.json", 2),
        ("llama-3.1-8b --lora-rank 0", 2),
        ("llama-3.1-8b --gpus 4 --strategy none", 2),
        ("llama-3.1-8b --method qlora --lora-targets lm", 2),
        ("llama-3.1-8b --quantization int8 --method qlora --gpus 2 --strategy zero3", 2),
    ],
)
def test_the_exit_status_says_whether_it_fits(arguments, status, capsys):
    assert main(arguments.split()) == status

    printed = capsys.readouterr()
    assert bool(printed.out) is (status != 2)
    assert bool(printed.err) is (status == 2)


@pytest.mark.parametrize(
    "arguments", ["", "llama-3.1-8b --size 7", "llama-3.1-8b --method dora", "x --lora-rank many"]
)
def test_wrong_use_exits_with_2_and_says_how(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments.split())

    assert stopped.value.code == 2
    assert "usage: finetuning-vram" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["llama-3-1-8b", "Llama 3.1 8B", "meta-llama/Llama-3.1-8B", "llama-3.1-8b"]
)
def test_a_model_is_found_however_it_is_punctuated(name, capsys):
    assert main([name, "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["model"] == "Llama 3.1 8B"


def test_json_has_the_core_s_estimate(capsys):
    main(
        [
            "llama-3.1-8b",
            "--method",
            "lora",
            "--lora-rank",
            "64",
            "--no-gradient-checkpointing",
            "--json",
        ]
    )
    printed = json.loads(capsys.readouterr().out)["methods"]["lora"]

    settings = TrainingSettings(method="lora", lora_rank=64, gradient_checkpointing=False)
    found = estimate(find_architecture("llama-3-1-8b"), settings)
    assert printed["peak_allocated_bytes_per_gpu"] == found.peak_allocated_bytes
    assert printed["device_bytes_per_gpu"]["likely"] == found.device_bytes.likely
    assert sum(part["bytes"] for part in printed["breakdown"]) == found.peak_allocated_bytes


def test_a_trainer_s_defaults_are_overridden_by_what_is_stated(capsys):
    main(["llama-3.1-8b", "--method", "qlora", "--trainer", "trl", "--json"])
    of_trl = capsys.readouterr().out
    main(["llama-3.1-8b", "--method", "qlora", "--trainer", "trl", "--micro-batch", "1", "--json"])
    stated = capsys.readouterr().out

    as_bytes = [
        json.loads(t)["methods"]["qlora"]["peak_allocated_bytes_per_gpu"] for t in (of_trl, stated)
    ]
    assert as_bytes[0] > as_bytes[1]


def test_a_config_is_read_from_a_file_or_the_standard_input(tmp_path, monkeypatch, capsys):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA))
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(LLAMA)))

    printed = []
    for arguments in (["--config", str(path)], ["--config", "-"], ["llama-3.1-8b"]):
        assert main([*arguments, "--method", "full", "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)["methods"]["full"]
        printed.append(answer["peak_allocated_bytes_per_gpu"])

    assert len(set(printed)) == 1


def test_every_setting_is_a_flag(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])

    helped = capsys.readouterr().out
    assert stopped.value.code == 0
    for item in fields(TrainingSettings):
        assert f"--{item.name.replace('_', '-')}" in helped


def test_on_a_terminal_the_table_is_drawn_and_says_the_same(monkeypatch, capsys):
    pytest.importorskip("rich", reason="The plain table needs no package; this one is rich's.")
    main(["llama-3.1-8b", "--method", "qlora", "--gpu", "24GB"])
    plain = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "120")

    main(["llama-3.1-8b", "--method", "qlora", "--gpu", "24GB"])

    drawn = capsys.readouterr().out
    assert "│" in drawn
    assert set(re.findall(r"\d+\.\d", plain)) == set(re.findall(r"\d+\.\d", drawn))


def test_the_docs_print_what_is_printed(capsys):
    text = DOCS.read_text(encoding="utf-8")
    command = re.search(r"python -m calculator\.estimation (.+)", text)[1]
    shown = re.search(r"```text\n(.*?)```", text, re.DOTALL)[1]

    assert main(shlex.split(command)) == 0

    assert capsys.readouterr().out == shown
