"""Pages that stay open learn that something changed: by a mark, cheaply, and without keeping anybody signed in."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.domain.roles import Role
from app.extensions import db
from app.web.identity import CONSOLE, LIVE, POLLS
from bench.statements import counting
from tests.admin.visits import enter
from tests.builders import Person, a_patient, a_reading, a_user, acting_as

POLL = {"HX-Request": "true", "HX-Trigger": "live"}


@pytest.fixture
def doctor(client: FlaskClient) -> Person:
    """Somebody signed in."""
    person = a_user()
    enter(client, person)
    return person


def mark_of(client: FlaskClient, path: str) -> str:
    """Return the mark that a page came with."""
    found = re.search(r'data-mark="([^"]+)"', client.get(path).text)
    assert found is not None
    return f'"{found[1]}"'


def ask(client: FlaskClient, path: str, mark: str) -> int:
    """Ask whether a mark still holds."""
    return client.get(path, headers={**POLL, "If-None-Match": mark}).status_code


def test_a_mark_holds_until_a_reading_comes(client: FlaskClient, doctor: Person) -> None:
    """And the page then read has the reading and the new mark, however many came in between."""
    patient = a_patient(doctor.actor, first_name="Sleepy")
    mark = mark_of(client, "/admin/")
    assert [ask(client, "/admin/live", mark) for _ in range(2)] == [304, 304]
    for systolic in (121, 122, 199):
        a_reading(doctor.actor, patient.id, systolic)
    assert ask(client, "/admin/live", mark) == 204
    assert "199/75" in client.get("/admin/").text
    assert ask(client, "/admin/live", mark_of(client, "/admin/")) == 304


def test_a_mark_is_of_the_page_that_is_shown(client: FlaskClient, doctor: Person) -> None:
    """News of a patient on another page is none here, unless a level's count changes."""
    calm, ill = a_patient(doctor.actor), a_patient(doctor.actor)
    a_reading(doctor.actor, calm.id, 120)
    a_reading(doctor.actor, ill.id, 190)
    first, second = mark_of(client, "/admin/?page_size=1"), mark_of(client, "/admin/?page_size=1&page=2")
    a_reading(doctor.actor, calm.id, 121)
    polls = [("/admin/live?page_size=1", first), ("/admin/live?page_size=1&page=2", second)]
    assert [ask(client, path, mark) for path, mark in polls] == [304, 204]
    a_reading(doctor.actor, calm.id, 150)
    assert [ask(client, path, mark) for path, mark in polls] == [204, 204]


def test_an_open_board_asks_about_its_own_page(client: FlaskClient, doctor: Person) -> None:
    """With the filter and the page that it was opened with."""
    a_patient(doctor.actor)
    shown = client.get("/admin/?risk_level=no_data&page_size=5").text
    assert 'data-live="/admin/live?risk_level=no_data&amp;page_size=5"' in shown


def test_another_practices_readings_change_no_mark(client: FlaskClient, doctor: Person) -> None:
    """Not even the number of them shows."""
    mark = mark_of(client, "/admin/")
    stranger = a_user()
    patient = a_patient(stranger.actor)
    a_reading(stranger.actor, patient.id)
    assert ask(client, "/admin/live", mark) == 304
    assert ask(client, f"/admin/patients/{patient.id}/live", mark) == 404
    assert ask(client, f"/admin/patients/{uuid4()}/live", mark) == 404


def test_a_patients_mark_knows_what_waits_in_quarantine(client: FlaskClient, doctor: Person) -> None:
    """Though the board does not."""
    patient = a_patient(doctor.actor)
    path = f"/admin/patients/{patient.id}/live"
    at = datetime.now(UTC) - timedelta(hours=1)
    first = client.get(path).headers["ETag"]
    a_reading(doctor.actor, patient.id, 120, measured_at=at)
    second = client.get(path).headers["ETag"]
    odd = a_reading(doctor.actor, patient.id, 70, diastolic=Decimal(75), measured_at=at + timedelta(minutes=1))
    assert odd.observation.status == "quarantined"
    assert (ask(client, path, first), ask(client, path, second)) == (204, 204)


def test_where_pages_ask_is_told_by_the_path_as_by_the_view(app: Flask) -> None:
    """The forms' cookie is looked for before it is known which view answers."""
    asked = {
        rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith(CONSOLE) and rule.rule.endswith(LIVE)
    }
    assert asked == POLLS


