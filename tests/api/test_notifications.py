"""Notifications over HTTP: one's own, how one wants them, phones, providers, deliveries."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.domain.notifications.events import Event
from app.domain.roles import Role
from tests.builders import Person, a_patient, a_user, signed_in
from tests.carriers import key_file
from tests.notifications import EXPO_TOKEN, PHONE, SECRET, changing, deliveries, only, prefer, tell, told

BASE = "/api/v1/notifications/"
PREFERENCES, TOKENS = f"{BASE}preferences/", f"{BASE}push-tokens/"
PROVIDERS, DELIVERIES = f"{BASE}providers/", f"{BASE}deliveries/"
TWILIO = {
    "slot": "sms", "carrier": "twilio", "base_url": "http://127.0.0.1:9", "account": "AC1", "sender": "+15005550006",
    "secret": SECRET,
}  # fmt: skip
Headers = dict[str, str]


@pytest.fixture
def nurse(client: FlaskClient) -> Person:
    """A nurse."""
    return a_user(role=Role.NURSE)


@pytest.fixture
def headers(client: FlaskClient, nurse: Person) -> Headers:
    """The nurse's session."""
    return signed_in(client, nurse)


@pytest.fixture
def admin(client: FlaskClient, nurse: Person) -> Headers:
    """The session of an administrator of the same practice."""
    return signed_in(client, a_user(nurse.actor.practice_id, Role.ADMIN))


def _unread(client: FlaskClient, headers: Headers) -> int:
    count: int = client.get(f"{BASE}?unread=true", headers=headers).json["count"]
    return count


def test_a_notification_has_fixed_words_and_names_the_patient_by_id(
    client: FlaskClient, nurse: Person, headers: Headers
) -> None:
    """Newest first; who it is about is opened by its id."""
    patient = a_patient(nurse.actor)
    tell(nurse, Event.WARNING_ALERT)
    tell(nurse, patient_id=patient.id, subject_id=patient.id)
    newest, oldest = client.get(BASE, headers=headers).json["results"]
    assert newest | {"id": None, "created_at": None} == {
        "id": None, "event": "critical_alert", "level": "critical", "title": "Critical alert",
        "text": "A critical alert at Test Practice needs attention now.", "patient_id": str(patient.id),
        "subject_id": str(patient.id), "created_at": None, "read_at": None,
    }  # fmt: skip
    assert (oldest["event"], oldest["patient_id"]) == ("warning_alert", None)


def test_one_is_marked_as_read_and_then_all(client: FlaskClient, nurse: Person, headers: Headers) -> None:
    """A second time changes nothing."""
    for _ in range(3):
        tell(nurse)
    url = f"{BASE}{told(nurse)[0].id}/read/"
    first, second = (client.post(url, headers=headers).json["read_at"] for _ in range(2))
    assert (first, _unread(client, headers)) == (second, 2)
    assert [client.post(f"{BASE}read/", headers=headers).json for _ in range(2)] == [{"marked": 2}, {"marked": 0}]
    assert client.get(f"{BASE}?unread=false", headers=headers).json["count"] == 3


def test_a_colleagues_notification_is_nobodys(client: FlaskClient, nurse: Person) -> None:
    """Neither seen nor read: 404, as for a random id."""
    tell(nurse)
    colleague = signed_in(client, a_user(nurse.actor.practice_id, Role.ADMIN))
    assert client.get(BASE, headers=colleague).json["count"] == 0
    assert client.post(f"{BASE}{told(nurse)[0].id}/read/", headers=colleague).status_code == 404


def test_what_one_does_not_want_to_see_in_the_app_is_not_listed(
    client: FlaskClient, nurse: Person, headers: Headers
) -> None:
    """Though it goes out by mail."""
    only(nurse, "email", event=Event.WARNING_ALERT)
    tell(nurse, Event.WARNING_ALERT)
    assert (client.get(BASE, headers=headers).json["count"], len(deliveries(nurse))) == (0, 1)


@pytest.mark.parametrize("query", ["unread=yes", "ordering=created_at", "user_id=1", "page=0"])
def test_an_unknown_filter_is_400(client: FlaskClient, headers: Headers, query: str) -> None:
    """Named in the answer."""
    assert client.get(f"{BASE}?{query}", headers=headers).json["field_errors"].keys() == {query.partition("=")[0]}


