"""Guards for the code's own shape: small files, small functions, no hidden imports, no stray commit."""

from config import ROOT
from tests.guards import shape

_SOURCES = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "deploy").rglob("*.py"), ROOT / "config.py"])


def test_no_file_is_longer_than_300_lines() -> None:
    """A room that wants splitting."""
    assert shape.long_files(_SOURCES) == []


def test_no_function_is_longer_than_40_lines() -> None:
    """A thought that wants splitting."""
    assert shape.long_functions(_SOURCES) == []


def test_no_import_hides_inside_a_function() -> None:
    """The layers are to be seen at the top of the file."""
    assert shape.hidden_imports(_SOURCES) == []


def test_only_transaction_commits_and_rolls_back() -> None:
    """One place for commits."""
    assert shape.committing_files((ROOT / "app").rglob("*.py")) == {"transaction.py"}


def test_no_file_is_a_drawer_for_everything() -> None:
    """A name that says nothing hides something."""
    assert shape.drawers(_SOURCES) == []


def test_every_module_and_public_function_says_what_it_is_for() -> None:
    """One sentence each."""
    assert shape.silent_parts(_SOURCES) == []
