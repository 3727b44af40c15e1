"""Rules and fees for years that nobody has shipped yet: files like last year's, with other dates.

Tests bill "last month" with the clock of the machine. Once that is a year without rules, nothing would be billable, as
it should; so the suite drops in what a person would add for a new year. Tests of fixed dates read what is shipped.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.billing import fees, rules

_RULES = rules.RULE_SET_FILES
_FEES = fees.FEE_SCHEDULE_FILES


@contextmanager
def as_shipped() -> Iterator[None]:
    """Read the files of the product, whatever the date."""
    with _reading(_RULES, _FEES):
        yield


@contextmanager
def known_until(day: date, directory: Path) -> Iterator[None]:
    """Know rules and fees up to the year of a day: where none are shipped, those of the year before."""
    last = max(date.fromisoformat(json.loads(path.read_text())["effective_to"]) for path in _RULES.glob("*.json"))
    missing = range(last.year + 1, day.year + 1)
    for shipped, name in ((_RULES, "rule_sets"), (_FEES, "fee_schedules")):
        (directory / name).mkdir()
        for path in shipped.glob("*.json"):
            said = json.loads(path.read_text())
            _write(directory / name / path.name, said)
            if said["effective_to"] == last.isoformat():
                for year in missing:
                    _write(directory / name / f"{year}-{path.name}", _for_year(said, last.year, year))
    with _reading(directory / "rule_sets", directory / "fee_schedules"):
        yield


def _for_year(said: dict[str, Any], known: int, year: int) -> dict[str, Any]:
    dates = {"effective_from": f"{year}-01-01", "effective_to": f"{year}-12-31"}
    return {**said, **dates, "id": said["id"].replace(str(known), str(year)), "name": f"{said['name']} for {year}"}


def _write(path: Path, said: dict[str, Any]) -> None:
    path.write_text(json.dumps(said))


@contextmanager
def _reading(rule_sets: Path, schedules: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "RULE_SET_FILES", rule_sets)
        patch.setattr(fees, "FEE_SCHEDULE_FILES", schedules)
        _forget()
        yield
    _forget()


def _forget() -> None:
    rules.rule_book.cache_clear()
    fees.national_schedules.cache_clear()
