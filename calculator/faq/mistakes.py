"""What is wrong with the Markdown of an FAQ answer, in words, before it is saved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from markdown_it.token import Token

from calculator.faq.markdown import Fill, flat, make_parser, may_link, parse
from calculator.words.formatting import shortened

# Accepts what the reader leaves as text, to name it; keeps escaped characters apart from typed.
_CHECKER = make_parser(html=True).disable("text_join")
_CHECKER.validateLink = lambda url: True  # type: ignore[method-assign]


def problems_in(markdown: str, fill: Fill) -> list[str]:
    """Say what of `markdown` would not come out as it was meant, in words."""
    tokens = parse(_CHECKER, markdown, fill)
    lines = re.split(r"\r\n|\r|\n", markdown)
    found = [problem for token in flat(tokens) for problem in _problems_of(token, lines)]
    if not found and not any(token.type in _SHOWN and token.content.strip() for token in tokens):
        found.append("The answer shows no text.")
    return list(dict.fromkeys(found))


_SHOWN = {"inline", "fence", "code_block"}


def _problems_of(token: Token, lines: Sequence[str]) -> Iterator[str]:
    if token.type == "html_block":
        yield _is_html(token.content)
    elif token.type == "fence" and not _is_closed(token, lines):
        yield f"The code block that begins with {token.markup} has no end: close it likewise."
    elif token.type == "heading_open" and token.tag not in ("h3", "h4"):
        hint = "Begin a heading with ### or ####."
        if token.markup in ("-", "="):
            hint = f"A line of {token.markup} makes a heading of the text above it. {hint}"
        yield hint
    elif token.type == "image":
        yield f"“{shortened(token.content, 60)}” is a picture: answers hold text only."
    elif token.type == "link_open":
        yield from _problems_of_link(token)
    elif token.type == "inline":
        yield from _problems_of_text(token)


def _problems_of_link(token: Token) -> Iterator[str]:
    href = str(token.attrGet("href") or "")
    if "%7B" in href or "{" in str(token.attrGet("title") or ""):
        yield f"The link to “{shortened(href, 60)}” has a brace in it. Placeholders stand in text only."
    elif not may_link(href) or href.startswith("//"):
        yield f"The link to “{shortened(href, 60)}” is not possible. {_POSSIBLE_LINKS}"
    elif not urlsplit(href).scheme:
        # The same answer stands on three pages, so a path has to say where it begins.
        if not href.startswith("/"):
            yield f"The link to “{shortened(href, 60)}” is not complete. {_POSSIBLE_LINKS}"
            return
        try:
            resolve(urlsplit(href).path)
        except Resolver404:
            yield f"The link to “{shortened(href, 60)}” leads to no page of this site."


_POSSIBLE_LINKS = "Begin it with https:// or mailto:, or with / for a page of this site."

# What stays in the text when a piece of Markdown is not understood.
_LEFT_OVER = (
    (
        re.compile(r"\[[^\[\]]*\]\[[^\[\]]*\]"),
        "“{}” refers to a link that is not defined. Add a line such as “[name]: https://…”.",
    ),
    (
        re.compile(r"\[[^\[\]]*\]\([^()]*\)?"),
        "The link “{}” is not understood. Write [text](/page/).",
    ),
    (
        re.compile(r"\*\*\S*|\S*\*\*"),
        "“{}” has no counterpart: close what is bold, or write \\*\\*.",
    ),
    (re.compile(r"`\S*"), "“{}” has no counterpart: close the code, or write \\`."),
    (
        re.compile(r"^\|.*", re.MULTILINE),
        "“{}” looks like a table. Its second line has to be like “|---|---|”, with as many "
        "columns as the first.",
    ),
)


def _problems_of_text(inline: Token) -> Iterator[str]:
    tags = [token.content for token in inline.children or () if token.type == "html_inline"]
    for tag in tags:
        # “<b>” stands for its “</b>” too.
        if not any(tag.startswith("</") and each.startswith(f"<{tag[2:-1]}") for each in tags):
            yield _is_html(tag)
    # Only what was typed as plain text: code, figures and escaped characters are as meant.
    typed = "".join(
        token.content if token.type == "text" else "\n" if token.type == "softbreak" else "\u200b"
        for token in inline.children or ()
    )
    for pattern, words in _LEFT_OVER:
        if match := pattern.search(typed):
            yield words.format(shortened(match[0].replace("\u200b", "…").strip(), 60))


def _is_html(content: str) -> str:
    return (
        f"“{shortened(content.strip().splitlines()[0], 60)}” is HTML, which is not shown. Write "
        "Markdown, or put it between backticks to show it as it stands."
    )


def _is_closed(fence: Token, lines: Sequence[str]) -> bool:
    first, after = fence.map or [0, 0]
    last_line = lines[after - 1].strip(" \t>") if after <= len(lines) else ""
    return (
        after - first > 1
        and set(last_line) == {fence.markup[0]}
        and len(last_line) >= len(fence.markup)
    )
