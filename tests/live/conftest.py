"""Installations, each in a directory of its own that goes with the test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.installation import Installation


@pytest.fixture
def install() -> Iterator[Callable[..., Installation]]:
    """Return the function that makes an installation."""
    made: list[Installation] = []

    def make(**settings: str) -> Installation:
        directory = Path(tempfile.mkdtemp(prefix="vantrexia-live-"))
        made.append(Installation(directory, **settings))
        return made[-1]

    yield make
    for installation in made:
        installation.stop()
        shutil.rmtree(installation.directory, ignore_errors=True)
