"""Whether a day counts, and the practice's list of enrolments, over HTTP."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_patient, a_user, signed_in
from tests.enrolment import Chart, a_chart, consent_body, days_ago, days_ahead, enrollment_body, order_body

WORKLIST = "/api/v1/enrollments/"


def _answer(chart: Chart, on: str, program: str = "RPM") -> Any:
    answers = chart.get(f"coverage/?on={on}").json
    return next(line for line in answers["programs"] if line["program"] == program)


def _in_rpm(chart: Chart) -> dict[str, Any]:
    consent = chart.post("consents/", consent_body()).json
    order = chart.post("orders/", order_body()).json
    return {
        "consent": consent,
        "order": order,
        "enrollment": chart.post("enrollments/", enrollment_body(order_id=order["id"])).json,
    }


def test_a_covered_day_names_the_ids_that_prove_it(client: FlaskClient) -> None:
    """Consent, order, enrolment and episode."""
    chart = a_chart(client)
    rows = _in_rpm(chart)
    assert _answer(chart, days_ago(10)) == {
        "program": "RPM", "covered": True, "gaps": [], "consent_id": rows["consent"]["id"],
        "order_id": rows["order"]["id"], "enrollment_id": rows["enrollment"]["id"],
        "episode_id": rows["enrollment"]["episode_id"],
    }  # fmt: skip


def test_a_day_that_does_not_count_says_why_in_words_and_ids(client: FlaskClient) -> None:
    """The day before everything began."""
    chart = a_chart(client)
    rows = _in_rpm(chart)
    answer = _answer(chart, days_ago(11))
    assert (answer["covered"], [gap["reason"] for gap in answer["gaps"]]) == (
        False, ["NOT_ENROLLED", "NO_CONSENT", "NO_ORDER", "NO_DX"],
    )  # fmt: skip
    assert answer["gaps"][1] == {
        "reason": "NO_CONSENT", "cause": "not_yet", "detail": "Consent was obtained only later.",
        "ids": [rows["consent"]["id"]],
    }  # fmt: skip


def test_today_is_meant_when_no_day_is_given(client: FlaskClient) -> None:
    """The patient's own today; every program is answered."""
    chart, there = a_chart(client, timezone="Pacific/Kiritimati"), ZoneInfo("Pacific/Kiritimati")
    before = datetime.now(there).date()
    answer = chart.get("coverage/").json
    assert [line["program"] for line in answer["programs"]] == ["RPM", "RTM", "CCM", "PCM", "APCM"]
    assert answer["on"] in {str(before), str(datetime.now(there).date())}


def test_revocation_and_discharge_show_at_once(client: FlaskClient) -> None:
    """Revoked five days ago: not that day. Discharged three days ago: still that day."""
    chart = a_chart(client)
    rows = _in_rpm(chart)
    body = {"reason": "x", "revoked_on": days_ago(5)}
    chart.post(f"consents/{rows['consent']['id']}/revoke/", body)
    chart.post("consents/", consent_body(obtained_on=days_ago(4)))
    discharge = {"reason": "moved_away", "outcome": "stable", "discharged_on": days_ago(3)}
    chart.post(f"enrollments/{rows['enrollment']['id']}/discharge/", discharge)
    covered = [_answer(chart, days_ago(days))["covered"] for days in (6, 5, 4, 3, 2)]
    assert covered == [True, False, True, True, False]


@pytest.mark.parametrize("query", ["on=today", "on=2026-02-30", "on=", "day=2026-01-01", "on=2026-01-01&on=2026-01-02"])
def test_an_odd_question_is_refused(client: FlaskClient, query: str) -> None:
    """400."""
    assert a_chart(client).get(f"coverage/?{query}").status_code == 400


def _listed(chart: Chart, query: str) -> list[str]:
    lines = chart.client.get(f"{WORKLIST}?{query}", headers=chart.headers).json["results"]
    return [f"{line['enrollment']['program']} {line['patient_name']}" for line in lines]


def test_the_practices_list_finds_who_lacks_consent_and_whose_order_ends(client: FlaskClient) -> None:
    """By program, running or not, due for renewal, without consent."""
    chart = a_chart(client, first_name="Covered", last_name="One")
    _in_rpm(chart)
    bare = Chart(client, chart.provider, a_patient(chart.provider.actor, last_name="Two").id, chart.headers)
    bare.post("orders/", order_body(ends_on=str(days_ahead(40))))
    bare.post("enrollments/", enrollment_body(starts_on=days_ago(9)))
    bare.post("enrollments/", enrollment_body(program="CCM", ends_on=days_ago(1)))
    assert _listed(chart, "missing_consent=true&active=true") == ["RPM Ann Two"]
    assert _listed(chart, "missing_consent=false") == ["RPM Covered One"]
    assert _listed(chart, "active=false") == _listed(chart, "program=CCM") == ["CCM Ann Two"]
    assert _listed(chart, f"renewal_due_before={days_ahead(11)}") == ["RPM Ann Two"]
    assert _listed(chart, f"renewal_due_before={days_ahead(10)}") == []
    assert _listed(chart, "program=RPM&ordering=renewal_due_on") == ["RPM Ann Two", "RPM Covered One"]


def test_the_practices_list_pages_and_refuses_odd_questions(client: FlaskClient) -> None:
    """In the envelope of all lists."""
    chart = a_chart(client)
    for program in ("RPM", "CCM", "PCM"):
        chart.post("enrollments/", enrollment_body(program=program))
    page = client.get(f"{WORKLIST}?page_size=2&active=true", headers=chart.headers).json
    assert (page["count"], len(page["results"]), "active=true" in page["next"]) == (3, 2, True)
    for query in ("active=yes", "program=XYZ", "ordering=id", "renewal_due_before=soon", "patient=1"):
        assert client.get(f"{WORKLIST}?{query}", headers=chart.headers).status_code == 400


def test_archived_patients_and_errors_are_not_on_the_list(client: FlaskClient) -> None:
    """It is for people who have something to do."""
    chart = a_chart(client)
    wrong = chart.post("enrollments/", enrollment_body(program="CCM")).json["id"]
    chart.post(f"enrollments/{wrong}/discharge/", {"reason": "entered_in_error", "outcome": "unknown"})
    chart.post("enrollments/", enrollment_body())
    assert _listed(chart, "") == ["RPM Ann Example"]
    chart.post("archive/", {"reason": "moved"})
    assert _listed(chart, "") == []


def test_a_patient_sees_only_their_own_lines_of_the_list(client: FlaskClient) -> None:
    """As everywhere."""
    chart = a_chart(client)
    other = Chart(client, chart.provider, a_patient(chart.provider.actor, last_name="Two").id, chart.headers)
    for each in (chart, other):
        each.post("enrollments/", enrollment_body())
    own = a_user(chart.provider.actor.practice_id, Role.PATIENT, patient_id=chart.patient_id)
    assert _listed(Chart(client, own, chart.patient_id, signed_in(client, own)), "") == ["RPM Ann Example"]
