"""Orders for programs of care, over HTTP."""

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_user
from tests.enrolment import NPI, Chart, a_chart, days_ago, days_ahead, order_body

MANY = [f"I1{sign}" for sign in "0123456789ABC"]  # thirteen


def _ordered(chart: Chart, **fields: object) -> str:
    return str(chart.post("orders/", order_body(**fields)).json["id"])


def test_an_order_of_a_practitioner_elsewhere_names_them_with_their_npi(client: FlaskClient) -> None:
    """And wants renewing thirty days before its end."""
    chart = a_chart(client)
    body = order_body(ends_on=str(days_ahead(60)))
    answer = chart.post("orders/", body)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    provider = {"user_id": None, "name": "Dr Ada Outside", "npi": NPI}
    assert answer.json | {**body, "ordering_provider": provider} == answer.json
    assert answer.json["renewal_due_on"] == str(days_ahead(30))
    assert chart.get(f"orders/{answer.json['id']}/").json == answer.json


def test_an_order_of_the_practices_own_provider_names_the_account(client: FlaskClient) -> None:
    """By name as well."""
    chart = a_chart(client)
    user = chart.provider.actor.user_id
    answer = chart.post("orders/", order_body(ordering_provider={"user_id": user}))
    assert answer.json["ordering_provider"] == {"user_id": user, "name": "Pat Tester", "npi": None}


@pytest.mark.parametrize(
    ("provider", "field"),
    [
        ({}, "ordering_provider"), ({"name": "Dr X"}, "ordering_provider.npi"),
        ({"name": "Dr X", "npi": "1234567890"}, "ordering_provider.npi"),
        ({"name": "Dr X", "npi": 1234567893}, "ordering_provider.npi"), ({"npi": NPI}, "ordering_provider"),
        ({"name": "Dr X", "npi": NPI, "user_id": 1}, "ordering_provider"), ("Dr X", "ordering_provider"),
        ({"user_id": 999_999_999}, "ordering_provider.user_id"), ({"user_id": True}, "ordering_provider.user_id"),
    ],
)  # fmt: skip
def test_a_provider_is_an_account_or_a_name_with_a_right_npi(client: FlaskClient, provider: object, field: str) -> None:
    """Neither both nor neither."""
    answer = a_chart(client).post("orders/", order_body(ordering_provider=provider))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])


@pytest.mark.parametrize("role", [Role.NURSE, Role.MA, Role.ADMIN, Role.BILLING_MANAGER])
def test_only_a_provider_of_the_practice_orders(client: FlaskClient, role: Role) -> None:
    """Others write orders down, but do not give them."""
    chart = a_chart(client)
    other = a_user(chart.provider.actor.practice_id, role)
    answer = chart.post("orders/", order_body(ordering_provider={"user_id": other.actor.user_id}))
    assert list(answer.json["field_errors"]) == ["ordering_provider.user_id"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"parameters": []}, "parameters"), ({"diagnosis_codes": []}, "diagnosis_codes"),
        ({"parameters": ["mood"]}, "parameters"), ({"parameters": ["therapy_adherence"]}, "parameters"),
        ({"diagnosis_codes": ["i10"]}, "diagnosis_codes"), ({"diagnosis_codes": MANY}, "diagnosis_codes"),
        ({"ends_on": days_ago(11)}, "ends_on"), ({"ordered_on": str(days_ahead(2))}, "ordered_on"),
        ({"starts_on": days_ago(11)}, "starts_on"), ({"renewal_due_on": days_ago(11)}, "renewal_due_on"),
        ({"ends_on": days_ago(1), "renewal_due_on": days_ago(0)}, "renewal_due_on"), ({"program": "X"}, "program"),
        ({"stopped_on": None}, "stopped_on"), ({"program": "CCM"}, "parameters"),
    ],
)  # fmt: skip
def test_a_bad_field_is_refused_by_name(client: FlaskClient, fields: dict[str, object], wrong: str) -> None:
    """An order that cannot be right is not recorded."""
    chart = a_chart(client)
    answer = chart.post("orders/", order_body(**fields))
    assert (answer.status_code, wrong in {name.split(".")[0] for name in answer.json["field_errors"]}) == (400, True)
    assert chart.get("orders/").json["count"] == 0


def test_a_renewal_is_an_order_of_its_own_that_follows_the_next_day(client: FlaskClient) -> None:
    """With everything as before that it does not say."""
    chart = a_chart(client)
    old = chart.post("orders/", order_body(ends_on=days_ago(1))).json
    answer = chart.post(f"orders/{old['id']}/renew/", {"ordered_on": days_ago(3), "ends_on": str(days_ahead(365))})
    assert (answer.status_code, answer.json["follows_id"], answer.json["starts_on"]) == (201, old["id"], days_ago(0))
    kept = ("program", "ordering_provider", "parameters", "diagnosis_codes")
    assert {name: answer.json[name] for name in kept} == {name: old[name] for name in kept}


def test_an_order_is_renewed_once(client: FlaskClient) -> None:
    """The next renewal follows the renewal."""
    chart = a_chart(client)
    old, body = _ordered(chart), {"ordered_on": days_ago(1)}
    second = chart.post(f"orders/{old}/renew/", body)
    assert chart.post(f"orders/{old}/renew/", body).status_code == 409
    assert chart.post(f"orders/{second.json['id']}/renew/", body).status_code == 201


def test_a_stopped_order_says_when_and_why_and_is_stopped_once(client: FlaskClient) -> None:
    """A stale version stops nothing."""
    chart = a_chart(client)
    url = f"orders/{_ordered(chart)}/stop/"
    assert chart.post(url, {"reason": "x"}, **{"If-Match": '"7"'}).status_code == 412
    stopped = chart.post(url, {"reason": "hospital", "stopped_on": days_ago(2)})
    assert (stopped.json["stopped_on"], stopped.json["stop_reason"]) == (days_ago(2), "hospital")
    assert chart.post(url, {"reason": "x"}).status_code == 409


def test_an_order_is_not_stopped_before_it_began(client: FlaskClient) -> None:
    """It began ten days ago."""
    chart = a_chart(client)
    answer = chart.post(f"orders/{_ordered(chart)}/stop/", {"reason": "x", "stopped_on": days_ago(11)})
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["stopped_on"])