def test_preferences_start_as_the_defaults_and_are_changed_in_part(client: FlaskClient, headers: Headers) -> None:
    """An event that is left out keeps its channels; a number is stored as E.164."""
    before = client.get(PREFERENCES, headers=headers)
    changes = {
        "channels": {"warning_alert": ["sms", "in_app"]}, "quiet_start": "22:00", "quiet_end": "07:00",
        "digest_hour": None, "timezone": "America/Chicago", "phone": "(217) 555-0147",
    }  # fmt: skip
    after = client.patch(PREFERENCES, json=changes, headers={**headers, "If-Match": before.headers["ETag"]})
    assert (before.json["zone"], before.json["phone"], before.json["digest_hour"]) == ("America/New_York", None, 8)
    assert after.json == {
        **before.json, **changes, "phone": PHONE, "zone": "America/Chicago",
        "channels": {**before.json["channels"], "warning_alert": ["in_app", "sms"]},
    }  # fmt: skip


def test_a_stale_version_of_preferences_is_412(client: FlaskClient, headers: Headers) -> None:
    """The first change made a version of what had none."""
    tag = client.get(PREFERENCES, headers=headers).headers["ETag"]
    answers = [
        client.patch(PREFERENCES, json={"digest_hour": 9}, headers={**headers, "If-Match": tag}).status_code
        for _ in range(2)
    ]
    assert answers == [200, 412]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quiet_start": "22:00"}, "quiet_end"),
        ({"quiet_start": "22:00", "quiet_end": None}, "quiet_end"),
        ({"quiet_start": "22:00", "quiet_end": "22:00"}, "quiet_end"),
        ({"quiet_start": "24:00", "quiet_end": "07:00"}, "quiet_start"),
        ({"quiet_start": 22, "quiet_end": "07:00"}, "quiet_start"),
        ({"digest_hour": 24}, "digest_hour"),
        ({"digest_hour": "8"}, "digest_hour"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"phone": "12"}, "phone"),
        ({"channels": {"critical_alert": ["pigeon"]}}, "channels"),
        ({"channels": {"account_locked": ["email"]}}, "channels"),
        ({"channels": {"digest": ["email"]}}, "channels"),
        ({"sound": "loud"}, "sound"),
    ],
)
def test_a_preference_that_makes_no_sense_is_400(
    client: FlaskClient, headers: Headers, changes: dict[str, Any], field: str
) -> None:
    """The field is named."""
    answer = client.patch(PREFERENCES, json=changes, headers=headers)
    assert (answer.status_code, {name.split(".")[0] for name in answer.json["field_errors"]}) == (400, {field})


