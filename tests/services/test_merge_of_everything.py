"""Merging a record of which every table has rows: nothing of it stays behind."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.domain.actor import Actor
from app.domain.roles import Role
from app.models import BillingImpact
from app.services.demo.billing import play_billing
from app.services.demo.devices import cuff_serial, equip
from app.services.demo.enrolment import enrol_demo_patients
from app.services.demo.triage import play_triage
from app.services.patients.merge_plan import references
from app.services.transaction import transaction
from tests.builders import Person, a_patient, a_practice, a_reading, a_user, in_house, signed_in
from tests.documents import a_pdf
from tests.notifications import tell

NOW = datetime.now(UTC).replace(microsecond=0)
API = "/api/v1"
PATIENTS, DAYS = 12, 40
ROLES = {
    "clinician": Role.PROVIDER, "admin": Role.ADMIN, "nurse": Role.NURSE, "billing": Role.BILLING_MANAGER,
    "manager": Role.CLINICAL_MANAGER,
}  # fmt: skip


def _a_busy_practice(staff: dict[str, Actor]) -> UUID:
    """Play months of a practice as the demo does; return the patient of whom billing has the most to tell."""
    patients = [a_patient(staff["clinician"], conditions=("I10",)).id for _ in range(PATIENTS)]
    with in_house(staff["nurse"]):
        equip(staff["nurse"], patients, set())
    for number, patient_id in enumerate(patients):
        for day in range(DAYS):
            at = NOW - timedelta(days=day, hours=1)
            a_reading(staff["nurse"], patient_id, 150, device_id=cuff_serial(number), measured_at=at)
    with in_house(staff["nurse"]):
        play_triage(staff, patients)
        enrol_demo_patients(staff["clinician"], patients)
        play_billing(staff, patients)
        with transaction() as session:
            return session.scalars(select(BillingImpact.patient_id)).one()


def _add_the_rest(client: FlaskClient, manager: Person, patient_id: UUID) -> None:
    """Write down by hand what the demo does not."""
    headers, about = signed_in(client, manager), {"patient_id": str(patient_id)}
    of, score = f"{API}/patients/{patient_id}/", f"{API}/triage/patients/{patient_id}/"
    until = (NOW + timedelta(days=1)).isoformat()
    consent = client.get(f"{of}consents/", headers=headers).json["results"][0]["id"]
    timer = {**about, "program": "RPM", "activity": "data_review"}
    override = {"risk_score": 30, "reason": "known white coat", "expires_at": until}
    etag = {"If-Match": client.get(f"{of}thresholds/", headers=headers).headers["ETag"]}
    document = {**headers, "Content-Type": "application/pdf"}
    answers = [
        client.post(f"{of}notes/", json={"body": "Called."}, headers=headers),
        client.post(f"{of}calls/", json={"mode": "phone", "outcome": "no_answer"}, headers=headers),
        client.patch(of, json={"payers": [{"payer": "Medicare", "member_id": "1"}]}, headers=headers),
        client.put(f"{of}thresholds/", json={"systolic_high": 145}, headers={**headers, **etag}),
        client.post(f"{score}score/override/", json=override, headers=headers),
        client.post(f"{score}review/", json={"minutes": 5}, headers=headers),
        client.post(f"{API}/triage/escalations/", json={**about, "level": "stat", "reason": "Dizzy."}, headers=headers),
        client.post(f"{API}/billing/time-logs/start/", json=timer, headers=headers),
        client.put(f"{of}consents/{consent}/document/", data=a_pdf(), headers=document),
    ]
    assert [answer.status_code for answer in answers if answer.status_code not in {200, 201}] == []
    tell(manager, patient_id=patient_id)
    a_user(manager.actor.practice_id, Role.PATIENT, patient_id)


def _rows(actor: Actor, patient_id: UUID) -> dict[str, int]:
    with in_house(actor), transaction() as session:
        return {
            of.name: session.scalar(select(func.count()).select_from(of.table).where(of.column == patient_id)) or 0
            for of in references()
        }


def test_of_a_record_with_rows_in_every_table_nothing_stays_behind(client: FlaskClient) -> None:
    """Each table that the plan moves has rows, so a table that comes later must be filled here as well."""
    practice = a_practice()
    people = {name: a_user(practice, role) for name, role in ROLES.items()}
    gone = _a_busy_practice({name: person.actor for name, person in people.items()})
    manager = people["manager"]
    _add_the_rest(client, manager, gone)
    before = _rows(manager.actor, gone)
    assert [table for table, rows in before.items() if not rows] == []
    kept = a_patient(manager.actor).id
    body = {"duplicate_id": str(gone), "reason": "same person"}
    report = client.post(f"{API}/patients/{kept}/merge/", json=body, headers=signed_in(client, manager)).json
    assert (set(_rows(manager.actor, gone).values()), {n: c for n, c in report["left"].items() if c}) == ({0}, {})
    assert _rows(manager.actor, kept) == before