def test_asking_costs_the_same_for_any_number_of_patients_and_leaves_no_event(
    app: Flask, client: FlaskClient, doctor: Person
) -> None:
    """Tenant and session, then the mark and the end: two round trips; an event would be one statement more."""
    mark = mark_of(client, "/admin/")
    with counting() as few:
        assert ask(client, "/admin/live", mark) == 304
    for _ in range(5):
        a_patient(doctor.actor)
    mark = mark_of(client, "/admin/")
    with counting() as many:
        assert ask(client, "/admin/live", mark) == 304
    assert few == many
    assert (few.statements, few.round_trips) == (3, 2)
    with app.app_context():
        acting_as(doctor.actor)
        actions = set(db.session.scalars(text("SELECT action FROM audit_events")))
    assert not [action for action in actions if "live" in action]


@pytest.mark.parametrize("headers", [POLL, {}], ids=["as the page asks", "without a word"])
def test_a_poll_is_no_activity(app: Flask, client: FlaskClient, doctor: Person, headers: dict[str, str]) -> None:
    """Whatever the request says of itself: the idle clock of the session stands, and log-off comes when it is due."""
    _idle_for(app, doctor, 14)
    seen = _last_seen(app, doctor)
    patient = a_patient(doctor.actor)
    for path in ("/admin/live", f"/admin/patients/{patient.id}/live"):
        assert client.get(path, headers=headers).status_code == 204
    assert _last_seen(app, doctor) == seen
    _idle_for(app, doctor, 16)
    gone = client.get("/admin/live", headers=POLL)
    assert (gone.status_code, gone.headers["HX-Redirect"].startswith("/admin/login")) == (401, True)


def test_a_page_that_is_opened_is_activity(app: Flask, client: FlaskClient, doctor: Person) -> None:
    """The other half of the rule: without it the test above would prove nothing."""
    _idle_for(app, doctor, 14)
    seen = _last_seen(app, doctor)
    client.get("/admin/")
    assert _last_seen(app, doctor) > seen


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET disabled_at = now() WHERE id = :user",
        "UPDATE users SET security_version = security_version + 1 WHERE id = :user",
        "DELETE FROM console_sessions WHERE user_id = :user",
        "UPDATE console_sessions SET expires_at = now() WHERE user_id = :user",
    ],
    ids=["disabled", "new role or password", "ended", "too old"],
)
def test_a_poll_ends_with_the_session(app: Flask, client: FlaskClient, doctor: Person, change: str) -> None:
    """At the very next one."""
    mark = mark_of(client, "/admin/")
    assert ask(client, "/admin/live", mark) == 304
    _change(app, doctor, change)
    assert ask(client, "/admin/live", mark) == 401


def test_polls_of_people_signed_in_are_counted_apart(client: FlaskClient, doctor: Person) -> None:
    """Two open pages ask more often an hour than a person may; who is nobody is counted as before."""

    def left(path: str) -> int:
        return int(client.get(path, headers=POLL).headers["X-RateLimit-Remaining"])

    page, polls = left("/admin/alerts"), left("/admin/live")
    assert [left("/admin/live"), left("/admin/live"), left("/admin/alerts")] == [polls - 1, polls - 2, page - 1]
    client.delete_cookie("vantrexia_dev")
    assert len({left("/admin/live") for _ in range(3)}) == 3


def _change(app: Flask, person: Person, sql: str, **given: object) -> None:
    with app.app_context():
        acting_as(person.actor)
        db.session.execute(text(sql), {"user": person.actor.user_id, **given})
        db.session.commit()


def _idle_for(app: Flask, person: Person, minutes: int) -> None:
    sql = "UPDATE console_sessions SET last_seen_at = now() - make_interval(mins => :idle) WHERE user_id = :user"
    _change(app, person, sql, idle=minutes)


def _last_seen(app: Flask, person: Person) -> datetime:
    with app.app_context():
        acting_as(person.actor)
        sql = text("SELECT last_seen_at FROM console_sessions WHERE user_id = :user")
        seen: datetime = db.session.execute(sql, {"user": person.actor.user_id}).scalar_one()
        return seen


def test_nobody_stays_signed_in_by_an_open_page(client: FlaskClient, doctor: Person) -> None:
    """Who may not, or is not there, learns nothing."""
    client.delete_cookie("vantrexia_dev")
    gone = client.get("/admin/live", headers=POLL)
    assert (gone.status_code, gone.headers["HX-Redirect"].startswith("/admin/login")) == (401, True)
    enter(client, a_user(doctor.actor.practice_id, Role.BILLING_MANAGER))
    assert client.get("/admin/live", headers=POLL).status_code == 403
