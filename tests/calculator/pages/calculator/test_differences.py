"""What each option of a setting would change: the fragment, and the page without JavaScript."""

import pytest
from bs4 import BeautifulSoup

from calculator.catalog import current_catalog
from calculator.estimation import TrainingSettings, estimate
from calculator.pages.calculator.differences import GROUPS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]
LLAMA = "model=llama-3-1-8b"
FRAGMENT = f"/fragments/differences/?{LLAMA}"


def soup_of(client, url: str) -> BeautifulSoup:
    response = client.get(url)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def table_of(soup, caption: str) -> dict[str, dict[str, str]]:
    """Option → method → figure."""
    table = next(t for t in soup.select("table") if t.caption.get_text() == caption)
    columns = [th.get_text() for th in table.select("thead th")]
    return {
        row.th.get_text(strip=True): dict(
            zip(columns, [td.get_text() for td in row.select("td")], strict=True)
        )
        for row in table.select("tbody tr")
    }


def figure(difference_bytes: int) -> str:
    sign = "+" if difference_bytes > 0 else "−"
    return f"{sign}{abs(difference_bytes) / 1e9:.1f}".removesuffix(".0")


def test_an_option_s_difference_is_that_of_two_estimates(client):
    rows = table_of(soup_of(client, f"{FRAGMENT}&group=optimizer"), "Optimizer")

    architecture = current_catalog().language_models_by_slug["llama-3-1-8b"].architecture
    now, then = (
        estimate(architecture, TrainingSettings(method="full", optimizer=name)).device_bytes.likely
        for name in ("adamw", "lion")
    )
    assert rows["Lion"]["Full"] == figure(then - now)
    assert set(rows["AdamW"].values()) == {"now"}


def test_only_the_methods_that_have_the_setting_are_shown(client):
    rows = table_of(soup_of(client, f"{FRAGMENT}&group=base"), "Quantisation")

    assert list(rows["int8"]) == ["QLoRA"]
    assert rows["int8"]["QLoRA"].startswith("+")


def test_each_option_leads_to_the_answer_with_it(client):
    soup = soup_of(client, f"{FRAGMENT}&group=kernels&sequence_length=4096")

    link = next(a for a in soup.select("a") if a.get_text() == "Fused")
    assert link["href"] == f"/?{LLAMA}&sequence_length=4096&loss=fused"
    assert soup_of(client, link["href"]).select_one("#loss option[selected]")["value"] == "fused"


def test_ways_of_sharing_out_are_compared_and_what_cannot_be_is_said(client):
    soup = soup_of(client, f"{FRAGMENT}&group=cluster&gpu_count=4&strategy=ddp")

    ways = table_of(soup, "Shared out by")
    offloads = table_of(soup, "In host memory")
    assert set(ways["DDP"].values()) == {"now"}
    assert all(ways["ZeRO-3"][method].startswith("−") for method in ("Full", "LoRA"))
    assert set(offloads["Optimizer states"].values()) == {"cannot"}


@pytest.mark.parametrize(
    "query", ["group=voodoo", "group=lora&lora_rank=0", "group=lora&gpu_count=0"]
)
def test_an_unknown_group_and_a_wrong_question_have_no_differences(client, query):
    assert soup_of(client, f"{FRAGMENT}&{query}").select("table") == []


def test_without_javascript_a_group_s_link_shows_them_on_the_page(client):
    soup = soup_of(client, "/?size=7")
    assert soup.select(".differences table") == []

    link = soup.select_one("#differences-lora a")["href"]
    page = soup_of(client, link)

    assert link.endswith("#settings-lora")
    assert page.select_one("#settings-lora").has_attr("open")
    assert table_of(page.select_one("#differences-lora"), "DoRA")["On"]["LoRA"].startswith("+")
    assert page.select_one("#differences-optimizer table") is None
    assert "differences" not in page.select_one("link[rel=canonical]")["href"]


def test_every_group_of_the_panel_has_its_differences(client):
    soup = soup_of(client, "/?model=qwen3-30b-a3b")

    places = {place["id"].removeprefix("differences-") for place in soup.select(".differences")}
    assert places == set(GROUPS)
    for slug in places:
        url = f"/fragments/differences/?model=qwen3-30b-a3b&group={slug}"
        assert soup_of(client, url).select("table"), slug


def test_checkpointing_has_its_difference_below_the_three_fields_in_sight(client):
    soup = soup_of(client, f"{FRAGMENT}&group=first&sequence_length=8192")

    (table,) = soup.select("table")
    found = table_of(soup, "Gradient checkpointing")
    assert table.caption.get_text() == "Gradient checkpointing"
    assert set(found["On"].values()) == {"now"}
    # 32 layers keep 18h + 6q + 4k + 8ff bytes and more for each of 8,192 tokens: some 60 GB.
    assert all(40 < float(found["Off"][method].lstrip("+")) < 120 for method in found["Off"])
