"""One billing line over HTTP: its proof, its life cycle with history, the guard, impacts, circumstances, runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.billing import Monitored, closed_period, days_from, monitored
from tests.builders import a_patient, a_practice, a_user, signed_in

URL, START = "/api/v1/billing/entries/", closed_period()


class Desk:
    """A biller's desk with one patient."""

    def __init__(self, client: FlaskClient, of: Monitored | None = None) -> None:
        practice = a_practice()
        person = of.biller if of else a_user(practice, Role.BILLING_MANAGER)
        self.client, self.headers = client, signed_in(client, person)
        self.patient_id = of.patient_id if of else a_patient(a_user(practice).actor).id

    def enter(self, code: str = "99457", **fields: Any) -> Any:
        """Enter a line by hand."""
        body = {"patient_id": str(self.patient_id), "cpt_code": code, "service_date": "2026-10-31", "amount": 51.77}
        answer = self.client.post(URL, json={**body, **fields}, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return answer.json["id"]

    def get(self, entry_id: str) -> Any:
        """Read a line."""
        return self.client.get(f"{URL}{entry_id}/", headers=self.headers)

    def do(self, entry_id: str, step: str, body: Any = None, **headers: str) -> Any:
        """Take a step with a line."""
        return self.client.post(f"{URL}{entry_id}/{step}/", json=body or {}, headers={**self.headers, **headers})

    def patch(self, entry_id: str, **fields: Any) -> Any:
        """Change a line."""
        return self.client.patch(f"{URL}{entry_id}/", json=fields, headers=self.headers)

    def run(self, **body: Any) -> Any:
        """Run the engine."""
        return self.client.post("/api/v1/billing/generate/", json=body, headers=self.headers)


def test_a_line_goes_its_way_and_keeps_its_history(client: FlaskClient) -> None:
    """Submitted, denied, appealed, paid."""
    desk = Desk(client)
    entry = desk.enter()
    steps = (("submit", {}), ("deny", {"reason": "CO-50"}), ("appeal", {"note": "letter"}), ("mark-paid", {}))
    assert [desk.do(entry, step, body).json["status"] for step, body in steps] == [
        "submitted",
        "denied",
        "appealed",
        "paid",
    ]
    history = desk.get(entry).json["history"]
    assert [(one["from_status"], one["to_status"], one["note"]) for one in history] == [
        ("pending", "submitted", None), ("submitted", "denied", "CO-50"), ("denied", "appealed", "letter"),
        ("appealed", "paid", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("step", "body"), [("mark-paid", {}), ("deny", {"reason": "x"}), ("appeal", {})])
def test_a_step_that_leads_nowhere_is_refused(client: FlaskClient, step: str, body: dict) -> None:
    """A pending line is neither paid nor denied nor appealed."""
    desk = Desk(client)
    answer = desk.do(desk.enter(), step, body)
    assert (answer.status_code, answer.json["code"]) == (409, "entry_move_not_allowed")


def test_a_void_line_stays_void_and_says_why(client: FlaskClient) -> None:
    """And a reason is needed."""
    desk = Desk(client)
    entry = desk.enter()
    assert desk.do(entry, "void").json["field_errors"].keys() == {"reason"}
    assert desk.do(entry, "void", {"reason": "twice"}).json["void_cause"] == "person"
    assert desk.do(entry, "submit").status_code == 409


def test_a_stale_version_is_refused(client: FlaskClient) -> None:
    """ETag and If-Match."""
    desk = Desk(client)
    entry = desk.enter()
    tag = desk.get(entry).headers["ETag"]
    assert desk.do(entry, "submit", **{"If-Match": tag}).status_code == 200
    assert desk.do(entry, "mark-paid", **{"If-Match": tag}).status_code == 412


def test_a_pending_line_by_hand_can_be_changed_and_one_that_went_out_cannot(client: FlaskClient) -> None:
    """But for its notes."""
    desk = Desk(client)
    entry = desk.enter()
    assert desk.patch(entry, amount=40, units=2).json["amount"] == 40
    assert desk.get(entry).json["units"] == 2
    desk.patch(entry, units=1)
    desk.do(entry, "submit")
    assert desk.patch(entry, amount=1).status_code == 409
    assert desk.patch(entry, notes="called").json["notes"] == "called"


def test_lines_that_clash_are_told_and_not_submitted_without_a_reason(client: FlaskClient) -> None:
    """99457 and 99470 in one month: rule and rows; the reason is kept."""
    desk = Desk(client)
    long, short = desk.enter("99457"), desk.enter("99470")
    told = [one for one in desk.get(short).json["conflicts"] if one["is_hard"]]
    assert told == [{"rule": "DC04", "ids": [short, long], "is_hard": True, "detail": told[0]["detail"]}]
    refused = desk.do(short, "submit")
    assert (refused.status_code, refused.json["code"]) == (409, "billing_conflict")
    assert all(part in refused.json["detail"] for part in ("DC04", short, long))
    assert desk.do(short, "submit", {"override_reason": "payer asks"}).json["history"][0]["note"] == "payer asks"


def test_a_code_that_is_not_in_force_is_refused_by_name(client: FlaskClient) -> None:
    """99445 in 2025."""
    desk = Desk(client)
    body = {"patient_id": str(desk.patient_id), "cpt_code": "99445", "service_date": "2025-12-31", "amount": 52.11}
    answer = client.post(URL, json=body, headers=desk.headers)
    assert answer.json["field_errors"].keys() == {"cpt_code"}


def test_a_void_line_is_found_by_its_status(client: FlaskClient) -> None:
    """The documented filter knows it."""
    desk = Desk(client)
    entry = desk.enter()
    desk.do(entry, "void", {"reason": "twice"})
    found = client.get(f"{URL}?status=void", headers=desk.headers).json["results"]
    assert [one["id"] for one in found] == [entry]


def test_a_month_from_readings_to_a_line_that_went_out_and_a_late_reading(client: FlaskClient) -> None:
    """Generated, submitted, a 16th day, an impact, acknowledged; the line itself is as it was."""
    patient = monitored(START)
    patient.measures(*days_from(START, 15))
    desk = Desk(client, patient)
    assert desk.run().json == {
        "patients": 1, "entered": 1, "refreshed": 0, "reinstated": 0, "taken_back": 0, "impacts": 0,
    }  # fmt: skip
    (entry,) = client.get(f"{URL}?cpt_code=99445", headers=desk.headers).json["results"]
    detail = desk.get(entry["id"]).json
    assert (entry["auto_generated"], str(entry["amount"]), len(detail["evidence"]["days"])) == (True, "52.11", 15)
    assert detail["rule_set_id"] == "2026"
    desk.do(entry["id"], "submit")
    patient.measures(START + timedelta(days=20))
    assert desk.run(patient_id=str(patient.patient_id)).json["impacts"] == 1
    assert client.get(URL, headers=desk.headers).json["count"] == 1
    (impact,) = client.get("/api/v1/billing/impacts/?acknowledged=false", headers=desk.headers).json["results"]
    assert (impact["kind"], impact["after"]["replaced_by"], impact["entry_status"]) == (
        "replaced",
        "99454",
        "submitted",
    )
    url = f"/api/v1/billing/impacts/{impact['id']}/acknowledge/"
    done = client.post(url, json={"note": "corrected claim sent"}, headers=desk.headers)
    assert (done.json["note"], done.json["acknowledged_at"] is None) == ("corrected claim sent", False)
    assert client.post(url, json={}, headers=desk.headers).status_code == 409


def test_an_engine_line_can_be_voided_and_the_engine_leaves_it(client: FlaskClient) -> None:
    """A person's word stands."""
    patient = monitored(START)
    patient.measures(*days_from(START, 16))
    desk = Desk(client, patient)
    desk.run()
    (entry,) = client.get(URL, headers=desk.headers).json["results"]
    assert desk.patch(entry["id"], amount=1).status_code == 409
    desk.do(entry["id"], "void", {"reason": "not ours"})
    assert desk.run().json["reinstated"] == 0
    assert desk.get(entry["id"]).json["status"] == "void"


def test_documented_training_lets_set_up_be_billed(client: FlaskClient) -> None:
    """By the care team; voided it counts for nothing."""
    patient = monitored(START)
    patient.measures(*days_from(START, 2))
    desk = Desk(client, patient)
    care = signed_in(client, patient.provider)
    url = f"/api/v1/patients/{patient.patient_id}/billing-circumstances/"
    told = client.post(url, json={"kind": "setup_training", "starts_on": str(START), "program": "RPM"}, headers=care)
    assert (told.status_code, told.json["ends_on"]) == (201, str(START))
    desk.run()
    (line,) = client.get(f"{URL}?cpt_code=99453", headers=desk.headers).json["results"]
    assert str(line["amount"]) == "21.71"
    assert client.post(f"{url}{told.json['id']}/void/", headers=care).json["voided_at"] is not None
    assert desk.run().json["taken_back"] == 1
    assert client.get(url, headers=care).json["count"] == 1


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "nonsense"}, "kind"), ({"ends_on": str(START - timedelta(days=1)), "kind": "qmb"}, "ends_on"),
        ({"ends_on": str(START + timedelta(days=1))}, "ends_on"),
        ({"practitioner_id": 2_000_000_000}, "practitioner_id"),
        ({"starts_on": str(datetime.now(UTC).date() + timedelta(days=3))}, "starts_on"),
    ],
)  # fmt: skip
def test_a_circumstance_that_cannot_be_is_refused_by_name(client: FlaskClient, fields: dict, wrong: str) -> None:
    """Training and visits are of one day that has come."""
    provider = a_user(a_practice())
    patient = a_patient(provider.actor)
    body = {"kind": "setup_training", "starts_on": str(START), **fields}
    url = f"/api/v1/patients/{patient.id}/billing-circumstances/"
    answer = client.post(url, json=body, headers=signed_in(client, provider))
    assert (answer.status_code, wrong in answer.json["field_errors"]) == (400, True)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "October", "1999-10"])
def test_a_month_that_there_is_not_is_refused(client: FlaskClient, month: str) -> None:
    """YYYY-MM."""
    assert Desk(client).run(month=month).json["field_errors"].keys() == {"month"}


def test_a_patient_of_another_practice_is_not_found(client: FlaskClient) -> None:
    """As any id that there is not."""
    assert Desk(client).run(patient_id=str(monitored(START).patient_id)).status_code == 404
