"""Diagnosis codes: their form, and their years."""

import gzip
from datetime import date

import pytest

from app.domain.diagnoses import (
    exists_on,
    find_diagnosis,
    fiscal_year,
    is_icd10_format,
    problem_with,
    read_order_file,
    with_year,
    years_on_file,
)


@pytest.mark.parametrize(
    ("code", "is_code"),
    [("I10", True), ("E11.65", True), ("C7A.00", True), ("U07.1", True), ("QA0.0141", True), ("i10", False),
     ("I1", False), ("I10.", False), ("I10.12345", False), ("110", False), ("I10 ", False)],
)  # fmt: skip
def test_the_form_of_icd_10_cm(code: str, is_code: bool) -> None:
    """Upper case, a dot after the third sign."""
    assert is_icd10_format(code) is is_code


@pytest.mark.parametrize(("day", "year"), [(date(2025, 9, 30), 2025), (date(2025, 10, 1), 2026)])
def test_a_code_year_begins_in_october(day: date, year: int) -> None:
    """The federal fiscal year."""
    assert fiscal_year(day) == year


@pytest.mark.parametrize(
    ("code", "day", "exists"),
    [
        ("I10", date(2024, 10, 1), True),
        ("I10", date(2015, 10, 1), True),  # before the oldest year on file: judged by that
        ("I10", date(2099, 1, 1), True),
        ("D71", date(2025, 9, 30), True),  # split into D71.1, D71.8 and D71.9 for 2026
        ("D71", date(2025, 10, 1), False),
        ("D71.9", date(2025, 9, 30), False),
        ("D71.9", date(2025, 10, 1), True),
        ("QA0.0141", date(2026, 1, 1), True),
        ("E11", date(2026, 1, 1), False),  # a category
        ("I10.9", date(2026, 1, 1), False),
        ("I1O", date(2026, 1, 1), False),
    ],
)
def test_a_code_exists_in_its_years(code: str, day: date, exists: bool) -> None:
    """Both sides of 1 October 2025."""
    assert exists_on(code, day) is exists


@pytest.mark.parametrize(
    ("code", "part"),
    [("I10", None), ("i10", "form"), ("E11", "category"), ("D71", "category"), ("A00.8", "no code"),
     ("D71.9", "not valid on 2025-01-01")],
)  # fmt: skip
def test_what_is_wrong_is_said(code: str, part: str | None) -> None:
    """A typist can act on it."""
    problem = problem_with(code, date(2025, 1, 1) if code == "D71.9" else date(2026, 1, 1))
    assert problem is None if part is None else part in (problem or "")


def test_after_the_newest_year_on_file_a_code_that_is_not_there_may_be_new() -> None:
    """What was valid last stays so; of what is unknown we say which list we looked in, not that it does not exist."""
    fiscal_2027 = date(2026, 10, 1)
    assert years_on_file() == (2025, 2026)
    assert [problem_with(code, fiscal_2027) for code in ("I10", "D71.9")] == [None, None]
    assert problem_with("D71", fiscal_2027) == "D71 is a category: a more specific code is needed."
    assert problem_with("Z99.9", fiscal_2027) == "Z99.9 is not in ICD-10-CM of fiscal year 2026, the newest on file."


def test_a_code_has_its_description() -> None:
    """As CMS words it."""
    diagnosis = find_diagnosis("I10")
    assert diagnosis is not None
    assert diagnosis.description == "Essential (primary) hypertension"


_ORDER_FILE = (
    "00001 A00     0 Cholera                                                      Cholera\n",
    "00002 I10     1 Essential (primary) hypertension                             Essential (primary) hypertension\n",
    "00003 Z999    1 Something new                                                Something new\n",
)


def test_a_new_year_is_added_from_the_official_file() -> None:
    """What stays is prolonged, what is new begins, what is gone ends; categories are no codes."""
    newest = years_on_file()[1]
    lines = gzip.decompress(with_year(newest + 1, read_order_file(_ORDER_FILE))).decode().splitlines()
    years = {code: (int(first), int(last)) for code, first, last, _ in (line.split("\t") for line in lines)}
    assert (years["I10"], years["Z999"], years["E119"]) == (
        (2025, newest + 1),
        (newest + 1, newest + 1),
        (2025, newest),
    )
    assert "A00" not in years


@pytest.mark.parametrize("step", [0, 2])
def test_years_are_added_in_order(step: int) -> None:
    """Neither twice nor with a gap."""
    with pytest.raises(ValueError, match="wanted"):
        with_year(years_on_file()[1] + step, {})
