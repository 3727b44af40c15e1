"""Patients in a CSV file: which column is which, how cells are written, how a file is taken apart. Pure.

A row's number is the one a spreadsheet shows: the header is row 1, blank rows count. Cells are texts; what they may
hold is decided by the same schema that reads the API's bodies.
"""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

MAX_ROWS = 50_000  # of one file; a practice of ten thousand patients is a large one
MAX_HEADERS = 200
_LONGEST_CELL = 10_000  # characters: beyond it a quote was left open
_ADDRESS = ("line1", "line2", "city", "state", "zip")
_DELIMITERS = ",;\t|"
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_GENDERS = {"m": "male", "man": "male", "f": "female", "w": "female", "woman": "female", "o": "other", "u": "unknown",
            "x": "other", "nonbinary": "other"}  # fmt: skip
_US_DATE = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")

# Our name of each column, then how other systems head it (letters and digits only).
COLUMNS: dict[str, tuple[str, ...]] = {
    "first_name": ("first", "firstname", "given", "givenname", "forename", "patientfirstname", "ptfirstname"),
    "last_name": ("last", "lastname", "surname", "family", "familyname", "patientlastname", "ptlastname"),
    "date_of_birth": ("dob", "birthdate", "dateofbirth", "birthday", "born", "patientdob", "birthdt"),
    "gender": ("sex", "gender", "patientsex", "administrativesex", "legalsex"),
    "mrn": ("mrn", "medicalrecordnumber", "medicalrecordno", "recordnumber", "chartnumber", "chartno", "patientnumber"),
    "phone": ("phone", "phonenumber", "telephone", "tel", "mobile", "mobilephone", "cell", "cellphone", "homephone"),
    "email": ("email", "emailaddress", "mail"),
    "line1": ("line1", "address", "address1", "addressline1", "street", "streetaddress", "street1"),
    "line2": ("line2", "address2", "addressline2", "apt", "unit", "street2"),
    "city": ("city", "town"),
    "state": ("state", "stateprovince", "province", "st"),
    "zip": ("zip", "zipcode", "postalcode", "postcode", "zippostalcode"),
    "external_id": ("externalid", "emrid", "ehrid", "fhirid"),
    "timezone": ("timezone", "tz"),
}
REQUIRED = ("first_name", "last_name", "date_of_birth", "gender")
_BY_HEADER = {header: name for name, headers in COLUMNS.items() for header in (name.replace("_", ""), *headers)}


class CsvRefused(ValueError):
    """The file as a whole cannot be read; `row` is where reading ended."""

    def __init__(self, problem: str, row: int = 1) -> None:
        super().__init__(problem)
        self.problem, self.row = problem, row


@dataclass(frozen=True, slots=True)
class HeaderMap:
    """Which of our columns each column of the file is; None where it is none."""

    headers: tuple[str, ...]
    names: tuple[str | None, ...]

    @property
    def ignored(self) -> tuple[str, ...]:
        """The headers that mean nothing to us."""
        return tuple(header for header, name in zip(self.headers, self.names, strict=True) if name is None)

    @property
    def as_dict(self) -> dict[str, str]:
        """Our name by the file's header, for those that are read."""
        return {header: name for header, name in zip(self.headers, self.names, strict=True) if name}


def map_headers(headers: Sequence[str], wanted: Mapping[str, str] | None = None) -> HeaderMap:
    """Return which column is which: as `wanted` (header to our name, empty for none) says, else by synonyms.

    Raises CsvRefused for unknown names, headers that are not there, doubles, and required columns that are missing.
    """
    headers = tuple(header.strip() for header in headers)
    if len(headers) > MAX_HEADERS:
        raise CsvRefused(f"The file has more than {MAX_HEADERS} columns.")
    wanted = wanted or {}
    if strange := [name for name in wanted.values() if name and name not in COLUMNS]:
        raise CsvRefused(f"The mapping names a column that does not exist: {strange[0][:50]}.")
    if absent := [header for header in wanted if header not in headers]:
        raise CsvRefused(f"The mapping names a header that the file does not have: {absent[0][:50]}.")
    names = [
        wanted.get(header) or None if header not in headers[:place] else None for place, header in enumerate(headers)
    ]
    for place, header in enumerate(headers):
        guess = _BY_HEADER.get(_letters(header))
        if header not in wanted and guess not in names:
            names[place] = guess
    return _complete(HeaderMap(headers, tuple(names)))


