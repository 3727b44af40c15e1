"""The double-count guard over HTTP: each case is refused or flagged, by its rule and with the rows that clash."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.enrolment.programs import Program
from tests.billing import Monitored, monitored
from tests.builders import a_user, signed_in

API = "/api/v1/billing/"
MONTH_ENDS = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
BEFORE = MONTH_ENDS.replace(day=1) - timedelta(days=1)


class Ledger:
    """A patient whose lines are written by hand."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.of = client, monitored(BEFORE - timedelta(days=40))
        self.headers = signed_in(client, self.of.biller)

    def enter(self, code: str, day: date = MONTH_ENDS) -> str:
        """Enter a line."""
        body = {"patient_id": str(self.of.patient_id), "cpt_code": code, "service_date": str(day), "amount": 50}
        answer = self.client.post(f"{API}entries/", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])

    def told(self, entry: str) -> list[tuple[str, set[str], bool]]:
        """Return a line's conflicts: rule, rows, and whether it is refused."""
        found = self.client.get(f"{API}entries/{entry}/", headers=self.headers).json["conflicts"]
        return [(one["rule"], set(one["ids"]), one["is_hard"]) for one in found if one["rule"] != "DC05"]

    def submit(self, entry: str) -> Any:
        """Send a line out."""
        return self.client.post(f"{API}entries/{entry}/submit/", json={}, headers=self.headers)


@pytest.mark.parametrize(
    ("code", "other", "rule"),
    [
        ("99445", "99454", "DC03"), ("99454", "99445", "DC03"), ("99470", "99457", "DC04"), ("99457", "99470", "DC04"),
        ("98980", "99457", "DC07"), ("99457", "98980", "DC07"), ("99453", "99453", "DC08"), ("99091", "99457", "DC09"),
        ("99490", "G0557", "DC11"), ("99495", "G0557", "DC11"), ("G0556", "99496", "DC11"), ("98016", "G0558", "DC11"),
        ("99457", "99457", "DC12"),
    ],
)  # fmt: skip
def test_two_lines_that_exclude_each_other_are_refused_with_rule_and_rows(
    client: FlaskClient, code: str, other: str, rule: str
) -> None:
    """Whichever was there first: the second does not go out."""
    ledger = Ledger(client)
    first, second = ledger.enter(other), ledger.enter(code)
    refused = ledger.submit(second)
    assert ledger.told(second) == [(rule, {first, second}, True)]
    assert (refused.status_code, refused.json["code"]) == (409, "billing_conflict")
    assert all(part in refused.json["detail"] for part in (rule, first, second))


@pytest.mark.parametrize(("code", "base"), [("99458", "99457"), ("G0568", "G0557")])
def test_an_add_on_without_its_base_is_refused_by_rule_until_the_base_is_there(
    client: FlaskClient, code: str, base: str
) -> None:
    """In its own month; the month before does not carry it."""
    ledger = Ledger(client)
    line = ledger.enter(code)
    ledger.enter(base, BEFORE)
    assert ledger.told(line) == [("DC10", {line}, True)]
    assert "DC10" in ledger.submit(line).json["detail"]
    ledger.enter(base)
    assert (ledger.told(line), ledger.submit(line).status_code) == ([], 200)


@pytest.mark.parametrize(
    ("code", "other"), [("99495", "99457"), ("99496", "99490"), ("99484", "99457"), ("99484", "G0557")]
)
def test_other_services_stand_beside_monitoring_and_care(client: FlaskClient, code: str, other: str) -> None:
    """Transitional care and behavioural integration, in the same month."""
    ledger = Ledger(client)
    ledger.enter(other)
    line = ledger.enter(code)
    assert (ledger.told(line), ledger.submit(line).status_code) == ([], 200)


@pytest.mark.parametrize(
    ("code", "other", "day"),
    [("99457", "99470", BEFORE), ("99454", "99445", MONTH_ENDS - timedelta(days=30)), ("99457", "98980", BEFORE)],
)
def test_the_same_lines_one_month_or_period_apart_go_out(
    client: FlaskClient, code: str, other: str, day: date
) -> None:  # fmt: skip
    """The other side of each edge."""
    ledger = Ledger(client)
    ledger.enter(other, day)
    assert ledger.submit(ledger.enter(code)).status_code == 200


def test_a_second_practice_in_the_window_is_refused_with_the_row_that_tells_of_it(client: FlaskClient) -> None:
    """One day of it suffices."""
    ledger = Ledger(client)
    care = signed_in(client, ledger.of.provider)
    url = f"/api/v1/patients/{ledger.of.patient_id}/billing-circumstances/"
    body = {"kind": "other_practitioner", "starts_on": str(MONTH_ENDS), "ends_on": str(MONTH_ENDS)}
    told = client.post(url, json=body, headers=care).json["id"]
    entry = ledger.enter("99454")
    assert ledger.told(entry) == [("DC06", {entry, told}, True)]
    assert told in ledger.submit(entry).json["detail"]


def test_treatment_without_a_live_contact_of_that_month_is_flagged(client: FlaskClient) -> None:
    """A call of the evening before is of another month; one on the last day is of this."""
    ledger = Ledger(client)
    ledger.of.is_called(BEFORE, 5, hour=22)
    entry = ledger.enter("99457")
    assert _flags(ledger, entry) == [("DC05", [entry], False)]
    ledger.of.is_called(MONTH_ENDS, 5)
    assert _flags(ledger, entry) == []
    assert ledger.submit(entry).status_code == 200


def test_the_same_minutes_in_two_programs_are_flagged_with_both_entries(client: FlaskClient) -> None:
    """By two people at once; minutes apart are not."""
    ledger = Ledger(client)
    nurse = a_user(ledger.of.provider.actor.practice_id)
    colleague = Monitored(nurse, ledger.of.biller, ledger.of.patient_id, "", ledger.of.starts_on)
    mine = str(ledger.of.is_called(MONTH_ENDS, 20))
    apart = ledger.enter("99457")
    assert _flags(ledger, apart) == []
    theirs = str(colleague.is_called(MONTH_ENDS, 20, Program.CCM))
    assert ledger.told(apart) == [("DC02", {apart, mine, theirs}, False)]


def test_overlapping_time_of_one_person_is_refused_with_rule_and_row(client: FlaskClient) -> None:
    """In two programs of one patient."""
    of = monitored(BEFORE)
    first = str(of.is_called(MONTH_ENDS, 20))
    start = datetime(MONTH_ENDS.year, MONTH_ENDS.month, MONTH_ENDS.day, 16, 10, tzinfo=UTC)
    body = {
        "patient_id": str(of.patient_id), "program": "CCM", "activity": "data_review", "note": "x",
        "started_at": start.isoformat(), "ended_at": (start + timedelta(minutes=20)).isoformat(),
    }  # fmt: skip
    refused = client.post(f"{API}time-logs/", json=body, headers=signed_in(client, of.provider))
    assert (refused.status_code, refused.json["code"]) == (409, "time_overlap")
    assert "TIME_DOUBLE_COUNTED" in refused.text
    assert first in refused.text


def _flags(ledger: Ledger, entry: str) -> list[tuple[str, list[str], bool]]:
    found = ledger.client.get(f"{API}entries/{entry}/", headers=ledger.headers).json["conflicts"]
    return [(one["rule"], one["ids"], one["is_hard"]) for one in found]
