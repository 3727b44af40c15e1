"""The console's worklist, simulator and reports of billing, and the download of a line's evidence."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.billing.codes import Reason
from app.domain.billing.runs import RunRequest
from app.domain.roles import Role
from app.services.billing.run import generate_entries
from app.services.patients.records import get_patient
from tests.admin.visits import enter, send, token, version_on
from tests.billing import Monitored, closed_period, days_from, monitored
from tests.builders import a_patient, a_user, in_house

TODAY = datetime.now(UTC).date()


def _billed() -> Monitored:
    start = closed_period()
    of = monitored(start)
    of.measures(*days_from(start, 16), *days_from(start + timedelta(days=30), 2))
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    return of


def test_the_worklist_shows_what_is_needed_and_why(client: FlaskClient) -> None:
    """Reasons are there without a script."""
    of = _billed()
    enter(client, of.biller)
    page = client.get("/admin/billing/worklist").text
    assert "more days with data" in page
    assert "a live contact" in page
    assert "days are left in the period" in page


def test_the_simulator_compares_and_says_what_is_wrong(client: FlaskClient) -> None:
    """A form and its answer; an impossible day is a 400 with the form as it was sent."""
    of = _billed()
    enter(client, of.biller)
    sent = token(client, "/admin/billing/simulator")
    form = {"csrf_token": sent, "rule_set": "2025", "month": f"{closed_period() + timedelta(days=29):%Y-%m}"}
    page = client.post("/admin/billing/simulator", data=form)
    assert (page.status_code, "$52.11 becomes $52.11" in page.text) == (200, True)
    wrong = client.post("/admin/billing/simulator", data={**form, "days": "soon"})
    assert (wrong.status_code, 'value="soon"' in wrong.text) == (400, True)


def test_the_simulator_supposes_of_one_patient(client: FlaskClient) -> None:
    """Named by record number: enrolled, or gone; without one there is nobody to enrol, and of a wrong one nobody."""
    of = _billed()
    enter(client, of.biller)
    with in_house(of.provider.actor):
        stranger = a_patient(of.provider.actor)
        known = get_patient(of.provider.actor, of.patient_id)
    start = closed_period()
    form = {
        "csrf_token": token(client, "/admin/billing/simulator"), "program": "RPM",
        "month": f"{start + timedelta(days=29):%Y-%m}",
    }  # fmt: skip

    def page(**fields: str) -> Any:
        return client.post("/admin/billing/simulator", data={**form, **fields})

    left = page(patient=known.mrn.lower(), ends_on=f"{start + timedelta(days=4)}")
    assert (left.status_code, "99454 goes" in left.text) == (200, True)
    called = page(patient=stranger.mrn, starts_on=f"{start}", minutes="20", on=f"{start + timedelta(days=29)}")
    assert "99457 comes" in called.text
    assert 'name="starts_on" type="date" value="' in called.text
    for fields, words in (({"starts_on": f"{start}"}, "Say whom"), ({"patient": "MRN-X"}, "No patient has this")):
        refused = page(**fields)
        assert (refused.status_code, words in refused.text) == (400, True)
    limited = page(rule_set="2025", rules_from=f"{start + timedelta(days=30)}")
    assert "None: the lines are the same." in limited.text


def test_the_reports_show_revenue_days_and_leaks(client: FlaskClient) -> None:
    """What the ledger holds; the set-up that nobody documented."""
    of = _billed()
    enter(client, of.biller)
    page = client.get(f"/admin/billing/reports?month={closed_period() + timedelta(days=29):%Y-%m}").text
    assert "$52.11" in page
    assert "Set-up and training are not written down." in page
    assert 'id="revenue"' in page


def test_a_patients_page_leads_to_what_is_left_to_do_for_them(client: FlaskClient) -> None:
    """The worklist of one patient says so, and leads back to everybody's."""
    of = _billed()
    enter(client, of.biller)
    there = f"/admin/billing/worklist?patient_id={of.patient_id}"
    assert there in client.get(f"/admin/patients/{of.patient_id}/billing").text
    assert "Of one patient." in client.get(there).text


@pytest.mark.parametrize("page", ["worklist", "reports"])
def test_what_a_page_of_figures_shows_can_be_kept_as_files(client: FlaskClient, page: str) -> None:
    """Every link that says CSV leads to one with a heading."""
    of = _billed()
    enter(client, of.biller)
    asked = f"?month={closed_period() + timedelta(days=29):%Y-%m}" if page == "reports" else ""  # what has lines
    links = re.findall(
        r'href="(/admin/billing/[^"]+)"[^>]*>(?:Download )?CSV', client.get(f"/admin/billing/{page}{asked}").text
    )
    files = [client.get(unescape(link)) for link in links]
    assert {(file.status_code, file.mimetype) for file in files} == {(200, "text/csv")}
    assert all(file.data.startswith("\ufeff".encode()) for file in files)  # who clicks opens it in Excel
    assert len(files) == {"worklist": 1, "reports": 7}[page]


def test_no_page_of_billing_shows_the_engines_codes_for_reasons(client: FlaskClient) -> None:
    """A reason is a sentence; where it is put right is a link."""
    of = _billed()
    enter(client, of.biller)
    month = f"{closed_period() + timedelta(days=29):%Y-%m}"
    pages = [client.get(f"/admin/billing/{page}?month={month}").text for page in ("month", "reports")]
    pages.append(client.get("/admin/billing/worklist").text)
    assert not any(reason in page for page in pages for reason in Reason)
    assert "Write the training down" in pages[1]


def test_a_line_that_cannot_be_proved_says_what_is_missing_on_its_page(client: FlaskClient) -> None:
    """No packet: a conflict, and the form of the page is there again."""
    of = _billed()
    enter(client, of.biller)
    entry = f"/admin/billing/entries/{of.row('id').id}"
    send(client, f"{entry}/move", entry, to="void", version=version_on(client, entry), reason="Entered twice")
    answer = send(client, f"{entry}/evidence", entry)
    assert (answer.status_code, "There is no evidence packet yet. Missing: a line that stands" in answer.text) == (
        409,
        True,
    )


def test_a_lines_evidence_is_downloaded(client: FlaskClient) -> None:
    """A ZIP to keep."""
    of = _billed()
    enter(client, of.biller)
    entry = f"/admin/billing/entries/{of.row('id').id}"
    assert f'method="post" action="{entry}/evidence"' in client.get(entry).text
    answer = send(client, f"{entry}/evidence", entry)
    assert (answer.status_code, answer.mimetype, answer.data[:2]) == (200, "application/zip", b"PK")


def test_a_nurse_sees_none_of_it(client: FlaskClient) -> None:
    """Billing is not theirs."""
    enter(client, a_user(role=Role.NURSE))
    for page in ("worklist", "simulator", "reports"):
        assert client.get(f"/admin/billing/{page}").status_code == 403
