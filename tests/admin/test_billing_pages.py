"""Billing in the console: the month, the ledger, impacts, payers, fees, and a patient's tab."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.enrolment.programs import Program
from app.domain.roles import Role
from bench.statements import counting
from tests.admin.visits import enter, send, token, version_on
from tests.billing import Monitored, closed_period, days_from, ledger, monitored
from tests.builders import a_patient, a_practice, a_user

MONTH, ENTRIES = "/admin/billing/month", "/admin/billing/entries"
TODAY = datetime.now(UTC).date()
PAGES = (MONTH, ENTRIES, "/admin/billing/impacts", "/admin/billing/payers", "/admin/billing/policies",
         "/admin/billing/fee-schedules")  # fmt: skip
_ENTRY = re.compile(r'href="(/admin/billing/entries/[0-9a-f-]{36})"')


@pytest.fixture
def patient() -> Monitored:
    """Somebody with sixteen days in a period that is over."""
    found = monitored(closed_period())
    found.measures(*days_from(found.starts_on, 16))
    return found


def _billing(client: FlaskClient, of: Monitored) -> FlaskClient:
    enter(client, of.biller)
    assert send(client, "/admin/billing/run", MONTH).status_code == 303
    return client


def _entry(client: FlaskClient) -> str:
    found = _ENTRY.search(client.get(ENTRIES).text)
    assert found is not None
    return found[1]


def _move(client: FlaskClient, entry: str, to: str, **fields: Any) -> Any:
    return send(client, f"{entry}/move", entry, to=to, version=version_on(client, entry), **fields)


@pytest.mark.parametrize(
    ("role", "read", "writes"),
    [
        (Role.ADMIN, 200, True), (Role.BILLING_MANAGER, 200, True), (Role.CLINICAL_MANAGER, 200, False),
        (Role.PROVIDER, 200, False), (Role.NURSE, 403, False), (Role.MA, 403, False), (Role.DATA_MONITOR, 403, False),
    ],
)  # fmt: skip
def test_who_sees_billing_and_who_may_change_it(client: FlaskClient, role: Role, read: int, writes: bool) -> None:
    """Whoever only reads is shown no form, and is refused when they send one."""
    enter(client, a_user(a_practice(), role))
    pages = [client.get(path) for path in PAGES]
    assert {page.status_code for page in pages} == {read}
    if read == 200:
        assert ("Run the engine now" in pages[0].text, "Add a payer" in pages[3].text) == (writes, writes)
        assert send(client, "/admin/billing/run", MONTH).status_code == (303 if writes else 403)
    else:
        assert ">Billing</a>" not in client.get("/admin/patients").text


def test_the_month_shows_days_minutes_contact_and_what_is_missing(client: FlaskClient) -> None:
    """Of a patient with two days, no time and no documented training."""
    of = monitored(TODAY - timedelta(days=3))
    of.measures(*days_from(TODAY - timedelta(days=2), 2))
    page = enter(client, of.biller).get(MONTH).text
    for text in ("2 of 16 days with data; 16 can be reached", "14 missing", "10:00 to 10 minutes, by",
                 "Call or visit by", "Write the training down",
                 "Set-up and training are not written down.", "99445"):  # fmt: skip
        assert text in page


def test_a_period_that_cannot_reach_sixteen_days_is_marked(client: FlaskClient) -> None:
    """And found by the filter."""
    of = monitored(TODAY - timedelta(days=27))
    of.measures(TODAY - timedelta(days=26))
    page = enter(client, of.biller).get(f"{MONTH}?only=days_lost").text
    assert "16 cannot be reached" in page
    assert "row--critical" in page
    assert "Nobody matches." in client.get(f"{MONTH}?only=days_open").text


def test_the_month_of_another_program_has_its_own_marks(client: FlaskClient) -> None:
    """Chronic care counts minutes to 20 and 40, no days, and needs no live contact."""
    of = monitored(TODAY - timedelta(days=3))
    of.joins(Program.CCM)
    page = enter(client, of.biller).get(f"{MONTH}?program=CCM").text
    assert "Minutes, to 20 and 40" in page
    assert "Days pay nothing here" in page
    assert "Not needed" in page


@pytest.mark.parametrize("query", ["month=2026-13", "only=everybody", "ordering=name", "page=0"])
def test_a_senseless_question_gets_a_page_that_says_so(client: FlaskClient, query: str) -> None:
    """400."""
    assert enter(client, a_user(role=Role.BILLING_MANAGER)).get(f"{MONTH}?{query}").status_code == 400


def test_the_month_costs_the_same_for_one_patient_as_for_five(
    app: Flask, client: FlaskClient, patient: Monitored
) -> None:
    """A fixed number of statements, however many are on the page."""
    enter(client, patient.biller)
    client.get(MONTH)
    with counting() as one:
        client.get(MONTH)
    for _ in range(4):
        more = monitored(closed_period(), patient.biller.actor.practice_id, (patient.provider, patient.biller))
        more.measures(*days_from(more.starts_on, 3))
    with counting() as five:
        client.get(MONTH)
    assert one == five


def test_the_engines_run_tells_what_it_did(client: FlaskClient, patient: Monitored) -> None:
    """And again: nothing to change."""
    _billing(client, patient)
    assert "The engine looked at 1 patient: 1 entered." in client.get(MONTH).text
    send(client, "/admin/billing/run", MONTH)
    assert "nothing to change" in client.get(MONTH).text


def test_a_line_shows_what_proves_it_and_goes_its_way(client: FlaskClient, patient: Monitored) -> None:
    """Submitted, denied with a reason, appealed, paid; the history tells it all."""
    _billing(client, patient)
    entry = _entry(client)
    page = client.get(entry).text
    assert (page.count("<td>SN-"), "Consent, RPM" in page, "16 days" in page) == (
        16,
        True,
        True,
    ) or patient.serial in page
    assert _move(client, entry, "submitted").status_code == 303
    assert _move(client, entry, "denied").status_code == 400  # a denial needs its reason
    assert _move(client, entry, "denied", reason="CO-50").status_code == 303
    assert _move(client, entry, "appealed").status_code == 303
    assert _move(client, entry, "paid").status_code == 303
    page = client.get(entry).text
    assert [page.index(text) for text in ("“CO-50”", "<p>Appealed</p>", "<p>Paid</p>")] == sorted(
        page.index(text) for text in ("“CO-50”", "<p>Appealed</p>", "<p>Paid</p>")
    )
    assert _move(client, entry, "submitted").status_code == 409
    assert _move(client, entry, "nowhere").status_code == 400


def test_a_step_on_an_outdated_page_is_refused(client: FlaskClient, patient: Monitored) -> None:
    """412 in words, nothing changed."""
    _billing(client, patient)
    entry = _entry(client)
    seen = version_on(client, entry)
    _move(client, entry, "submitted")
    answer = send(client, f"{entry}/move", entry, to="void", reason="late", version=seen)
    assert (answer.status_code, "Somebody changed this" in answer.text) == (412, True)
    assert ledger(patient) == [("99454", "submitted", 1)]


def test_ticked_lines_are_submitted_each_for_itself(client: FlaskClient, patient: Monitored) -> None:
    """One that clashes stays, and the page says why."""
    _billing(client, patient)
    own = _entry(client).rpartition("/")[2]
    new = f"/admin/patients/{patient.patient_id}/billing/new"
    lines = {
        "cpt_code": "99454",
        "service_date": (patient.starts_on + timedelta(days=29)).isoformat(),
        "amount": "52.11",
    }
    other = send(client, new, **lines, units="1").location.rpartition("/")[2]
    alone = send(client, new, cpt_code="99453", service_date=patient.starts_on.isoformat(), amount="21.71", units="1")
    form = {"csrf_token": token(client, ENTRIES), "entry_ids": [own, other, alone.location.rpartition("/")[2]]}
    page = client.post(f"{ENTRIES}/submit", data=form, follow_redirects=True).text
    assert "1 line submitted." in page
    assert page.count("One stayed:") == 2
    assert sorted(status for _, status, _ in ledger(patient)) == ["pending", "pending", "submitted"]
    assert client.post(f"{ENTRIES}/submit", data={"csrf_token": form["csrf_token"]}).status_code == 400


def test_a_line_by_hand_is_entered_changed_and_refused_field_by_field(client: FlaskClient) -> None:
    """What was typed stays in a refused form."""
    biller = a_user(a_practice(), Role.BILLING_MANAGER)
    patient_id = a_patient(a_user(biller.actor.practice_id).actor).id
    new = f"/admin/patients/{patient_id}/billing/new"
    enter(client, biller)
    wrong = send(client, new, cpt_code="99457", service_date="2026-10-31", amount="fifty", notes="called twice")
    assert (wrong.status_code, "Not a valid number." in wrong.text, "called twice" in wrong.text) == (400, True, True)
    entry = send(
        client, new, cpt_code="99457", service_date="2026-10-31", amount="51.77", icd10_codes="i10, E11.9"
    ).location
    assert "E11.9" in client.get(entry).text
    version = version_on(client, entry)
    send(client, f"{entry}/edit", entry, version=version, amount="50", service_date="2026-10-30", units="1", notes="")
    assert "99457, $50.00" in client.get(entry).text


def test_another_practices_line_is_not_there(app: Flask, client: FlaskClient, patient: Monitored) -> None:
    """Like an id that does not exist, to look at and to move."""
    _billing(client, patient)
    entry = _entry(client)
    other = enter(app.test_client(), a_user(role=Role.BILLING_MANAGER))
    assert other.get(entry).status_code == 404
    assert send(other, f"{entry}/move", "/admin/billing/payers", to="void", reason="x", version="1").status_code == 404
    assert "No line matches" in other.get(ENTRIES).text


def test_a_payer_and_its_policy_are_written_down(client: FlaskClient) -> None:
    """The policy's prefixes reach the page; a second one from that day is refused in words."""
    enter(client, a_user(role=Role.BILLING_MANAGER))
    payer = send(client, "/admin/billing/payers", name="Example Health", claim_payer_id="E1").location
    policy = {
        "effective_from": "2026-07-01", "min_days_99453": "16", "mue_99458": "3", "covered_dx_prefixes": "I50, o10",
        "interactive_modes": ["phone"], "require_period_closed": "yes",
    }  # fmt: skip
    assert send(client, f"{payer}/policies", payer, **policy).status_code == 303
    page = client.get(payer).text
    assert "Covers diagnoses that begin with I50, O10" in page
    assert "99453 after 16 days" in page
    assert send(client, f"{payer}/policies", payer, **policy).status_code == 409
    wrong = send(client, f"{payer}/policies", payer, **{**policy, "min_days_99453": "40"})
    assert wrong.status_code == 400
    assert send(client, "/admin/billing/payers", name="example health").status_code == 409


