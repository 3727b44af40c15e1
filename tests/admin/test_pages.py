"""The pages and who sees which part of them."""

from datetime import date
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from app.domain.errors import Unavailable
from app.domain.roles import Role
from tests.admin.visits import enter
from tests.builders import a_patient, a_reading, a_user, acting_as

NOBODY = "/admin/patients/01a20000-0000-7000-8000-000000000000"


def test_the_board_ranks_the_patient_most_at_risk_first(client: FlaskClient) -> None:
    """With score, level, pressure and open alerts."""
    doctor = a_user()
    for name, systolic in (("Calm", 120), ("Urgent", 190)):
        a_reading(doctor.actor, a_patient(doctor.actor, last_name=name).id, systolic)
    page = enter(client, doctor).get("/admin/").text
    assert page.index("Ann Urgent") < page.index("Ann Calm")
    assert "190/75" in page
    assert "<strong>1</strong> not acknowledged" in page


def test_the_board_filters_by_level_and_by_open_alerts(client: FlaskClient) -> None:
    """The address carries the filter, and the renewal asks the same address."""
    doctor = a_user()
    for name, systolic in (("Calm", 120), ("Urgent", 190)):
        a_reading(doctor.actor, a_patient(doctor.actor, last_name=name).id, systolic)
    page = enter(client, doctor).get("/admin/?risk_level=normal").text
    assert "Ann Calm" in page and "Ann Urgent" not in page  # noqa: PT018 - one thought
    assert 'hx-get="/admin/?risk_level=normal"' in page
    assert "Ann Calm" not in client.get("/admin/?has_unack_alerts=true").text


def test_the_cards_say_how_the_counts_have_moved(client: FlaskClient) -> None:
    """In words, not by an arrow alone."""
    doctor = a_user()
    a_patient(doctor.actor)
    page = enter(client, doctor).get("/admin/").text
    assert "1 more than 24\u00a0h\u00a0ago" in page
    assert "same as 24\u00a0h\u00a0ago" in page


@pytest.mark.parametrize("query", ["page=0", "risk_level=worst", "page=1&page=2", "colour=red"])
def test_a_senseless_query_gets_a_page_that_says_so(client: FlaskClient, query: str) -> None:
    """400, not a guess and not a crash."""
    answer = enter(client, a_user()).get(f"/admin/?{query}")
    assert answer.status_code == 400
    assert "does not make sense" in answer.text


def test_patients_are_found_by_part_of_their_name(client: FlaskClient) -> None:
    """The same search as the API's."""
    doctor = a_user()
    a_patient(doctor.actor, first_name="Ruth", last_name="Alvarez")
    a_patient(doctor.actor, first_name="Omar", last_name="Nguyen")
    page = enter(client, doctor).get("/admin/patients?search=alva&ordering=&active=").text
    assert "Alvarez, Ruth" in page
    assert "Nguyen, Omar" not in page


def test_a_page_of_the_list_leads_to_the_next(client: FlaskClient) -> None:
    """Keeping what was searched for."""
    doctor = a_user()
    for _ in range(3):
        a_patient(doctor.actor)
    page = enter(client, doctor).get("/admin/patients?search=ann&page_size=2").text
    assert 'href="/admin/patients?search=ann&amp;page_size=2&amp;page=2"' in page
    assert "1–2 of 3 patients" in page  # noqa: RUF001 - typographic


def test_a_patients_page_explains_the_score(client: FlaskClient) -> None:
    """Each part with what was seen and its points."""
    doctor = a_user()
    patient = a_patient(doctor.actor, date_of_birth=date(1958, 3, 15), phone="+12175550101")
    a_reading(doctor.actor, patient.id, 190)
    page = enter(client, doctor).get(f"/admin/patients/{patient.id}").text
    for text in ("Latest reading", "Systolic BP 190 exceeds threshold of 180 mmHg", "+76", "Mar 15, 1958"):
        assert text in page


def test_a_reading_without_one_pressure_is_shown_with_the_reason(client: FlaskClient) -> None:
    """A dash is not a zero."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    lacking = {"diastolic": None, "absent_reasons": {"diastolic": "error"}, "pulse": None}
    a_reading(doctor.actor, patient.id, 141, **lacking)
    page = enter(client, doctor).get(f"/admin/patients/{patient.id}/vitals").text
    assert '141/–<span class="unit"> mmHg</span> <span class="muted small">error</span>' in page  # noqa: RUF001


def test_names_cannot_smuggle_markup_into_a_page(client: FlaskClient) -> None:
    """Neither into the table nor into the data of the chart."""
    doctor = a_user()
    patient = a_patient(doctor.actor, last_name="<script>alert(1)</script>")
    a_reading(doctor.actor, patient.id, device_id="</script><b>")
    page = enter(client, doctor).get(f"/admin/patients/{patient.id}/vitals").text
    assert "<script>alert" not in page
    assert "</script><b>" not in page


@pytest.mark.parametrize("path", [NOBODY, "/admin/nothing", "/admin/patients/7"])
def test_what_is_not_there_gets_a_page_too(client: FlaskClient, path: str) -> None:
    """With the way back and a reference."""
    answer = enter(client, a_user()).get(path)
    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_the_error_page_works_for_strangers(client: FlaskClient) -> None:
    """Nobody is signed in, nothing is shown of the console."""
    answer = client.get("/admin/nothing")
    assert answer.status_code == 404
    assert "Sign out" not in answer.text


def test_the_error_page_works_without_a_database(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even who is calling can be known then."""

    def unavailable(*_: object, **__: object) -> None:
        raise Unavailable

    client.set_cookie("vantrexia_dev", "any")
    monkeypatch.setattr("app.web.identity.find_console_actor", unavailable)
    answer = client.get("/admin/")
    assert answer.status_code == 503
    assert "Not available right now" in answer.text


def test_another_practices_patient_is_not_there(client: FlaskClient) -> None:
    """Exactly like an id that does not exist."""
    theirs = a_patient(a_user().actor)
    assert enter(client, a_user()).get(f"/admin/patients/{theirs.id}").status_code == 404


def test_billing_sees_who_a_patient_is_and_nothing_clinical(client: FlaskClient) -> None:
    """The board sends them to the list; the page has no readings, no score, no alerts."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id, 190)
    enter(client, a_user(doctor.actor.practice_id, Role.BILLING_MANAGER))
    assert client.get("/admin/").location == "/admin/patients"
    page = client.get(f"/admin/patients/{patient.id}").text
    assert patient.mrn in page
    assert "190" not in page


def test_a_number_keeps_its_decimals_and_loses_its_zeros(client: FlaskClient) -> None:
    """142.50 is shown as 142.5."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    acting_as(doctor.actor)
    a_reading(doctor.actor, patient.id, Decimal("142.50"))
    assert ">142.5/75<" in enter(client, doctor).get(f"/admin/patients/{patient.id}/vitals").text


@pytest.mark.parametrize("path", ["/admin/login", "/admin/", "/admin/patients"])
def test_pages_have_no_inline_code_or_style(client: FlaskClient, path: str) -> None:
    """The policy would block it; every script carries the nonce of the response."""
    answer = enter(client, a_user()).get(path, follow_redirects=True)
    nonce = answer.headers["Content-Security-Policy"].partition("'nonce-")[2].partition("'")[0]
    assert answer.text.count("<script") == answer.text.count(f'nonce="{nonce}"')
    assert not any(bad in answer.text for bad in (" style=", " onclick=", " hx-on", "javascript:"))
