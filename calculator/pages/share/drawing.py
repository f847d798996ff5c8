"""A picture of an answer, 1200 × 630: what Open Graph and Twitter cards show whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH_PX, HEIGHT_PX = 1200, 630
MARGIN_PX = 64
COLUMN_GAP_PX = 36
SITE_NAME = "Fine-Tuning VRAM Calculator"

# The light colours of static/css/tokens.css.
PAPER, INK, INK_SOFT, LINE = "#faf9f6", "#15181c", "#454b52", "#8b8a83"
METHOD_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#b3558e")

FONT = Path(__file__).with_name("instrument-sans-600.ttf")
# What the font's 105 letters lack, by what says the same.
REPLACED = str.maketrans({"−": "-", "≈": "~", "\u00a0": " ", "\u202f": " "})


@dataclass(frozen=True, slots=True)
class Column:
    """One method: its figure with its unit, below it what holds it, and what a typical run takes."""

    name: str
    figure: str
    below: str
    further: str = ""


@dataclass(frozen=True, slots=True)
class RulerMark:
    """A place on the ruler, in percent of its width."""

    x_percent: float
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a picture says; `text` where there are no figures."""

    title: str
    columns: tuple[Column, ...] = ()
    ticks: tuple[RulerMark, ...] = ()
    marks: tuple[RulerMark, ...] = ()
    text: str = ""


def draw_png(picture: Picture) -> bytes:
    """The picture as PNG bytes, the same for the same picture."""
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), PAPER)
    draw = ImageDraw.Draw(image)
    _site_name(draw)
    below_title = _title(draw, picture.title)
    if picture.columns:
        _columns(draw, picture.columns, top=max(below_title + 30, 262))
    if picture.ticks:
        _ruler(draw, picture.ticks, picture.marks)
    if picture.text:
        _paragraph(draw, picture.text, top=below_title + 30)
    buffer = BytesIO()
    # Few colours: a palette makes it a third of the bytes.
    image.quantize(128, Image.Quantize.FASTOCTREE).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _site_name(draw: ImageDraw.ImageDraw) -> None:
    # The site's mark: a rule with a pointer.
    left, base = MARGIN_PX, 86
    draw.line((left, base, left + 40, base), fill=INK, width=3)
    for step, height in ((2, 12), (10, 8), (18, 6), (25, 5), (31, 12), (36, 12)):
        draw.line((left + step, base, left + step, base - height), fill=INK, width=3)
    draw.polygon(
        ((left + 14, base - 16), (left + 6, base - 30), (left + 22, base - 30)), METHOD_COLOURS[0]
    )
    draw.text((left + 56, base + 2), SITE_NAME, INK_SOFT, _font(28), anchor="ls")


def _title(draw: ImageDraw.ImageDraw, title: str) -> int:
    """At most two lines, as large as they fit; returns where it ends."""
    width = WIDTH_PX - 2 * MARGIN_PX
    for size in (56, 50, 44, 38, 32):
        lines = list(_wrapped(draw, title, _font(size), width))
        if len(lines) <= 2:
            break
    for number, line in enumerate(lines[:2]):
        draw.text((MARGIN_PX, 124 + number * size * 1.15), line, INK, _font(size), anchor="la")
    return int(124 + min(len(lines), 2) * size * 1.15)


def _columns(draw: ImageDraw.ImageDraw, columns: tuple[Column, ...], top: int) -> None:
    count = len(columns)
    width = (WIDTH_PX - 2 * MARGIN_PX - (count - 1) * COLUMN_GAP_PX) / count
    bottom = 510
    for number, column in enumerate(columns):
        left = MARGIN_PX + number * (width + COLUMN_GAP_PX)
        draw.rectangle((left, top, left + width, top + 7), fill=METHOD_COLOURS[number])
        draw.text((left, top + 24), _plain(column.name), INK_SOFT, _font(28), anchor="la")
        figure_font = _fitting(draw, column.figure, width, sizes=(76, 64, 54, 44, 36, 30))
        draw.text((left, top + 128), _plain(column.figure), INK, figure_font, anchor="ls")
        room = max(int((bottom - top - 146) // 30), 1)
        texts = (column.below, column.further)
        lines = [line for text in texts for line in _wrapped(draw, text, _font(24), width)]
        for row, line in enumerate(lines[:room]):
            draw.text((left, top + 146 + row * 30), line, INK_SOFT, _font(24), anchor="la")


def _ruler(
    draw: ImageDraw.ImageDraw, ticks: tuple[RulerMark, ...], marks: tuple[RulerMark, ...]
) -> None:
    axis, width = 566, WIDTH_PX - 2 * MARGIN_PX
    draw.line((MARGIN_PX, axis, WIDTH_PX - MARGIN_PX, axis), fill=LINE, width=3)
    for tick in ticks:
        x = MARGIN_PX + width * tick.x_percent / 100
        draw.line((x, axis, x, axis + 10), fill=LINE, width=3)
        draw.text((x, axis + 36), tick.label, INK_SOFT, _font(20), anchor="ms")
    for number, mark in enumerate(marks):
        x = MARGIN_PX + width * mark.x_percent / 100
        draw.ellipse((x - 11, axis - 26, x + 11, axis - 4), fill=METHOD_COLOURS[number])


def _paragraph(draw: ImageDraw.ImageDraw, text: str, top: int) -> None:
    lines = list(_wrapped(draw, text, _font(34), WIDTH_PX - 2 * MARGIN_PX))
    room = (HEIGHT_PX - MARGIN_PX - top) // 48
    for row, line in enumerate(lines[:room]):
        ending = " …" if row == room - 1 and len(lines) > room else ""
        draw.text((MARGIN_PX, top + row * 48), line + ending, INK_SOFT, _font(34), anchor="la")


def _wrapped(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: float
) -> Iterator[str]:
    """The text in lines no wider than `width` pixels; a longer word is cut."""
    line = ""
    for word in _plain(text).split():
        while draw.textlength(word, font) > width:
            word = word[: len(word) // 2] + "…"
        longer = f"{line} {word}".strip()
        if line and draw.textlength(longer, font) > width:
            yield line
            line = word
        else:
            line = longer
    if line:
        yield line


def _fitting(
    draw: ImageDraw.ImageDraw, text: str, width: float, sizes: tuple[int, ...]
) -> ImageFont.FreeTypeFont:
    fonts = (_font(size) for size in sizes)
    fitting = (font for font in fonts if draw.textlength(_plain(text), font) <= width)
    return next(fitting, _font(sizes[-1]))


def _plain(text: str) -> str:
    return text.translate(REPLACED)


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size_px)
