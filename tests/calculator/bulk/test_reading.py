"""Files and pasted tables become grids; what is no table is refused in words."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from calculator.bulk.cells import day_of, guarded, unguarded
from calculator.bulk.reading.files import read_file
from calculator.bulk.reading.grid import MOST_ROWS, Unreadable
from calculator.bulk.reading.money import usd_of
from calculator.bulk.reading.pasted import read_pasted


@pytest.mark.parametrize(
    "text",
    [
        "GPU\tPrice\nRTX 4090\t$0.69\n",
        "\n\nGPU  Price\nRTX 4090    $0.69\n",
        "GPU,Price\r\nRTX 4090,$0.69\r\n",
        "GPU;Price\nRTX 4090;$0.69",
        "| GPU | Price |\n|:----|------:|\n| [RTX 4090](https://x.example/) | **$0.69** |\n",
        '[{"GPU": "RTX 4090", "Price": "$0.69"}]',
    ],
)
def test_a_pasted_table_is_read_whichever_way_its_cells_are_parted(text):
    grid = read_pasted(text)

    assert (grid.header, grid.rows) == (("GPU", "Price"), (("RTX 4090", "$0.69"),))


def test_rows_are_numbered_as_in_the_paste_and_cells_may_have_line_breaks():
    grid = read_pasted('slug\tparts\n\nlora\t"a | A\nb | B"\n')

    assert grid.rows == (("lora", "a | A\nb | B"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing in it"),
        ("just a sentence", "No columns can be seen"),
        ("a\tb\n1\t2\t3\n", "Row 2 has 3 cells where the first has 2"),
        ("a,b\n1\n", "Row 2 has 1 cells where the first has 2"),
        ('a,b\n"1,2\n', "Correct the quotes"),
        ('[{"a": 1}, {"b": 2}]', "differ in their names: a, b"),
        ('[{"a": 1', "no JSON"),
        ("a,b\n" + "1,2\n" * (MOST_ROWS + 1), "Split it"),
        ("a\tb\n1\t" + "x" * 40_000, "letters"),
        ("a,b\n" + "1,2\n" * 300_000, "too long"),
    ],
)
def test_what_is_no_table_is_refused_in_words(text, words):
    with pytest.raises(Unreadable, match=words):
        read_pasted(text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"a,b\n\xe9,1\n", "not UTF-8"),
        (b"a,b\n\0,1\n", "no text"),
        (b"PK\x03\x04 broken", "no workbook"),
        (b"x" * 1_000_000, "go at once"),
    ],
)
def test_a_file_that_is_none_of_the_three_kinds_is_refused(content, words):
    with pytest.raises(Unreadable, match=words):
        read_file(content)


def test_excels_own_encodings_of_text_are_read():
    for encoding in ("utf-8-sig", "utf-16"):
        grid = read_file("Größe;b\n1;2\n".encode(encoding))

        assert grid.header == ("Größe", "b")


def workbook(*rows, sheets: int = 1) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    for _ in range(sheets - 1):
        book.create_sheet()
    book.save(file)
    return file.getvalue()


def test_a_workbooks_numbers_days_and_empty_cells_are_what_a_text_file_has():
    grid = read_file(workbook(["a", "b", "c", "d"], [1, 0.85, None, True], [2]))

    assert grid.rows == (("1", "0.85", "", "true"), ("2", "", "", ""))


def test_a_formula_without_its_value_is_refused_with_its_cell():
    with pytest.raises(Unreadable, match="B2 holds a formula"):
        read_file(workbook(["a", "b"], [1, "=A2*2"]))


def test_a_workbook_of_several_sheets_is_refused():
    with pytest.raises(Unreadable, match="2 sheets"):
        read_file(workbook(["a", "b"], [1, 2], sheets=2))


def test_a_workbook_that_unfolds_to_too_much_is_not_unfolded():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 40_000_000)

    with pytest.raises(Unreadable, match="too large once it is unpacked"):
        read_file(file.getvalue())


@given(st.text(alphabet="'=+-@\t1.a \n", max_size=6))
def test_no_text_runs_in_a_spreadsheet_and_each_comes_back_as_it_was(text):
    out = guarded(text)

    is_number = text.lstrip("+-").replace(".", "", 1).isdigit()
    assert is_number or not out.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(out) == text


@pytest.mark.parametrize(
    ("text", "usd"),
    [
        ("$2.49/hr", "2.49"),
        ("$2.49 / GPU / hr", "2.49"),
        ("USD 2.49 per GPU hour", "2.49"),
        ("from $1.99/h", "1.99"),
        ("$1,834", "1834"),
        (".35", "0.35"),
        ("$0.44/GPU-hour", "0.44"),
    ],
)
def test_a_price_is_read_as_pages_print_it(text, usd):
    assert usd_of(text) == Decimal(usd)


@pytest.mark.parametrize("text", ["", "–", "N/A", "Sold out", "Contact sales"])
def test_no_price_is_no_price(text):
    assert usd_of(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2,49 €", "not in US dollars"),
        ("$2.49/month", "for a month"),
        ("$0.50 – $0.69", "not one price"),
        ("$2,49", "not one price"),
        ("cheap", "not a price"),
        ("-1", "not a price"),
    ],
)
def test_what_may_be_another_price_is_not_guessed(text, words):
    with pytest.raises(ValueError, match=words):
        usd_of(text)


@pytest.mark.parametrize(
    "text", ["2026-11-05", "5 Nov 2026", "05 November 2026", "Nov 5, 2026", "2026/11/05"]
)
def test_a_day_is_read_as_people_write_it(text):
    assert day_of(text).isoformat() == "2026-11-05"


def test_a_day_that_may_be_two_is_refused():
    with pytest.raises(ValueError, match="write it as 2026-11-27"):
        day_of("03/04/2026")
