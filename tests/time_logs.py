"""What tests of logged time start from: a nurse at work on a patient, and bodies that are right."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import Person, a_patient, a_practice, a_user, signed_in

URL = "/api/v1/billing/time-logs/"
MINUTE = timedelta(minutes=1)
# Noon, so that no day or month turns within what is logged.
LATELY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


@dataclass(frozen=True)
class Desk:
    """Somebody at work, with a patient before them."""

    client: FlaskClient
    person: Person
    patient_id: UUID
    headers: dict[str, str]

    def get(self, path: str = "", **query: Any) -> Any:
        """Read."""
        return self.client.get(f"{URL}{path}", query_string=query, headers=self.headers)

    def post(self, path: str = "", body: Any = None, **headers: str) -> Any:
        """Write."""
        return self.client.post(f"{URL}{path}", json=body or {}, headers={**self.headers, **headers})

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        """Correct."""
        return self.client.patch(f"{URL}{path}", json=body, headers={**self.headers, **headers})

    def body(self, start: int = 0, minutes: int = 10, **fields: Any) -> dict[str, Any]:
        """Return ten minutes of review, beginning so many minutes after yesterday's noon."""
        begin, end = LATELY + start * MINUTE, LATELY + (start + minutes) * MINUTE
        times = {"started_at": begin.isoformat(), "ended_at": end.isoformat()}
        what = {"program": "RPM", "activity": "data_review", "note": "trend looked at"}
        return {"patient_id": str(self.patient_id), **times, **what, **fields}

    def log(self, *args: int, **fields: Any) -> dict[str, Any]:
        """Log that, and return the answer."""
        answer = self.post("", self.body(*args, **fields))
        assert answer.status_code == 201, answer.text
        logged: dict[str, Any] = answer.json
        return logged

    def beside(self, role: Role = Role.NURSE) -> "Desk":
        """Return the desk of a colleague, the same patient before them."""
        person = a_user(self.person.actor.practice_id, role)
        return Desk(self.client, person, self.patient_id, signed_in(self.client, person))


def a_desk(client: FlaskClient, role: Role = Role.NURSE, **fields: Any) -> Desk:
    """Put somebody of that role of a new practice to work."""
    person = a_user(a_practice(), role)
    patient = a_patient(a_user(person.actor.practice_id).actor, **{"timezone": "UTC", **fields})
    return Desk(client, person, patient.id, signed_in(client, person))
