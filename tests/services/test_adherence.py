"""The job tells of patients who measure on too few days, once, and ends it when they measure again."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.domain.triage.effective import ThresholdSet
from app.domain.triage.proposals import PreviewRequest
from app.extensions import db
from app.models import Alert, AlertOccurrence, PracticeThresholds, TriageSummary
from app.services.transaction import transaction
from app.services.triage import board
from app.services.triage.board import refresh_scores_of
from app.services.triage.measuring import find_reading_days
from app.services.triage.preview import preview_thresholds
from app.services.triage.rules import find_rules
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
        refresh_scores_of(doctor.actor.practice_id)
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


@pytest.mark.parametrize(
    ("zone", "today"),
    [
        ("Pacific/Kiritimati", date(2025, 6, 10)),  # 14 hours ahead of UTC
        ("Pacific/Pago_Pago", date(2025, 6, 10)),  # 11 behind
        ("America/New_York", date(2025, 11, 5)),  # a day of 25 hours among the seven
        ("America/New_York", date(2025, 3, 12)),  # one of 23
    ],
)
def test_a_day_is_the_patients_own_to_the_second(doctor: Person, zone: str, today: date) -> None:
    """The seven full days reach from one local midnight, inclusive, to another, exclusive; so does having begun."""
    patient_id = a_patient(doctor.actor, timezone=zone).id

    def local(days_ago: int, at: time = time.min) -> datetime:
        return datetime.combine(today - timedelta(days=days_ago), at, ZoneInfo(zone)).astimezone(UTC)

    late, looked_at = time(23, 59, 59), local(0, time(0, 30))
    for days, moment in ((None, local(6)), (2, local(7)), (3, local(1, late)), (3, local(0)), (3, local(8, late))):
        a_reading(doctor.actor, patient_id, 120, measured_at=moment)
        assert _days_at(doctor, patient_id, looked_at) == days
    assert _days_at(doctor, patient_id, local(0) - timedelta(seconds=1)) == 3  # yesterday, with the day before its week


def _days_at(doctor: Person, patient_id: UUID, at: datetime) -> int | None:
    with in_house(doctor.actor), transaction() as session:
        rules = {patient_id: find_rules(session, doctor.actor.practice_id, patient_id)}
        return find_reading_days(session, doctor.actor.practice_id, rules, at).get(patient_id)


@pytest.mark.parametrize("seed", range(2))
def test_the_dry_run_tells_of_the_same_days_as_the_job_did(
    doctor: Person, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """One history of people in three zones who measure every other day or so: the job goes through it by the hour."""
    dice, now = random.Random(seed), datetime.now(UTC)
    zones = "Pacific/Auckland", "UTC", "America/Los_Angeles"
    zone_of = {a_patient(doctor.actor, timezone=zone).id: ZoneInfo(zone) for zone in zones for _ in range(2)}
    for patient_id in zone_of:
        hours = sorted(dice.sample(range(1, 24 * 40), 40 * dice.choice((1, 2)) // 2))
        for ago in reversed(hours):
            a_reading(doctor.actor, patient_id, 120, measured_at=now - timedelta(hours=ago))
    with in_house(doctor.actor), transaction() as session:
        for line in session.scalars(select(TriageSummary)):
            line.refreshed_at = now - timedelta(days=40)
        session.get_one(PracticeThresholds, doctor.actor.practice_id).updated_at = now - timedelta(days=40)
    for hours_ago in range(24 * 25, -1, -1):
        _let_the_job_run_at(monkeypatch, doctor, zone_of, now - timedelta(hours=hours_ago))
    with in_house():
        refresh_scores_of(doctor.actor.practice_id)
    with in_house(doctor.actor):
        told = db.session.execute(
            select(AlertOccurrence.patient_id, AlertOccurrence.raised_at).where(AlertOccurrence.rule == RULE)
        ).all()
        preview = preview_thresholds(doctor.actor, PreviewRequest(ThresholdSet(), 14))
    by_job = {(one.patient_id, one.raised_at.astimezone(zone_of[one.patient_id]).date()) for one in told}
    replayed = [(one.patient_id, one.alert) for one in preview.vanishing if one.alert.rule == RULE]
    by_dry_run = {(patient_id, alert.at.astimezone(zone_of[patient_id]).date()) for patient_id, alert in replayed}
    first_day = {of: preview.since.astimezone(zone).date() for of, zone in zone_of.items()}
    assert by_dry_run == {(of, day) for of, day in by_job if day > first_day[of]}
    assert len(by_dry_run) > 3


def _let_the_job_run_at(
    monkeypatch: pytest.MonkeyPatch, doctor: Person, zone_of: Mapping[UUID, ZoneInfo], at: datetime
) -> None:
    """Only where it can find something new: in the first hour of somebody's day."""
    if all(at.astimezone(zone).hour for zone in zone_of.values()):
        return
    with monkeypatch.context() as patch, in_house():
        patch.setattr(board, "now", lambda: at)
        refresh_scores_of(doctor.actor.practice_id)


def test_days_cost_one_question_however_many_patients(app: Flask, client: FlaskClient, doctor: Person) -> None:
    """And none where nobody expects any."""
    asked = []
    for _ in range(3):
        _measures(doctor, a_patient(doctor.actor).id, 9, 5, 4, 3, 2)
        with counting() as counted:
            _an_hour_later(doctor)
        asked.append(sum("array_agg" in one for one in counted.texts))
    assert asked == [1, 1, 1]
