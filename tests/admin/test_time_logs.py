"""Logged time and the timer in the console."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.billing.time_logs import Activity, NewTimeLog, TimeSource, Work
from app.domain.billing.timers import NewTimer
from app.domain.enrolment.programs import Program
from app.domain.roles import Role
from app.services.billing.time_entries import create_time_log
from app.services.billing.timers import find_timer, pause_timer, start_timer
from tests.admin.visits import enter, token
from tests.builders import Person, a_patient, a_user, in_house
from tests.time_logs import LATELY, MINUTE

HOUR = {"program": "RPM", "activity": "patient_contact", "mode": "phone", "note": "asked how it goes"}


class Desk:
    """A nurse's browser, open on a patient."""

    def __init__(self, client: FlaskClient, role: Role = Role.NURSE) -> None:
        self.person: Person = a_user(role=role)
        self.client = enter(client, self.person)
        self.patient_id = a_patient(a_user(self.person.actor.practice_id).actor, first_name="Tessa").id
        self.tab = f"/admin/patients/{self.patient_id}/time"

    def get(self, path: str = "") -> str:
        """Return a page."""
        return self.client.get(path or self.tab).text

    def send(self, path: str, **fields: Any) -> Any:
        """Send a form of the tab's."""
        return self.client.post(path, data={"csrf_token": token(self.client, self.tab), **fields})

    def add(self, **fields: Any) -> Any:
        """Add an hour by hand; on the practice's clock, whatever that is."""
        times = {"started_at": f"{LATELY:%Y-%m-%dT08:00:00}", "ended_at": f"{LATELY:%Y-%m-%dT09:00:00}"}
        return self.send(f"{self.tab}/new", **{**HOUR, **times, **fields})

    def entry(self) -> str:
        """Return where the first entry of the tab is shown."""
        found = re.search(r'href="(/admin/time-logs/[0-9a-f-]{36})"', self.get())
        assert found is not None
        return found[1]


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """A nurse at work."""
    return Desk(client)


def test_time_is_added_and_shown_in_the_month(desk: Desk) -> None:
    """With what is still missing."""
    assert "No time is logged." in desk.get()
    assert desk.add().status_code == 303
    page = desk.get()
    assert "1 h 00 min" in page
    assert "Patient contact" in page


def test_a_refused_entry_keeps_what_was_entered(desk: Desk) -> None:
    """Its form stays open, and says what is wrong beside the field."""
    answer = desk.add(ended_at=f"{LATELY:%Y-%m-%dT07:00:00}")
    assert answer.status_code == 400
    assert "Must lie after the start." in answer.text
    assert "asked how it goes" in answer.text
    assert desk.add(started_at="").text.count("Please fill this in.") == 1


def test_an_overlap_is_told_in_words(desk: Desk) -> None:
    """409 in the form."""
    desk.add()
    answer = desk.add()
    assert (answer.status_code, "logged or running already" in answer.text) == (409, True)


def test_an_entry_is_corrected_with_a_reason_and_then_void(desk: Desk) -> None:
    """The page tells what it said before."""
    desk.add()
    path = desk.entry()
    assert desk.send(f"{path}/edit", version="1", note="called twice").status_code == 400
    assert desk.send(f"{path}/edit", version="1", note="called twice", reason="forgot one").status_code == 303
    page = desk.get(path)
    assert all(text in page for text in ("called twice", "asked how it goes", "forgot one", "1 edit"))
    assert desk.send(f"{path}/void", version="1", reason="x").status_code == 412
    assert desk.send(f"{path}/void", version="2", reason="wrong patient").status_code == 303
    assert "wrong patient" in desk.get(path)
    assert "Correct the entry" not in desk.get(path)


def test_a_form_sent_back_untouched_keeps_the_fractions_of_a_timers_entry(desk: Desk) -> None:
    """Fields show whole seconds; only what was touched is sent."""
    start = LATELY + timedelta(microseconds=250_000)
    with in_house(desk.person.actor):
        work = Work(Program.RPM, Activity.DATA_REVIEW)
        new = NewTimeLog(desk.patient_id, work, start, start + MINUTE, source=TimeSource.TIMER)
        create_time_log(desk.person.actor, new)
    path = desk.entry()
    page = desk.get(path)
    fields = dict(re.findall(r'name="((?:shown_)?(?:started|ended)_at)"[^>]*? value="([^"]+)"', page))
    assert set(fields) == {"started_at", "ended_at", "shown_started_at", "shown_ended_at"}
    assert desk.send(f"{path}/edit", version="1", note="seen", reason="forgot", **fields).status_code == 303
    assert "1 min 00 s" in desk.get(path)


