"""What the database itself refuses of logged time, what parallel requests come to, and minutes that flow in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.domain.actor import Actor
from app.domain.billing.local_months import Month
from app.domain.billing.time_logs import Activity, Mode, NewTimeLog, TimeSource, Work
from app.domain.billing.timers import NewTimer, TimerEnd
from app.domain.enrolment.programs import Program
from app.domain.errors import Conflict, PatientArchived, PatientMerged, TimeOverlap, TimerNotRunning, ValidationFailed
from app.domain.merging import MergeRequest
from app.domain.roles import Role
from app.models import AuditEvent, TimeLog, Timer
from app.services.billing.time_entries import create_time_log, record_minutes
from app.services.billing.time_logs import load_time
from app.services.billing.timers import find_timer, start_timer, stop_timer
from app.services.patients.merging import merge_patients
from app.services.patients.records import archive_patient
from app.services.transaction import transaction
from deploy.local_postgres import LocalPostgres
from tests.builders import Person, a_patient, a_user, in_house, signed_in
from tests.time_logs import LATELY, MINUTE, URL, a_desk

REVIEW = Work(Program.RPM, Activity.DATA_REVIEW, note="looked at")
TICK = timedelta(microseconds=1)
INSERT = (
    "INSERT INTO time_logs (id, practice_id, patient_id, user_id, program, activity, mode, is_interactive, credential,"
    " source, version, started_at, ended_at) VALUES"
    " (gen_random_uuid(), %s, %s, %s, %s, 'data_review', 'none', false, 'clinical', 'manual', 1, %s, %s)"
)


@pytest.fixture
def nurse() -> Person:
    """Somebody who logs time."""
    return a_user(role=Role.NURSE)


def logged(nurse: Person, patient_id: UUID, minutes: int = 10) -> UUID:
    """Log that many minutes from yesterday's noon on."""
    with in_house(nurse.actor):
        new = NewTimeLog(patient_id, REVIEW, LATELY, LATELY + minutes * MINUTE)
        return create_time_log(nurse.actor, new).log.id


def count(actor: Actor, model: type[TimeLog] | type[Timer]) -> int:
    """Return how many rows a practice has."""
    with in_house(actor), transaction() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize(
    ("start", "end", "program", "error"),
    [
        (5 * MINUTE, 15 * MINUTE, "CCM", psycopg.errors.ExclusionViolation),
        (10 * MINUTE - TICK, 11 * MINUTE, "RPM", psycopg.errors.ExclusionViolation),
        (10 * MINUTE, 11 * MINUTE, "RPM", None),
        (-MINUTE, timedelta(0), "RPM", None),
        (20 * MINUTE, 20 * MINUTE, "RPM", psycopg.errors.CheckViolation),
    ],
)
def test_the_database_refuses_an_overlap_by_itself(
    postgres: LocalPostgres,
    nurse: Person,
    start: timedelta,
    end: timedelta,
    program: str,
    error: type[Exception] | None,
) -> None:
    """Written past all services, as the application's role; to the microsecond, whatever the patient and program."""
    logged(nurse, a_patient(nurse.actor).id)
    times = LATELY + start, LATELY + end
    row = (nurse.actor.practice_id, a_patient(nurse.actor).id, nurse.actor.user_id, program, *times)
    with psycopg.connect(postgres.app_url()) as connection:
        connection.execute("SELECT set_config('app.practice_id', %s, true)", [str(nurse.actor.practice_id)])
        if error is None:
            assert connection.execute(INSERT, row).rowcount == 1
            return
        with pytest.raises(error):
            connection.execute(INSERT, row)


@pytest.mark.parametrize("statement", ["UPDATE time_log_revisions SET version = 2", "DELETE FROM time_logs"])
def test_neither_history_nor_entries_are_taken_away(postgres: LocalPostgres, statement: str) -> None:
    """The application's role has no right to."""
    with psycopg.connect(postgres.app_url()) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_of_parallel_posts_of_the_same_minutes_one_wins_and_the_others_name_it(client: FlaskClient) -> None:
    """Eight at once, half of them for another program."""
    desk = a_desk(client)
    app = client.application

    def post(number: int) -> tuple[int, list[str]]:
        body = desk.body(number, 10, program="RPM" if number % 2 else "CCM")
        answer = app.test_client().post(URL, json=body, headers=desk.headers)
        return answer.status_code, answer.json.get("conflicting_ids", [answer.json.get("id")])  # type: ignore[union-attr]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert sorted(status for status, _ in answers) == [201] + [409] * 7
    assert len({tuple(ids) for _, ids in answers}) == 1


