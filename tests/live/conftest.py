"""Installations, each in a directory of its own that goes with the test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.installation import Installation


@contextmanager
def installing() -> Iterator[Callable[..., Installation]]:
    """Give the function that makes an installation; all it made end with the block."""
    made: list[Installation] = []

    def make(*, durable: bool = False, **settings: str) -> Installation:
        directory = Path(tempfile.mkdtemp(prefix="vantrexia-live-"))
        made.append(Installation(directory, durable=durable, **settings))
        return made[-1]

    try:
        yield make
    finally:
        for installation in made:
            installation.stop()
            shutil.rmtree(installation.directory, ignore_errors=True)


@pytest.fixture
def install() -> Iterator[Callable[..., Installation]]:
    """Return the function that makes an installation."""
    with installing() as make:
        yield make
