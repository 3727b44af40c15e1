"""CSV files: how cells are written, how a file is taken apart. Pure.

A row's number is the one a spreadsheet shows: the header is row 1, blank rows count. Cells are texts.
"""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

MAX_ROWS = 50_000  # of one file; a practice of ten thousand patients is a large one
_LONGEST_CELL = 10_000  # characters: beyond it a quote was left open
_DELIMITERS = ",;\t|"
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class CsvRefused(ValueError):
    """The file as a whole cannot be read; `row` is where reading ended."""

    def __init__(self, problem: str, row: int = 1) -> None:
        super().__init__(problem)
        self.problem, self.row = problem, row


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
