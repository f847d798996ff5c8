"""`POST /api/v1/estimate`, as a developer calls it."""

import json
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calculator.catalog import current_catalog
from calculator.estimation import FORMULA_VERSION, TrainingSettings, estimate
from calculator.models import MethodPreset

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

URL = "/api/v1/estimate"
LLAMA = {"model": "llama-3-1-8b"}
CONFIG = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}


def post(client, value, **options):
    options.setdefault("content_type", "application/json")
    return client.post(URL, json.dumps(value), **options)


def errors_of(response) -> dict[str, str]:
    assert response.status_code == 422, response.content
    return {error["field"]: error["message"] for error in response.json()["errors"]}


def test_the_answer_has_every_field_of_the_contract(client):
    answer = post(client, {**LLAMA, "method": "lora"}).json()

    assert set(answer) == {
        "peak_allocated_bytes",
        "device_bytes",
        "peak_phase",
        "phases",
        "breakdown",
        "parameters",
        "rule_of_thumb_bytes",
        "minimum_gpu",
        "tight_gpu",
        "assumptions",
        "formula_version",
    }
    assert set(answer["device_bytes"]) == {"low", "likely", "high"}
    assert set(answer["phases"]) == {"forward", "loss", "backward", "optimizer_step"}
    assert answer["formula_version"] == FORMULA_VERSION
    assert all(isinstance(text, str) for text in answer["assumptions"])


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_the_parts_sum_exactly_to_the_peak_which_is_the_largest_phase(client, method):
    answer = post(client, {**LLAMA, "method": method}).json()

    peak = answer["peak_allocated_bytes"]
    assert sum(item["bytes"] for item in answer["breakdown"]) == peak
    assert answer["phases"][answer["peak_phase"]] == max(answer["phases"].values()) == peak
    device = answer["device_bytes"]
    assert peak < device["low"] < device["likely"] < device["high"]


def test_the_answer_is_the_core_s_estimate_of_the_catalog_s_model(client):
    wanted = {"micro_batch": 2, "sequence_length": 4096, "lora_targets": ["q_proj", "v_proj"]}
    answer = post(client, {**LLAMA, "method": "qlora", "settings": wanted}).json()

    architecture = current_catalog().language_models_by_slug["llama-3-1-8b"].architecture
    found = estimate(
        architecture,
        TrainingSettings(
            method="qlora",
            micro_batch=2,
            sequence_length=4096,
            lora_targets=("q_proj", "v_proj"),
        ),
    )
    assert answer["peak_allocated_bytes"] == found.peak_allocated_bytes
    # Llama 3.1 8B: rank 16 on q (4096 + 4096) and v (4096 + 1024) of 32 layers.
    assert answer["parameters"] == {"total": 8_030_261_248, "trainable": 6_815_744}


def test_a_config_json_answers_like_the_model_it_describes(client):
    by_slug = post(client, {**LLAMA, "method": "full"}).json()
    by_config = post(client, {"config": CONFIG, "method": "full"}).json()

    assert by_config["peak_allocated_bytes"] == by_slug["peak_allocated_bytes"]
    assert by_config["rule_of_thumb_bytes"] == by_slug["rule_of_thumb_bytes"]


def test_what_a_config_says_and_the_estimate_does_not_follow_is_an_assumption(client):
    config = {**CONFIG, "quantization_config": {"quant_method": "gptq", "bits": 4}}

    answer = post(client, {"config": config, "method": "full"}).json()

    assert "quantised weights (gptq)" in answer["assumptions"][0]


def test_a_plain_size_gets_a_typical_architecture_and_the_answer_says_so(client):
    answer = post(client, {"params_b": 7, "method": "full"}).json()

    assert answer["parameters"]["total"] == pytest.approx(7e9, rel=0.01)
    assert answer["rule_of_thumb_bytes"] == 126_000_000_000
    assert any("typical architecture" in text for text in answer["assumptions"])


