"""Enrolment below HTTP: the database's own walls, the list's agreement with the rule, discharge, timeline, tenancy."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.days import local_day
from app.domain.enrolment.coverage import Reason, coverage_on
from app.domain.enrolment.programs import Program
from app.domain.enrolment.records import EnrollmentQuery
from app.domain.paging import PageRequest
from app.models import Enrollment
from app.services.enrolment import discharge_duties
from app.services.enrolment.coverage import load_facts
from app.services.enrolment.worklist import list_worklist
from app.services.transaction import now, transaction
from bench.statements import Counted, counting
from deploy.local_postgres import LocalPostgres
from tests.builders import a_device, a_patient, a_user, in_house, signed_in
from tests.enrolment import Chart, a_chart, consent_body, days_ago, enrollment_body, order_body

RANDOM = "01a20af7-0000-7000-8000-000000000000"
_INSERT = (
    "INSERT INTO enrollments (id, practice_id, patient_id, program, episode_id, starts_on, ends_on, diagnoses, version)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, '{}', 1)"
)


def _insert(
    postgres: LocalPostgres, practice: UUID, patient: UUID, program: str, first: date, last: date | None
) -> str:
    """Insert past the application, as its role; return the database's verdict."""
    with psycopg.connect(postgres.app_url()) as connection:
        connection.execute("SELECT set_config('app.practice_id', %s, true)", [str(practice)])
        try:
            connection.execute(_INSERT, [uuid4(), practice, patient, program, uuid4(), first, last])
            connection.commit()
        except (psycopg.errors.ExclusionViolation, psycopg.errors.DeadlockDetected) as error:
            return type(error).__name__
    return "stored"


def test_the_database_itself_lets_one_of_sixty_four_parallel_inserts_in(app: Flask, postgres: LocalPostgres) -> None:
    """Without any lock of ours, RPM and RTM mixed."""
    doctor = a_user()
    patient = a_patient(doctor.actor)

    def insert(number: int) -> str:
        program = "RPM" if number % 2 else "RTM"
        first = date(2026, 1, 1) + timedelta(days=number)
        return _insert(postgres, doctor.actor.practice_id, patient.id, program, first, None)

    with ThreadPoolExecutor(16) as pool:
        verdicts = Counter(pool.map(insert, range(64)))
    assert (verdicts["stored"], sum(verdicts.values())) == (1, 64)


@pytest.mark.parametrize(
    ("program", "first", "last", "verdict"),
    [
        ("RTM", 10, 20, "ExclusionViolation"), ("RTM", 1, 9, "stored"), ("RTM", 21, None, "stored"),
        ("RTM", 1, 10, "ExclusionViolation"), ("RTM", 20, None, "ExclusionViolation"), ("CCM", 10, 20, "stored"),
        ("RPM", 20, 20, "ExclusionViolation"),
    ],
)  # fmt: skip
def test_the_databases_wall_stands_on_both_ends_of_the_days(
    app: Flask, postgres: LocalPostgres, program: str, first: int, last: int | None, verdict: str
) -> None:
    """RPM runs from the 10th up to and with the 20th; another patient is in nobody's way."""
    doctor = a_user()
    patient, other = a_patient(doctor.actor), a_patient(doctor.actor)
    practice = doctor.actor.practice_id
    _insert(postgres, practice, patient.id, "RPM", date(2026, 1, 10), date(2026, 1, 20))
    days = date(2026, 1, first), None if last is None else date(2026, 1, last)
    assert _insert(postgres, practice, patient.id, program, *days) == verdict
    assert _insert(postgres, practice, other.id, program, *days) == "stored"


