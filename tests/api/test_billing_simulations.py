"""The simulator over HTTP: the real month, last year's rules, supposed facts, and not a byte written."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.domain.billing.runs import RunRequest
from app.domain.roles import Role
from app.extensions import db
from app.services.billing.run import generate_entries
from tests.attack import hostile
from tests.billing import Monitored, closed_period, days_from, monitored
from tests.builders import a_user, in_house, signed_in

URL, START = "/api/v1/billing/simulate/", closed_period()
MONTH = f"{START + timedelta(days=29):%Y-%m}"
# Everything of the practice but the trail itself (which records that somebody asked) and sessions of signing in.
_TABLES = text(
    """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'practice_id'
        AND table_name NOT LIKE 'audit%' AND table_name NOT LIKE '%session%' AND table_name NOT LIKE '%token%'
        AND table_name NOT IN ('users', 'login_attempts')
    ORDER BY table_name
    """
)


def _patient(days: int = 14) -> Monitored:
    of = monitored(START)
    of.measures(*days_from(START, days))
    return of


def _ask(client: FlaskClient, of: Monitored, **body: Any) -> Any:
    answer = client.post(URL, json={"month": MONTH, **body}, headers=signed_in(client, of.biller))
    assert answer.status_code == 200, answer.text
    return answer.json


def _checksums(of: Monitored) -> dict[str, str]:
    """Return a checksum of all rows of every table that the practice can read."""
    with in_house(of.biller.actor):
        tables = list(db.session.scalars(_TABLES))
        return {
            name: str(db.session.scalar(text(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t")))
            for name in tables if db.session.scalar(text("SELECT has_table_privilege(:name, 'SELECT')"), {"name": name})
        }  # fmt: skip


def test_a_scenario_that_changes_nothing_is_exactly_the_real_month(client: FlaskClient) -> None:
    """The same dollars as the ledger after a run."""
    of = _patient(16)
    found = _ask(client, of)
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    assert (found["flips"]["results"], found["baseline_amount"]) == ([], found["scenario_amount"])
    assert found["scenario_amount"] == of.row("amount").amount == Decimal("52.11")


def test_2025_beside_2026(client: FlaskClient) -> None:
    """Without 99445 a period of 14 days pays nothing."""
    of = _patient()
    found = _ask(client, of, rule_set="2025")
    (code,) = found["by_code"]
    assert (code["cpt_code"], code["amount"], code["scenario_amount"]) == ("99445", Decimal("52.11"), 0)
    (flip,) = found["flips"]["results"]
    assert (flip["was_billable"], flip["reasons"]) == (True, ["CODE_NOT_EFFECTIVE"])
    assert flip["patient_id"] == str(of.patient_id)


def test_two_days_more_and_a_call(client: FlaskClient) -> None:
    """14 days become 16: the short code gives way to the long one; a call of 20 minutes brings 99457."""
    of = _patient()
    more = {"days": [(START + timedelta(days=days)).isoformat() for days in (20, 21)]}
    call = {"on": (START + timedelta(days=29)).isoformat(), "seconds": 1200, "patient_id": str(of.patient_id)}
    found = _ask(client, of, overrides={"readings": [more], "minutes": [call]})
    assert {(one["cpt_code"], one["is_billable"]) for one in found["flips"]["results"]} == {
        ("99445", False), ("99454", True), ("99457", True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dates", "amount"),
    [
        ({"from": 0}, 0), ({"from": 1}, 52.11), ({"to": 0}, 0), ({"to": -1}, 52.11), ({"from": 0, "to": 0}, 0),
        ({"from": 1, "to": 2}, 52.11), ({}, 0),
    ],
)  # fmt: skip
def test_thresholds_of_another_year_hold_on_the_dates_that_are_named(
    client: FlaskClient, dates: dict[str, int], amount: float
) -> None:
    """The service date decides: on the first and the last day of them, and on the days around them."""
    of, service_date = _patient(), START + timedelta(days=29)
    said = {name: str(service_date + timedelta(days=days)) for name, days in dates.items()}
    found = _ask(client, of, rule_set="2025", overrides={"threshold_dates": said} if said else {})
    assert found["scenario_amount"] == Decimal(str(amount))


def test_lines_that_flip_come_in_pages(client: FlaskClient) -> None:
    """In one order, with the count of all and links that keep the size; the sums are of everybody on each page."""
    of = _patient()
    for _ in range(2):
        other = monitored(START, of.provider.actor.practice_id, (of.provider, of.biller))
        other.measures(*days_from(START, 14))
    whole = _ask(client, of, rule_set="2025")["flips"]
    headers = signed_in(client, of.biller)
    seen, link = [], f"{URL}?page_size=2"
    while link:
        page = client.post(link, json={"month": MONTH, "rule_set": "2025"}, headers=headers).json
        assert (page["flips"]["count"], page["patients"], page["baseline_amount"]) == (3, 3, Decimal("156.33"))
        seen.append(page["flips"]["results"])
        link = page["flips"]["next"]
    assert [len(one) for one in seen] == [2, 1]
    assert [flip for one in seen for flip in one] == whole["results"]
    assert client.post(f"{URL}?page=1000000", json={"month": MONTH}, headers=headers).json["flips"]["results"] == []
    for wrong in (
        *(("page", value) for value in hostile.PAGES),
        *(("page_size", value) for value in hostile.PAGE_SIZES),
    ):
        answer = client.post(URL, query_string=dict([wrong]), json={}, headers=headers)
        assert (answer.status_code, list(answer.json["field_errors"])) == (400, [wrong[0]])


def test_the_same_question_gives_the_same_answer_and_writes_nothing(client: FlaskClient) -> None:
    """Every table of the practice has the same checksum before and after."""
    of = _patient()
    _ask(client, of)  # the first question to a practice's book founds it
    before = _checksums(of)
    assert len(before) > 20
    body = {"rule_set": "2025", "overrides": {"readings": [{"days": [START.isoformat()]}]}}
    assert _ask(client, of, **body) == _ask(client, of, **body)
    assert _checksums(of) == before
    of.measures(START + timedelta(days=25))
    assert _checksums(of) != before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rule_set": "1999"}, "rule_set"), ({"fee_schedule": str(uuid4())}, "fee_schedule"),
        ({"overrides": {"drop": [{"patient_id": str(uuid4()), "ends_on": "2026-10-01"}]}}, "overrides"),
        ({"overrides": {"threshold_dates": {"from": "2026-10-01"}}}, "rule_set"),
        (
            {"rule_set": "2025", "overrides": {"threshold_dates": {"from": "2026-10-02", "to": "2026-10-01"}}},
            "overrides.threshold_dates.to",
        ),
        ({"overrides": {"settings": {"color": 1}}}, "overrides"), ({"color": 1}, "color"),
    ],
)  # fmt: skip
def test_what_there_is_not_is_refused(client: FlaskClient, body: dict, field: str) -> None:
    """By the field's name."""
    of = a_user(role=Role.BILLING_MANAGER)
    answer = client.post(URL, json=body, headers=signed_in(client, of))
    assert (answer.status_code, field in answer.json["field_errors"]) == (400, True)
