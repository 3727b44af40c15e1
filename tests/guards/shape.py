"""What the guards look for in source files: long ones, hidden imports, stray commits, drawers, silence."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.guards.trees import tree_of

MAX_FILE_LINES, MAX_FUNCTION_LINES = 300, 40
BANNED_NAMES = {"utils", "helpers", "common", "misc"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_files(sources: Iterable[Path]) -> list[str]:
    """Return the files that are too long."""
    return [path.name for path in sources if len(path.read_text().splitlines()) > MAX_FILE_LINES]


def long_functions(sources: Iterable[Path]) -> list[str]:
    """Return the functions that are too long."""
    return [
        f"{path.name}:{function.name}"
        for path, function in _functions(sources)
        if (function.end_lineno or 0) - function.lineno >= MAX_FUNCTION_LINES
    ]


def hidden_imports(sources: Iterable[Path]) -> list[str]:
    """Return the functions that import."""
    return [
        f"{path.name}:{function.name}"
        for path, function in _functions(sources)
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    ]


def committing_files(sources: Iterable[Path]) -> set[str]:
    """Return the files that commit or roll back."""
    return {
        path.name
        for path in sources
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
    }


def drawers(sources: Iterable[Path]) -> list[str]:
    """Return the files whose names say nothing."""
    return [path.name for path in sources if path.stem in BANNED_NAMES]


def silent_parts(sources: Iterable[Path]) -> list[str]:
    """Return the modules, classes and public functions without a docstring."""
    return [
        f"{path.name}:{getattr(node, 'name', 'module')}"
        for path in sources
        for node in _documented(tree_of(path))
        if not ast.get_docstring(node)
    ]


def _functions(sources: Iterable[Path]) -> Iterator[tuple[Path, Function]]:
    for path in sources:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, Function):
                yield path, node


def _documented(tree: ast.Module) -> Iterator[ast.Module | ast.FunctionDef | ast.ClassDef]:
    yield tree
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