def test_of_parallel_starts_one_wins(client: FlaskClient) -> None:
    """Eight at once; the others name the timer that is open."""
    desk = a_desk(client)
    body = {"patient_id": str(desk.patient_id), "program": "RPM", "activity": "data_review"}
    app = client.application

    def post(_: int) -> int:
        return app.test_client().post(f"{URL}start/", json=body, headers=desk.headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(post, range(8))) == [201] + [409] * 7
    assert count(desk.person.actor, Timer) == 1


def test_of_parallel_stops_one_logs_the_time(nurse: Person) -> None:
    """The others find no timer."""
    patient = a_patient(nurse.actor)
    with in_house(nurse.actor):
        start_timer(nurse.actor, patient.id, NewTimer(Program.RPM, Activity.DATA_REVIEW), LATELY)

    def stop(_: int) -> int:
        with in_house(nurse.actor):
            try:
                return len(stop_timer(nurse.actor, TimerEnd({}), LATELY + 5 * MINUTE))
            except TimerNotRunning:
                return 0

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(stop, range(4))) == [0, 0, 0, 1]
    assert count(nurse.actor, TimeLog) == 1


def test_two_people_may_log_the_same_minutes(nurse: Person) -> None:
    """Both entries stand; that they count once is the engine's business."""
    patient = a_patient(nurse.actor)
    colleague = a_user(nurse.actor.practice_id, Role.NURSE)
    assert logged(nurse, patient.id) != logged(colleague, patient.id)


def test_minutes_of_a_review_flow_in_once(nurse: Person) -> None:
    """They end now; the same review flows in no second time."""
    patient, review_id = a_patient(nurse.actor), uuid4()
    with in_house(nurse.actor), transaction() as session:
        log = record_minutes(session, nurse.actor, patient.id, 3 * MINUTE, REVIEW, TimeSource.REVIEW, review_id, LATELY)
        assert (log.ended_at, log.ended_at - log.started_at, log.source_id) == (LATELY, 3 * MINUTE, review_id)
    later = LATELY + 9 * MINUTE
    with in_house(nurse.actor), transaction() as session, pytest.raises(Conflict):
        record_minutes(session, nurse.actor, patient.id, 3 * MINUTE, REVIEW, TimeSource.REVIEW, review_id, later)
    assert count(nurse.actor, TimeLog) == 1


def test_a_review_whose_minutes_are_logged_already_can_go_on_without_them(nurse: Person) -> None:
    """Only the entry is rolled back: what the use case wrote before it stays."""
    patient, calls = a_patient(nurse.actor), Work(Program.RPM, Activity.PATIENT_CONTACT, Mode.PHONE)
    with in_house(nurse.actor), transaction() as session:
        first = record_minutes(session, nurse.actor, patient.id, MINUTE, calls, TimeSource.CALL, uuid4(), LATELY)
        with pytest.raises(TimeOverlap) as refused:
            record_minutes(session, nurse.actor, patient.id, MINUTE, REVIEW, TimeSource.REVIEW, uuid4(), LATELY)
        assert refused.value.conflicting_ids == (first.id,)
    assert count(nurse.actor, TimeLog) == 1


def test_a_timer_is_the_databases_and_not_the_processes(nurse: Person) -> None:
    """Found again by another context, with all that it ran."""
    patient = a_patient(nurse.actor)
    with in_house(nurse.actor):
        start_timer(nurse.actor, patient.id, NewTimer(Program.RPM, Activity.DATA_REVIEW), LATELY)
    with in_house(nurse.actor):
        found = find_timer(nurse.actor, LATELY + 90 * MINUTE)
    assert found is not None
    assert (found.elapsed, found.is_running) == (90 * MINUTE, True)


