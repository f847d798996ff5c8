"""The precise estimate on the calculator's page, as a browser without JavaScript gets it."""

import html
import json
import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calculator.catalog import current_catalog
from calculator.estimation.trainers import TRAINERS
from calculator.models import MethodPreset
from calculator.question.training_form import SETTING_NAMES
from calculator.words.formatting import format_figure
from tests.calculator.pages.one_form import fields_of_the_form

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

HTMX = {"HTTP_HX_REQUEST": "true"}
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "bos_token_id": 128000,
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
    "transformers_version": "4.43.0",
}


def soup_of(response) -> BeautifulSoup:
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text_of(element) -> str:
    return " ".join(element.get_text(" ").replace("\u00a0", " ").split())


def figures_of(soup) -> dict[str, str]:
    return {
        card["id"].removeprefix("card-"): text_of(card.select_one(".card__figure"))
        for card in soup.select(".card")
    }


def api(client, method: str, **request) -> dict:
    body = json.dumps({"method": method, **request})
    return client.post("/api/v1/estimate", body, content_type="application/json").json()


def open_groups(soup) -> list[str]:
    return [group["id"] for group in soup.select(".settings__more[open]")]


def gigabytes(text: str) -> float:
    return float(text.replace("about", "").replace("GB", "").replace(",", ""))


def shown(device: dict[str, int]) -> str:
    """The API's device bytes as a card shows them."""
    figure = format_figure(device["likely"], (device["low"], device["high"]))
    return figure.replace("\u00a0", " ")


