"""Enrolments in programs of care, over HTTP."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.enrolment import NPI, Chart, a_chart, days_ago, days_ahead, enrollment_body, order_body

_DISCHARGE = {"reason": "goals_met", "outcome": "improved"}


def _enrolled(chart: Chart, **fields: object) -> str:
    return str(chart.post("enrollments/", enrollment_body(**fields)).json["id"])


def test_an_enrolment_may_bring_its_order_along(client: FlaskClient) -> None:
    """Provider, date, parameters and diagnosis become an order on record."""
    chart = a_chart(client)
    provider = {"name": "Dr Ada Outside", "npi": NPI}
    order = {"ordering_provider": provider, "ordered_on": days_ago(12), "diagnosis_codes": ["I10", "E11.9"]}
    answer = chart.post("enrollments/", enrollment_body(**order, parameters=["weight"]))
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert answer.json | {**order, "ordering_provider": {**provider, "user_id": None}} == answer.json
    recorded = chart.get(f"orders/{answer.json['order_id']}/").json
    assert (recorded["starts_on"], recorded["parameters"]) == (days_ago(10), ["weight"])


def test_an_enrolment_may_name_an_order_on_record(client: FlaskClient) -> None:
    """Its diagnosis is the enrolment's, unless another is given."""
    chart = a_chart(client)
    order = chart.post("orders/", order_body()).json
    answer = chart.post("enrollments/", enrollment_body(order_id=order["id"]))
    assert (answer.json["order_id"], answer.json["diagnosis_codes"]) == (order["id"], ["I10"])
    assert chart.get(f"enrollments/{answer.json['id']}/").json == answer.json


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"order_id": "01a20af7-0000-7000-8000-000000000000"}, "order_id"), ({"program": "XYZ"}, "program"),
        ({"ordered_on": days_ago(1)}, "ordered_on"), ({"parameters": ["weight"]}, "parameters"),
        ({"ordering_provider": {"name": "X", "npi": NPI}}, "ordered_on"), ({"starts_on": None}, "starts_on"),
        ({"ends_on": days_ago(11)}, "ends_on"), ({"diagnosis_codes": "I10"}, "diagnosis_codes"),
        ({"episode_id": "x"}, "episode_id"), ({"discharge_reason": "other"}, "discharge_reason"),
        ({"starts_new_episode": "yes"}, "starts_new_episode"), ({"initiating_visit_on": 3}, "initiating_visit_on"),
    ],
)  # fmt: skip
def test_a_bad_or_unknown_field_is_refused_by_name(client: FlaskClient, fields: dict[str, object], wrong: str) -> None:
    """And nobody is enrolled."""
    chart = a_chart(client)
    answer = chart.post("enrollments/", enrollment_body(**fields))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [wrong])
    assert chart.get("enrollments/").json["count"] == 0


def test_an_order_for_another_program_carries_no_enrolment(client: FlaskClient) -> None:
    """RPM's is not RTM's."""
    chart = a_chart(client)
    order = chart.post("orders/", order_body()).json["id"]
    answer = chart.post("enrollments/", enrollment_body(program="RTM", order_id=order))
    assert list(answer.json["field_errors"]) == ["order_id"]


@pytest.mark.parametrize("second", ["RPM", "RTM"])
def test_rpm_and_rtm_exclude_each_other_and_themselves(client: FlaskClient, second: str) -> None:
    """409, naming what stands in the way as people would; the other programs may run beside them."""
    chart = a_chart(client)
    _enrolled(chart)
    answer = chart.post("enrollments/", enrollment_body(program=second, starts_on=days_ago(1)))
    assert (answer.status_code, answer.json["code"]) == (409, "enrollment_overlap")
    assert re.fullmatch(r"The patient is in RPM from [0-9-]{10} on\.", answer.json["detail"])
    beside = [chart.post("enrollments/", enrollment_body(program=p)).status_code for p in ("CCM", "PCM", "APCM")]
    assert beside == [201, 201, 201]


@pytest.mark.parametrize(("starts", "status"), [(6, 409), (5, 409), (4, 201)])
def test_rtm_may_begin_the_day_after_rpm_ended(client: FlaskClient, starts: int, status: int) -> None:
    """RPM ran up to and with the day five days ago."""
    chart = a_chart(client)
    _enrolled(chart, ends_on=days_ago(5))
    assert chart.post("enrollments/", enrollment_body(program="RTM", starts_on=days_ago(starts))).status_code == status


def test_of_sixty_four_parallel_enrolments_one_succeeds(app: Flask, client: FlaskClient) -> None:
    """RPM and RTM in turn; all others are told what stands in the way."""
    chart = a_chart(client)

    def enrol(number: int) -> tuple[int, str]:
        body = enrollment_body(program="RPM" if number % 2 else "RTM")
        answer = app.test_client().post(chart.url("enrollments/"), json=body, headers=chart.headers)
        return answer.status_code, answer.json.get("code", "")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(enrol, range(64)))
    assert sorted(answers) == [(201, ""), *[(409, "enrollment_overlap")] * 63]
    assert chart.get("enrollments/").json["count"] == 1


