"""What a page says of itself to search engines and to whoever shows a link to it.

`{% page_head %}` in base.html prints it from the page's own title and description and from the
`head` that its view gives, `{% breadcrumb %}` what of it visitors see.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.urls import reverse
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe

SITE_NAME = "Fine-Tuning VRAM Calculator"
TITLE_ENDING = f" · {SITE_NAME}"
PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX = 1200, 630

# What would end the script element, as Unicode escapes that JSON reads back.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})

register = template.Library()


@dataclass(frozen=True, slots=True)
class PageHead:
    """Where a page is, its picture, and what it is about.

    here is the page's own name among its neighbours, short; the front page has none. crumbs lead to
    the page, the front page and itself left out: (name, path). structured are further things of
    schema.org that stand on it. Paths begin with "/".
    """

    path: str
    picture: str
    here: str
    crumbs: tuple[tuple[str, str], ...] = ()
    structured: tuple[Mapping[str, Any], ...] = ()
    is_indexed: bool = True

    def places(self) -> tuple[tuple[str, str], ...]:
        """From the front page down to this one: (name, path); nothing on the front page itself."""
        if not self.here:
            return ()
        home = ("Home", reverse("calculator:training"))
        return (home, *self.crumbs, (self.here, self.path))


@register.simple_tag(takes_context=True)
def page_head(context: Context) -> SafeString:
    """Canonical address, Open Graph, Twitter card and JSON-LD; nothing where no view gave a head."""
    head, request = context.get("head"), context.get("request")
    if head is None or request is None:
        return mark_safe("")
    site = f"{request.scheme}://{request.get_host()}"
    title, description = (_text_of(context, name) for name in ("title", "description"))
    short_title = title.removesuffix(TITLE_ENDING)
    url, picture = site + head.path, site + head.picture
    tags = [
        format_html('<link rel="canonical" href="{}">', url),
        *(
            format_html('<meta property="og:{}" content="{}">', name, value)
            for name, value in (
                ("type", "website"),
                ("site_name", SITE_NAME),
                ("title", short_title),
                ("description", description),
                ("url", url),
                ("image", picture),
                ("image:width", PICTURE_WIDTH_PX),
                ("image:height", PICTURE_HEIGHT_PX),
                ("image:alt", short_title),
            )
        ),
        # Twitter takes title, description and picture from Open Graph's.
        mark_safe('<meta name="twitter:card" content="summary_large_image">'),
    ]
    if not head.is_indexed:
        tags.append(mark_safe('<meta name="robots" content="noindex">'))
    graph = _graph(head, site=site, name=short_title, description=description)
    data = json.dumps(graph, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    # Data and no program: the Content-Security-Policy has nothing to say about it.
    tags.append(mark_safe(f'<script type="application/ld+json">{data}</script>'))
    return mark_safe("\n  ".join(tags))


@register.simple_tag(takes_context=True)
def breadcrumb(context: Context) -> SafeString:
    """Where a page stands, as links: the same places that its structured data names."""
    head = context.get("head")
    places = head.places() if head is not None else ()
    if not places:
        return mark_safe("")
    *before, (here, _) = places
    return format_html(
        '<nav class="breadcrumb" aria-label="Breadcrumb"><ol>{}'
        '<li class="breadcrumb__here"><span aria-current="page">{}</span></li></ol></nav>',
        format_html_join("", '<li><a href="{1}">{0}</a></li>', before),
        here,
    )


def _text_of(context: Context, name: str) -> str:
    """What a page's block says, as plain text: the page states its title once."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return " ".join(unescape(strip_tags(block.nodelist.render(context))).split())


def _graph(head: PageHead, *, site: str, name: str, description: str) -> dict[str, Any]:
    url = site + head.path
    page: dict[str, Any] = {
        "@type": "WebPage",
        "@id": url,
        "url": url,
        "name": name,
        "description": description,
        "inLanguage": "en",
        "isPartOf": {"@type": "WebSite", "name": SITE_NAME, "url": site + "/"},
        "primaryImageOfPage": {"@type": "ImageObject", "url": site + head.picture},
    }
    if places := head.places():
        page["breadcrumb"] = {
            "@type": "BreadcrumbList",
            "itemListElement": [
                {"@type": "ListItem", "position": number, "name": each, "item": site + path}
                for number, (each, path) in enumerate(places, start=1)
            ],
        }
    things = [_with_site(each, site) for each in head.structured]
    return {"@context": "https://schema.org", "@graph": [page, *things]}


def _with_site(value: Any, site: str) -> Any:
    """Paths as addresses: the view does not know under which name the site is reached."""
    if isinstance(value, Mapping):
        return {
            key: site + each
            if key in {"url", "contentUrl"} and str(each).startswith("/")
            else _with_site(each, site)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_with_site(each, site) for each in value]
    return value
