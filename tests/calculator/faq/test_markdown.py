"""Answers become safe HTML, and what would not come out as meant is said in words."""

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from calculator.faq.markdown import render_answer
from calculator.faq.mistakes import problems_in


def rendered(markdown: str, figure: str = "6 GB") -> str:
    return render_answer(markdown, lambda placeholder: figure, anchor_prefix="faq-x").html.strip()


def problems(markdown: str) -> list[str]:
    return problems_in(markdown, lambda placeholder: "6 GB")


# Rendering ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("About {memory:qlora:7}.", "<p>About 6 GB.</p>"),
        ("**{memory:qlora:7}**", "<p><strong>6 GB</strong></p>"),
        ("`{memory:qlora:7}`", "<p><code>6 GB</code></p>"),
        ("- {a:b_c:d} and {a:b_c:d}", "<ul>\n<li>6 GB and 6 GB</li>\n</ul>"),
        ("[{bytes:lora}](/)", '<p><a href="/">6 GB</a></p>'),
        ("{{ and }", "<p>{ and }</p>"),
        ("{{bytes:lora}", "<p>{bytes:lora}</p>"),
        ("\\{bytes:lora}", "<p>{bytes:lora}</p>"),
        ("`{{x}`", "<p><code>{x}</code></p>"),
        ("```\n{{x} {bytes:lora}\n```", "<pre><code>{x} 6 GB\n</code></pre>"),
        ("### What of {bytes:lora}?", '<h3 id="faq-x-what-of">What of 6 GB?</h3>'),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("3. c", '<ol start="3">\n<li>c</li>\n</ol>'),
    ],
)
def test_placeholders_are_filled_wherever_text_stands(markdown, html):
    assert rendered(markdown) == html


def test_a_table_keeps_what_is_aligned_right_by_a_class():
    html = rendered("| Size | QLoRA |\n|---|--:|\n| 7B | {memory:qlora:7} |")

    assert '<th class="number">QLoRA</th>' in html
    assert '<td class="number">6 GB</td>' in html
    assert "style" not in html


def test_headings_of_the_same_words_get_ids_of_their_own():
    html = rendered("### Why?\n\n### Why?\n\n#### {bytes:lora}")

    assert 'id="faq-x-why"' in html
    assert 'id="faq-x-why-2"' in html
    assert '<h4 id="faq-x-part">' in html


def test_only_links_to_other_sites_are_marked_for_search_engines():
    assert rendered("[a](https://example.com/)") == (
        '<p><a href="https://example.com/" rel="nofollow noopener">a</a></p>'
    )
    assert rendered("[a](/gpus/)") == '<p><a href="/gpus/">a</a></p>'


@pytest.mark.parametrize(
    "figure", ["<b>x</b>", "**x**", "[x](/)", "`x`", "{tier:8}", "a | b", "<script>", "&lt;"]
)
def test_a_figure_is_never_markup(figure):
    shown = figure.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    assert rendered("A {tier:24} card", figure) == f"<p>A {shown} card</p>"


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><path/></svg>",
        "<svg>\n<script>alert(1)</script>\n</svg>",
        "<a href='javascript:alert(1)'>x</a>",
        "<p style='position:fixed'>x</p>",
        "<iframe src=//example.com></iframe>",
        "<style>*{{display:none}</style>",
        "<!-- <b> --> x",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "[x](file:///etc/passwd)",
        "[x](//example.com)",
        "<javascript:alert(1)>",
        "![x](https://example.com/x.png)",
        '[x](/ "\\" onmouseover=alert(1) \\"")',
        "[r]\n\n[r]: javascript:alert(1)",
        "[x](https://[bad)",
    ],
)
def test_no_attack_comes_through(attack):
    html = rendered(attack)

    for tag in BeautifulSoup(html, "html.parser").find_all(True):
        assert tag.name in {"p", "a"}
        assert set(tag.attrs) <= {"href", "title", "rel"}
        assert tag.get("href", "/") == "/" or tag["href"].startswith("https://")