def test_the_list_and_the_rule_agree_on_who_has_consent_today(client: FlaskClient) -> None:
    """The list asks in SQL what `coverage_on` asks of facts."""
    chart = a_chart(client)
    consents: list[list[dict[str, Any]]] = [
        [], [{}], [{"obtained_on": days_ago(1)}], [{"cost_share_explained": False}],
        [{"one_practitioner_explained": False}], [{"program": "CCM"}], [{"revoke": 1}], [{"revoke": 1}, {}],
    ]  # fmt: skip
    for given in consents:
        _enrol_with(Chart(client, chart.provider, a_patient(chart.provider.actor).id, chart.headers), given)
    actor = chart.provider.actor
    with in_house(actor), transaction() as session:
        lines = list_worklist(actor, EnrollmentQuery(PageRequest())).items
        facts = load_facts(session, actor.practice_id, [line.patient.id for line in lines])
        agree = [line.has_consent is _consented(facts[line.patient.id], line.patient.timezone) for line in lines]
    assert agree == [True] * len(consents)


def _enrol_with(chart: Chart, consents: list[dict[str, Any]]) -> None:
    for fields in consents:
        revoked = fields.pop("revoke", None)
        consent = chart.post("consents/", consent_body(**fields)).json["id"]
        if revoked:
            chart.post(f"consents/{consent}/revoke/", {"reason": "x", "revoked_on": days_ago(revoked)})
    chart.post("enrollments/", enrollment_body())


def _consented(facts: Any, timezone: str) -> bool:
    gaps = coverage_on(Program.RPM, local_day(now(), timezone), facts).gaps
    return Reason.NO_CONSENT not in [gap.reason for gap in gaps]