def test_a_model_turns_the_three_cards_precise(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b"))

    figures = figures_of(soup)
    assert list(figures) == ["full", "lora", "qlora"]
    assert all(figure.startswith("about ") for figure in figures.values())
    assert len(soup.select(".card--precise")) == 3
    assert "Llama 3.1 8B on 1 × 2,048 tokens" in text_of(soup.select_one("#headline"))
    assert text_of(soup.title).startswith("Fine-tune Llama 3.1 8B: Full fine-tuning ")
    assert soup.select_one("#model")["value"] == "Llama 3.1 8B"


def test_the_page_shows_the_figures_of_the_api(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b&sequence_length=4096&lora_rank=64"))

    for method, figure in figures_of(soup).items():
        answer = api(
            client,
            method,
            model="llama-3-1-8b",
            settings={"sequence_length": 4096, "lora_rank": 64},
        )
        assert figure == f"about {shown(answer['device_bytes'])}"
        card = text_of(soup.select_one(f"#card-{method}"))
        assert answer["minimum_gpu"]["label"] in card
        assert f"Formula version {answer['formula_version']}" in card


def test_a_card_shows_the_range_the_peak_and_the_rule_of_thumb_beside_it(client):
    soup = soup_of(client.get("/?size=7&sequence_length=2048"))

    terms = [text_of(dt) for dt in soup.select("#card-qlora .figures dt")]
    values = [text_of(dd) for dd in soup.select("#card-qlora .figures dd")]
    assert terms == ["Likely range", "Allocated at the peak", "Rule of thumb"]
    assert "–" in values[0]
    assert values[2] == "6 GB"


def test_the_parts_of_a_card_sum_to_its_figure(client):
    card = soup_of(client.get("/?model=llama-3-1-8b")).select_one("#card-full")

    parts = [gigabytes(text_of(td)) for td in card.select(".parts__memory")]
    assert sum(parts) == pytest.approx(gigabytes(text_of(card.select_one(".card__figure"))), abs=1)
    widths = [float(rect["width"].rstrip("%")) for rect in card.select(".parts-bar .part[x]")]
    assert 80 < sum(widths) <= 100.1


def test_the_timeline_has_every_phase_and_marks_the_peak(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b"))

    for card in soup.select(".card"):
        spoken = card.select_one(".timeline svg[role=img]")["aria-label"]
        assert [part.split()[0] for part in spoken.split(", ")] == [
            "Forward",
            "Loss",
            "Backward",
            "Optimizer",
        ]
        assert spoken.count("(peak)") == len(card.select(".phase--peak")) == 1


def test_a_saving_leads_to_the_page_that_it_promises(client):
    url = "/?model=llama-3-1-8b&gradient_checkpointing=false&sequence_length=8192"
    card = soup_of(client.get(url)).select_one("#card-lora")
    saving = card.select_one(".savings li")
    saved = gigabytes(text_of(saving.select_one(".savings__saved")).removeprefix("−"))
    link = saving.select_one("a")

    after = figures_of(soup_of(client.get(link["href"])))["lora"]

    assert text_of(link) == "Turn gradient checkpointing on"
    assert link["href"] == "/?model=llama-3-1-8b&sequence_length=8192"
    before = gigabytes(text_of(card.select_one(".card__figure")))
    # The saving has a decimal; of the figures, ranges of 4 GB and more leave whole GB.
    assert before - saved == pytest.approx(gigabytes(after), abs=1.1)


def test_a_size_alone_stays_the_rule_of_thumb_and_a_setting_makes_it_precise(client):
    rough = soup_of(client.get("/?size=13"))
    precise = soup_of(client.get("/?size=13&sequence_length=4096"))

    assert figures_of(rough)["full"] == "234 GB"
    assert rough.select(".card--precise") == []
    assert len(precise.select(".card--precise")) == 3
    assert "typical architecture" in text_of(precise.select_one("#card-full"))


def test_the_way_back_to_the_rule_of_thumb_keeps_the_size(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b&lora_rank=64"))

    back = soup.select_one(".mode a")

    assert back["href"] == "/?size=8.03"
    assert figures_of(soup_of(client.get(back["href"])))["lora"] == "19.3 GB"


def test_the_form_s_submission_gets_the_short_address(client):
    values = fields_of_the_form(client, "/?size=7&sequence_length=4096")

    response = client.get("/", values | {"micro_batch": "2"})

    assert response["Location"] == "/?size=7&micro_batch=2&sequence_length=4096"


def test_a_size_whose_settings_are_all_defaults_stays_precise_in_its_address(client):
    response = client.get("/fragments/training/?size=7&micro_batch=1&lora_rank=16", **HTMX)

    assert response["HX-Push-Url"] == "/?size=7&sequence_length=2048"


def test_sizes_take_the_settings_along_and_a_rough_page_takes_none(client):
    precise = soup_of(client.get("/?model=llama-3-1-8b&sequence_length=4096"))
    rough = soup_of(client.get("/?size=7"))

    assert precise.select_one("#sizes a")["href"] == "/?size=1&sequence_length=4096"
    assert rough.select_one("#sizes a")["href"] == "/?size=1"


@pytest.mark.parametrize(
    "typed", ["Llama 3.1 8B", "llama 3.1 8b", "meta-llama/Llama-3.1-8B", "llama-3-1-8b"]
)
def test_a_model_is_found_by_name_id_or_slug(client, typed):
    soup = soup_of(client.get("/", {"model": typed}))

    assert "Llama 3.1 8B" in text_of(soup.select_one("#headline"))
    assert soup.select_one("link[rel=canonical]")["href"].endswith("/?model=llama-3-1-8b")


def test_a_search_that_matches_several_models_lists_them_as_links(client):
    soup = soup_of(client.get("/", {"model": "llama 70b", "lora_rank": "64"}))

    assert "Choose one" in text_of(soup.select_one("#model-error"))
    assert soup.select_one("#model")["value"] == "llama 70b"
    hrefs = [a["href"] for a in soup.select("#model-results a")]
    assert "/?model=llama-3-1-70b&lora_rank=64" in hrefs


def test_a_model_that_nobody_knows_is_said_in_words(client):
    soup = soup_of(client.get("/", {"model": "gpt-9 <b>"}))

    assert "No model here is called “gpt-9 <b>”" in text_of(soup.select_one("#model-error"))
    assert soup.select_one("#model")["value"] == "gpt-9 <b>"
    assert soup.select_one("meta[name=robots]")["content"] == "noindex"


def test_searching_as_one_types_answers_with_links(client):
    response = client.get("/fragments/models/?model=qwen+0.5&sequence_length=4096", **HTMX)

    soup = soup_of(response)
    assert text_of(soup.select_one("[role=status]")).endswith(("match", "matches"))
    assert all("0.5B" in text_of(a) for a in soup.select("a"))
    assert all("sequence_length=4096" in a["href"] for a in soup.select("a"))


def test_an_empty_search_answers_with_nothing(client):
    assert client.get("/fragments/models/?model=+", **HTMX).content.strip() == b""


def test_a_model_of_which_only_parameters_are_known_gets_the_rule_of_thumb_and_the_reason(client):
    model = next(m for m in current_catalog().language_models if m.architecture is None)

    soup = soup_of(client.get("/", {"model": model.slug}))

    assert model.name in text_of(soup.select_one("#headline"))
    assert soup.select(".card--precise") == []
    assert "By the rule of thumb alone" in text_of(soup.select_one(".mode"))


def test_a_wrong_setting_is_said_beside_its_field_with_the_rest_kept(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b&lora_rank=0&sequence_length=4096"))

    assert "between 1 and 8,192" in text_of(soup.select_one("#lora_rank-error"))
    field = soup.select_one("#lora_rank")
    assert field["value"] == "0"
    assert field["aria-invalid"] == "true"
    assert soup.select_one("#sequence_length")["value"] == "4096"
    assert soup.select_one("#training-settings").has_attr("open")
    assert open_groups(soup) == ["settings-lora"]


def test_three_settings_are_in_sight_and_the_rest_is_folded_by_name(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b"))

    in_sight = [e["name"] for e in soup.select(".settings__first :is(input, select)")]
    assert in_sight == ["micro_batch", "sequence_length", "gradient_checkpointing"]
    assert open_groups(soup) == []
    folded = {e["name"] for e in soup.select(".settings__more :is(input, select)")}
    experts = {"experts", "expert_targets", "expert_lora"}
    cluster = {"gpu_count", "strategy", "offload"}
    assert folded == (set(SETTING_NAMES) | cluster) - set(in_sight) - experts - {"trainer"}


def test_a_group_opens_where_a_setting_differs_from_the_default(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b&optimizer=muon&eval_micro_batch=8"))

    assert open_groups(soup) == ["settings-optimizer", "settings-evaluation"]
    assert "Evaluation" in text_of(soup.select_one("#card-full .timeline"))
    by_default = soup_of(client.get("/?model=llama-3-1-8b&trainer=torchtune"))
    assert open_groups(by_default) == []


def test_experts_have_a_group_where_the_model_has_any_or_the_address_names_one(client):
    mixture = soup_of(client.get("/?model=qwen3-30b-a3b"))
    stated = soup_of(client.get("/?model=llama-3-1-8b&experts=16bit"))
    wrong = soup_of(client.get("/?model=llama-3-1-8b&experts=gone"))

    assert mixture.select_one("#settings-experts #experts") is not None
    assert open_groups(mixture) == []
    assert open_groups(stated) == ["settings-experts"]
    assert "must be one of" in text_of(wrong.select_one("#experts-error"))


def test_qlora_of_a_mixture_counts_on_quantised_experts_and_names_the_trap_with_its_figure(client):
    soup = soup_of(client.get("/?model=qwen3-30b-a3b"))
    by_default = figures_of(soup)
    wide = figures_of(soup_of(client.get("/?model=qwen3-30b-a3b&experts=widened")))

    remarks = [text_of(p) for p in soup.select(".card__remark")]
    assert gigabytes(by_default["qlora"]) < gigabytes(by_default["lora"])
    assert len(remarks) == 1
    assert remarks[0].endswith(f"widens them to fp32: {wide['qlora']}.")
    assert soup.select_one("#card-qlora .card__remark") is not None


def test_qlora_stands_above_lora_only_beside_its_reason(client):
    soup = soup_of(client.get("/?model=qwen3-30b-a3b&experts=widened"))

    figures = {method: gigabytes(figure) for method, figure in figures_of(soup).items()}
    (remark,) = [text_of(p) for p in soup.select(".card__remark")]
    more = float(re.search(r"takes ([\d.]+) GB more than LoRA", remark)[1])
    assert figures["qlora"] - figures["lora"] == pytest.approx(more, abs=1)


def test_a_dense_model_s_qlora_card_has_no_remark(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b"))

    assert soup.select(".card__remark") == []


def test_a_trainer_s_spelling_leads_to_the_same_answer_at_the_short_address(client):
    url = "/?model=llama-3-1-8b&optim=adamw_torch_8bit&lora_targets=all&max_length=4096"
    soup = soup_of(client.get(url))

    canonical = soup.select_one("link[rel=canonical]")["href"]
    assert canonical.endswith(
        "/?model=llama-3-1-8b&sequence_length=4096&optimizer=adamw_torchao_8bit"
    )
    assert figures_of(soup) == figures_of(soup_of(client.get(canonical)))


def test_targets_that_the_model_has_none_of_are_named(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b&lora_targets=query_key_value"))

    error = text_of(soup.select_one("#lora_targets-error"))
    assert "q_proj, k_proj, v_proj, o_proj" in error
    assert soup.select_one("#lora_targets")["value"] == "query_key_value"


def test_a_trainer_sets_defaults_and_what_was_changed_by_hand_stays(client):
    soup = soup_of(client.get("/?model=llama-3-1-8b&sequence_length=4096"))
    link = next(a for a in soup.select("#trainers a") if "TRL" in text_of(a))

    assert link["href"] == "/?model=llama-3-1-8b&trainer=trl&sequence_length=4096"
    after = soup_of(client.get(link["href"]))
    assert "TRL" in text_of(after.select_one("#trainers [aria-current]"))
    assert after.select_one("#ask input[name=trainer]")["value"] == "trl"
    assert after.select_one("#sequence_length")["value"] == "4096"
    rank = TRAINERS["trl"].values_for("lora")["lora_rank"]
    assert after.select_one("#lora_rank")["value"] == str(rank)


def test_a_pasted_config_leads_to_a_short_address_that_answers_the_same(client):
    response = client.post("/config/", {"config": json.dumps(CONFIG), "lora_rank": "32"})

    assert response.status_code == 302
    assert "transformers_version" not in response["Location"]
    assert response["Location"].endswith("&lora_rank=32")
    soup = soup_of(client.get(response["Location"]))
    assert figures_of(soup) == figures_of(soup_of(client.get("/?model=llama-3-1-8b&lora_rank=32")))
    assert "your 8.03B llama model" in text_of(soup.select_one("#headline"))


def test_what_a_config_says_and_is_not_followed_stays_in_its_address_and_on_the_page(client):
    config = {**CONFIG, "quantization_config": {"quant_method": "awq", "bits": 4}}

    address = client.post("/config/", {"config": json.dumps(config)})["Location"]

    assert "awq" in address
    assert "bits" not in address
    soup = soup_of(client.get(address))
    assert "quantised weights (awq)" in text_of(soup.select_one("#card-full .why"))


def test_an_uploaded_config_does_the_same(client, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")

    with path.open("rb") as file:
        response = client.post("/config/", {"config": "", "config_file": file})

    assert response["Location"].startswith("/?config=%7B")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "starts with {"),
        ("[1, 2]", "starts with {"),
        ("{'single': quotes}", "starts with {"),
        (json.dumps({**CONFIG, "hidden_size": None}), "hidden_size"),
        (json.dumps({**CONFIG, "model_type": "my_own"}), "my_own"),
        ("{" + "x" * 256_000, "too long"),
    ],
)
def test_a_config_that_cannot_be_read_is_answered_in_words_and_kept(client, text, words):
    soup = soup_of(client.post("/config/", {"config": text}))

    assert words in text_of(soup.select_one("#config-error"))
    if len(text) < 256_000:
        assert soup.select_one("#config").get_text().strip() == text
    assert soup.select_one("#instead a")["href"] == "#config"
    # It is sent on by nothing but the form that it was pasted into.
    assert soup.select("#ask [name=config]:not([form])") == []


def test_the_config_s_address_opened_by_hand_leads_to_the_calculator(client):
    assert client.get("/config/")["Location"] == "/"


def test_an_unpublished_method_leaves_the_precise_page_too(client):
    preset = MethodPreset.objects.get(slug="full")
    preset.published = False
    preset.save()

    assert list(figures_of(soup_of(client.get("/?model=llama-3-1-8b")))) == ["lora", "qlora"]


def test_a_method_that_the_core_does_not_know_keeps_to_the_rule_of_thumb(client):
    MethodPreset.objects.create(slug="dora", task="training", name="DoRA", order=9, published=True)

    assert "dora" not in figures_of(soup_of(client.get("/?model=llama-3-1-8b")))


def test_the_ruler_shows_the_ranges_of_precise_figures_alone(client):
    precise = soup_of(client.get("/?model=llama-3-1-8b"))
    rough = soup_of(client.get("/?size=8"))

    assert len(precise.select(".mark__range")) == 3
    assert rough.select(".mark__range") == []
    assert "–" in text_of(precise.select_one(".ruler ul"))


def test_a_precise_page_asks_nothing_of_the_database(client, settings, django_assert_num_queries):
    settings.CATALOG_CHECK_SECONDS = 60
    client.get("/?model=llama-3-1-8b")

    with django_assert_num_queries(0):
        client.get("/?model=llama-3-1-8b&sequence_length=4096")


QUERIES = st.dictionaries(
    st.sampled_from([*SETTING_NAMES, "model", "size", "config"]),
    st.text(max_size=30)
    | st.sampled_from(
        ["llama-3-1-8b", "7", "2000", "4096", "false", "trl", "q_proj", "lion", "{}"]
    )
    | st.integers(-5, 10**12).map(str)
    | st.dictionaries(
        st.sampled_from([*CONFIG]), st.integers(-1, 10**9) | st.text(max_size=5)
    ).map(lambda changes: json.dumps(CONFIG | changes)),
    max_size=5,
)


@settings(
    max_examples=60,  # `make fuzz` asks thousands
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(QUERIES)
def test_whatever_stands_in_the_address_gets_an_answer_or_an_error_in_words(client, query):
    soup = soup_of(client.get("/", query))

    errors = [text_of(error) for error in soup.select(".field-error") if text_of(error)]
    assert len(soup.select(".card")) == 3
    assert bool(soup.select("#instead")) == bool(errors)
    assert client.get("/fragments/training/", query, **HTMX).status_code == 200
    assert client.get("/fragments/models/", query, **HTMX).status_code == 200


def test_the_answer_leads_to_setups_curves_and_a_comparison_of_the_same_question(client):
    page = client.get("/?model=llama-3-1-8b&sequence_length=4096").text
    links = re.findall(r'href="(/(?:fit|curves|compare)/[^"]*)"', page)

    answers = [client.get(html.unescape(link)) for link in links]

    leads_to = ["/fit/"] * 3 + ["/curves/", "/compare/"] + ["/compare/"] * 3
    assert [link.split("?")[0] for link in links] == leads_to
    assert all(answer.status_code == 200 and "4,096" in answer.text for answer in answers)
