"""The story of a reading that came after the claim was sent."""

from datetime import timedelta

from flask.testing import FlaskClient

from tests.admin.visits import enter, send, version_on
from tests.billing import closed_period, days_from, ledger, monitored
from tests.builders import signed_in

BILLING = "/api/v1/billing/"


def test_a_late_reading_lifts_fifteen_days_to_sixteen_and_changes_nothing_that_went_out(client: FlaskClient) -> None:
    """99445 stays as it was submitted; an impact names 99454, is shown in the console, and is settled there."""
    of = monitored(closed_period())
    of.measures(*days_from(of.starts_on, 15))
    headers = signed_in(client, of.biller)

    def post(path: str, **body: object) -> dict[str, object]:
        answer = client.post(f"{BILLING}{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json
        return found

    assert post("generate/")["entered"] == 1
    entry = client.get(f"{BILLING}entries/", headers=headers).json["results"][0]
    assert (entry["cpt_code"], entry["status"]) == ("99445", "pending")
    went_out = post(f"entries/{entry['id']}/submit/")

    of.measures(of.starts_on + timedelta(days=20))  # the sixteenth, from the device's memory
    assert post("generate/") == {
        "patients": 1, "entered": 0, "refreshed": 0, "reinstated": 0, "taken_back": 0, "impacts": 1,
    }  # fmt: skip
    assert client.get(f"{BILLING}entries/{entry['id']}/", headers=headers).json == went_out
    assert ledger(of) == [("99445", "submitted", 1)]
    impact = client.get(f"{BILLING}impacts/?acknowledged=false", headers=headers).json["results"][0]
    assert (impact["kind"], impact["before"]["days"], impact["after"]["days"]) == ("replaced", 15, 16)
    assert impact["after"]["replaced_by"] == "99454"
    assert post("generate/")["impacts"] == 0  # told once

    enter(client, of.biller)
    page = client.get("/admin/billing/impacts").text
    for text in ("Another code is right", "15 days with data", "16 days with data", "99454 is right"):
        assert text in page
    assert "Another code is right" in client.get(f"/admin/billing/entries/{entry['id']}").text
    settle = f"/admin/billing/impacts/{impact['id']}/acknowledge"
    version = version_on(client, "/admin/billing/impacts")
    assert (
        send(client, settle, "/admin/billing/impacts", note="Corrected claim sent", version=version).status_code == 303
    )
    assert "No impact waits." in client.get("/admin/billing/impacts").text
    assert "Corrected claim sent" in client.get("/admin/billing/impacts?acknowledged=true").text
