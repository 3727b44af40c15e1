"""Patients in a CSV file: columns, cells, files taken apart."""

import pytest

from app.domain import patient_csv
from app.domain.patient_columns import COLUMNS, body_of, iso_date, map_headers
from app.domain.patient_csv import CsvRefused, csv_line, open_csv, plain_cell, safe_cell

NEEDED = ["First", "Last", "DOB", "Sex"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("First Name", "first_name"), ("SURNAME", "last_name"), ("Date of Birth", "date_of_birth"),
        ("dob", "date_of_birth"),
        ("Birth-Date", "date_of_birth"), ("Sex", "gender"), ("Medical Record Number", "mrn"), ("Cell phone", "phone"),
        ("E-mail", "email"), ("Postal Code", "zip"), ("address_line_1", "line1"), ("EHR ID", "external_id"),
    ],
)  # fmt: skip
def test_headers_of_other_systems_are_understood(header: str, name: str) -> None:
    """Whatever their case and signs."""
    others = {"first_name": "First", "last_name": "Last", "date_of_birth": "DOB", "gender": "Sex"}
    headers = [text for key, text in others.items() if key != name]
    assert map_headers([header, *headers]).names[0] == name


def test_no_synonym_means_two_columns() -> None:
    """Each is one column's alone."""
    synonyms = [synonym for many in COLUMNS.values() for synonym in many]
    assert len(synonyms) == len(set(synonyms))


@pytest.mark.parametrize(
    ("headers", "wanted", "problem"),
    [
        (["First", "Last", "DOB"], {}, "No column for gender"),
        (NEEDED, {"Sex": ""}, "No column for gender"),
        (NEEDED, {"Sex": "sexx"}, "does not exist"),
        (NEEDED, {"Gender": "gender"}, "does not have"),
        ([*NEEDED, "Zip"], {"Zip": "gender", "Sex": "gender"}, "Two columns"),
        ([*NEEDED, *(str(number) for number in range(200))], {}, "more than 200"),
    ],
)
def test_a_header_that_does_not_do_is_refused(headers: list[str], wanted: dict[str, str], problem: str) -> None:
    """With what to do about it."""
    with pytest.raises(CsvRefused, match=problem):
        map_headers(headers, wanted)


def test_of_two_columns_with_one_meaning_the_first_is_read() -> None:
    """The second is ignored, and said to be."""
    found = map_headers([*NEEDED, "Phone", "Mobile"])
    assert (found.names[4:], found.ignored) == (("phone", None), ("Mobile",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1958-03-15", "1958-03-15"), ("3/15/1958", "1958-03-15"), ("03-15-1958", "1958-03-15"),
        ("2/29/2024", "2024-02-29"),
        ("15/3/1958", "15/3/1958"), ("2/29/2023", "2/29/2023"), ("3/15/58", "3/15/58"), ("March 15", "March 15"),
    ],
)  # fmt: skip
def test_dates_are_iso_or_us_with_the_month_first(text: str, expected: str) -> None:
    """Anything else is left for the schema to refuse."""
    assert iso_date(text) == expected


def test_a_row_becomes_a_body_without_its_blanks() -> None:
    """The address in a part of its own, the gender by its code."""
    columns = map_headers([*NEEDED, "MRN", "City", "Zip"])
    assert body_of(columns, ["Ann", " Lee ", "3/4/1961", "F", " ", "", "62701"]) == {
        "first_name": "Ann", "last_name": "Lee", "date_of_birth": "1961-03-04", "gender": "female",
        "address": {"zip": "62701"},
    }  # fmt: skip


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_s41_a_formula_is_made_a_text_and_read_back_as_it_was(sign: str) -> None:
    """A tab or carriage return at a cell's beginning is no data."""
    assert safe_cell(f"{sign}1+1").startswith("'")
    assert plain_cell(safe_cell(f"{sign}1+1")) == f"{sign}1+1"


@pytest.mark.parametrize("text", ["O'Brien", "'tis", "1-2", "", "a=b"])
def test_other_cells_are_left_alone(text: str) -> None:
    """Both ways."""
    assert (safe_cell(text), plain_cell(text)) == (text, text)


def test_a_line_quotes_what_needs_it() -> None:
    """Commas, quotation marks, line ends; nothing for None."""
    assert csv_line(["a,b", 'c"d', None, "e\nf"]) == '"a,b","c""d",,"e\nf"\r\n'


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_is_read_in_pieces_of_any_size(piece: int, encoding: str) -> None:
    """Characters may be cut in two; little-endian UTF-16 is known by its mark alone."""
    text = "Naïve,Zoë\r\n1,2\r\n\r\n3,4\r\n"
    content = (b"\xff\xfe" if encoding == "utf-16-le" else b"") + text.encode(encoding)
    file = open_csv(content[start : start + piece] for start in range(0, len(content), piece))
    assert (file.headers, list(file.rows)) == (("Naïve", "Zoë"), [(2, ["1", "2"]), (4, ["3", "4"])])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(delimiter: str) -> None:
    """Signs inside quotation marks do not count."""
    file = open_csv([f'"a,;b"{delimiter}c\n1{delimiter}2\n'.encode()])
    assert list(file.rows) == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("content", "row"),
    [(b"", 1), (b"\n", 1), (b'a,b\n"1,2\n', 2), (b'a,b\n1,2\n"1"x,2\n', 3), (b'a,b\n"' + b"x" * 10_001 + b'",2\n', 2)],
)
def test_a_broken_file_says_where(content: bytes, row: int) -> None:
    """Open quotation marks, nothing at all."""
    with pytest.raises(CsvRefused) as refusal:
        list(open_csv([content]).rows)
    assert refusal.value.row == row


@pytest.mark.parametrize(("rows", "is_taken"), [(3, True), (4, False)])
def test_a_file_has_at_most_so_many_rows(rows: int, is_taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blank ones do not count."""
    monkeypatch.setattr(patient_csv, "MAX_ROWS", 3)
    file = open_csv([b"a,b\n" + b"\n1,2\n" * rows])
    if is_taken:
        assert len(list(file.rows)) == rows
    else:
        with pytest.raises(CsvRefused, match="more than 3"):
            list(file.rows)
