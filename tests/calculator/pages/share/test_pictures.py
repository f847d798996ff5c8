"""The pictures beside shared links: whole, cached, and about what was asked."""

import re
from io import BytesIO

import pytest
from PIL import Image

from calculator.catalog import current_catalog
from calculator.pages.share.drawing import Column, Picture, draw_png
from calculator.pages.share.presenters import PAGES

pytestmark = pytest.mark.usefixtures("catalog")


@pytest.mark.parametrize(
    "path",
    [
        "/share/training.png",
        "/share/training.png?model=qwen3-30b-a3b&sequence_length=8192",
        "/share/training.png?size=nonsense",
        "/share/inference.png?size=13",
        "/share/faq/vram-to-fine-tune-7b.png",
        "/share/gpus/rtx-4090.png",
        *(f"/share/{name}.png" for name in PAGES),
    ],
)
def test_every_page_has_a_picture_of_the_size_that_links_show(client, path):
    if "/faq/" in path:
        path = f"/share/faq/{current_catalog().faq[0].slug}.png"
    response = client.get(path, headers={"Accept-Encoding": "gzip, br"})

    assert response.headers["Content-Type"] == "image/png"
    assert "Content-Encoding" not in response.headers
    assert "Vary" not in response.headers
    assert len(response.content) < 60_000
    with Image.open(BytesIO(response.content)) as image:
        assert image.size == (1200, 630)


def test_a_picture_follows_its_question(client):
    seven, thirteen = (client.get(f"/share/training.png?size={size}") for size in (7, 13))

    assert seven.content != thirteen.content
    assert client.get("/share/training.png?size=7&utm_source=x").content == seven.content
    again = client.get(
        "/share/training.png?size=7", headers={"If-None-Match": seven.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/share/faq/x.png", "/share/gpus/x.png", "/share/x.png"])
def test_what_there_is_no_page_of_has_no_picture(client, path):
    assert client.get(path).status_code == 404


def test_long_words_and_letters_that_the_font_lacks_stay_on_the_picture():
    drawn = draw_png(
        Picture(
            "Modèle " + "x" * 200 + " ≈ −1",
            columns=(Column("Full fine-tuning", "123,456,789.5 GB", "word " * 80),) * 4,
        )
    )

    with Image.open(BytesIO(drawn)) as image:
        pixels = image.convert("RGB")
        paper = pixels.getpixel((0, 0))
        # Nothing runs over the edge: its last columns are paper from top to bottom.
        edge = {pixels.getpixel((1199, y)) for y in range(630)}
    assert edge == {paper}


def test_an_answer_can_be_taken_along_as_a_picture_with_its_cluster(client):
    page = client.get("/?model=llama-3-1-70b&gpu_count=8&strategy=zero3").content.decode()
    [address] = re.findall(r'href="(/share/training\.png[^"]*)"', page)
    shared = client.get(address.replace("&amp;", "&"))
    alone = client.get("/share/training.png?model=llama-3-1-70b")

    assert "gpu_count=8" in address
    assert shared.headers["Content-Type"] == "image/png"
    assert shared.content != alone.content
