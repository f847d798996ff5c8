"""What the pages look like where it can be measured: widths, colours, what stays in sight."""

import re

from playwright.sync_api import Page, expect

PRECISE = "/?model=llama-3.1-8b&sequence_length=4096&micro_batch=2"
COMPARISON = "/compare/?" + "&".join(
    f"{slot}=model%3Dllama-3-1-8b%26method%3D{method}%26lora_rank%3D{rank}"
    for slot, method, rank in (
        ("a", "full", 16),
        ("b", "lora", 16),
        ("c", "qlora", 16),
        ("d", "qlora", 64),
    )
)


def contrast(first: str, second: str) -> float:
    """WCAG's contrast of two colours as a browser computes them: rgb(1, 2, 3)."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (
            p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def right_edges(page: Page, selector: str) -> list[float]:
    return page.locator(selector).evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().right)"
    )


def test_a_kind_of_part_has_one_colour_in_every_card_and_is_seen_in_the_dark(page_at):
    for color_scheme in ("light", "dark"):
        page = page_at(color_scheme=color_scheme)
        page.goto(PRECISE)
        surface = page.locator(".card").first.evaluate("e => getComputedStyle(e).backgroundColor")
        fills = page.locator(".parts-bar .part, .swatch .part").evaluate_all(
            "all => all.map((e) => [e.className.baseVal, getComputedStyle(e).fill])"
        )
        colours: dict[str, set[str]] = {}
        for kind, fill in fills:
            colours.setdefault(kind, set()).add(fill)

        # In bars and beside names, of full fine-tuning, LoRA and QLoRA.
        assert all(len(found) == 1 for found in colours.values()), colours
        assert len({min(found) for found in colours.values()}) == len(colours) >= 7
        # Between two parts there is a line of the card's own colour.
        stroke = page.locator(".parts-bar .part").first.evaluate("e => getComputedStyle(e).stroke")
        assert stroke == surface
        assert min(contrast(min(found), surface) for found in colours.values()) >= 3


def test_no_row_of_a_card_has_digits_that_mean_nothing(page):
    page.goto(PRECISE)
    for text in page.locator(".parts__memory, .card__figure, .figures dd").all_inner_texts():
        assert not re.search(r"0\.0\d", text), text
    full = page.locator("#card-full")
    expect(full.locator(".figures dd").first).to_have_text(re.compile(r"^\d+–\d+\sGB$"))
    expect(full.locator(".card__number")).to_have_text(re.compile(r"^\d+$"))


def test_on_a_phone_the_three_figures_stay_in_sight_while_settings_change(page_at):
    page = page_at(390, height=844)
    page.goto(PRECISE)
    line = page.locator("#figures-line")
    before = line.inner_text()
    field = page.get_by_label("Sequence length")
    field.scroll_into_view_if_needed()
    page.locator("#settings-optimizer summary").scroll_into_view_if_needed()

    field.evaluate("e => scrollTo(0, e.getBoundingClientRect().top + scrollY - 200)")
    field.fill("1k")

    expect(line).not_to_have_text(before)
    expect(line).to_be_in_viewport()
    assert line.bounding_box()["y"] <= 1
    assert field.bounding_box()["y"] > line.bounding_box()["height"]
    # Where the figures themselves are in sight, and on a laptop, there is no such line.
    page.locator("#card-full").scroll_into_view_if_needed()
    expect(line).not_to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 844})
    expect(line).to_be_hidden()


def test_curves_and_a_comparison_use_the_page_and_do_not_leave_it(
    page_at, width, assert_accessible
):
    page = page_at(width)
    margin = 16 if width < 1000 else (width - 1120) / 2
    for path, parts in (
        (
            "/curves/?model=llama-3.1-8b",
            ".curves__picture, .curves__table table, .curves__table td",
        ),
        (COMPARISON, ".compare, .compare td"),
    ):
        page.goto(path)
        edges = right_edges(page, parts)
        assert width - margin - 1 <= max(edges) <= width - margin + 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert_accessible(page)
    expect(page.get_by_role("row", name="Rank").get_by_role("cell")).to_have_text(
        ["–", "16", "16", "64"]
    )


# Every kind of public page; as high on a phone as it may be, where that is in danger.
PHONE_PAGES = {
    "/": None,
    "/?size=0": None,
    PRECISE + "&gpu=4090": None,
    "/?size=7&gpu=a100": None,
    "/inference/?model=llama-3-1-8b": None,
    "/inference/published/": None,
    "/fit/?model=llama-3.1-8b&method=qlora": 8_200,
    "/gpus/": 6_600,
    "/gpus/?search=nothing": None,
    "/gpus/rtx-4090/": 6_000,
    "/models/": None,
    "/models/?search=nothing+of+it": None,
    "/models/llama-3-1-8b/?gpu=4090": None,
    "/models/llama-3-1-8b/qlora/": None,
    "/curves/?model=llama-3.1-8b": None,
    COMPARISON: None,
    "/why/?model=llama-3-1-8b&method=qlora&amount=20": None,
    "/search/?q=llama": None,
    "/faq/": None,
    "/faq/lora-vs-qlora/": None,
    "/export/axolotl/?model=llama-3-1-8b&method=qlora": None,
    "/import/": None,
    "/accuracy/": 9_000,
    "/methodology/": 9_000,
    "/api/": 9_000,
    "/embed/?model=llama-3-1-8b": None,
    "/nothing/": None,
}
# What is too small to be tapped, with its folds open. A link within a sentence is as high as its line
# (WCAG 2.2, 2.5.8): three words beside links make one. A label is tapped for its box.
TOO_SMALL = r"""
() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true })
    && !one.closest(".visually-hidden, .skip-link") && one.closest("thead")?.offsetWidth !== 1;
  const isInSentence = (one) => {
    if (getComputedStyle(one).display !== "inline") return false;
    const words = one.closest("p, li, dd, td, th, figcaption, dt, div").cloneNode(true);
    for (const apart of words.querySelectorAll("a, .visually-hidden")) apart.remove();
    return (words.textContent.match(/\p{L}{2,}/gu) ?? []).length >= 3;
  };
  const isBox = (one) => one.matches("[type=radio], [type=checkbox]");
  return [...document.querySelectorAll("a[href], button, summary, input, select, textarea, label")]
    .filter((one) => (one.matches("label") ? one.control && isBox(one.control) : !(isBox(one) && one.labels.length)))
    .filter((one) => isSeen(one) && !isInSentence(one))
    .map((one) => [one.textContent.trim() || one.name, one.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && Math.min(box.width, box.height) < 23.9)
    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`);
}
"""


def test_on_a_phone_pages_are_short_enough_and_what_one_taps_is_large_enough(page_at, problems):
    problems.expect("status of 404")
    page = page_at(390)
    for path, tallest in PHONE_PAGES.items():
        page.goto(path)
        height = page.evaluate("document.documentElement.scrollHeight")
        assert tallest is None or height < tallest, (path, height)
        assert page.evaluate(TOO_SMALL) == [], path
