"""Guards for the code's own shape: small files, small functions, no hidden imports, no stray commit."""

import ast
from collections.abc import Iterator
from pathlib import Path

from config import ROOT

MAX_FILE_LINES, MAX_FUNCTION_LINES = 300, 40
_SOURCES = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "deploy").rglob("*.py"), ROOT / "config.py"])
_BANNED_NAMES = {"utils", "helpers", "common", "misc"}


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_300_lines() -> None:
    """A room that wants splitting."""
    assert [path.name for path in _SOURCES if len(path.read_text().splitlines()) > MAX_FILE_LINES] == []


def test_no_function_is_longer_than_40_lines() -> None:
    """A thought that wants splitting."""
    long = [
        f"{path.name}:{function.name}"
        for path in _SOURCES
        for function in _functions(path)
        if (function.end_lineno or 0) - function.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []


def test_no_import_hides_inside_a_function() -> None:
    """The layers are to be seen at the top of the file."""
    hidden = [
        f"{path.name}:{function.name}"
        for path in _SOURCES
        for function in _functions(path)
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    ]
    assert hidden == []


def test_only_transaction_commits_and_rolls_back() -> None:
    """One place for commits."""
    strays = {
        path.name
        for path in (ROOT / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
    }
    assert strays == {"transaction.py"}


def test_no_file_is_a_drawer_for_everything() -> None:
    """A name that says nothing hides something."""
    assert [path.name for path in _SOURCES if path.stem in _BANNED_NAMES] == []


def test_every_module_and_public_function_says_what_it_is_for() -> None:
    """One sentence each."""
    silent = [
        f"{path.name}:{getattr(node, 'name', 'module')}"
        for path in _SOURCES
        for node in _documented(ast.parse(path.read_text()))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def _documented(tree: ast.Module) -> Iterator[ast.Module | ast.FunctionDef | ast.ClassDef]:
    yield tree
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
