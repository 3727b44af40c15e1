"""The pages that look ahead and back in billing, in a real browser, wide and narrow."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.domain.billing.runs import RunRequest
from app.services.billing.run import generate_entries
from app.services.patients.records import get_patient
from tests.billing import closed_period, days_from, monitored
from tests.browser.looks import Onlooker, enter
from tests.builders import in_house

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


def test_worklist_simulator_and_reports(open_page: Open, any_width: Size, look: Onlooker) -> None:
    """Reasons open, a scenario is compared, the revenue is drawn."""
    start = closed_period()
    of = monitored(start)
    of.measures(*days_from(start, 16), *days_from(start + timedelta(days=30), 2))
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    page = open_page(any_width)
    enter(page, of.biller, "/admin/billing/worklist")
    page.get_by_text("Why").first.click()
    expect(page.get_by_text("days are left in the").first).to_be_visible()
    look.at(page, "billing-worklist")
    page.get_by_role("navigation", name="Billing").get_by_role("link", name="Simulator").click()
    page.get_by_label("Rules", exact=True).select_option("2025")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="becomes")).to_be_visible()
    look.at(page, "billing-simulator")
    page.get_by_label("Rules", exact=True).select_option("")
    with in_house(of.provider.actor):
        number = get_patient(of.provider.actor, of.patient_id).mrn
    page.get_by_label("record number").fill(number)
    page.get_by_label("The patient left, last day").fill(start.isoformat())
    page.get_by_label("Month", exact=True).fill(f"{start + timedelta(days=29):%Y-%m}")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("region", name="Lines that come or go")).to_contain_text("99454 goes")
    look.at(page, "billing-simulator-drop")
    page.get_by_role("navigation", name="Billing").get_by_role("link", name="Reports").click()
    expect(page.locator("#revenue[data-drawn]")).to_be_visible()
    look.at(page, "billing-reports")
