"""What tests of consents, orders and enrolments start from: a provider, a patient, and bodies that are right."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import Person, a_patient, a_practice, a_user, signed_in

NPI = "1234567893"


def days_ago(days: int) -> str:
    """Return a date of the past, by the clock of the practice and its patients: at night UTC is a day ahead of it."""
    return str(datetime.now(ZoneInfo("America/New_York")).date() - timedelta(days=days))


def days_ahead(days: int) -> date:
    """Return a date of the future."""
    return datetime.now(UTC).date() + timedelta(days=days)


@dataclass(frozen=True)
class Chart:
    """One patient's chart, open on a provider's desk."""

    client: FlaskClient
    provider: Person
    patient_id: UUID
    headers: dict[str, str]

    def url(self, path: str) -> str:
        """Return the address of a part of the chart."""
        return f"/api/v1/patients/{self.patient_id}/{path}"

    def get(self, path: str) -> Any:
        """Read a part."""
        return self.client.get(self.url(path), headers=self.headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Write a part."""
        return self.client.post(self.url(path), json=body, headers={**self.headers, **headers})


def a_chart(client: FlaskClient, **fields: Any) -> Chart:
    """Open the chart of a new patient of a new practice."""
    provider = a_user(a_practice(), Role.PROVIDER)
    patient = a_patient(provider.actor, **fields)
    return Chart(client, provider, patient.id, signed_in(client, provider))


def consent_body(**fields: Any) -> dict[str, Any]:
    """Consent to RPM of ten days ago, with both notices."""
    notices = {"cost_share_explained": True, "one_practitioner_explained": True}
    return {"program": "RPM", "method": "verbal", "obtained_on": days_ago(10), **notices, **fields}


def order_body(**fields: Any) -> dict[str, Any]:
    """Order RPM from ten days ago on, by a practitioner elsewhere."""
    provider = {"name": "Dr Ada Outside", "npi": NPI}
    days = {"ordered_on": days_ago(10), "starts_on": days_ago(10)}
    what = {"parameters": ["blood_pressure"], "diagnosis_codes": ["I10"]}
    return {"program": "RPM", "ordering_provider": provider, **days, **what, **fields}


def enrollment_body(**fields: Any) -> dict[str, Any]:
    """Enrol in RPM from ten days ago on, the patient seen before."""
    return {"program": "RPM", "starts_on": days_ago(10), "initiating_visit_on": days_ago(30), **fields}
