"""Markdown of FAQ answers → HTML that is safe to show.

A placeholder becomes a token of its own while the text is parsed, so that no figure, GPU name or
label, whatever an editor calls it, can turn into Markdown or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

Fill = Callable[[str], str]

PLACEHOLDER = re.compile(r"\{\{|\{[^{}\n]*\}|\{")
TEXT_TAGS = {"p", "ul", "ol", "li", "strong", "em", "code", "pre", "a", "blockquote", "br", "hr"}
TAGS = TEXT_TAGS | {"h3", "h4", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {
    "a": {"href", "title", "rel"},
    "h3": {"id"},
    "h4": {"id"},
    "ol": {"start"},
}
SCHEMES = {"http", "https", "mailto"}


@dataclass(frozen=True, slots=True)
class RenderedAnswer:
    html: SafeString
    first_paragraph: str
    has_headings: bool


def render_answer(markdown: str, fill: Fill, *, anchor_prefix: str) -> RenderedAnswer:
    """Render `markdown`, asking `fill` for the text of each placeholder.

    Ids of headings begin with `anchor_prefix`: several answers share a page.
    """
    tokens = parse(_READER, markdown, fill)
    _name_headings(tokens, anchor_prefix)
    for token in flat(tokens):
        href = str(token.attrGet("href") or "")
        if urlsplit(href).scheme in ("http", "https"):
            token.attrSet("rel", "nofollow noopener")
        # The policy forbids inline style; a class says the same.
        if token.attrGet("style") == "text-align:right":
            token.attrSet("class", "number")
    html = _READER.renderer.render(tokens, _READER.options, {})
    return RenderedAnswer(
        html=mark_safe(_sanitise(html)),
        first_paragraph=_first_paragraph(tokens),
        has_headings=any(token.type == "heading_open" for token in tokens),
    )


def _sanitise(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes={"th": {"number"}, "td": {"number"}},
        url_schemes=SCHEMES,
        link_rel=None,
    )


def parse(parser: MarkdownIt, markdown: str, fill: Fill) -> list[Token]:
    tokens = parser.parse(markdown, {"fill": fill})
    for token in flat(tokens):
        if token.type in ("fence", "code_block", "code_inline"):
            token.content = PLACEHOLDER.sub(lambda m: _filled(m[0], fill), token.content)
    return tokens


def _filled(placeholder: str, fill: Fill) -> str:
    return "{" if placeholder == "{{" else fill(placeholder)


def _placeholder_rule(state: StateInline, silent: bool) -> bool:
    match = PLACEHOLDER.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("figure", "", 0).content = _filled(match[0], state.env["fill"])
    state.pos = match.end()
    return True


def may_link(url: str) -> bool:
    try:
        address = urlsplit(url.strip())
    except ValueError:
        return False
    if address.scheme:
        return address.scheme in SCHEMES
    return not address.netloc


def make_parser(*, html: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": html}).enable("table")
    parser.inline.ruler.push("placeholder", _placeholder_rule)
    parser.add_render_rule(
        "figure", lambda _self, tokens, i, _options, _env: escape(tokens[i].content)
    )
    return parser


# Shows HTML that got past the form as text.
_READER = make_parser(html=False)
_READER.validateLink = may_link  # type: ignore[method-assign]


def flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _name_headings(tokens: Sequence[Token], prefix: str) -> None:
    seen: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        token.tag = "h4" if token.tag > "h3" else "h3"
        if token.type == "heading_open":
            # Without figures: a link to the heading outlives a change of the presets.
            words = _text(tokens[index + 1], figures=False)
            name = f"{prefix}-{slugify(words) or 'part'}"
            seen[name] = seen.get(name, 0) + 1
            token.attrSet("id", name if seen[name] == 1 else f"{name}-{seen[name]}")


def _first_paragraph(tokens: Sequence[Token]) -> str:
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open" and (text := _text(token).strip()):
            return text
    return ""


def _text(inline: Token, *, figures: bool = True) -> str:
    shown = {"text", "text_special", "code_inline"} | ({"figure"} if figures else set())
    return "".join(
        " " if token.type in ("softbreak", "hardbreak") else token.content
        for token in inline.children or ()
        if token.type in shown or token.type.endswith("break")
    )
