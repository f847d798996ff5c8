from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import NoReverseMatch, reverse

from calculator.catalog import current_catalog
from calculator.data.loading import load_catalog
from calculator.models import FaqEntry, MethodPreset, ModelSize
from tests.admin_pages import errors_in, fields_on, run_action, save

PRESETS = "/admin/calculator/methodpreset/"
SIZES = "/admin/calculator/modelsize/"
FAQ = "/admin/calculator/faqentry/"


pytestmark = pytest.mark.usefixtures("small_catalog")


@pytest.fixture
def lora():
    return MethodPreset.objects.get(slug="lora")


@pytest.fixture
def answer():
    return FaqEntry.objects.get(slug="how-much")


def log_in(client, group):
    user = User.objects.create_user(group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)


@pytest.fixture
def editor_client():
    client = Client()
    log_in(client, "Catalog editor")
    return client


# Presets ----------------------------------------------------------------------------------------


def test_a_part_changed_in_the_admin_changes_the_figure_at_once(admin_client, lora):
    assert current_catalog().methods_by_slug["lora"].bytes_per_parameter == Decimal("2.4")

    save(admin_client, f"{PRESETS}{lora.pk}/change/", **{"parts-1-bytes_per_parameter": "0.6"})

    assert current_catalog().methods_by_slug["lora"].bytes_per_parameter == Decimal("2.6")


def test_the_total_is_shown_but_not_typed(admin_client, lora):
    response = admin_client.get(f"{PRESETS}{lora.pk}/change/")

    assert "bytes_per_parameter" not in fields_on(response)
    assert '<div class="readonly">2.4</div>' in response.text


def test_a_preset_without_a_part_is_refused_in_words(admin_client, lora):
    url = f"{PRESETS}{lora.pk}/change/"

    response = save(admin_client, url, **{"parts-0-DELETE": "on", "parts-1-DELETE": "on"})

    assert "A preset needs at least one part: its figure is the sum of its parts." in response.text
    assert lora.parts.count() == 2


@pytest.mark.parametrize("amount", ["0", "-1", "1001", "two"])
def test_a_part_that_is_no_amount_of_memory_is_refused(admin_client, lora, amount):
    url = f"{PRESETS}{lora.pk}/change/"

    response = save(admin_client, url, **{"parts-0-bytes_per_parameter": amount})

    [formset] = response.context["inline_admin_formsets"]
    assert list(formset.formset.errors[0]) == ["bytes_per_parameter"]
    assert current_catalog().methods_by_slug["lora"].bytes_per_parameter == Decimal("2.4")


def test_a_new_preset_appears_with_its_parts(admin_client):
    save(
        admin_client,
        f"{PRESETS}add/",
        name="DoRA",
        slug="dora",
        summary="Trains magnitude and direction.",
        **{
            "parts-0-label": "All",
            "parts-0-slug": "all",
            "parts-0-bytes_per_parameter": "2.6",
        },
    )

    assert current_catalog().methods_by_slug["dora"].bytes_per_parameter == Decimal("2.6")


def test_an_unpublished_preset_leaves_the_site(admin_client, lora):
    asked = run_action(admin_client, PRESETS, "unpublish", [lora])
    assert "lora" in current_catalog().methods_by_slug

    run_action(
        admin_client, PRESETS, "unpublish", [lora], _confirmed=asked.context["findings"].token
    )

    assert "lora" not in current_catalog().methods_by_slug


# Sizes ------------------------------------------------------------------------------------------


def test_sizes_are_changed_in_the_list(admin_client):
    save(admin_client, SIZES, **{"form-0-params_b": "9"})

    assert current_catalog().sizes_b == (Decimal(9), Decimal("0.5"))


def test_a_size_out_of_range_is_refused_beside_its_field(admin_client):
    response = save(admin_client, SIZES, **{"form-0-params_b": "2001"})

    assert errors_in(response) == {
        "params_b": ["Ensure this value is less than or equal to 2000."]
    }


def test_a_size_links_to_its_page(admin_client):
    size = ModelSize.objects.get(params_b=7)

    response = admin_client.get(f"{SIZES}{size.pk}/change/")

    assert response.context["absolute_url"] == "/?size=7"


# FAQ --------------------------------------------------------------------------------------------


def test_an_answer_changed_in_the_admin_is_on_the_site_at_once(admin_client, answer):
    save(admin_client, f"{FAQ}{answer.pk}/change/", answer="About **6 GB**.")

    assert current_catalog().faq[0].answer_markdown == "About **6 GB**."


def test_a_browsers_line_ends_do_not_make_an_answer_look_edited(
    admin_client, answer, small_catalog
):
    before = answer.answer
    in_browser = before.replace("\n", "\r\n")

    save(admin_client, f"{FAQ}{answer.pk}/change/", answer=in_browser)

    answer.refresh_from_db()
    assert answer.answer == before
    assert load_catalog(small_catalog)[-1].rows == {"unchanged": 1}


def test_an_unknown_placeholder_is_refused_beside_the_answer(admin_client, answer):
    response = save(admin_client, f"{FAQ}{answer.pk}/change/", answer="{memory:qlora7}")

    assert list(errors_in(response)) == ["answer"]


