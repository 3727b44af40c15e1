"""Calls in the console: logged from the patient's tab, shown, corrected and voided."""

import re

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.test_time_logs import Desk
from tests.admin.visits import enter
from tests.builders import a_user
from tests.time_logs import LATELY

_CALL = {"outcome": "reached", "mode": "phone", "direction": "outbound", "program": "RPM", "note": "Feels well."}
_TIMES = {"started_at": f"{LATELY:%Y-%m-%dT08:00:00}", "ended_at": f"{LATELY:%Y-%m-%dT08:10:00}"}


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """A nurse at work."""
    return Desk(client)


def _log(desk: Desk, **fields: str) -> str:
    """Log a call by the form of the tab, and return where it is shown."""
    answer = desk.send(f"/admin/patients/{desk.patient_id}/calls/new", **{**_CALL, **_TIMES, **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_a_call_is_logged_with_its_minutes(desk: Desk) -> None:
    """It is on its page, on the tab beside its time, and the entry of time leads back to it."""
    assert "No call is on record." in desk.get()
    page = desk.get(_log(desk))
    assert "Call: reached" in page
    assert "Feels well." in page
    entry = re.search(r'href="(/admin/time-logs/[0-9a-f-]{36})">RPM time', page)
    assert entry is not None
    assert f"/admin/patients/{desk.patient_id}/calls/" in desk.get(entry[1])
    assert "10 min 00 s" in desk.get()


def test_minutes_may_stand_in_for_the_times(desk: Desk) -> None:
    """What is typed is judged as the API judges it."""
    times = {"started_at": "", "ended_at": ""}
    assert "12 min 00 s" in desk.get(_log(desk, minutes="12", **times))
    refused = desk.send(f"/admin/patients/{desk.patient_id}/calls/new", **{**_CALL, **times, "minutes": "soon"})
    assert refused.status_code == 400
    assert "Not a valid integer." in refused.text
    assert "Feels well." in refused.text


def test_a_call_is_corrected_and_voided(desk: Desk) -> None:
    """Each for a reason; what stood there is void and named."""
    first = _log(desk)
    without = desk.send(f"{first}/correct", **{**_CALL, **_TIMES, "reason": ""})
    assert without.status_code == 400
    done = desk.send(f"{first}/correct", **{**_CALL, **_TIMES, "outcome": "no_answer", "reason": "The mailbox."})
    second = done.headers["Location"]
    assert "An earlier entry" in desk.get(second)
    assert "The mailbox." in desk.get(first)
    assert desk.send(f"{second}/void", version="1", reason="Not this patient.").status_code == 303
    assert "Not this patient." in desk.get(second)
    assert "Correct the call" not in desk.get(second)
    assert first in desk.get(f"/admin/patients/{desk.patient_id}/calls")


def test_who_only_reads_gets_no_forms(client: FlaskClient, desk: Desk) -> None:
    """An administrator sees the call; whoever does the billing sees its minutes and not what was said."""
    call = _log(desk)
    practice = desk.person.actor.practice_id
    admin = enter(client.application.test_client(), a_user(practice, Role.ADMIN))
    assert "Feels well." in admin.get(call).text
    assert "Void the call" not in admin.get(call).text
    assert "Log a call" not in admin.get(desk.tab).text
    biller = enter(client.application.test_client(), a_user(practice, Role.BILLING_MANAGER))
    assert biller.get(call).status_code == 403
    assert 'id="calls"' not in biller.get(desk.tab).text