def test_the_minimum_gpu_is_the_smallest_of_the_ladder_that_fits_the_high_bytes(client):
    answer = post(client, {**LLAMA, "method": "qlora"}).json()

    minimum = answer["minimum_gpu"]
    assert minimum["gpu_count"] == 1
    tiers = {tier.memory_gb: tier for tier in current_catalog().usable_tiers}
    ladder = [gb for gb, tier in tiers.items() if tier.is_on_ladder]
    smaller = max(gb for gb in ladder if gb < minimum["memory_gb"])
    high = answer["device_bytes"]["high"]
    assert tiers[smaller].capacity_bytes < high <= tiers[minimum["memory_gb"]].capacity_bytes
    assert minimum["label"].startswith(f"{minimum['memory_gb']} GB")
    assert {"slug", "name"} == set(minimum["examples"][0])


def test_several_gpus_are_said_to_need_sharding(client):
    answer = post(client, {**LLAMA, "method": "full"}).json()

    assert answer["minimum_gpu"]["gpu_count"] > 1
    assert any("GPUs is for" in text and "sharded" in text for text in answer["assumptions"])


def test_a_method_whose_preset_is_unpublished_has_no_rule_of_thumb(client):
    preset = MethodPreset.objects.get(slug="lora")
    preset.published = False
    preset.save()

    assert post(client, {**LLAMA, "method": "lora"}).json()["rule_of_thumb_bytes"] is None


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"method": "lora"}, "model"),
        ({**LLAMA, "params_b": 7, "method": "lora"}, "params_b"),
        ({"model": "gpt-9", "method": "lora"}, "model"),
        ({"model": 7, "method": "lora"}, "model"),
        ({"params_b": "7", "method": "lora"}, "params_b"),
        ({"params_b": True, "method": "lora"}, "params_b"),
        ({"params_b": 0.05, "method": "lora"}, "params_b"),
        ({"params_b": 10**400, "method": "lora"}, "params_b"),
        ({"config": [], "method": "lora"}, "config"),
        ({**LLAMA}, "method"),
        ({**LLAMA, "method": "dora"}, "method"),
        ({**LLAMA, "method": ["full"]}, "method"),
        ({**LLAMA, "method": "lora", "settings": []}, "settings"),
        ({**LLAMA, "method": "lora", "settings": {"method": "full"}}, "method"),
        ({**LLAMA, "method": "lora", "settings": {"lora_rank": 0}}, "lora_rank"),
        ({**LLAMA, "method": "lora", "settings": {"lora_rank": "16"}}, "lora_rank"),
        ({**LLAMA, "method": "lora", "settings": {"micro_batch": 1.5}}, "micro_batch"),
        ({**LLAMA, "method": "lora", "settings": {"attention": "ring"}}, "attention"),
        ({**LLAMA, "method": "lora", "settings": {"prepare_kbit": 1}}, "prepare_kbit"),
        ({**LLAMA, "method": "lora", "settings": {"lora_targets": [["q"]]}}, "lora_targets"),
        ({**LLAMA, "method": "lora", "settings": {"lora_targets": ["lm"]}}, "lora_targets"),
        ({**LLAMA, "method": "lora", "settings": {"batch": 1}}, "batch"),
        ({**LLAMA, "method": "lora", "setings": {}}, "setings"),
        ([], "body"),
        (None, "body"),
    ],
)
def test_bad_input_is_named_by_its_field(client, request_, field):
    message = errors_of(post(client, request_))[field]

    assert message.endswith(".")
    assert message[0].isupper()


def test_every_wrong_field_is_named_at_once(client):
    errors = errors_of(
        post(
            client,
            {"params_b": 0, "method": "lora", "settings": {"lora_rank": 0, "loss": "huge"}},
        )
    )

    assert set(errors) == {"params_b", "lora_rank", "loss"}


def test_a_config_that_lacks_a_size_is_refused_by_name(client):
    config = {name: value for name, value in CONFIG.items() if name != "hidden_size"}

    errors = errors_of(post(client, {"config": config, "method": "full"}))

    assert any("hidden_size" in field + message for field, message in errors.items())


