"""The job tells of patients who measure on too few days, once, and ends it when they measure again."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.extensions import db
from app.models import Alert, TriageSummary
from app.services.transaction import transaction
from app.services.triage.board import refresh_due_scores
from bench.statements import counting
from tests.builders import Person, a_patient, a_reading, a_user, in_house, signed_in

RULE = "reading_days_7_days_low"
THRESHOLDS = "/api/v1/triage/thresholds/"


@pytest.fixture
def doctor(client: FlaskClient) -> Person:
    """A provider of a practice that expects readings on four days of seven."""
    person = a_user()
    headers = signed_in(client, person)
    answer = client.put(THRESHOLDS, json={RULE: 4, "reason": "Weekly look."}, headers=headers)
    assert answer.status_code == 200, answer.text
    return person


def _measures(doctor: Person, patient_id: UUID, *days_ago: int) -> None:
    for days in days_ago:
        a_reading(doctor.actor, patient_id, 120, measured_at=datetime.now(UTC) - timedelta(days=days))


def _an_hour_later(doctor: Person) -> list[Any]:
    """Have the job look at everybody; return what it has told of the rule."""
    with in_house(doctor.actor), transaction() as session:
        for line in session.scalars(select(TriageSummary)):
            line.refreshed_at = datetime.now(UTC) - timedelta(hours=2)
    with in_house():
        refresh_due_scores()
    with in_house(doctor.actor):
        rows = db.session.execute(select(Alert.alert_class, Alert.cleared_at).where(Alert.rule == RULE)).all()
        return [(row.alert_class, row.cleared_at is not None) for row in rows]


def test_who_measures_on_three_days_is_told_of_once_and_on_four_no_more(client: FlaskClient, doctor: Person) -> None:
    """Of the last seven full days; the first reading was nine days ago."""
    patient = a_patient(doctor.actor).id
    _measures(doctor, patient, 9, 6, 4, 2)
    assert _an_hour_later(doctor) == [("compliance", False)]
    assert _an_hour_later(doctor) == [("compliance", False)]
    _measures(doctor, patient, 3)
    assert _an_hour_later(doctor) == [("compliance", True)]


def test_who_has_just_begun_is_spared(client: FlaskClient, doctor: Person) -> None:
    """Two readings, the first three days ago."""
    _measures(doctor, a_patient(doctor.actor).id, 3, 1)
    assert _an_hour_later(doctor) == []


def test_days_cost_one_question_however_many_patients(app: Flask, client: FlaskClient, doctor: Person) -> None:
    """And none where nobody expects any."""
    asked = []
    for _ in range(3):
        _measures(doctor, a_patient(doctor.actor).id, 9, 5, 4, 3, 2)
        with counting() as counted:
            _an_hour_later(doctor)
        asked.append(sum("array_agg" in one for one in counted.texts))
    assert asked == [1, 1, 1]