def test_the_list_shows_ones_own_and_everybodys_to_the_manager(client: FlaskClient, desk: Desk) -> None:
    """The nurse has no choice of people."""
    desk.add()
    assert "Tessa" in desk.get("/admin/time-logs")
    assert 'name="user_id"' not in desk.get("/admin/time-logs")
    manager = a_user(desk.person.actor.practice_id, Role.CLINICAL_MANAGER)
    page = enter(client.application.test_client(), manager).get("/admin/time-logs").text
    assert "Tessa" in page
    assert 'name="user_id"' in page


@pytest.mark.parametrize("path", ["/admin/time-logs", "/admin/time-logs/gaps"])
def test_what_is_missing_is_told(desk: Desk, path: str) -> None:
    """In words, with a way to the entry."""
    desk.add(note="")
    page = desk.get(f"{path}?month={LATELY:%Y-%m}")
    assert "No note says what was done." in page
    assert desk.entry() in page


def test_the_timer_is_in_the_header_of_every_page(desk: Desk) -> None:
    """Started on the patient's page, seen on the list, held and going on, and it leads back."""
    assert "timer-clock" not in desk.get("/admin/patients")
    started = desk.send(f"/admin/patients/{desk.patient_id}/timer", program="RPM", activity="data_review")
    assert started.status_code == 303
    assert "Timer runs" in desk.get("/admin/patients")
    assert "Start the timer" not in desk.get()
    held = desk.send("/admin/timer/pause", next="/admin/patients?page=1")
    assert held.headers["Location"] == "/admin/patients?page=1"
    assert "Timer paused" in desk.get("/admin/account")
    assert desk.send("/admin/timer/resume", next="https://evil.example/").headers["Location"] == "/admin/patients"
    assert "Timer runs" in desk.get()


def test_the_clock_goes_on_from_what_the_server_says(desk: Desk) -> None:
    """After a reload as well: the page carries the time so far, and whether it runs."""
    with in_house(desk.person.actor):
        start_timer(desk.person.actor, desk.patient_id, NewTimer(Program.RPM, Activity.SETUP), LATELY)
        pause_timer(desk.person.actor, LATELY + 65 * MINUTE)
    page = desk.get("/admin/patients")
    assert 'data-elapsed="3900.0">1:05:00<' in page


def test_stopping_asks_for_a_note_and_logs(desk: Desk) -> None:
    """The entry is on the patient's tab."""
    desk.send(f"/admin/patients/{desk.patient_id}/timer", program="RPM", activity="data_review")
    assert "Log the time" in desk.get("/admin/timer")
    stopped = desk.send("/admin/timer", program="RPM", activity="education", mode="video", note="showed the cuff")
    assert stopped.headers["Location"] == f"{desk.tab}#entries"
    assert "Education" in desk.get()
    assert "No timer is open." in desk.get("/admin/timer")


def test_a_stop_that_cannot_be_logged_says_why_and_keeps_the_note(desk: Desk) -> None:
    """It ran over night."""
    with in_house(desk.person.actor):
        new = NewTimer(Program.RPM, Activity.SETUP)
        start_timer(desk.person.actor, desk.patient_id, new, LATELY - timedelta(hours=2))
    answer = desk.send("/admin/timer", program="RPM", activity="setup", note="cuff set up")
    assert answer.status_code == 400
    assert "Must not lie more than 8 hours after the start." in answer.text
    assert "cuff set up" in answer.text


def test_a_timer_is_thrown_away(desk: Desk) -> None:
    """And nothing of it is logged; doing so twice leads nowhere worse."""
    desk.send(f"/admin/patients/{desk.patient_id}/timer", program="RPM", activity="data_review")
    assert [desk.send("/admin/timer/discard").status_code for _ in range(2)] == [303, 303]
    with in_house(desk.person.actor):
        assert find_timer(desk.person.actor) is None
    assert "No time is logged." in desk.get()


def test_who_only_reads_gets_no_forms(client: FlaskClient) -> None:
    """An administrator sees what is on record."""
    desk = Desk(client, Role.ADMIN)
    page = desk.get()
    assert "Add time by hand" not in page
    assert "Start the timer" not in page
