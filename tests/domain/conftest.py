"""Tests of the domain have fixed dates: they read the rules and fees that are shipped, whatever the year is."""

from collections.abc import Iterator

import pytest

from tests.new_years import as_shipped


@pytest.fixture(scope="module", autouse=True)
def _rules_as_shipped() -> Iterator[None]:
    with as_shipped():
        yield
