"""What must never stand in clear anywhere: values told to the server, and where to look for them afterwards."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from deploy.local_postgres import LocalPostgres


@dataclass(frozen=True)
class Canaries:
    """Told as a person's data and an account's secrets."""

    first_name: str = "Zwirbelfried"
    last_name: str = "Quastenhuber"
    mrn: str = "ZQ-7731-KANARI"
    phone: str = "2175558731"
    email: str = "zwirbel.quast@kanari.example"
    street: str = "77 Kanarienvogelweg"
    city: str = "Kanaribach"
    birthday: str = "1931-07-23"
    notes: str = "kanari coughs since tuesday"
    account_email: str = "oberkanari@praxis.example"
    account_name: str = "Kanariella"
    password: str = "zwitscher-tirili-98-tirila"
    wrong_password: str = "piepmatz-falsch-55-geraten"

    def all(self, tokens: Iterable[str]) -> list[str]:
        """Return every value, with the tokens that were issued meanwhile."""
        return [*(getattr(self, field.name) for field in fields(self)), *tokens]


def found_in_text(canaries: Iterable[str], text: str) -> list[str]:
    """Return which canaries stand in a text, in any case, as they are or in hexadecimal or base64."""
    folded = text.casefold()
    return [canary for canary in canaries if any(form.casefold() in folded for form in _spellings(canary))]


def found_in_files(canaries: Iterable[str], directory: Path) -> list[tuple[str, str]]:
    """Return which canaries stand in the bytes of which files below a directory."""
    wanted = [canary.encode() for canary in canaries]
    return [
        (canary.decode(), path.name)
        for path in directory.rglob("*")
        if path.is_file()
        for content in [path.read_bytes()]
        for canary in wanted
        if canary in content
    ]


def dump(postgres: LocalPostgres) -> str:
    """Return every row of every table as text, as the superuser sees it."""
    tables = postgres.query("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'")
    return "\n".join(postgres.query(f"SELECT t::text FROM {table} t") for table in tables.split())


def _spellings(canary: str) -> Iterator[str]:
    yield canary
    yield canary.encode().hex()
    yield base64.b64encode(canary.encode()).decode()[:-4]  # the end depends on what follows
