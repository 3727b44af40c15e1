"""The console's notifications: the bell, the list, how one is told, providers, deliveries."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.domain.notifications.events import Event
from app.domain.roles import Role
from tests.admin.visits import enter, send, token, version_on
from tests.builders import Person, a_patient, a_user
from tests.notifications import PHONE, SECRET, carry_a_phone, changing, deliveries, only, tell, told

LIST, PREFERENCES = "/admin/notifications", "/admin/notifications/preferences"
PROVIDERS, DELIVERIES = "/admin/notifications/providers", "/admin/notifications/deliveries"
_COUNT = re.compile(r'class="bell__count">(\d+)')


@pytest.fixture
def nurse(client: FlaskClient) -> Person:
    """A nurse, signed in."""
    person = a_user(role=Role.NURSE)
    enter(client, person)
    return person


@pytest.fixture
def admin(client: FlaskClient) -> Person:
    """An administrator, signed in."""
    person = a_user(role=Role.ADMIN)
    enter(client, person)
    return person


def _bell(client: FlaskClient, path: str = "/admin/patients") -> list[str]:
    return _COUNT.findall(client.get(path).text)


def test_the_bell_counts_what_is_unread_on_every_page(client: FlaskClient, nurse: Person) -> None:
    """And is silent when nothing is."""
    assert _bell(client) == []
    for _ in range(2):
        tell(nurse)
    assert (_bell(client), _bell(client, f"{LIST}/unread")) == (["2"], ["2"])
    send(client, f"{LIST}/read", LIST)
    assert _bell(client) == []


def test_the_list_leads_to_the_patient(client: FlaskClient, nurse: Person) -> None:
    """Whose name is seen there, not here."""
    patient = a_patient(nurse.actor, last_name="Canaryname")
    tell(nurse, patient_id=patient.id)
    page = client.get(LIST).text
    assert f"/admin/patients/{patient.id}" in page
    assert "Canaryname" not in page


def test_one_is_marked_as_read_with_and_without_htmx(client: FlaskClient, nurse: Person) -> None:
    """With it the line and the bell come back."""
    for _ in range(2):
        tell(nurse)
    first, second = (f"{LIST}/{one.id}/read" for one in told(nurse))
    assert send(client, first, LIST).status_code == 303
    assert _bell(client) == ["1"]
    answer = client.post(second, data={"csrf_token": token(client, LIST)}, headers={"HX-Request": "true"})
    assert ("is-read" in answer.text, 'hx-swap-oob="true"' in answer.text) == (True, True)


def test_preferences_are_saved_as_they_stand_in_the_form(client: FlaskClient, nurse: Person) -> None:
    """A box that is not ticked is off."""
    form = {
        "version": version_on(client, PREFERENCES), "quiet_start": "22:00", "quiet_end": "07:00", "digest_hour": "9",
        "timezone": "America/Chicago", "phone": "217-555-0147", "critical_alert": ["in_app", "sms"],
    }  # fmt: skip
    assert send(client, PREFERENCES, **form).status_code == 303
    page = client.get(PREFERENCES).text
    assert all(f'value="{value}"' in page for value in ("22:00", "07:00", PHONE))
    assert re.findall(r'name="(\w+)" value="(\w+)"[^>]* checked', page) == [("critical_alert", "sms")]


def test_a_wrong_preference_is_said_beside_its_field(client: FlaskClient, nurse: Person) -> None:
    """And what was typed stays."""
    version = version_on(client, PREFERENCES)
    answer = send(client, PREFERENCES, version=version, phone="12", quiet_start="22:00", quiet_end="", digest_hour="")
    assert answer.status_code == 400
    assert ("Not a telephone number." in answer.text, 'value="12"' in answer.text) == (True, True)


def test_an_old_form_does_not_overwrite_newer_preferences(client: FlaskClient, nurse: Person) -> None:
    """412, and the page shows what is so now."""
    version = version_on(client, PREFERENCES)
    answers = [send(client, PREFERENCES, version=version, phone="", digest_hour="9").status_code for _ in range(2)]
    assert answers == [303, 412]


def test_a_phone_is_removed(client: FlaskClient, nurse: Person) -> None:
    """From the list of one's own."""
    token_id = carry_a_phone(nurse)
    assert "iPhone or iPad" in client.get(PREFERENCES).text
    assert send(client, f"/admin/notifications/phones/{token_id}/remove", PREFERENCES).status_code == 303
    assert "None yet." in client.get(PREFERENCES).text


def test_a_provider_is_set_up_and_its_secret_never_shown(client: FlaskClient, admin: Person) -> None:
    """A blank secret keeps the stored one."""
    form = {
        "slot": "sms", "carrier": "twilio", "base_url": "http://127.0.0.1:9", "account": "AC1",
        "sender": "+15005550006", "is_active": "on",
    }  # fmt: skip
    assert "Needed to sign in." in send(client, PROVIDERS, **form, secret="").text
    answers = [send(client, PROVIDERS, **form, secret=secret).status_code for secret in (SECRET, "")]
    page = client.get(PROVIDERS).text
    assert answers == [303, 303]
    assert ("One is stored." in page, "In use" in page, SECRET in page) == (True, True, False)


def test_what_was_given_up_is_tried_again_by_a_button(client: FlaskClient, admin: Person) -> None:
    """The reason is said in plain words."""
    only(admin, "sms", event=Event.CRITICAL_ALERT)
    tell(admin)
    with changing(admin) as session:
        session.execute(text("UPDATE notification_deliveries SET state = 'dead', failure = 'busy', tries = 9"))
    page = client.get(f"{DELIVERIES}?state=dead").text
    assert ("The provider asks to wait, tried 9 times" in page, PHONE in page) == (True, False)
    answer = send(client, f"{DELIVERIES}/{deliveries(admin)[0].id}/retry", DELIVERIES)
    assert (answer.status_code, deliveries(admin)[0].state) == (303, "waiting")


@pytest.mark.parametrize("path", [PROVIDERS, DELIVERIES])
def test_providers_and_deliveries_are_for_administrators(client: FlaskClient, nurse: Person, path: str) -> None:
    """No link leads there for others."""
    assert client.get(path).status_code == 403
    assert path not in client.get(LIST).text
