"""The board's counts: always what a recount finds, however they were brought up to date."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from app.domain.actor import Actor
from app.domain.merging import MergeRequest
from app.domain.triage.alerts import AlertOutcome, Resolution, Snooze
from app.domain.triage.escalation import EscalationLevel, NewEscalation
from app.domain.triage.proposals import NewScoreOverride
from app.domain.triage.score import RiskLevel
from app.models import Alert, TriageCount, TriageSummary, TriageTransition
from app.models.base import new_id
from app.services.patients.merging import merge_patients
from app.services.patients.records import archive_patient, unarchive_patient
from app.services.readings.decisions import void_reading
from app.services.transaction import transaction
from app.services.triage import counts
from app.services.triage.alert_actions import acknowledge_alert, acknowledge_alerts, resolve_alert, snooze_alert
from app.services.triage.board import refresh_scores_of
from app.services.triage.escalation_actions import acknowledge_escalation
from app.services.triage.escalations import raise_escalation
from app.services.triage.overdue import keep_times_of
from app.services.triage.scores import end_override, override_score
from tests.builders import Person, a_patient, a_reading, a_user, become_silent, in_house
from tests.enrolment import consent_body, enrollment_body, order_body

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)


def _counts(actor: Actor, then: datetime | None = None) -> tuple[counts.Counts, counts.Counts]:
    with in_house(actor), transaction() as session:
        return counts.counts_then_and_now(session, actor.practice_id, then or datetime.now(UTC))


def _recount(actor: Actor) -> dict[RiskLevel, int]:
    lines = select(TriageSummary.risk_level, func.count()).where(TriageSummary.is_active)
    with in_house(actor), transaction() as session:
        found = dict(session.execute(lines.group_by(TriageSummary.risk_level)).all())
    return {level: found.get(level.value, 0) for level in RiskLevel}


def _lengths(actor: Actor) -> dict[tuple[str | None, bool | None], int]:
    with in_house(actor), transaction() as session:
        standing = counts.current_standing(session, actor.practice_id)
    return {
        (level, waits): standing.how_many(level, is_waiting=waits)
        for level in (None, *RiskLevel)
        for waits in (None, True, False)
    }


def _recounted_lengths(actor: Actor) -> dict[tuple[str | None, bool | None], int]:
    """Count the alerts themselves: nothing that was kept."""
    waits = (
        select(Alert.id).where(Alert.patient_id == TriageSummary.patient_id, Alert.acknowledged_at.is_(None)).exists()
    )
    lines = select(TriageSummary.risk_level, waits.label("waits")).where(TriageSummary.is_active)
    with in_house(actor), transaction() as session:
        found = [(row.risk_level, row.waits) for row in session.execute(lines)]
    return {
        (level, waits): sum(level in {None, one} and waits in {None, is_waiting} for one, is_waiting in found)
        for level in (None, *RiskLevel)
        for waits in (None, True, False)
    }


def _history(actor: Actor, then: datetime) -> dict[RiskLevel, int]:
    """Add up all moves up to a moment, one by one."""
    moves = select(TriageTransition.from_level, TriageTransition.to_level).where(TriageTransition.at <= then)
    stood = dict.fromkeys(RiskLevel, 0)
    with in_house(actor), transaction() as session:
        for before, after in session.execute(moves):
            for level, change in ((before, -1), (after, 1)):
                if level is not None:
                    stood[RiskLevel(level)] += change
    return stood


def _moments(actor: Actor) -> list[datetime]:
    with in_house(actor), transaction() as session:
        return sorted(session.scalars(select(TriageTransition.at)))


def _add_up(actor: Actor) -> None:
    with in_house(actor):
        counts.count_moves_of(actor.practice_id)


def _discharge(client: FlaskClient, of: str, headers: dict[str, str]) -> None:
    for path, body in (("consents", consent_body()), ("orders", order_body()), ("enrollments", enrollment_body())):
        made = client.post(f"{of}{path}/", json=body, headers=headers)
        assert made.status_code == 201, made.text
    over = {"reason": "goals_met", "outcome": "improved"}
    assert client.post(f"{of}enrollments/{made.json['id']}/discharge/", json=over, headers=headers).status_code == 200


class Ward:
    """A few patients, and everything that can happen to their levels."""

    def __init__(self, doctor: Person, patients: int, seed: int) -> None:
        self.actor, self.dice = doctor.actor, random.Random(seed)
        self.active = [a_patient(self.actor).id for _ in range(patients)]
        self.archived: list[UUID] = []

    def anything(self) -> None:
        """Do one of the things, readings most often."""
        things: tuple[Callable[[], object], ...] = (
            self.measure, self.measure, self.measure, self.archive, self.unarchive, self.merge, self.override,
            self.let_time_pass, lambda: _add_up(self.actor), *(3 * (self.see,)), self.see_all, self.put_off,
            self.wake, self.escalate, self.void,
        )  # fmt: skip
        with in_house(self.actor):
            self.dice.choice(things)()

    def measure(self) -> None:
        """Send a value of any level."""
        a_reading(self.actor, self.dice.choice(self.active), self.dice.choice((120, 145, 150, 185, 85)))

    def archive(self) -> None:
        """Take somebody off the board."""
        if len(self.active) > 4:
            self.archived.append(self.active.pop(self.dice.randrange(len(self.active))))
            archive_patient(self.actor, self.archived[-1], "moved", None)

    def unarchive(self) -> None:
        """Put somebody back."""
        if self.archived:
            self.active.append(self.archived.pop())
            unarchive_patient(self.actor, self.active[-1], "back", None)

    def merge(self) -> None:
        """Make one record of two."""
        if len(self.active) > 6:
            gone = self.active.pop()
            merge_patients(self.actor, self.active[0], MergeRequest(gone, "entered twice"))

    def override(self) -> None:
        """Set a score of any level, or take it back."""
        patient_id, until = self.dice.choice(self.active), datetime.now(UTC) + DAY
        override_score(self.actor, patient_id, NewScoreOverride(self.dice.choice((20, 60, 90)), "known", until))
        if self.dice.random() < 0.5:
            end_override(self.actor, patient_id)

    def see(self) -> None:
        """Acknowledge, resolve or take on one alert that waits."""
        for one in self._waiting()[:1]:
            acknowledge_alert(self.actor, one)

    def see_all(self) -> None:
        """Acknowledge all that wait, and resolve one."""
        if waiting := self._waiting():
            acknowledge_alerts(self.actor, waiting)
            resolve_alert(self.actor, waiting[0], Resolution(AlertOutcome.NO_ACTION, "seen"))

    def put_off(self) -> None:
        """Snooze one."""
        for one in self._waiting()[:1]:
            snooze_alert(self.actor, one, Snooze(datetime.now(UTC) + timedelta(hours=1), "asleep"))

    def wake(self) -> None:
        """Let what was put off ask again, and what waits too long escalate."""
        keep_times_of(self.actor.practice_id, datetime.now(UTC) + timedelta(hours=2))

    def escalate(self) -> None:
        """Call for help with somebody whose alert waits, and take it on."""
        for one in self._waiting()[:1]:
            with transaction() as session:
                whose = session.get_one(Alert, one).patient_id
            if whose in self.active:
                new = NewEscalation(whose, EscalationLevel.STAT, "help", one)
                acknowledge_escalation(self.actor, raise_escalation(self.actor, new).escalation.id)

    def void(self) -> None:
        """Take back a reading that raised an alert."""
        with transaction() as session:
            raised = session.scalars(select(Alert.observation_id).where(Alert.acknowledged_at.is_(None))).first()
        if raised is not None:
            void_reading(self.actor, raised, "a cuff too small", None)

    def _waiting(self) -> list[UUID]:
        with transaction() as session:
            return list(session.scalars(select(Alert.id).where(Alert.acknowledged_at.is_(None)).order_by(Alert.id)))

    def let_time_pass(self) -> None:
        """Have the job find somebody whose last reading has grown too old."""
        with transaction() as session:
            measured = select(TriageSummary.patient_id).where(TriageSummary.last_reading_at.is_not(None))
            seen = set(session.scalars(measured)) & set(self.active)
        if seen:
            become_silent(self.actor, min(seen))
        refresh_scores_of(self.actor.practice_id)


@pytest.mark.parametrize("seed", range(3))
def test_after_anything_the_counts_are_a_recounts(client: FlaskClient, seed: int) -> None:
    """Now and at every moment before, whether the job has added the moves up or not."""
    ward = Ward(a_user(), 9, seed)
    for _ in range(60):
        ward.anything()
        assert _counts(ward.actor)[1] == _recount(ward.actor)
        assert _lengths(ward.actor) == _recounted_lengths(ward.actor)
    for _ in range(2):  # with some moves still to be counted, and with none
        moments = _moments(ward.actor)
        assert [_counts(ward.actor, then)[0] for then in moments] == [_history(ward.actor, then) for then in moments]
        _add_up(ward.actor)
    assert _counts(ward.actor)[1] == _recount(ward.actor)
    assert _lengths(ward.actor) == _recounted_lengths(ward.actor)


def test_a_discharge_moves_nobody(client: FlaskClient) -> None:
    """Who is discharged stays on the board until archived."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id, 150)
    signed = client.post("/api/v1/auth/login/", json={"email": doctor.email, "password": doctor.password}).json
    _discharge(client, f"/api/v1/patients/{patient.id}/", {"Authorization": f"Bearer {signed['access']}"})
    assert _counts(doctor.actor)[1] == _recount(doctor.actor)


