"""The admin's pages: paste, preview, confirm; export; who may."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile

from calculator.bulk.models import BulkImport
from calculator.bulk.reading.files import read_file
from calculator.changes.models import ChangeSet
from calculator.changes.recording import change_set
from gpus.models import Gpu
from gpus.prices.models import PriceObservation

URL = "/admin/bulk/"
SEEN = {"provider": "RunPod", "source_name": "RunPod", "source_url": "https://www.runpod.io/"}
PASTED = "GPU\tOn-demand\nRTX 4090\t$0.69/hr\nH100 SXM\t$2.69/hr\n"

pytestmark = pytest.mark.usefixtures("small_catalog")


@pytest.fixture
def editor_client(client):
    editor = User.objects.create_user("editor", is_staff=True)
    editor.groups.add(Group.objects.get(name="Catalog editor"))
    client.force_login(editor)
    return client


def hand_in(client, text="", table="prices", **more):
    return client.post(URL, {"table": table, "pasted": text, **more}, follow=True)


def confirm(client, page, **more):
    carried = {"fingerprint": page.context["plan"].fingerprint, "seen": page.context["seen"]}
    return client.post(page.request["PATH_INFO"], {"confirm": "", **carried, **more}, follow=True)


def said(page) -> str:
    return " ".join(str(message) for message in page.context["messages"])


def test_a_pasted_table_is_shown_confirmed_and_recorded_as_one_change(editor_client):
    page = hand_in(editor_client, PASTED, **SEEN)

    assert page.context["plan"].in_words == "2 added, 0 changed, 0 unchanged"
    assert "In every row: kind <strong>rent_on_demand</strong>, provider" in page.text
    assert not PriceObservation.objects.filter(provider="RunPod").exists()
    done = confirm(editor_client, page)
    assert "Imported: 2 added" in said(done)
    price = PriceObservation.objects.get(gpu__slug="h100", provider="RunPod")
    assert price.editor.username == "editor"
    changes = ChangeSet.objects.get(kind="import")
    assert (changes.who.username, changes.why) == ("editor", "Prices from a pasted table")
    assert PriceObservation.history.filter(change_set=changes).count() == 2
    # The page that says so leads to where it is undone.
    [there] = re.findall(r'href="([^"]+)">See or undo what it changed', done.text)
    assert editor_client.get(there).context["may_undo"]
    editor_client.post(f"{there.removesuffix('change/')}undo/")
    assert not PriceObservation.objects.published().filter(provider="RunPod").exists()


def test_a_second_click_does_nothing(editor_client):
    page = hand_in(editor_client, PASTED, **SEEN)
    confirm(editor_client, page)

    again = confirm(editor_client, page)

    assert "Imported" in again.text
    assert PriceObservation.objects.filter(provider="RunPod").count() == 2


def test_columns_can_be_put_right(editor_client):
    page = hand_in(editor_client, "One\tTwo\n0.69\tRTX 4090\n0.35\tRTX 4090\n", **SEEN)
    assert [field.value() for field in page.context["form"].column_fields()] == ["usd", "gpu"]

    page = editor_client.post(
        page.request["PATH_INFO"],
        {"column-0": "usd@rent_spot", "column-1": "gpu", "has_header": "on", **SEEN, "again": ""},
        follow=True,
    )

    assert "row 3" in page.text  # the same GPU twice on one day
    assert "It has the same gpu and kind and provider and checked_on as row 2" in page.text


def test_mistakes_are_named_and_the_text_can_be_changed(editor_client):
    page = hand_in(editor_client, "GPU\tOn-demand\nRTX 9999\t$1/hr\n", **SEEN)

    assert "row 2, column GPU (A): “RTX 9999” is no GPU of the catalog" in page.text
    assert 'name="confirm"' not in page.text
    again = re.search(r'href="(/admin/bulk/\?again=[^"]+)"', page.text)[1]
    form = editor_client.get(again).context["form"]
    assert "RTX 9999" in form["pasted"].value()
    assert form["provider"].value() == "RunPod"


def test_what_is_no_table_is_said_beside_its_field(editor_client):
    assert "No columns can be seen" in hand_in(editor_client, "nothing").text
    assert "Paste a table or choose a file." in hand_in(editor_client).text
    large = SimpleUploadedFile("prices.csv", b"x" * 1_000_000)
    assert "go at once. Split it." in hand_in(editor_client, file=large).text


def test_an_odd_price_wants_its_box_ticked(editor_client):
    PriceObservation.objects.filter(gpu__slug="rtx-4090").update(kind="buy_street")
    text = "GPU\tstreet price\nRTX 4090\t$159.90\n"
    page = hand_in(editor_client, text, source_name="x", source_url="https://example.com/")

    refused = confirm(editor_client, page)

    assert "10 times less than the last price of its kind, $1599." in refused.text
    assert "tick that you have checked the odd prices" in said(refused)
    assert "Imported" in said(confirm(editor_client, page, odd="on"))


def test_rows_that_changed_since_the_preview_are_refused_and_shown_anew(editor_client):
    page = hand_in(editor_client, "slug\ttdp_w\nrtx-4090\t450\n", "gpus")
    Gpu.objects.filter(slug="rtx-4090").update(tdp_w=425)

    refused = confirm(editor_client, page)

    assert refused.status_code == 409
    assert "have changed since this preview" in said(refused)
    assert "<del>425</del>" in refused.text
    assert "Imported" in said(confirm(editor_client, refused))
    assert Gpu.objects.get(slug="rtx-4090").tdp_w == 450


def test_a_row_that_another_editor_saved_stands_beside_what_the_import_brings(editor_client):
    page = hand_in(editor_client, "slug\ttdp_w\nrtx-4090\t450\n", "gpus")
    with change_set(kind="edit", who=User.objects.create_user("anna"), why="As <sold>"):
        card = Gpu.objects.get(slug="rtx-4090")
        card.tdp_w = 425
        card.save()

    refused = confirm(editor_client, page)

    assert refused.status_code == 409
    assert "somebody else saved rows of this import" in said(refused)
    assert "Row 2, GeForce RTX 4090: anna saved it at" in refused.text
    assert "“As &lt;sold&gt;”" in refused.text
    assert re.search(r"<td>empty</td>\s*<td>425</td>\s*<td>450</td>", refused.text)
    assert "Imported" in said(confirm(editor_client, refused))


def test_what_a_page_says_that_it_showed_is_believed_only_if_signed(editor_client):
    page = hand_in(editor_client, "slug\ttdp_w\nrtx-4090\t450\n", "gpus")
    Gpu.objects.get(slug="rtx-4090").save()

    refused = confirm(editor_client, page, seen='[[2, 1, "", []]]')

    assert refused.status_code == 409
    assert "have changed since this preview" in said(refused)


def test_an_import_can_be_thrown_away(editor_client):
    page = hand_in(editor_client, PASTED, **SEEN)

    editor_client.post(page.request["PATH_INFO"], {"discard": ""})

    assert not BulkImport.objects.exists()


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "json"])
def test_a_table_is_exported_without_formulas_that_run(editor_client, file_format):
    Gpu.objects.filter(slug="h100").update(source='=HYPERLINK("https://evil.example/")')

    response = editor_client.get(f"{URL}export/gpus.{file_format}")

    assert response.status_code == 200
    assert "gpus-20" in response.headers["Content-Disposition"]
    grid = read_file(response.content)
    assert grid.rows[0][grid.header.index("source")] == '=HYPERLINK("https://evil.example/")'
    if file_format == "csv":
        assert b",=" not in response.content
    if file_format == "json":
        assert json.loads(response.content)[0]["memory_gb"] == "80"


def test_only_who_may_change_a_table_may_import_it(client):
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_gpu"))
    client.force_login(reader)

    page = client.get(URL)

    assert "Show what would change" not in page.text
    assert client.get(f"{URL}export/gpus.csv").status_code == 200
    assert client.get(f"{URL}export/prices.csv").status_code == 403
    waiting = BulkImport.objects.create(table="prices", source="x", grid={}, columns=[])
    assert client.post(f"{URL}{waiting.pk}/", {"confirm": ""}).status_code == 403


def test_visitors_are_asked_to_log_in(client):
    for path in (URL, f"{URL}export/gpus.csv"):
        assert client.get(path).headers["Location"].startswith("/admin/login/")


def test_what_is_public_stays_a_publishers_to_decide(editor_client):
    hidden = hand_in(editor_client, "slug,published\nrtx-4090,false\n", "gpus")
    new = hand_in(
        editor_client,
        "slug,name,short_name,vendor,audience,memory_gb\nnew,New GPU,New,NVIDIA,consumer,24\n",
        "gpus",
    )
    tier = hand_in(editor_client, "memory_gb,label,audience\n32,32 GB,consumer\n", "tiers")

    assert "row 2, column published (B): What is public is a publisher&#x27;s" in hidden.text
    assert "a publisher has to add it" in tier.text
    assert "Imported" in said(confirm(editor_client, new))
    assert not Gpu.objects.get(slug="new").published