def test_named_fields_are_changed_and_a_stale_version_changes_nothing(client: FlaskClient) -> None:
    """PATCH with If-Match."""
    chart = a_chart(client)
    url = chart.url(f"enrollments/{_enrolled(chart)}/")
    body = {"ends_on": str(days_ahead(9)), "diagnosis_codes": ["J44.9"], "initiating_visit_on": days_ago(11)}
    changed = client.patch(url, json=body, headers={**chart.headers, "If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"], changed.json | body) == (200, '"2"', changed.json)
    stale = client.patch(url, json={"ends_on": None}, headers={**chart.headers, "If-Match": '"1"'})
    assert (stale.status_code, stale.json["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize("field", ["program", "patient_id", "episode_id", "discharged_at", "id", "discharge_reason"])
def test_what_must_not_be_changed_is_refused_by_name(client: FlaskClient, field: str) -> None:
    """A wrong program is discharged as entered in error."""
    chart = a_chart(client)
    url = chart.url(f"enrollments/{_enrolled(chart)}/")
    answer = client.patch(url, json={field: "RTM"}, headers=chart.headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])


@pytest.mark.parametrize(("starts", "status"), [(5, 409), (4, 200)])
def test_a_change_cannot_make_programs_overlap(client: FlaskClient, starts: int, status: int) -> None:
    """RPM ended five days ago; RTM is moved."""
    chart = a_chart(client)
    _enrolled(chart, ends_on=days_ago(5))
    url = chart.url(f"enrollments/{_enrolled(chart, program='RTM', starts_on=days_ago(2))}/")
    assert client.patch(url, json={"starts_on": days_ago(starts)}, headers=chart.headers).status_code == status


def test_a_discharge_ends_the_enrolment_with_reason_and_outcome(client: FlaskClient) -> None:
    """Today, when no day is given; then nothing can be changed any more."""
    chart = a_chart(client)
    url = f"enrollments/{_enrolled(chart)}/"
    answer = chart.post(f"{url}discharge/", {**_DISCHARGE, "discharged_on": days_ago(1), "note": "well done"})
    assert (answer.status_code, answer.json["ends_on"]) == (200, days_ago(1))
    said = [answer.json[f"discharge_{part}"] for part in ("reason", "outcome", "note")]
    assert said == ["goals_met", "improved", "well done"]
    assert chart.post(f"{url}discharge/", _DISCHARGE).status_code == 409
    assert client.patch(chart.url(url), json={"ends_on": None}, headers=chart.headers).status_code == 409


@pytest.mark.parametrize(("days", "status"), [(11, 400), (10, 200), (1, 200), (-2, 400)])
def test_a_discharge_lies_between_the_start_and_today(client: FlaskClient, days: int, status: int) -> None:
    """It began ten days ago."""
    chart = a_chart(client)
    body = {**_DISCHARGE, "discharged_on": days_ago(days)}
    assert chart.post(f"enrollments/{_enrolled(chart)}/discharge/", body).status_code == status


def test_an_enrolment_entered_in_error_stands_in_nobodys_way(client: FlaskClient) -> None:
    """The right one can be entered for the same days."""
    chart = a_chart(client)
    wrong = _enrolled(chart, program="RTM")
    chart.post(f"enrollments/{wrong}/discharge/", {"reason": "entered_in_error", "outcome": "unknown"})
    assert chart.post("enrollments/", enrollment_body()).status_code == 201


@pytest.mark.parametrize(
    ("reason", "fields", "is_same"),
    [
        ("patient_request", {}, True), ("goals_met", {}, False),
        ("patient_request", {"starts_new_episode": True}, False),
        ("goals_met", {"starts_new_episode": False}, True), ("entered_in_error", {}, False),
        ("patient_request", {"program": "RTM"}, False),
    ],
)  # fmt: skip
def test_an_episode_of_care_goes_on_until_its_goals_are_met(
    client: FlaskClient, reason: str, fields: dict[str, object], *, is_same: bool
) -> None:
    """A new enrolment continues the former's episode, unless its goals were met or the caller says otherwise."""
    chart = a_chart(client)
    first = chart.post("enrollments/", enrollment_body()).json
    body = {"reason": reason, "outcome": "stable", "discharged_on": days_ago(5)}
    chart.post(f"enrollments/{first['id']}/discharge/", body)
    second = chart.post("enrollments/", enrollment_body(starts_on=days_ago(2), **fields)).json
    assert (second["episode_id"] == first["episode_id"]) is is_same


def test_an_archived_patient_is_not_enrolled(client: FlaskClient) -> None:
    """They must be brought back first."""
    chart = a_chart(client)
    chart.post("archive/", {"reason": "moved"})
    refused = chart.post("enrollments/", enrollment_body())
    assert (refused.status_code, refused.json["code"]) == (409, "patient_archived")


def test_an_enrolment_with_an_idempotency_key_happens_once(client: FlaskClient) -> None:
    """The repetition gets the first answer, not a conflict."""
    chart = a_chart(client)
    twice = [chart.post("enrollments/", enrollment_body(), **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [201, 201]
    assert twice[0].json == twice[1].json


def test_archiving_a_patient_ends_their_enrolments_that_day(client: FlaskClient) -> None:
    """With no more said than is known; what ended before, and its reason, stays."""
    chart = a_chart(client)
    over = _enrolled(chart, program="CCM")
    chart.post(f"enrollments/{over}/discharge/", _DISCHARGE)
    running = _enrolled(chart)
    chart.post("archive/", {"reason": "moved to Ohio"})
    ended = chart.get(f"enrollments/{running}/").json
    told = [ended[f"discharge_{part}"] for part in ("reason", "outcome", "note")]
    assert told == ["other", "unknown", "moved to Ohio"]
    assert chart.get(f"enrollments/{over}/").json["discharge_reason"] == "goals_met"


def test_an_enrolment_that_had_not_begun_never_counts_after_archiving(client: FlaskClient) -> None:
    """And nothing runs again when the patient comes back."""
    chart = a_chart(client)
    planned = _enrolled(chart, starts_on=str(days_ahead(7)))
    chart.post("archive/", {"reason": "moved"})
    chart.post("unarchive/", {"reason": "back"})
    assert chart.get(f"enrollments/{planned}/").json["discharge_reason"] == "entered_in_error"
    assert chart.post("enrollments/", enrollment_body()).status_code == 201
