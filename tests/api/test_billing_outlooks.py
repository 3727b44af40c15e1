"""The worklist, the forecast and its backtest over HTTP."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.billing import Monitored, days_from, monitored
from tests.builders import a_user, signed_in

URL = "/api/v1/billing/"
TODAY = datetime.now(UTC).date()


def _running(days: int = 14) -> Monitored:
    """Return a patient whose period began so many days ago and who measured on each of them."""
    start = TODAY - timedelta(days=days)
    patient = monitored(start)
    patient.measures(*days_from(start, days))
    return patient


def _get(client: FlaskClient, of: Monitored, path: str, **query: Any) -> Any:
    answer = client.get(f"{URL}{path}", query_string=query, headers=signed_in(client, of.biller))
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_forecast_says_how_far_how_likely_and_why(client: FlaskClient) -> None:
    """07 N1: per window days so far, left, needed, probability, standing, dollars, reasons with their inputs."""
    of = _running()
    days = next(one for one in _get(client, of, "forecast/")["results"] if one["clock"] == "days")
    short, long = days["chances"]
    assert (short["probability"], short["standing"], short["act_by"]) == (1.0, "secured", None)
    assert (long["so_far"], long["missing"], long["target"]) == (14, 2, 16)
    assert 0 < long["probability"] < 1
    assert len(days["reasons"]) >= 3
    assert all(one["text"] and one["inputs"] for one in days["reasons"])
    assert days["patient_id"] == str(of.patient_id)


def test_a_fixed_moment_gives_the_same_answer_whatever_came_later(client: FlaskClient) -> None:
    """Deterministic for `as_of`; a reading day more never lowers a probability."""
    of = _running(10)
    moment = datetime.now(UTC).isoformat()
    before = _get(client, of, "forecast/", as_of=moment, clock="days")
    assert _get(client, of, "forecast/", as_of=moment, clock="days") == before
    earlier = _get(client, of, "forecast/", as_of=(datetime.now(UTC) - timedelta(days=4)).isoformat(), clock="days")
    assert earlier["results"][0]["chances"][1]["so_far"] < before["results"][0]["chances"][1]["so_far"]


def test_the_worklist_says_what_is_needed_until_when_and_for_how_much(client: FlaskClient) -> None:
    """14 of 16 days; the minutes of the month have no live contact yet."""
    of = _running()
    items = {one["clock"]: one for one in _get(client, of, "worklist/")["results"]}
    days = items["days"]
    assert (days["needed"], days["is_lost"]) == ("2 more days with data", False)
    assert date.fromisoformat(days["next_step"]["act_by"]) > TODAY
    assert items["minutes"]["needed"] == "10 more minutes and a live contact"
    assert items["minutes"]["at_stake"] > 0


def test_the_worklist_is_ordered_and_filtered(client: FlaskClient) -> None:
    """By dollars; one clock; unknown words are refused."""
    of = _running()
    for ordering, is_downward in (("-at_stake", True), ("at_stake", False)):
        found = [one["at_stake"] for one in _get(client, of, "worklist/", ordering=ordering)["results"]]
        assert found == sorted(found, reverse=is_downward)
    assert {one["clock"] for one in _get(client, of, "worklist/", clock="days")["results"]} == {"days"}
    refused = client.get(f"{URL}worklist/?ordering=name", headers=signed_in(client, of.biller))
    assert refused.status_code == 400


def test_the_worklist_as_a_file(client: FlaskClient) -> None:
    """One line a window, under a header."""
    of = _running()
    answer = client.get(f"{URL}worklist/export/", headers=signed_in(client, of.biller))
    lines = answer.text.splitlines()
    assert (answer.mimetype, len(lines)) == ("text/csv", 3)
    assert lines[0].startswith("patient_id,patient_name,clock")
    assert any("2 more days with data" in line for line in lines)


def test_another_practice_sees_nothing(client: FlaskClient) -> None:
    """Neither a line nor a count."""
    _running()
    other = signed_in(client, a_user(role=Role.BILLING_MANAGER))
    for path in ("forecast/", "worklist/"):
        assert client.get(f"{URL}{path}", headers=other).json["count"] == 0


def test_the_backtest_gives_a_score_and_ten_bins(client: FlaskClient) -> None:
    """Of a period that is over."""
    start = TODAY - timedelta(days=40)
    of = monitored(start)
    of.measures(*days_from(start, 20))
    found = {one["threshold"]: one for one in _get(client, of, "forecast/backtest/")["thresholds"]}
    assert found["days_16"]["count"] == 5
    assert [float(one["low"]) for one in found["days_16"]["bins"]] == [number / 10 for number in range(10)]
    assert 0 <= found["days_16"]["brier"] <= 1
