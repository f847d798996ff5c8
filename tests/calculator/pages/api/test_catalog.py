"""The API's lists, its GET questions, and what every address has in common."""

import json

import pytest

from calculator.catalog import current_catalog

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

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


def errors_of(response) -> dict[str, str]:
    return {each["field"]: each["reason"] for each in response.json()["errors"]}


@pytest.mark.parametrize("name", ["models", "gpus", "tiers", "presets"])
def test_each_item_of_a_list_has_an_address_of_its_own(client, name):
    listed = client.get(f"/api/v1/{name}").json()[name]
    key = "memory_gb" if name == "tiers" else "slug"

    alone = client.get(f"/api/v1/{name}/{listed[0][key]}").json()

    assert alone == listed[0]


def test_the_lists_hold_the_whole_published_catalog(client):
    catalog = current_catalog()

    assert len(client.get("/api/v1/models").json()["models"]) == len(catalog.language_models)
    assert len(client.get("/api/v1/gpus").json()["gpus"]) == len(catalog.gpus)
    presets = {p["slug"]: p for p in client.get("/api/v1/presets").json()["presets"]}
    assert presets["qlora"]["bytes_per_parameter"] == 0.85


def test_a_price_comes_with_its_source_and_its_day(client):
    price = client.get("/api/v1/gpus/rtx-4090").json()["retail_price"]

    assert price["usd"] > 0
    assert price["source_url"].startswith("https://")
    assert len(price["checked_on"]) == 10


def test_a_page_s_address_asks_the_same_as_a_json_object(client):
    wanted = {"model": "llama-3-1-8b", "method": "qlora", "settings": {"sequence_length": 4096}}

    by_post = client.post("/api/v1/estimate", json.dumps(wanted), content_type="application/json")
    by_get = client.get("/api/v1/estimate?model=llama-3-1-8b&method=qlora&sequence_length=4096")

    assert by_get.json() == by_post.json()


def test_all_methods_come_in_one_answer(client):
    wanted = {"params_b": 7, "method": "all"}

    by_post = client.post("/api/v1/estimate", json.dumps(wanted), content_type="application/json")
    by_get = client.get("/api/v1/estimate?size=7")
    one = client.get("/api/v1/estimate?size=7&method=lora")

    assert list(by_post.json()["methods"]) == ["full", "lora", "qlora"]
    assert by_get.json() == by_post.json()
    assert by_get.json()["methods"]["lora"] == one.json()


def test_a_cluster_in_an_address_is_answered(client):
    query = "?model=llama-3-1-8b&method=full&gpu_count=4&strategy=zero3"

    cluster = client.get(f"/api/v1/estimate{query}").json()["cluster"]

    assert (cluster["gpu_count"], cluster["strategy"]) == (4, "zero3")


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("model=gpt-99", "model", "not_found"),
        ("size=0", "size", "out_of_bounds"),
        ("size=7&method=dora", "method", "not_a_choice"),
        ("size=7&lora_rank=0", "lora_rank", "invalid"),
        ("size=7&gpu_count=0", "gpu_count", "invalid"),
        ("config={", "config", "invalid"),
    ],
)
def test_what_is_wrong_with_an_address_is_named(client, query, field, reason):
    response = client.get(f"/api/v1/estimate?{query}")

    assert response.status_code == 422
    assert errors_of(response) == {field: reason}


def test_fit_lists_the_setups_of_the_page_in_its_order(client):
    query = "?model=llama-3-1-8b&method=qlora&sort=price_per_hour"
    setups = client.get(f"/api/v1/fit{query}").json()["setups"]
    page = client.get(f"/fit/{query}").content.decode()

    prices = [s["usd_per_hour"] for s in setups if s["usd_per_hour"] and not s["is_rent_stale"]]
    assert prices == sorted(prices)
    assert setups[0]["gpu"]["name"] in page
    assert {s["verdict"] for s in setups} <= {"fits", "tight"}
    assert errors_of(client.get("/api/v1/fit?method=x&size=0")) == {
        "method": "invalid",
        "size": "out_of_bounds",
    }


def test_my_gpu_says_what_its_page_says(client):
    answer = client.get("/api/v1/my-gpu?gpu=rtx-4090&model=llama-3-1-8b").json()
    page = client.get("/gpus/rtx-4090/?model=llama-3-1-8b").content.decode()

    methods = {each["method"]: each for each in answer["methods"]}
    assert methods["qlora"]["largest_model"]["name"] in page
    assert f"{methods['qlora']['largest_values']['sequence_length']:,}" in page
    assert errors_of(client.get("/api/v1/my-gpu")) == {"gpu": "missing"}
    assert errors_of(client.get("/api/v1/my-gpu?gpu=x&gpu_count=0")) == {
        "gpu": "not_found",
        "gpu_count": "invalid",
    }


