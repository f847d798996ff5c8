"""Training configurations → settings: published ones in full, and what strangers may send."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from calculator.carrying.imports.documents import NotReadable
from calculator.carrying.imports.understanding import understand
from calculator.catalog import current_catalog
from calculator.language_models.search import find_model
from tests.calculator.carrying.published import PUBLISHED


def lines_of(text: str) -> dict[str, str]:
    return {line.name: line.verdict for line in understand(text).lines}


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.file)
def test_a_published_configuration_is_read_for_what_it_sets(published):
    found = understand(published.text)

    assert found.tool == published.tool
    assert found.method == published.method
    assert dict(found.stated) == published.settings
    sharding = found.sharding
    assert published.cluster == (
        sharding and (sharding.strategy, sharding.gpu_count, sharding.offload)
    )
    found.settings  # noqa: B018 - they can be estimated


def test_of_the_published_ones_more_than_nine_in_ten_leave_nothing_unread():
    unread = {
        each.file: [line.name for line in understand(each.text).lines if line.verdict == "unknown"]
        for each in PUBLISHED
    }

    assert len(PUBLISHED) >= 40
    assert sum(not names for names in unread.values()) >= 0.9 * len(PUBLISHED)
    assert {name: len(names) for name, names in unread.items()} == {
        each.file: each.unread for each in PUBLISHED
    }


def test_the_models_of_published_configurations_are_those_of_the_catalog(catalog):
    found = {}
    for each in PUBLISHED:
        model = find_model(current_catalog(), understand(each.text).model or "-")
        found[each.file] = None if model is None else model.slug

    assert found == {each.file: each.model for each in PUBLISHED}


def test_every_value_has_a_line_with_its_number():
    text = "base_model: org/model\n\n# a comment\nmicro_batch_size: 2\nwandb_project: mine\n"

    assert [(line.number, line.name) for line in understand(text).lines] == [
        (1, "base_model"),
        (4, "micro_batch_size"),
        (5, "wandb_project"),
    ]


def test_what_matters_and_is_not_followed_is_told_from_what_nobody_knows():
    text = (
        "base_model: org/model\nadapter: lora\nlora_r: 8\nlisa_n_layers: 2\nrl: dpo\n"
        "learning_rate: 1e-4\nno_such_key: 3\noptimizer: adopt_adamw\nlora_dropout: 2\n"
    )

    found = lines_of(text)

    assert found["lora_r"] == "understood"
    assert found["learning_rate"] == "no_bearing"
    assert found["no_such_key"] == "unknown"
    for name in ("lisa_n_layers", "rl", "optimizer", "lora_dropout"):
        assert found[name] == "not_followed", name
    assert any("Preference training" in remark for remark in understand(text).remarks)


@pytest.mark.parametrize(
    ("text", "method", "settings"),
    [
        ("base_model: m\nadapter: lora\nload_in_8bit: true\nbf16: auto", "qlora", {"quantization": "int8"}),
        ("base_model: m\nfp16: true", "full", {"recipe": "fp16_autocast"}),
        ("base_model: m\nmicro_batch_size: 1", "full", {"recipe": "fp32", "micro_batch": 1}),
        (
            "stage: sft\nfinetuning_type: lora\nquantization_bit: 4\nuse_unsloth_gc: true\nbf16: true",
            "qlora",
            {"activation_offload": "checkpoints"},
        ),
        (
            "stage: sft\nfinetuning_type: full\npure_bf16: true\nuse_galore: true\ngalore_rank: 64",
            "full",
            {"optimizer": "galore_adamw", "projection_rank": 64, "recipe": "pure_bf16"},
        ),
        (
            "accelerate launch --num_processes 1 sft.py --model_name_or_path m/7b --use_peft"
            " --load_in_4bit --max_length=4096 --optim paged_adamw_8bit",
            "qlora",
            {"sequence_length": 4096, "optimizer": "paged_adamw_8bit", "quantization": "nf4"},
        ),
        (
            "from unsloth import FastLanguageModel\n"
            "n = 4096\n"
            "model, _ = FastLanguageModel.from_pretrained('unsloth/Qwen3-4B', max_seq_length=n)\n"
            "model = FastLanguageModel.get_peft_model(model, r=2 * 8, lora_alpha=16,"
            " target_modules=['q_proj'], use_gradient_checkpointing=True)\n",
            "qlora",
            {"sequence_length": 4096, "lora_targets": ("q_proj",), "activation_offload": "none"},
        ),
    ],
)  # fmt: skip
def test_values_that_mean_something_together(text, method, settings):
    found = understand(text)

    assert found.method == method
    assert {name: found.stated.get(name) for name in settings} == settings


def test_a_script_is_read_and_never_run(tmp_path):
    trace = tmp_path / "ran"
    text = (
        f"open({str(trace)!r}, 'w').write('ran')\n"
        "from trl import SFTConfig\n"
        f"args = SFTConfig(output_dir=open({str(trace)!r}, 'w'), per_device_train_batch_size=4)\n"
    )

    found = understand(text)

    assert found.stated["micro_batch"] == 4
    assert not trace.exists()


BOMB = "a: &a [x, x]\n" + "\n".join(
    f"{name}: &{name} [*{before}, *{before}, *{before}, *{before}, *{before}, *{before}]"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "just a sentence",
        "{",
        "[1, 2]",
        '{"a": NaN}',
        "a: b: c",
        "- a\n- b",
        "key: [1, 2",
        "def broken(:\n",
        "import os\nx = (" + "(" * 300,
        "import os\nx = " + "-" * 20_000 + "1",
        "import os\nSFTConfig(a=b" + ".c" * 3_000 + ")",
        "python train.py --model 'unclosed",
        "x" * 64_001,
        "a: " + "[" * 5_000,
        "a: " + "{b: " * 200 + "1" + "}" * 200,
        '{"a":' * 500 + "1" + "}" * 500,
        "\n".join(f"key_{number}: {number}" for number in range(5_000)),
        "&a [*a]",
        "a: !!python/object/apply:os.system ['true']",
        BOMB,
        "learning_rate: 1",
    ],
    ids=lambda text: text[:24],
)
def test_what_is_no_configuration_is_refused_in_words(text):
    with pytest.raises(NotReadable) as refusal:
        understand(text)

    assert str(refusal.value).endswith((".", "?"))


def test_an_alias_stands_for_its_value_and_no_more():
    text = "shared: &shared {lora_r: 16}\nbase_model: m\nadapter: lora\n<<: *shared\n"

    assert understand(text).stated["lora_rank"] == 16


@hypothesis_settings(max_examples=60)
@given(st.one_of(st.text(max_size=300), st.text("abc:-[]{}\n &*\"'=(),.01", max_size=300)))
def test_any_text_is_read_or_refused(text):
    with suppress(NotReadable):
        understand("base_model: m\n" + text)