def test_writers_and_the_job_at_once_lose_no_move() -> None:
    """Two posters and two jobs; nobody waits for anybody for ever."""
    doctor = a_user()
    patients = [a_patient(doctor.actor).id for _ in range(4)]

    def work(number: int) -> None:
        if number % 4 == 3:
            _add_up(doctor.actor)
        else:
            a_reading(doctor.actor, patients[number % len(patients) - 1], (120, 150, 190)[number // 4 % 3])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(80)))
    assert _counts(doctor.actor)[1] == _recount(doctor.actor)
    _add_up(doctor.actor)
    assert _counts(doctor.actor)[1] == _recount(doctor.actor)
    assert [_counts(doctor.actor, at)[0] for at in _moments(doctor.actor)] == [
        _history(doctor.actor, at) for at in _moments(doctor.actor)
    ]


def test_a_move_that_commits_late_changes_the_totals_after_it() -> None:
    """It carries the moment of its writing, and others were counted meanwhile."""
    doctor = a_user()
    patients = [a_patient(doctor.actor).id for _ in range(3)]
    _add_up(doctor.actor)
    late = _moments(doctor.actor)[0] + timedelta(microseconds=1)
    with in_house(doctor.actor), transaction() as session:
        of = {"practice_id": doctor.actor.practice_id, "patient_id": patients[0]}
        session.add(TriageTransition(id=new_id(), from_level="no_data", to_level="warning", at=late, **of))
    before = _counts(doctor.actor, late)[0], _counts(doctor.actor)[1]
    _add_up(doctor.actor)
    assert (_counts(doctor.actor, late)[0], _counts(doctor.actor)[1]) == before
    assert before[1] == {**dict.fromkeys(RiskLevel, 0), RiskLevel.WARNING: 1, RiskLevel.NO_DATA: 2}


def test_totals_older_than_two_days_go_and_the_last_of_them_stays() -> None:
    """It is what the next day begins with."""
    doctor = a_user()
    for _ in range(3):
        a_patient(doctor.actor)
    with in_house(doctor.actor), transaction() as session:
        session.execute(text("UPDATE triage_transitions SET at = at - interval '3 days'"))
    a_patient(doctor.actor)
    _add_up(doctor.actor)
    with in_house(doctor.actor), transaction() as session:
        kept = session.scalars(select(TriageCount.no_data).order_by(TriageCount.at)).all()
    assert kept == [3, 4]
    yesterday, today = _counts(doctor.actor, datetime.now(UTC) - DAY)
    assert (yesterday[RiskLevel.NO_DATA], today[RiskLevel.NO_DATA]) == (3, 4)
