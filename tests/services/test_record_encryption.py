"""Nothing that identifies a person or tells about their health in free text stands readable in the database."""

from flask.testing import FlaskClient

from app.domain.roles import Role
from deploy.local_postgres import LocalPostgres
from tests.builders import a_patient, a_user, signed_in

CANARIES = ("Canarykin", "12175550991", "CANARYMEMBER", "541239876", "Canarynote", "Canaryreason", "Canarymerge")


def test_s58_no_part_of_a_record_stands_in_the_database(client: FlaskClient, postgres: LocalPostgres) -> None:
    """Kin, member number, social security number, notes, reasons: in no table, the audit trail included."""
    manager = a_user(role=Role.CLINICAL_MANAGER)
    kept, gone = a_patient(manager.actor), a_patient(manager.actor)
    headers, url = signed_in(client, manager), f"/api/v1/patients/{gone.id}/"
    record = {
        "emergency_contact": {"name": CANARIES[0], "phone": CANARIES[1]}, "ssn": CANARIES[3],
        "payers": [{"payer": "Medicare", "member_id": CANARIES[2]}],
    }  # fmt: skip
    answers = [
        client.patch(url, json=record, headers=headers),
        client.post(f"{url}notes/", json={"body": CANARIES[4]}, headers=headers),
        client.post(f"{url}archive/", json={"reason": CANARIES[5]}, headers=headers),
        client.post(
            f"/api/v1/patients/{kept.id}/merge/",
            json={"duplicate_id": str(gone.id), "reason": CANARIES[6]},
            headers={**headers, "Idempotency-Key": "canary"},
        ),
    ]
    tables = postgres.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()
    rows = "\n".join(postgres.query(f"SELECT t::text FROM {name} t") for name in tables)
    readable = [canary for canary in CANARIES if canary in rows or canary.encode().hex() in rows]
    assert ([answer.status_code for answer in answers], readable) == ([200, 201, 200, 200], [])
