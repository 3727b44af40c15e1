"""Emergency access in the console (S91)."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.roles import Role
from tests.admin.visits import enter, token
from tests.builders import PASSWORD, Person, a_patient, a_user

FORM = "/admin/emergency"
REASON = "Patient collapsed at home <b>now</b>"


def _declare(client: FlaskClient, **fields: str) -> TestResponse:
    form = {"csrf_token": token(client, FORM), "reason": REASON, "minutes": "30", "password": PASSWORD, **fields}
    return client.post(FORM, data=form)


def _biller(client: FlaskClient) -> Person:
    biller = a_user(role=Role.BILLING_MANAGER)
    enter(client, biller)
    return biller


def test_s91_a_banner_on_every_page_says_that_it_lasts(client: FlaskClient) -> None:
    """With the reason, as text, and the button that ends it."""
    biller = _biller(client)
    patient = a_patient(a_user(biller.actor.practice_id).actor)
    assert _declare(client).location == "/admin/"
    pages = [client.get(url).text for url in ("/admin/", "/admin/patients", f"/admin/patients/{patient.id}", FORM)]
    assert all("Emergency access</strong> until" in page for page in pages)
    assert all("collapsed at home &lt;b&gt;now" in page for page in pages)
    assert "Who needs help first" in pages[0]


def test_s91_ending_it_takes_banner_and_access_away(client: FlaskClient) -> None:
    """The board sends billing to the patients again."""
    _biller(client)
    _declare(client)
    ended = client.post("/admin/emergency/end", data={"csrf_token": token(client, FORM)})
    assert ended.status_code == 303
    assert client.get("/admin/").location == "/admin/patients"
    assert "Emergency access</strong> until" not in client.get("/admin/patients").text


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"reason": "short"}, 400, "Reason: "),
        ({"reason": ""}, 400, "Reason: "),
        ({"minutes": "61"}, 400, "Minutes: "),
        ({"minutes": "x"}, 400, "Minutes: "),
        ({"password": "wrong"}, 401, "Unable to log in"),
    ],
)
def test_s91_the_form_says_what_is_wrong(client: FlaskClient, fields: dict[str, str], status: int, said: str) -> None:
    """And keeps the reason, not the password."""
    _biller(client)
    answer = _declare(client, **fields)
    assert answer.status_code == status
    assert said in answer.text
    assert 'name="password" type="password"' in answer.text
    assert PASSWORD not in answer.text


def test_s91_the_api_session_of_the_same_person_gains_nothing(client: FlaskClient) -> None:
    """One session, not one person."""
    biller = _biller(client)
    _declare(client)
    access = client.post("/api/v1/auth/login/", json={"email": biller.email, "password": PASSWORD}).json["access"]
    answer = client.get("/api/v1/triage/patients/", headers={"Authorization": f"Bearer {access}"})
    assert answer.status_code == 403
