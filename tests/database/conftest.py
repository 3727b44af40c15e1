"""Use cases are tested inside the application."""

import pytest
from flask import Flask


@pytest.fixture(autouse=True)
def _house(app: Flask) -> None:
    """Have the application stand before the builders build in it."""
