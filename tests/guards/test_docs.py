"""Guards for the docs that are made from code: they say what the code says."""

import json
import re

from flask import Flask

from app.cli.contract import error_table, role_table
from config import ROOT


def test_the_role_table_in_the_docs_is_the_codes() -> None:
    """`flask --app wsgi roles` writes it."""
    assert role_table() in (ROOT / "docs" / "roles.md").read_text()


def test_the_error_list_in_the_docs_is_the_codes() -> None:
    """`flask --app wsgi errors` writes it."""
    assert error_table() in (ROOT / "docs" / "errors.md").read_text()


def test_the_readme_names_every_setting_that_is_read() -> None:
    """None undocumented."""
    read = set(
        re.findall(
            r'env, "([A-Z][A-Z_]+_(?:URL|KEYS|ENV|DIR|LEVEL|ORIGINS|PROXIES|THREADS|CONCURRENCY))"',
            (ROOT / "config.py").read_text(),
        )
    )
    readme = (ROOT / "README.md").read_text()
    assert [name for name in sorted(read) if f"`{name}`" not in readme] == []


def test_the_openapi_command_prints_the_document(app: Flask) -> None:
    """As JSON that any program reads."""
    printed = app.test_cli_runner().invoke(args=["openapi"])
    assert printed.exit_code == 0
    assert "/api/v1/patients/" in json.loads(printed.output)["paths"]
