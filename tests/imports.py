"""Importing in tests: files as text, sent and done."""

from collections.abc import Iterable
from typing import Any

from flask.testing import FlaskClient

from tests.jobs import work

URL = "/api/v1/patients/import/"
HEADER = "First Name,Last Name,DOB,Sex,MRN,Phone,Zip\n"
ANN = "Ann,Lee,1958-03-15,F,A-1,(217) 555-0101,62701\n"
BOB = "Bob,Ray,3/4/1961,male,B-2,,\n"


def send(client: FlaskClient, headers: dict[str, str], file: str | bytes, query: str = "", **more: str) -> Any:
    """Post a file."""
    content = file.encode() if isinstance(file, str) else file
    return client.post(f"{URL}?{query}", data=content, content_type="text/csv", headers={**headers, **more})


def done(client: FlaskClient, headers: dict[str, str], file: str | bytes, query: str = "") -> dict[str, Any]:
    """Import a file and return what became of it."""
    answer = send(client, headers, file, query)
    assert answer.status_code == 202, answer.text
    work()
    return outcome(client, headers, answer.json["id"])


def outcome(client: FlaskClient, headers: dict[str, str], import_id: str) -> dict[str, Any]:
    """Return how far an import is."""
    found: dict[str, Any] = client.get(f"/api/v1/patients/imports/{import_id}/", headers=headers).json
    return found


def counts(
    report: dict[str, Any], names: Iterable[str] = ("created", "updated", "unchanged", "skipped", "failed")
) -> Any:
    """Return what became of the rows, as numbers."""
    return tuple(report[name] for name in names)


def people(client: FlaskClient, headers: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return who is on the list."""
    page = client.get("/api/v1/patients/?page_size=100&ordering=last_name", headers=headers).json
    return [(one["first_name"], one["mrn"], one["date_of_birth"]) for one in page["results"]]
