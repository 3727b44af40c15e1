"""Billing in a real browser: from the month over the engine's run to a line that is sent, and the books behind it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.domain.billing.runs import RunRequest
from app.services.billing.run import generate_entries
from tests.billing import closed_period, days_from, ledger, monitored
from tests.browser.looks import Onlooker, enter
from tests.builders import in_house

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


def test_a_month_is_closed_and_a_late_reading_is_told(
    open_page: Open, any_width: Size, look: Onlooker
) -> None:  # fmt: skip
    """Run, tick, submit; a sixteenth day comes late: the line stays, and what it means is shown and settled."""
    of = monitored(closed_period())
    of.measures(*days_from(of.starts_on, 15))
    page = open_page(any_width)
    enter(page, of.biller, "/admin/billing/month")
    look.at(page, "billing-month")
    page.get_by_role("button", name="Run the engine now").click()
    expect(page.get_by_text("The engine looked at 1 patient: 1 entered.")).to_be_visible()
    page.get_by_role("navigation", name="Billing").get_by_role("link", name="Entries").click()
    look.at(page, "billing-entries")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Submit the ticked").click()
    expect(page.get_by_text("1 line submitted.")).to_be_visible()
    of.measures(of.starts_on + timedelta(days=20))
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    page.get_by_role("navigation", name="Billing").get_by_role("link", name="Impacts").click()
    expect(page.get_by_role("heading", name="Another code is right")).to_be_visible()
    look.at(page, "billing-impacts")
    page.get_by_role("link", name="99445,").click()
    expect(page.get_by_text("15 days", exact=True)).to_be_visible()
    look.at(page, "billing-entry")
    page.get_by_role("link", name="not acknowledged").click()
    page.get_by_label("What was done about it").fill("Corrected claim sent")
    page.get_by_role("button", name="Acknowledge").press("Enter")
    expect(page.get_by_text("No impact waits.")).to_be_visible()
    assert ledger(of) == [("99445", "submitted", 1)]


def test_payers_policies_fees_and_a_line_by_hand_fit_the_window(
    open_page: Open, any_width: Size, look: Onlooker
) -> None:  # fmt: skip
    """Each page with its forms open."""
    of = monitored(closed_period())
    page = open_page(any_width)
    enter(page, of.biller, "/admin/billing/payers")
    page.get_by_text("Add a payer").click()
    page.get_by_label("Name").fill("Example Health")
    page.get_by_role("button", name="Add the payer").click()
    page.get_by_text("Add a policy").click()
    look.at(page, "billing-payer")
    page.get_by_label("First service date").fill("2026-07-01")
    page.get_by_label("Covered diagnoses").fill("I50")
    page.get_by_role("button", name="Add the policy").click()
    expect(page.get_by_text("Covers diagnoses that begin with I50")).to_be_visible()
    for path, name in (
        ("/admin/billing/fee-schedules", "billing-fees"),
        (f"/admin/patients/{of.patient_id}/billing", "billing-patient"),
        (f"/admin/patients/{of.patient_id}/billing/new", "billing-new"),
    ):
        page.goto(path)
        look.at(page, name)
    page.goto("/admin/billing/fee-schedules")
    page.get_by_role("link", name="Medicare 2026, national", exact=True).click()
    look.at(page, "billing-fee-schedule")