@given(st.text(alphabet="{}[]()<>`*_#|-\\!&:;\"'/a7 \n\t\r", max_size=200))
def test_no_text_breaks_the_page_or_the_form(markdown):
    assert "<script" not in rendered(markdown)
    assert all(isinstance(problem, str) for problem in problems(markdown))


# Mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markdown",
    [
        "Plain text with {memory:qlora:7}, 3 * 4 < 24 and a [note].",
        "**Bold** and *not*, `code with ** and <b>`, \\*\\* and \\[a\\]\\[b\\].",
        "[a](/gpus/) [b](/?size=7) [c](https://example.com/) [d](mailto:a@example.com)",
        "[a][b]\n\n[b]: https://example.com/",
        "[all questions](/faq/#faq-how-much)",
        "```\ncode\n```",
        "- item\n\n  ~~~~\n  code\n  ~~~~",
        "> ```\n> code\n> ```",
        "| a | b |\n|---|--:|\n| 1 | 2 |",
        "### Heading\n\nText\n\n---\n\nText",
        "line\r\nline\r\n\r\n```\r\ncode\r\n```",
        "<https://example.com/>",
    ],
)
def test_what_comes_out_as_meant_is_accepted(markdown):
    assert problems(markdown) == []


@pytest.mark.parametrize(
    ("markdown", "problem"),
    [
        (
            "Well, <b>bold</b>",
            "“<b>” is HTML, which is not shown. Write Markdown, or put it between backticks to "
            "show it as it stands.",
        ),
        ("<script>\nalert(1)\n</script>", "“<script>” is HTML, which is not shown."),
        ("<svg onload=alert(1)>", "“<svg onload=alert(1)>” is HTML, which is not shown."),
        ("bold</b>", "“</b>” is HTML, which is not shown."),
        ("<!-- note -->", "“<!-- note -->” is HTML, which is not shown."),
        ("```\ncode", "The code block that begins with ``` has no end"),
        ("~~~~\ncode\n~~~", "The code block that begins with ~~~~ has no end"),
        ("```", "The code block that begins with ``` has no end"),
        ("- a\n\n  ```\n  code\n\nText", "The code block that begins with ``` has no end"),
        (
            "[x](javascript:alert(1))",
            "The link to “javascript:alert(1)” is not possible. Begin it",
        ),
        ("<javascript:alert(1)>", "The link to “javascript:alert(1)” is not possible."),
        ("[x](ftp://example.com/)", "The link to “ftp://example.com/” is not possible."),
        ("[x](//example.com/)", "The link to “//example.com/” is not possible."),
        ("[x](gpus/)", "The link to “gpus/” is not complete. Begin it with https:// or mailto:"),
        ("[x](#y)", "The link to “#y” is not complete."),
        ("[x]()", "The link to “” is not complete."),
        ("[x](/gpu/)", "The link to “/gpu/” leads to no page of this site."),
        ("[x](/?size={bytes:lora})", "The link to “/?size=%7Bbytes:lora%7D” has a brace in it."),
        ('[x](/ "{bytes:lora}")', "The link to “/” has a brace in it."),
        ("see [the list][gpus]", "“[the list][gpus]” refers to a link that is not defined."),
        ("see [**the** list][]", "“[…the… list][]” refers to a link that is not defined."),
        ("see [the list](/gpus /)", "The link “[the list](/gpus /)” is not understood."),
        ("see [the list](/gpus/", "The link “[the list](/gpus/” is not understood."),
        ("a **bold word", "“**bold” has no counterpart: close what is bold"),
        ("a **bold ** word", "“**bold” has no counterpart"),
        ("some `code", "“`code” has no counterpart: close the code"),
        ("| a | b |\n| 1 | 2 |", "“| a | b |” looks like a table."),
        ("# Title", "Begin a heading with ### or ####."),
        ("Text\n---", "A line of - makes a heading of the text above it."),
        ("![x](/x.png)", "“x” is a picture: answers hold text only."),
        ("[a]: https://example.com/", "The answer shows no text."),
    ],
)
def test_what_would_not_come_out_as_meant_is_said_in_words(markdown, problem):
    found = problems(markdown)

    assert len(found) == 1
    assert found[0].startswith(problem)