def test_a_fee_schedule_is_added_and_priced(client: FlaskClient) -> None:
    """A price once written is not overwritten."""
    enter(client, a_user(role=Role.BILLING_MANAGER))
    basics = {"name": "Local", "effective_from": "2026-01-01", "conversion_factor": "33.4009", "gpci_work": "1.05"}
    schedule = send(client, "/admin/billing/fee-schedules", **basics).location
    price = {"code": "99457", "amount": "54.20"}
    assert send(client, f"{schedule}/fees", schedule, version=version_on(client, schedule), **price).status_code == 303
    assert "$54.20" in client.get(schedule).text
    again = send(client, f"{schedule}/fees", schedule, version=version_on(client, schedule), **price)
    assert again.status_code == 409
    send(client, schedule, version=version_on(client, schedule), name="Old", effective_to="2026-06-30")
    assert "Not used" in client.get(schedule).text
    assert send(client, "/admin/billing/fee-schedules", **{**basics, "conversion_factor": "x"}).status_code == 400


def test_circumstances_are_written_on_the_patients_tab(client: FlaskClient) -> None:
    """By the care team, who see no line of the ledger."""
    nurse = a_user(a_practice(), Role.NURSE)
    tab = f"/admin/patients/{a_patient(nurse.actor).id}/billing"
    enter(client, nurse)
    future = (TODAY + timedelta(days=3)).isoformat()
    assert send(client, f"{tab}/circumstances", tab, kind="setup_training", starts_on=future).status_code == 400
    sent = send(client, f"{tab}/circumstances", tab, kind="setup_training", starts_on="2026-10-01", note="by phone")
    assert sent.status_code == 303
    page = client.get(tab).text
    assert ("Oct 1, 2026" in page, "by phone" in page, "Billing entries" in page) == (True, True, False)
    void = re.search(rf'action="({tab}/circumstances/[0-9a-f-]+/void)"', page)
    assert void is not None
    assert send(client, void[1], tab).status_code == 303
    assert send(client, void[1], tab).status_code == 409


def test_rooms_that_are_not_there_yet_are_not_led_to(client: FlaskClient) -> None:
    """Every room of the navigation is a page."""
    enter(client, a_user(role=Role.BILLING_MANAGER))
    rooms = re.search(r'aria-label="Billing">(.*?)</nav>', client.get(MONTH).text, re.DOTALL)
    assert rooms is not None
    assert {client.get(path).status_code for path in re.findall(r'href="([^"]+)"', rooms[1])} == {200}