def test_a_discharge_does_its_duties_in_the_same_transaction(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A duty that fails undoes the discharge."""
    chart = a_chart(client)
    url = f"enrollments/{chart.post('enrollments/', enrollment_body()).json['id']}/"
    seen: list[tuple[str, str]] = []

    def free_devices(_session: Session, _actor: Actor, enrollment: Enrollment) -> None:
        seen.append((enrollment.program, str(enrollment.ends_on)))
        if len(seen) == 1:
            raise RuntimeError

    monkeypatch.setattr(discharge_duties, "DISCHARGE_DUTIES", (free_devices,))
    body = {"reason": "other", "outcome": "stable", "discharged_on": days_ago(1)}
    assert chart.post(f"{url}discharge/", body).status_code == 500
    assert chart.get(url).json["ends_on"] is None
    assert chart.post(f"{url}discharge/", body).status_code == 200
    assert seen == [("RPM", days_ago(1))] * 2


def test_the_timeline_tells_of_consents_orders_enrolments_and_devices(client: FlaskClient) -> None:
    """In the order of their days, with what became of them."""
    chart = a_chart(client)
    consent = chart.post("consents/", consent_body(obtained_on=days_ago(20))).json["id"]
    chart.post("orders/", order_body(ordered_on=days_ago(19), starts_on=days_ago(19)))
    running = chart.post("enrollments/", enrollment_body(starts_on=days_ago(18))).json["id"]
    a_device(chart.provider.actor, chart.patient_id)
    discharge = {"reason": "goals_met", "outcome": "improved", "discharged_on": days_ago(8)}
    chart.post(f"enrollments/{running}/discharge/", discharge)
    chart.post(f"consents/{consent}/revoke/", {"reason": "x", "revoked_on": days_ago(7)})
    told = [item["summary"] for item in reversed(chart.get("timeline/").json["results"])]
    assert told == [
        f"Verbal consent to RPM, revoked on {days_ago(7)}", "RPM ordered",
        f"Enrolled in RPM, discharged on {days_ago(8)}", "Device: Assigned",
        "Device: Unassigned. Discharged from the program",
    ]  # fmt: skip


def test_s25_another_practices_charts_look_exactly_like_random_ones(client: FlaskClient) -> None:
    """Every path, by the patient's id and by the row's."""
    chart = a_chart(client)
    ids = {
        "consents": chart.post("consents/", consent_body()).json["id"],
        "orders": chart.post("orders/", order_body()).json["id"],
        "enrollments": chart.post("enrollments/", enrollment_body()).json["id"],
    }
    stranger = a_user()
    own, headers = a_patient(stranger.actor).id, signed_in(client, stranger)
    for part, row in ids.items():
        for patient, identifier in ((chart.patient_id, row), (own, row), (own, RANDOM), (RANDOM, row)):
            answer = client.get(f"/api/v1/patients/{patient}/{part}/{identifier}/", headers=headers)
            assert (answer.status_code, answer.json["code"]) == (404, "not_found")
        lists = [client.get(f"/api/v1/patients/{p}/{part}/", headers=headers) for p in (chart.patient_id, RANDOM)]
        assert [answer.status_code for answer in lists] == [404, 404]
    assert client.get("/api/v1/enrollments/", headers=headers).json["count"] == 0


_WRITES = (
    ("consents/", consent_body()), ("orders/", order_body()), ("enrollments/", enrollment_body()),
    ("consents/{consents}/revoke/", {"reason": "x"}), ("orders/{orders}/stop/", {"reason": "x"}),
    ("orders/{orders}/renew/", {"ordered_on": days_ago(1)}),
    ("enrollments/{enrollments}/discharge/", {"reason": "other", "outcome": "stable"}),
)  # fmt: skip


@pytest.mark.parametrize(("path", "body"), _WRITES, ids=[path for path, _ in _WRITES])
def test_s26_nothing_is_written_to_another_practices_chart(client: FlaskClient, path: str, body: Any) -> None:
    """404, by their patient and by our own patient with their row."""
    chart = a_chart(client)
    bodies = {"consents": consent_body(), "orders": order_body(), "enrollments": enrollment_body()}
    ids = {part: chart.post(f"{part}/", given).json["id"] for part, given in bodies.items()}
    stranger = a_user()
    headers = signed_in(client, stranger)
    patients = [chart.patient_id] + ([a_patient(stranger.actor).id] if "{" in path else [])
    statuses = [
        client.post(f"/api/v1/patients/{patient}/{path.format(**ids)}", json=body, headers=headers).status_code
        for patient in patients
    ]
    assert set(statuses) == {404}


def test_s26_a_foreign_order_or_provider_in_a_body_is_refused(client: FlaskClient) -> None:
    """As one that is not there."""
    theirs, ours = a_chart(client), a_chart(client)
    order = theirs.post("orders/", order_body()).json["id"]
    by_order = ours.post("enrollments/", enrollment_body(order_id=order))
    by_user = ours.post("orders/", order_body(ordering_provider={"user_id": theirs.provider.actor.user_id}))
    by_staff = ours.post("consents/", consent_body(obtained_by=theirs.provider.actor.user_id))
    assert [answer.status_code for answer in (by_order, by_user, by_staff)] == [400] * 3


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("/api/v1/enrollments/", Counted(5, 4)),
        ("/api/v1/enrollments/?missing_consent=true&active=true", Counted(5, 4)),
    ],
)  # fmt: skip
def test_the_practices_list_costs_the_same_for_two_patients_as_for_eight(
    client: FlaskClient, url: str, count: Counted
) -> None:
    """Tenant and session, count, page, audit with COMMIT."""
    chart = a_chart(client)
    for wanted in (2, 6):
        for _ in range(wanted):
            _enrol_with(Chart(client, chart.provider, a_patient(chart.provider.actor).id, chart.headers), [])
        client.get(url, headers=chart.headers)
        with counting() as counted:
            client.get(url, headers=chart.headers)
        assert counted == count


@pytest.mark.parametrize("part", ["consents/", "orders/", "enrollments/", "coverage/"])
def test_a_chart_costs_the_same_for_one_row_as_for_four(client: FlaskClient, part: str) -> None:
    """Of each kind."""
    chart = a_chart(client)
    counts = []
    for programs in (("RPM",), ("CCM", "PCM", "APCM")):
        for program in programs:
            chart.post("consents/", consent_body(program=program))
            chart.post("orders/", order_body(program=program, parameters=["weight"] if program == "RPM" else []))
            chart.post("enrollments/", enrollment_body(program=program))
        chart.get(part)
        with counting() as counted:
            chart.get(part)
        counts.append(counted)
    assert counts[0] == counts[1]
