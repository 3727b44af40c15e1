"""The demo's billing is worth looking at: time, lines on their way, payers with a policy, and an impact."""

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import text

from app.domain.roles import Role
from app.extensions import db
from app.services.demo.billing import play_billing
from tests.billing import days_from, monitored
from tests.builders import Person, a_user, in_house

_PATIENTS = 5


def test_the_demo_bills_sends_and_regrets(app: Flask) -> None:
    """Some lines are paid, some wait for an answer, and a training that is taken back touches one that went out."""
    start = datetime.now(UTC).date() - timedelta(days=49)
    first = monitored(start)
    practice_id = first.provider.actor.practice_id
    people = (first.provider, first.biller)
    patients = [first, *(monitored(start, practice_id, people) for _ in range(_PATIENTS - 1))]
    for patient in patients:
        patient.measures(*days_from(start, 20))
    nurse = a_user(practice_id, Role.NURSE)
    with in_house(nurse.actor):
        staff = {"nurse": nurse.actor, "billing": first.biller.actor}
        play_billing(staff, [one.patient_id for one in patients])
    states = _column(first.biller, "SELECT DISTINCT status FROM billing_entries")
    assert {"submitted", "paid"} <= states
    assert {"99453", "99454"} <= _column(first.biller, "SELECT cpt_code FROM billing_entries")
    assert len(_column(first.biller, "SELECT id FROM time_logs")) == 2 * (_PATIENTS - 1) + 1
    assert _column(first.biller, "SELECT name FROM billing_payers") == {"Medicare", "UnitedHealthcare"}
    assert len(_column(first.biller, "SELECT id FROM billing_impacts")) == 1


def _column(person: Person, ask: str) -> set[object]:
    with in_house(person.actor):
        return set(db.session.scalars(text(ask)))
