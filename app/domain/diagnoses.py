"""Diagnosis codes (ICD-10-CM): their form, and which of them existed on a day.

A code is written with its dot (`E11.65`); the list holds it without. A fiscal year begins on 1 October of the year
before.
Source: CMS/NCHS code files, see `data/README.md`.
"""

import gzip
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

CODE_FILE = Path(__file__).with_name("data") / "icd10cm.tsv.gz"

ICD10_FORM = r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?"  # since 2026 the second sign may be a letter: QA0
_FORM = re.compile(ICD10_FORM)
_OCTOBER = 10


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A code with its dot, its description, and the first and last fiscal year on file in which it is valid."""

    code: str
    description: str
    first_year: int
    last_year: int


def is_icd10_format(code: str) -> bool:
    """Say whether the code has the form of ICD-10-CM (upper case, dot after the third sign); not whether it exists."""
    return _FORM.fullmatch(code) is not None


def fiscal_year(day: date) -> int:
    """Return the federal fiscal year, by which code sets change: 1 October 2025 is the first day of 2026."""
    return day.year + (day.month >= _OCTOBER)


def find_diagnosis(code: str) -> Diagnosis | None:
    """Return what is on file of a code, valid now or once; None for a category and for what never was."""
    if not is_icd10_format(code):
        return None
    line = _first_line(f"{code.replace('.', '')}\t")
    if line is None:
        return None
    _, first, last, description = line.split("\t")
    return Diagnosis(code, description, int(first), int(last))


def exists_on(code: str, day: date) -> bool:
    """Say whether the code is valid on the day; days outside the years on file are judged by the nearest of them."""
    diagnosis = find_diagnosis(code)
    if diagnosis is None:
        return False
    oldest, newest = years_on_file()
    return diagnosis.first_year <= min(max(fiscal_year(day), oldest), newest) <= diagnosis.last_year


def problem_with(code: str, day: date) -> str | None:
    """Return what is wrong with a code on a day, as a sentence for whoever typed it; None when nothing is."""
    if not is_icd10_format(code):
        return "Not in the form of ICD-10-CM, such as I10 or E11.65."
    if exists_on(code, day):
        return None
    if _first_line(code.replace(".", ""), more=True) is not None:
        return f"{code} is a category: a more specific code is needed."
    if find_diagnosis(code) is not None:
        return f"{code} is not valid on {day.isoformat()}."
    newest = years_on_file()[1]
    if fiscal_year(day) > newest:
        return f"{code} is not in ICD-10-CM of fiscal year {newest}, the newest on file."
    return f"There is no code {code} in ICD-10-CM."


def read_order_file(lines: Iterable[str]) -> dict[str, str]:
    """Return the valid codes, without dots, and their descriptions from the lines of a CMS `icd10cm-order` file."""
    return {line[6:13].strip(): line[77:].strip() for line in lines if line[14:15] == "1"}


def with_year(year: int, codes: Mapping[str, str]) -> bytes:
    """Return the code file with a newer year added; raises ValueError for a year that does not follow the newest."""
    if year != years_on_file()[1] + 1:
        raise ValueError(f"The year after {years_on_file()[1]} is wanted.")
    known = {code: rest for code, *rest in (line.split("\t") for line in _lines())}
    for code, description in codes.items():
        first = known[code][0] if code in known and known[code][1] == str(year - 1) else str(year)
        known[code] = [first, str(year), description]
    text = "".join("\t".join([code, *known[code]]) + "\n" for code in sorted(known))
    return gzip.compress(text.encode(), mtime=0)


@cache
def years_on_file() -> tuple[int, int]:
    """Return the oldest and the newest fiscal year of the list."""
    years = {int(year) for line in _lines() for year in line.split("\t", 3)[1:3]}
    return min(years), max(years)


def _first_line(beginning: str, *, more: bool = False) -> str | None:
    """Return the first line that begins so, with at least one more sign of a code when `more` is wanted."""
    lines = _lines()
    place = bisect_left(lines, f"{beginning}0" if more else beginning)
    return lines[place] if place < len(lines) and lines[place].startswith(beginning) else None


@cache
def _lines() -> list[str]:
    """Read the list once, some 15 MB; it is sorted, so a code is found by halving."""
    return gzip.decompress(CODE_FILE.read_bytes()).decode().splitlines()