def test_the_order_of_an_entry_with_a_broken_answer_is_refused_with_the_reason(
    admin_client, answer
):
    # A preset that the answer names can go after the answer was checked.
    FaqEntry.objects.filter(pk=answer.pk).update(answer="{memory:gone:7}")

    response = save(admin_client, FAQ, **{"form-0-order": "9"})

    [message] = errors_in(response)[""]
    assert message.startswith("Answer (Markdown): ")


def test_an_unpublished_answer_leaves_the_site_and_loses_its_link(admin_client, answer):
    url = f"{FAQ}{answer.pk}/change/"
    assert admin_client.get(url).context["absolute_url"] == "/faq/how-much/"

    run_action(admin_client, FAQ, "unpublish", [answer])

    assert current_catalog().faq == ()
    assert admin_client.get(url).context["absolute_url"] is None


# Who may ----------------------------------------------------------------------------------------


TABLES = (
    *("gpus/gpu", "gpus/memorytier", "calculator/methodpreset", "calculator/modelsize"),
    "calculator/faqentry",
)


def status_of(client, table, page=""):
    return client.get(f"/admin/{table}/{page}").status_code


@pytest.mark.parametrize("table", TABLES)
def test_a_viewer_sees_the_catalog_and_its_history_and_changes_nothing(client, table):
    log_in(client, "Catalog viewer")
    row = client.get(f"/admin/{table}/").context["cl"].queryset[0]

    assert status_of(client, table, f"{row.pk}/history/") == 200
    assert not client.get(f"/admin/{table}/{row.pk}/change/").context["has_change_permission"]
    assert status_of(client, table, "add/") == 403
    assert client.post(f"/admin/{table}/", {"form-0-order": "9"}).status_code == 200
    assert status_of(client, table, f"{row.pk}/delete/") == 403


@pytest.mark.parametrize("table", TABLES)
def test_an_editor_changes_every_row_and_deletes_none(editor_client, table):
    row = editor_client.get(f"/admin/{table}/").context["cl"].queryset[0]

    assert editor_client.get(f"/admin/{table}/{row.pk}/change/").context["has_change_permission"]
    assert status_of(editor_client, table, f"{row.pk}/delete/") == 403


def test_what_an_editor_adds_waits_for_a_publisher(editor_client, client):
    save(editor_client, f"{SIZES}add/", params_b="9", published="on")
    size = ModelSize.objects.get(params_b=9)
    assert not size.published
    assert size.params_b not in current_catalog().sizes_b

    log_in(client, "Catalog publisher")
    run_action(client, SIZES, "publish", [size])

    assert size.params_b in current_catalog().sizes_b


def test_an_editor_neither_publishes_nor_unpublishes(editor_client, answer):
    assert "unpublish" not in editor_client.get(FAQ).text
    save(editor_client, FAQ, **{"form-0-published": None, "form-0-order": "8"})
    save(editor_client, f"{FAQ}{answer.pk}/change/", published=None, question="How much?")

    answer.refresh_from_db()
    assert (answer.published, answer.order, answer.question) == (True, 8, "How much?")


def test_an_editor_adds_no_tier_since_one_cannot_wait_unpublished(editor_client, client):
    assert status_of(editor_client, "gpus/memorytier", "add/") == 403

    log_in(client, "Catalog publisher")
    assert status_of(client, "gpus/memorytier", "add/") == 200


def test_to_delete_is_to_unpublish(client, answer):
    log_in(client, "Catalog publisher")
    url = f"{FAQ}{answer.pk}/delete/"
    assert "for_good" not in client.get(url).text

    client.post(f"{url}?for_good=1", {"post": "yes", "change_reason": "It is about another site"})

    answer.refresh_from_db()
    assert not answer.published
    assert answer.history.first().change_set.why == "It is about another site"


def test_unless_a_superuser_insists(admin_client, answer):
    url = f"{FAQ}{answer.pk}/delete/"
    assert "for_good" in admin_client.get(url).text

    admin_client.post(f"{url}?for_good=1", {"post": "yes"})

    assert not FaqEntry.objects.exists()
    assert answer.history.first().history_type == "-"


def test_an_editor_changes_the_parts_of_a_preset(editor_client, lora):
    save(editor_client, f"{PRESETS}{lora.pk}/change/", **{"parts-0-bytes_per_parameter": "2.1"})

    assert current_catalog().methods_by_slug["lora"].bytes_per_parameter == Decimal("2.5")


@pytest.mark.parametrize(
    "path", ["auth/user/", "auth/user/add/", "auth/group/", "auth/group/1/change/"]
)
def test_an_editor_reaches_neither_users_nor_groups(editor_client, path):
    assert editor_client.get(f"/admin/{path}").status_code == 403


def test_an_editor_sees_nothing_but_the_catalog(editor_client):
    apps = editor_client.get("/admin/").context["app_list"]

    assert {app["app_label"] for app in apps} == {"calculator", "gpus"}


def test_an_editor_may_change_the_own_password(editor_client):
    assert editor_client.get("/admin/password_change/").status_code == 200


def test_whoever_is_not_staff_is_sent_to_the_login(client):
    client.force_login(User.objects.create_user("reader"))

    assert client.get("/admin/gpus/gpu/").status_code == 302


def test_what_was_loaded_is_not_for_editing():
    with pytest.raises(NoReverseMatch):
        reverse("admin:calculator_loadedrow_changelist")


def test_the_admin_has_the_sites_name(admin_client):
    assert "Fine-Tuning VRAM Calculator" in admin_client.get("/admin/").text
