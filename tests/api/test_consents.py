"""Consents, over HTTP."""

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_patient, a_user, signed_in
from tests.enrolment import Chart, a_chart, consent_body, days_ago, days_ahead


def _recorded(chart: Chart, **fields: object) -> str:
    return str(chart.post("consents/", consent_body(**fields)).json["id"])


def test_a_recorded_consent_answers_with_who_obtained_it_and_both_notices(client: FlaskClient) -> None:
    """The caller, when nobody is named."""
    chart = a_chart(client)
    answer = chart.post("consents/", consent_body(note="by phone"))
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert answer.json == {
        **consent_body(note="by phone"), "id": answer.json["id"], "patient_id": str(chart.patient_id),
        "obtained_by": chart.provider.actor.user_id, "obtained_by_name": "Pat Tester", "document": None,
        "revoked_on": None, "revoked_by": None, "revoke_reason": None,
        "created_at": answer.json["created_at"], "updated_at": answer.json["updated_at"],
    }  # fmt: skip
    assert chart.get(f"consents/{answer.json['id']}/").json == answer.json


def test_consents_are_listed_latest_first_in_pages(client: FlaskClient) -> None:
    """With absolute links."""
    chart = a_chart(client)
    for days in (5, 1, 9):
        chart.post("consents/", consent_body(obtained_on=days_ago(days)))
    first = chart.get("consents/?page_size=2").json
    assert [item["obtained_on"] for item in first["results"]] == [days_ago(1), days_ago(5)]
    assert (first["count"], first["next"]) == (3, f"http://localhost{chart.url('consents/')}?page_size=2&page=2")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("program", "rpm"), ("program", None), ("method", "telepathic"), ("obtained_on", str(days_ahead(2))),
        ("obtained_on", "yesterday"), ("cost_share_explained", 1), ("cost_share_explained", "true"),
        ("one_practitioner_explained", None), ("obtained_by", 999_999_999), ("obtained_by", "1"), ("note", 7),
        ("note", "x" * 2001), ("revoked_on", days_ago(1)), ("practice_id", "x"), ("document", "x"),
    ],
)  # fmt: skip
def test_a_bad_or_unknown_field_is_refused_by_name(client: FlaskClient, field: str, value: object) -> None:
    """And nothing is recorded."""
    chart = a_chart(client)
    answer = chart.post("consents/", consent_body(**{field: value}))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])
    assert chart.get("consents/").json["count"] == 0


def test_a_consent_must_say_whether_both_notices_were_given(client: FlaskClient) -> None:
    """Neither is taken for granted."""
    body = {name: value for name, value in consent_body().items() if not name.endswith("_explained")}
    answer = a_chart(client).post("consents/", body)
    assert answer.json["field_errors"].keys() == {"cost_share_explained", "one_practitioner_explained"}


def test_a_patients_account_cannot_have_obtained_a_consent(client: FlaskClient) -> None:
    """Staff do."""
    chart = a_chart(client)
    patient = a_user(chart.provider.actor.practice_id, Role.PATIENT, patient_id=chart.patient_id)
    answer = chart.post("consents/", consent_body(obtained_by=patient.actor.user_id))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["obtained_by"])


def test_a_revoked_consent_says_when_by_whom_and_why(client: FlaskClient) -> None:
    """And cannot be revoked again."""
    chart = a_chart(client)
    consent = _recorded(chart)
    revoked = chart.post(f"consents/{consent}/revoke/", {"reason": "moves away", "revoked_on": days_ago(2)})
    assert (revoked.status_code, revoked.json["revoked_on"], revoked.json["revoke_reason"]) == (
        200, days_ago(2), "moves away",
    )  # fmt: skip
    assert revoked.json["revoked_by"] == chart.provider.actor.user_id
    again = chart.post(f"consents/{consent}/revoke/", {"reason": "again"})
    assert (again.status_code, again.json["code"]) == (409, "conflict")


@pytest.mark.parametrize(("days", "status"), [(11, 400), (10, 200), (1, 200), (-2, 400)])
def test_a_consent_is_revoked_between_its_own_day_and_today(client: FlaskClient, days: int, status: int) -> None:
    """It was obtained ten days ago."""
    chart = a_chart(client)
    body = {"reason": "x", "revoked_on": days_ago(days)}
    assert chart.post(f"consents/{_recorded(chart)}/revoke/", body).status_code == status


def test_a_stale_version_revokes_nothing(client: FlaskClient) -> None:
    """If-Match."""
    chart = a_chart(client)
    url = f"consents/{_recorded(chart)}/"
    stale = chart.post(f"{url}revoke/", {"reason": "x"}, **{"If-Match": '"9"'})
    assert (stale.status_code, chart.get(url).json["revoked_on"]) == (412, None)
    assert chart.post(f"{url}revoke/", {"reason": "x"}, **{"If-Match": '"1"'}).headers["ETag"] == '"2"'


def test_an_archived_patient_gives_no_consent_but_may_take_one_back(client: FlaskClient) -> None:
    """409 with a code of its own."""
    chart = a_chart(client)
    consent = _recorded(chart)
    chart.post("archive/", {"reason": "moved"})
    refused = chart.post("consents/", consent_body())
    assert (refused.status_code, refused.json["code"]) == (409, "patient_archived")
    assert chart.post(f"consents/{consent}/revoke/", {"reason": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [
        (Role.ADMIN, 200, 400), (Role.CLINICAL_MANAGER, 200, 400), (Role.NURSE, 200, 400), (Role.MA, 200, 400),
        (Role.DATA_MONITOR, 200, 403), (Role.BILLING_MANAGER, 200, 403),
    ],
)  # fmt: skip
@pytest.mark.parametrize("part", ["consents/", "orders/", "enrollments/"])
def test_who_may_read_and_write(client: FlaskClient, role: Role, read: int, write: int, part: str) -> None:
    """As the row of patients says; 400 is what a permitted caller gets for an empty body."""
    chart = a_chart(client)
    headers = signed_in(client, a_user(chart.provider.actor.practice_id, role))
    assert client.get(chart.url(part), headers=headers).status_code == read
    assert client.post(chart.url(part), json={}, headers=headers).status_code == write


@pytest.mark.parametrize("part", ["consents/", "orders/", "enrollments/", "coverage/"])
def test_a_patient_reads_their_own_chart_and_nobody_elses(client: FlaskClient, part: str) -> None:
    """And writes none."""
    chart = a_chart(client)
    other = a_patient(chart.provider.actor)
    own = signed_in(client, a_user(chart.provider.actor.practice_id, Role.PATIENT, patient_id=chart.patient_id))
    assert client.get(chart.url(part), headers=own).status_code == 200
    assert client.get(f"/api/v1/patients/{other.id}/{part}", headers=own).status_code == 404
    assert client.post(chart.url(part), json={}, headers=own).status_code == (405 if part == "coverage/" else 403)