def _complete(found: HeaderMap) -> HeaderMap:
    named = [name for name in found.names if name]
    if doubles := sorted({name for name in named if named.count(name) > 1}):
        raise CsvRefused(f"Two columns are mapped to {doubles[0]}.")
    if missing := [name for name in REQUIRED if name not in named]:
        raise CsvRefused(f"No column for {', '.join(missing)}. Rename a header, or give a mapping.")
    return found


def body_of(columns: HeaderMap, cells: Sequence[str]) -> dict[str, Any]:
    """Return a row as a body of the API; what is blank is left out.

    Dates are read as YYYY-MM-DD or, month first, as M/D/YYYY or M-D-YYYY; years have four digits.
    """
    given = {name: plain_cell(cell) for name, cell in zip(columns.names, cells, strict=False) if name}
    given = {name: cell for name, cell in given.items() if cell}
    body: dict[str, Any] = {name: cell for name, cell in given.items() if name not in _ADDRESS}
    address = {name: cell for name, cell in given.items() if name in _ADDRESS}
    if address:
        body["address"] = address
    if "gender" in body:
        body["gender"] = _GENDERS.get(_letters(body["gender"]), body["gender"].lower())
    if "date_of_birth" in body:
        body["date_of_birth"] = iso_date(body["date_of_birth"])
    return body


def iso_date(text: str) -> str:
    """Return a US date as ISO 8601; anything else as it is, for the schema to judge."""
    found = _US_DATE.fullmatch(text)
    if found is None:
        return text
    month, day, year = (int(part) for part in found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return text


def safe_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula: such beginnings get an apostrophe before them."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def plain_cell(cell: str) -> str:
    """Return a cell without surrounding space and without the apostrophe that `safe_cell` puts before signs."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA_SIGNS) else text


def csv_line(cells: Iterable[object]) -> str:
    """Return one line of a CSV file, its cells made safe."""
    line = io.StringIO()
    csv.writer(line).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file being read: its header, and the rows that follow with their numbers."""

    headers: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]


def open_csv(chunks: Iterable[bytes]) -> CsvFile:
    """Take a file apart as it comes; raises CsvRefused here for its header, and while its rows are read.

    UTF-8 with or without a byte order mark, UTF-16 with one; commas, semicolons, tabs or bars, told by the header.
    """
    rest, start = iter(chunks), b""
    while len(start) < len(BOM_UTF16_LE) and (piece := next(rest, None)) is not None:
        start += piece
    encoding = "utf-16" if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    raw = io.BufferedReader(_Chunks(chain([start], rest)))
    text = io.TextIOWrapper(raw, encoding=encoding, newline="")
    try:
        first = text.readline(_LONGEST_CELL * 10)
    except UnicodeError as error:
        raise CsvRefused(_NOT_UTF8) from error
    if not first.strip():
        raise CsvRefused("The file begins with an empty line: the first row must name the columns.")
    lines = csv.reader(chain([first], text), delimiter=_delimiter(first), strict=True)
    numbered = _numbered(lines)
    _, headers = next(numbered)
    return CsvFile(tuple(headers), numbered)


_NOT_UTF8 = "The file is not UTF-8: save it as “CSV UTF-8” and try again."


def _numbered(lines: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    row = filled = 0
    try:
        for cells in lines:
            row += 1
            if any(cell.strip() for cell in cells):
                filled += 1
                _check_size(row, filled, cells)
                yield row, cells
    except UnicodeError as error:
        raise CsvRefused(_NOT_UTF8, row + 1) from error
    except csv.Error as error:
        raise CsvRefused("The quotation marks do not match.", row + 1) from error


def _check_size(row: int, filled: int, cells: Sequence[str]) -> None:
    if any(len(cell) > _LONGEST_CELL for cell in cells):
        raise CsvRefused("A cell is too long: a quotation mark is open somewhere before.", row)
    if filled > MAX_ROWS + 1:  # the header is one of them
        raise CsvRefused(f"The file has more than {MAX_ROWS} rows: divide it.", row)


def _delimiter(header: str) -> str:
    """Return the sign that stands most often between the headers, outside of quotation marks."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


class _Chunks(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