@pytest.mark.parametrize(
    ("text", "kind", "settings"),
    [
        (json.dumps(CONFIG), "config.json", {}),
        (
            json.dumps(
                {
                    "peft_type": "LORA",
                    "base_model_name_or_path": "meta-llama/Llama-3.1-8B",
                    "r": 64,
                    "target_modules": ["q_proj", "v_proj"],
                }
            ),
            "adapter_config.json",
            {"lora_rank": "64", "lora_targets": "q_proj,v_proj"},
        ),
    ],
)
def test_a_file_leads_to_its_question(client, text, kind, settings):
    answer = client.post("/api/v1/import-config", text, content_type="text/plain").json()

    assert answer["kind"] == kind
    assert answer["parameters"] == 8_030_261_248
    assert answer["settings"] == settings
    assert client.get("/api/v1/estimate", answer["query"]).status_code == 200
    assert client.get(answer["page_path"]).status_code == 200


def test_a_trainers_file_is_read_line_by_line(client):
    text = """
base_model: meta-llama/Llama-3.1-8B
adapter: qlora
load_in_4bit: true
sequence_len: 4096
micro_batch_size: 2
something_of_our_own: 3
"""
    answer = client.post("/api/v1/import-config", text, content_type="text/plain").json()

    assert answer["kind"] == "Axolotl"
    assert answer["model"] == "Llama 3.1 8B"
    assert answer["method"] == "qlora"
    assert answer["query"]["sequence_length"] == "4096"
    verdicts = {line["name"]: line["verdict"] for line in answer["lines"]}
    assert verdicts["micro_batch_size"] == "understood"
    assert verdicts["something_of_our_own"] == "unknown"
    # The page says the same.
    page = client.get(answer["page_path"]).content.decode()
    assert "Llama 3.1 8B" in page
    assert 'value="4096"' in page


@pytest.mark.parametrize(
    ("body", "status"), [("{", 400), ("[]", 422), ('{"model_type":"x"}', 422)]
)
def test_a_file_that_is_none_is_refused(client, body, status):
    response = client.post("/api/v1/import-config", body, content_type="text/plain")

    assert response.status_code == status
    assert response.json()["errors"][0]["message"]


def test_a_browser_on_any_page_may_ask(client):
    kept = [client.get("/api/v1/tiers", headers={"Origin": "https://a.example"}) for _ in "ab"]
    again = client.get("/api/v1/tiers", headers={"If-None-Match": kept[1]["ETag"]})
    preflight = client.options(
        "/api/v1/estimate",
        headers={
            "Origin": "https://a.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )

    assert again.status_code == 304
    assert preflight.status_code == 204
    assert "POST" in preflight["Access-Control-Allow-Methods"]
    assert "Content-Type" in preflight["Access-Control-Allow-Headers"]
    for response in (*kept, again, preflight, client.get("/api/v1/gone")):
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response
    assert "Access-Control-Allow-Origin" not in client.get("/?size=7")


@pytest.mark.parametrize(
    ("method", "path", "accept", "status", "reason"),
    [
        ("GET", "nothing", "*/*", 404, "not_found"),
        ("GET", "models/gpt-99", "*/*", 404, "not_found"),
        ("OPTIONS", "nothing", "*/*", 404, "not_found"),
        ("POST", "models", "*/*", 405, "method_not_allowed"),
        ("GET", "import-config", "*/*", 405, "method_not_allowed"),
        ("GET", "models", "text/html", 406, "not_acceptable"),
    ],
)
def test_errors_of_the_address_itself_have_the_shape_of_all_others(
    client, method, path, accept, status, reason
):
    response = client.generic(method, f"/api/v1/{path}", headers={"Accept": accept})

    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert response.json()["errors"][0]["reason"] == reason
    assert response.has_header("Allow") is (status == 405)
    assert response["Permissions-Policy"]


def test_a_request_too_many_is_refused_in_the_same_shape(client, settings):
    settings.RATE_LIMITS = {"calculator:api_import_config": 1}
    address = {"REMOTE_ADDR": "203.0.113.77"}

    ask = [
        client.post("/api/v1/import-config", "{", content_type="text/plain", **address)
        for _ in range(2)
    ]

    assert ask[1].status_code == 429
    assert errors_of(ask[1]) == {"rate": "too_many_requests"}
    assert ask[1]["Retry-After"]