def test_a_model_of_which_only_the_parameters_are_known_is_refused_with_the_reason(client):
    model = next(m for m in current_catalog().language_models if m.architecture is None)

    message = errors_of(post(client, {"model": model.slug, "method": "lora"}))["model"]

    assert "no precise estimate" in message


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe\x00", b'{"params_b": NaN}', b"[" * 100_000, b"9" * 5_000],
)
def test_what_is_not_json_is_a_400(client, body):
    response = client.post(URL, body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "body"


def test_a_body_past_256_kb_is_a_413_and_one_within_is_read(client):
    padded = json.dumps({**LLAMA, "method": "lora"})

    within = client.post(URL, padded.ljust(256_000), content_type="application/json")
    past = client.post(URL, padded.ljust(256_001), content_type="application/json")

    assert within.status_code == 200
    assert past.status_code == 413
    assert past.json()["errors"][0]["field"] == "body"


def test_a_body_without_a_length_is_read_where_the_server_knows_its_end(client):
    body = json.dumps({**LLAMA, "method": "lora"}).encode()

    response = client.generic(
        "POST",
        URL,
        **{"wsgi.input": BytesIO(body), "wsgi.input_terminated": True},
        HTTP_TRANSFER_ENCODING="chunked",
    )

    assert response.status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""]
)
def test_the_content_type_does_not_matter(client, content_type):
    response = post(client, {**LLAMA, "method": "lora"}, content_type=content_type)

    assert response.status_code == 200


def test_other_methods_are_told_which_are_answered(client):
    for ask in (client.put, client.delete, client.patch):
        response = ask(URL)
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD, POST"
        assert response.json()["errors"][0]["reason"] == "method_not_allowed"


def test_no_token_and_no_login_are_needed(catalog):
    from django.test import Client

    response = post(Client(enforce_csrf_checks=True), {**LLAMA, "method": "lora"})

    assert response.status_code == 200
    assert not response.cookies


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
SETTING_NAMES = st.sampled_from([*TrainingSettings.__dataclass_fields__, "unknown"])
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["llama-3-1-8b", "gpt-2"]) | JSON_VALUES,
        "config": st.fixed_dictionaries(
            {}, optional={name: st.just(value) | JSON_VALUES for name, value in CONFIG.items()}
        )
        | JSON_VALUES,
        "params_b": st.floats(0.1, 2000) | JSON_VALUES,
        "method": st.sampled_from(["full", "lora", "qlora"]) | JSON_VALUES,
        "settings": st.dictionaries(
            SETTING_NAMES,
            st.sampled_from([1, 8, 2048, True, "all-linear", ["q_proj"], "sdpa", "trl", "nf4"])
            | JSON_VALUES,
            max_size=4,
        )
        | JSON_VALUES,
    },
)


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(REQUESTS | JSON_VALUES)
def test_no_json_whatever_gets_a_500(client, value):
    response = post(client, value)

    assert response.status_code in {200, 400, 422}
    if response.status_code == 200:
        answer = response.json()
        assert sum(i["bytes"] for i in answer["breakdown"]) == answer["peak_allocated_bytes"]
    else:
        assert all({"field", "message", "reason"} == set(e) for e in response.json()["errors"])


def test_a_run_that_no_number_of_gpus_holds_is_an_answer(client):
    settings = {"micro_batch": 1353, "sequence_length": 6388471}
    response = post(client, {"params_b": 7, "method": "qlora", "settings": settings})

    assert response.status_code == 200
    assert response.json()["minimum_gpu"] is None
    assert any(text.startswith("No GPU count holds it") for text in response.json()["assumptions"])


def test_a_stated_cluster_answers_with_each_gpu_and_the_host(client):
    alone = {**LLAMA, "method": "full"}
    wanted = {"gpu_count": 4, "strategy": "zero3", "offload": "parameters"}

    sharded = post(client, {**alone, "cluster": wanted}).json()
    on_gpus = post(client, {**alone, "cluster": {**wanted, "offload": "none"}}).json()

    cluster = sharded["cluster"]
    assert {name: cluster[name] for name in wanted} == wanted
    assert (
        cluster["host_bytes_per_node"]["likely"] > on_gpus["cluster"]["host_bytes_per_node"]["low"]
    )
    assert (
        cluster["device_bytes_per_gpu"]["likely"]
        < on_gpus["cluster"]["device_bytes_per_gpu"]["likely"]
        < sharded["device_bytes"]["likely"]
    )


