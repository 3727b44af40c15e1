"""The page of billing rules, read as tables: what each row names, and whether it is there."""

import ast
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from app.domain.billing.codes import CPT_LABELS, Reason
from app.domain.billing.double_count import Rule
from app.domain.billing.policy import PolicySettings
from config import ROOT
from tests.guards.trees import tree_of

PAGE = ROOT / "docs" / "billing-rules.md"
_HOME = "app.domain.billing."
_NAMED = re.compile(r"`([^`]+)`")
_CELLS = 3


@dataclass(frozen=True)
class Rules:
    """One row: the codes, reasons and settings that it is about, the places of the code, the tests."""

    names: list[str]
    places: list[str]
    tests: list[str]


def rows(page: str) -> list[Rules]:
    """Return every row of the page's tables."""
    cells = [line.strip().removeprefix("|").removesuffix("|").split("|") for line in page.splitlines()
             if line.startswith("| ")]  # fmt: skip
    named = [[_NAMED.findall(cell) for cell in row] for row in cells if row[0].strip() != "rule"]
    assert all(len(row) == _CELLS for row in named), "a row has not three cells"
    return [Rules(*row) for row in named]


def needed() -> set[str]:
    """Return what must have a row: each code, reason, setting and rule of the guard."""
    settings = PolicySettings.__dataclass_fields__
    return {*CPT_LABELS, *(one.value for one in Reason), *settings, *(one.value for one in Rule)}


def without_a_row(page: str) -> set[str]:
    """Return what has none."""
    return needed() - {name for row in rows(page) for name in row.names}


def missing_tests(page: str, directory: Path = ROOT / "tests") -> set[str]:
    """Return the tests that rows name and nobody wrote, and `nothing` for a row that names none."""
    written = {
        node.name
        for path in directory.rglob("test_*.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
    }
    return {name for row in rows(page) for name in row.tests or ["nothing"]} - written


def missing_places(page: str) -> set[str]:
    """Return the places in the code that rows name and that are not there, and `nothing` for a row that names none."""
    return {place for row in rows(page) for place in row.places or ["nothing"] if not _is_there(place)}


def _is_there(place: str) -> bool:
    names = (place if place.startswith("app.") else _HOME + place).split(".")
    for cut in range(len(names), 0, -1):
        try:
            found: object = import_module(".".join(names[:cut]))
        except ModuleNotFoundError:
            continue
        for name in names[cut:]:
            found = getattr(found, name, None)
        return cut < len(names) and found is not None
    return False