def test_a_phone_is_registered_once_and_removed(client: FlaskClient, headers: Headers) -> None:
    """The token itself is never shown."""
    body = {"service": "expo", "token": EXPO_TOKEN, "platform": "ios"}
    first, second = (client.post(TOKENS, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, first.json["id"]) == (201, second.json["id"])
    shown = client.get(TOKENS, headers=headers)
    assert (shown.json["count"], EXPO_TOKEN in shown.text) == (1, False)
    url = f"{TOKENS}{first.json['id']}/"
    assert [client.delete(url, headers=headers).status_code for _ in range(2)] == [204, 404]


def test_a_phone_belongs_to_who_registered_it_last(client: FlaskClient, nurse: Person, headers: Headers) -> None:
    """In the same practice; another practice knows nothing of it. Nobody removes a colleague's."""
    body = {"service": "fcm", "token": "one-token", "platform": "android"}
    first = client.post(TOKENS, json=body, headers=headers).json["id"]
    colleague = signed_in(client, a_user(nurse.actor.practice_id))
    assert client.delete(f"{TOKENS}{first}/", headers=colleague).status_code == 404
    assert client.post(TOKENS, json=body, headers=colleague).json["id"] == first
    assert client.get(TOKENS, headers=headers).json["count"] == 0
    assert client.post(TOKENS, json=body, headers=signed_in(client, a_user())).json["id"] != first


@pytest.mark.parametrize(
    ("service", "token"), [("expo", "abc"), ("expo", "ExponentPushToken[]"), ("fcm", "a b"), ("fcm", "")]
)
def test_what_is_no_push_token_is_400(client: FlaskClient, headers: Headers, service: str, token: str) -> None:
    """By the service's form."""
    answer = client.post(TOKENS, json={"service": service, "token": token, "platform": "ios"}, headers=headers)
    assert (answer.status_code, answer.json["field_errors"].keys()) == (400, {"token"})


def test_there_is_an_end_to_phones(client: FlaskClient, headers: Headers) -> None:
    """409 for the twenty-first."""
    answers = [
        client.post(TOKENS, json={"service": "fcm", "token": f"t{n}", "platform": "web"}, headers=headers).status_code
        for n in range(21)
    ]
    assert answers == [201] * 20 + [409]


def test_a_provider_never_shows_its_secret(client: FlaskClient, admin: Headers) -> None:
    """Left out at the next change, it stays."""
    saved = client.put(PROVIDERS, json=TWILIO, headers=admin)
    kept = client.put(PROVIDERS, json={k: v for k, v in TWILIO.items() if k != "secret"}, headers=admin)
    listed = client.get(PROVIDERS, headers=admin)
    assert (saved.status_code, kept.status_code) == (200, 200)
    assert (listed.json["count"], listed.json["results"][0]["has_secret"], SECRET in listed.text) == (1, True, False)


@pytest.mark.parametrize("change", [{"base_url": "http://localhost:9"}, {"carrier": "http_json"}])
def test_a_stored_secret_is_not_sent_elsewhere(client: FlaskClient, admin: Headers, change: dict[str, str]) -> None:
    """Another host, or another interface: it must be given again."""
    client.put(PROVIDERS, json=TWILIO, headers=admin)
    without = {name: value for name, value in TWILIO.items() if name != "secret"}
    answer = client.put(PROVIDERS, json={**without, **change}, headers=admin)
    assert (answer.status_code, answer.json["field_errors"].keys()) == (400, {"secret"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**TWILIO, "base_url": "https://169.254.169.254"}, "base_url"),
        ({**TWILIO, "base_url": "https://10.0.0.8"}, "base_url"),
        ({**TWILIO, "base_url": "http://93.184.215.14"}, "base_url"),
        ({**TWILIO, "account": None}, "account"),
        ({**TWILIO, "carrier": "expo"}, "carrier"),
        ({**TWILIO, "secret": "not\nprintable"}, "secret"),
        ({"slot": "sms", "carrier": "http_json"}, "base_url"),
        ({"slot": "fcm", "carrier": "fcm", "base_url": "http://127.0.0.1:9", "secret": "{}"}, "secret"),
        (
            {
                "slot": "fcm", "carrier": "fcm", "base_url": "http://127.0.0.1:9",
                "secret": key_file("https://169.254.169.254"),
            },
            "secret",
        ),
    ],
)  # fmt: skip
def test_s80_a_provider_that_we_cannot_or_must_not_call_is_refused(
    client: FlaskClient, admin: Headers, body: dict[str, str], field: str
) -> None:
    """At save; the key file's own address too."""
    answer = client.put(PROVIDERS, json=body, headers=admin)
    assert (answer.status_code, answer.json["field_errors"].keys()) == (400, {field})


def test_administrators_see_what_was_given_up_and_have_it_tried_again(
    client: FlaskClient, nurse: Person, admin: Headers
) -> None:
    """No address and no patient is shown."""
    only(nurse, "sms")
    tell(nurse, patient_id=a_patient(nurse.actor).id)
    with changing(nurse) as session:
        session.execute(text("UPDATE notification_deliveries SET state = 'dead', failure = 'busy', tries = 9"))
    listed = client.get(f"{DELIVERIES}?state=dead&channel=sms", headers=admin)
    assert (listed.json["count"], listed.json["results"][0]["failure"]) == (1, "busy")
    assert not {"patient_id", "to", "phone"} & listed.json["results"][0].keys()
    url = f"{DELIVERIES}{listed.json['results'][0]['id']}/retry/"
    answers = [client.post(url, headers=admin) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 409]
    assert (answers[0].json["state"], answers[0].json["tries"]) == ("waiting", 0)


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMIN, Role.PATIENT}])
def test_only_administrators_see_providers_and_deliveries(client: FlaskClient, role: Role) -> None:
    """403 for all others, who have their own notifications all the same."""
    headers = signed_in(client, a_user(role=role))
    answers = [client.get(url, headers=headers).status_code for url in (PROVIDERS, DELIVERIES, BASE, PREFERENCES)]
    assert answers == [403, 403, 200, 200]


def test_another_practices_deliveries_and_preferences_are_its_own(client: FlaskClient, nurse: Person) -> None:
    """Its administrator sees none of ours."""
    prefer(nurse, phone=PHONE)
    tell(nurse)
    other = signed_in(client, a_user(role=Role.ADMIN))
    assert [client.get(url, headers=other).json["count"] for url in (DELIVERIES, BASE, TOKENS)] == [0, 0, 0]
    url = f"{DELIVERIES}{deliveries(nurse)[0].id}/retry/"
    assert client.post(url, headers=other).status_code == 404
