"""Source files as syntax trees, each read once.

CPython 3.11 fails when something is parsed while something is parsed (gh-106905), and a collection in the middle can
bring that about: a finaliser that prints a traceback parses its lines. So nothing is collected meanwhile.
"""

import ast
import gc
from functools import cache
from pathlib import Path


def tree_of(path: Path) -> ast.Module:
    """Return a file's tree, for looking at; raises SyntaxError when it is none of Python's."""
    return _parsed(path.read_text())


@cache
def _parsed(source: str) -> ast.Module:
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if collecting:
            gc.enable()
