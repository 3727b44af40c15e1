"""Reports of billing over HTTP: revenue, days and minutes, leakage; each as a file as well."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.billing.runs import RunRequest
from app.domain.roles import Role
from app.services.billing.run import generate_entries
from tests.billing import Monitored, closed_period, days_from, monitored
from tests.builders import a_user, in_house, signed_in

URL, START = "/api/v1/billing/reports/", closed_period()
ENDS = START + timedelta(days=29)
MONTH = f"{ENDS:%Y-%m}"


def _patient(days: int) -> Monitored:
    of = monitored(START)
    of.measures(*days_from(START, days))
    return of


def _get(client: FlaskClient, of: Monitored, path: str, **query: Any) -> Any:
    answer = client.get(f"{URL}{path}", query_string=query, headers=signed_in(client, of.biller))
    assert answer.status_code == 200, answer.text
    return answer


def _billed(days: int = 16) -> Monitored:
    of = _patient(days)
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    return of


def test_revenue_by_every_group(client: FlaskClient) -> None:
    """Month, code, payer, provider, status: one line of 52.11."""
    found = _get(client, _billed(), "revenue/", group_by="month,code,payer,provider,status").json
    (row,) = found["rows"]
    assert (row["lines"], row["units"], row["amount"], found["amount"]) == (1, 1, Decimal("52.11"), Decimal("52.11"))
    group = row["group"]
    assert (group["month"], group["code"], group["payer"], group["status"]) == (MONTH, "99454", "none", "pending")
    assert group["provider"] != "none"


def test_revenue_by_dates_and_status_and_unknown_groups(client: FlaskClient) -> None:
    """Service dates are inclusive; nothing is paid yet."""
    of = _billed()
    assert _get(client, of, "revenue/", date_from=ENDS.isoformat(), date_to=ENDS.isoformat()).json["lines"] == 1
    assert _get(client, of, "revenue/", date_from=(ENDS + timedelta(days=1)).isoformat()).json["lines"] == 0
    assert _get(client, of, "revenue/", status="paid").json["amount"] == 0
    refused = client.get(f"{URL}revenue/?group_by=color", headers=signed_in(client, of.biller))
    assert (refused.status_code, "group_by" in refused.json["field_errors"]) == (400, True)


def test_compliance_tells_days_and_minutes(client: FlaskClient) -> None:
    """16 days in the period that ends in the month."""
    of = _billed()
    (row,) = _get(client, of, "compliance/", month=MONTH).json["results"]
    assert (row["days_with_data"], row["seconds"], row["live_contacts"]) == (16, 0, 0)
    assert (row["period_start"], row["billable_codes"]) == (START.isoformat(), ["99454"])


def test_leakage_tells_what_was_almost_there_and_why_not(client: FlaskClient) -> None:
    """14 of 16 days, and two days on which only typed-in values came."""
    of = _patient(14)
    of.measures(*days_from(START + timedelta(days=14), 2), source="manual")
    rows = {one["cpt_code"]: one for one in _get(client, of, "leakage/", month=MONTH).json["results"]}
    row = rows["99454"]
    assert (rows["99453"]["reasons"], rows["99453"]["is_recoverable"]) == (["SETUP_NOT_DOCUMENTED"], True)
    assert (row["cpt_code"], row["days_with_data"], row["reasons"]) == ("99454", 14, ["DAYS_LT_16"])
    assert (row["lost_days"], row["is_recoverable"]) == ({"manual": 2}, False)


@pytest.mark.parametrize(("days", "expected"), [(11, 0), (12, 1), (15, 1), (16, 0)])
def test_almost_begins_at_twelve_days(client: FlaskClient, days: int, expected: int) -> None:
    """Both sides, and what is billable is no leak."""
    found = _get(client, _patient(days), "leakage/", month=MONTH).json["results"]
    assert [one["cpt_code"] for one in found].count("99454") == expected


@pytest.mark.parametrize("report", ["revenue", "compliance", "leakage"])
def test_each_report_as_a_file(client: FlaskClient, report: str) -> None:
    """A header and a line for each row; leakage tells of the set-up as well."""
    of = _billed(14)
    month = {} if report == "revenue" else {"month": MONTH}
    answer = _get(client, of, f"{report}/export/", **month)
    lines = answer.text.splitlines()
    assert (answer.mimetype, len(lines)) == ("text/csv", 3 if report == "leakage" else 2)
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("file", ["reports/revenue", "reports/compliance", "reports/leakage", "worklist"])
def test_a_file_begins_with_a_byte_order_mark_where_it_is_wanted(client: FlaskClient, file: str) -> None:
    """Nothing else differs, it comes in pieces still; what is no file takes no such wish."""
    of, mark = _billed(14), "\ufeff".encode()
    headers = signed_in(client, of.biller)

    def get(path: str, **wish: str) -> Any:
        return client.get(f"/api/v1/billing/{path}", query_string=wish, headers=headers)

    plain, marked = get(f"{file}/export/"), get(f"{file}/export/", bom="true")
    assert (plain.status_code, plain.data.startswith(mark)) == (200, False)
    assert (marked.is_streamed, marked.data) == (True, mark + plain.data)
    assert get(f"{file}/export/", bom="false").data == plain.data
    assert get(f"{file}/export/", bom="yes").status_code == 400
    assert get(f"{file}/", bom="true").status_code == 400


def test_another_practice_sees_nothing(client: FlaskClient) -> None:
    """Neither dollars nor patients."""
    _billed()
    other = signed_in(client, a_user(role=Role.BILLING_MANAGER))
    assert client.get(f"{URL}revenue/", headers=other).json["lines"] == 0
    for report in ("compliance", "leakage"):
        assert client.get(f"{URL}{report}/?month={MONTH}", headers=other).json["count"] == 0