@pytest.mark.parametrize(
    ("cluster", "field"),
    [
        (4, "cluster"),
        ({"gpu_count": 0}, "cluster.gpu_count"),
        ({"gpu_count": 2, "strategy": "ddp", "offload": "parameters"}, "cluster.offload"),
        ({"cards": 2}, "cluster.cards"),
    ],
)
def test_what_is_wrong_with_a_cluster_is_named(client, cluster, field):
    assert field in errors_of(post(client, {**LLAMA, "method": "full", "cluster": cluster}))


@pytest.mark.parametrize(
    ("spelled", "ours"),
    [
        ({"optim": "adamw_torch_8bit"}, {"optimizer": "adamw_torchao_8bit"}),
        ({"target_modules": ["q_proj"]}, {"lora_targets": ["q_proj"]}),
        ({"lora_targets": "all"}, {"lora_targets": "all-linear"}),
        ({"modules_to_save": ["lm_head"]}, {"modules_to_save": "head"}),
        ({"attn_implementation": "fa2"}, {"attention": "flash_attention_2"}),
        (
            {"use_gradient_checkpointing": "unsloth"},
            {"gradient_checkpointing": True, "activation_offload": "checkpoints"},
        ),
    ],
)
def test_trainers_names_and_values_are_understood(client, spelled, ours):
    answers = [
        post(client, {**LLAMA, "method": "qlora", "settings": settings}).json()
        for settings in (spelled, ours)
    ]

    assert "errors" not in answers[0]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"optim": "adam_magic"}, "optimizer", "Must be one of adamw,"),
        ({"quantization": "exl2"}, "quantization", "Must be one of nf4,"),
        ({"eval_micro_batch": -1}, "eval_micro_batch", "between 0 and 4,096"),
        ({"projection_rank": 0}, "projection_rank", "between 1 and 8,192"),
        ({"modules_to_save": ["q_proj"]}, "modules_to_save", "Must be one of none,"),
        ({"loss_version": 4.5}, "loss_version", "Must be one of 4.50,"),
        ({"use_dora": "yes"}, "use_dora", "Must be true or false."),
        ({"activation_offload": 1}, "activation_offload", "Must be one of none,"),
    ],
)
def test_a_wrong_setting_of_the_newer_ones_is_refused_in_words(client, settings, field, words):
    errors = errors_of(post(client, {**LLAMA, "method": "lora", "settings": settings}))

    assert set(errors) == {field}
    assert words in errors[field]


def test_a_card_below_the_minimum_that_holds_the_low_figure_is_named_as_tight(client):
    """LoRA at 4,352 tokens: 24.6 to 28.0 GB, likely 26.3; a card of 24 GiB has up to 25.8."""
    asked = {**LLAMA, "method": "lora", "settings": {"sequence_length": 4352}}
    answer = post(client, asked).json()

    tight = answer["tight_gpu"]
    assert tight["memory_gb"] < answer["minimum_gpu"]["memory_gb"]
    assert tight["verdict"] == "tight"
    assert tight["verdict_sentence"].startswith("Tight on 25.")
    assert answer["device_bytes"]["low"] < answer["device_bytes"]["likely"]


@pytest.mark.parametrize(("length", "word"), [(2048, "Fits: "), (1024, "Tight on ")])
def test_the_minimum_has_a_verdict_and_the_sentence_that_says_what_it_means(client, length, word):
    asked = {**LLAMA, "method": "qlora", "settings": {"sequence_length": length}}
    minimum = post(client, asked).json()["minimum_gpu"]

    assert minimum["verdict_sentence"].startswith(word)
    assert minimum["verdict"] == {"Fits: ": "fits", "Tight on ": "tight"}[word]