def test_no_timer_for_an_archived_patient_but_work_done_before_is_written_down() -> None:
    """The work was real."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    with in_house(doctor.actor):
        archive_patient(doctor.actor, patient.id, "moved away", None)
        with pytest.raises(PatientArchived):
            start_timer(doctor.actor, patient.id, NewTimer(Program.RPM, Activity.DATA_REVIEW))
    assert logged(doctor, patient.id)


def test_a_merge_takes_time_and_timer_along() -> None:
    """And nothing is logged for the duplicate any more."""
    manager = a_user(role=Role.CLINICAL_MANAGER)
    kept, gone = a_patient(manager.actor), a_patient(manager.actor)
    logged(manager, gone.id)
    with in_house(manager.actor):
        start_timer(manager.actor, gone.id, NewTimer(Program.RPM, Activity.DATA_REVIEW))
        merge_patients(manager.actor, kept.id, MergeRequest(gone.id, "same person"))
        timer = find_timer(manager.actor)
    assert timer is not None
    assert timer.patient.id == kept.id
    with in_house(manager.actor), transaction() as session:
        assert set(load_time(session, manager.actor.practice_id, Month.of(LATELY.date()))) == {kept.id}
    with in_house(manager.actor), pytest.raises(PatientMerged):
        create_time_log(manager.actor, NewTimeLog(gone.id, REVIEW, LATELY - MINUTE, LATELY))


@pytest.mark.parametrize("zone", ["America/Chicago", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata"])
def test_the_database_cuts_a_month_at_the_patients_midnight(nurse: Person, zone: str) -> None:
    """An entry that ends at midnight is the old month's, one that begins there the new one's, one across is of both."""
    month = Month(2026, 10)
    midnight = month.next.starts_at(zone)
    spans = {
        "before": (midnight - MINUTE, midnight), "after": (midnight, midnight + MINUTE),
        "across": (midnight - TICK, midnight + TICK),
    }  # fmt: skip
    patients = {name: a_patient(nurse.actor, timezone=zone).id for name in spans}
    for name, span in spans.items():
        writer = a_user(nurse.actor.practice_id, Role.NURSE)
        with in_house(writer.actor):
            create_time_log(writer.actor, NewTimeLog(patients[name], REVIEW, *span))
    with in_house(nurse.actor), transaction() as session:
        seen = {one: set(load_time(session, nurse.actor.practice_id, one)) for one in (month, month.next)}
    assert seen == {
        month: {patients["before"], patients["across"]}, month.next: {patients["after"], patients["across"]}
    }  # fmt: skip


@pytest.mark.parametrize("what", ["patient", "user"])
def test_another_practices_people_are_like_none(nurse: Person, what: str) -> None:
    """In an entry and in a timer."""
    stranger = a_user()
    manager = a_user(nurse.actor.practice_id, Role.CLINICAL_MANAGER)
    patient_id = a_patient((stranger if what == "patient" else nurse).actor).id
    user_id = stranger.actor.user_id if what == "user" else None
    with in_house(manager.actor), pytest.raises(ValidationFailed):
        create_time_log(manager.actor, NewTimeLog(patient_id, REVIEW, LATELY, LATELY + MINUTE, user_id))


def test_another_practices_time_is_not_seen(client: FlaskClient, nurse: Person) -> None:
    """By list, total, gap or id."""
    time_log_id = logged(nurse, a_patient(nurse.actor).id)
    headers = signed_in(client, a_user(role=Role.CLINICAL_MANAGER))
    lists = [client.get(f"{URL}{path}", headers=headers).json["count"] for path in ("", "totals/", "gaps/")]
    assert lists == [0, 0, 0]
    assert client.get(f"{URL}{time_log_id}/", headers=headers).status_code == 404


def test_every_look_and_change_leaves_a_trace(nurse: Person) -> None:
    """Named after what was done, with the patient."""
    patient = a_patient(nurse.actor)
    logged(nurse, patient.id)
    acts: list[Callable[[], object]] = [
        lambda: start_timer(nurse.actor, patient.id, NewTimer(Program.RPM, Activity.DATA_REVIEW)),
        lambda: find_timer(nurse.actor),
        lambda: stop_timer(nurse.actor, TimerEnd({}, discard=True)),
    ]
    for act in acts:
        with in_house(nurse.actor):
            act()
    with in_house(nurse.actor), transaction() as session:
        seen = select(AuditEvent.action).where(AuditEvent.patient_id == patient.id).order_by(AuditEvent.id)
        actions = set(session.scalars(seen))
    assert {"time_log:create", "timer:create", "timer:read", "timer:update"} <= actions
