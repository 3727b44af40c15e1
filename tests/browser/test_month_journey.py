"""The journey of a month in a real browser: papers, first readings, a timed call, the engine, and proof."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import text

from app.crypto import packet_verify
from app.domain.roles import Role
from app.extensions import db
from app.services.transaction import transaction
from tests.billing import closed_period, days_from
from tests.browser.looks import Onlooker, enter
from tests.builders import Person, a_device, a_patient, a_practice, a_user, in_house
from tests.inbox import a_gateway, an_event, deliver
from tests.jobs import work

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]
_NOW = datetime.now(UTC)
_CALL = timedelta(minutes=21)
# A zone in which the call, which ends now, does not begin in the month before.
_ZONE = next(
    zone
    for zone in ("America/New_York", "Asia/Tokyo")
    if _NOW.astimezone(ZoneInfo(zone)).month == (_NOW - 2 * _CALL).astimezone(ZoneInfo(zone)).month
)


def test_a_month_from_the_first_reading_to_entries_and_evidence(
    open_page: Open, any_width: Size, look: Onlooker, app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    """The nurse enrols, the cuff measures, the nurse calls, the biller bills; each packet verifies on its own."""
    practice, since = a_practice(), closed_period()
    nurse, biller = a_user(practice, Role.NURSE), a_user(practice, Role.BILLING_MANAGER)
    patient = a_patient(nurse.actor, first_name="Mona", last_name="Monthly", conditions=("I10",), timezone=_ZONE)
    page = open_page(any_width)
    enter(page, nurse, f"/admin/patients/{patient.id}/consents")
    _papers(page, since, a_user(practice))
    _hand_over_a_cuff(nurse, patient.id, since)
    _measure_on(client, a_user(practice, Role.ADMIN), days_from(since, 16))
    _call(page, nurse, look)
    desk = open_page(any_width)
    enter(desk, biller, "/admin/billing/month")
    _close(desk, look)
    packets = [_packet(desk, code, tmp_path) for code in ("99453", "99454", "99457")]
    assert [_verdict(app, packet) for packet in packets] == ["OK"] * 3


def _papers(page: Page, since: date, provider: Person) -> None:
    """Record consent, order and enrolment on their tab, and the training on that of billing."""
    _record_consent(page, since)
    _record_order(page, since, provider)
    _enrol(page, since)
    page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name="Billing").click()
    page.get_by_text("Write something down").click()
    page.get_by_label("Day, or first day").fill(since.isoformat())
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("region", name="What billing must know").get_by_role("listitem")).to_have_count(1)


def _record_consent(page: Page, since: date) -> None:
    part = page.get_by_role("region", name="Consents")
    part.get_by_text("Record a consent").click()
    part.get_by_label("Program").select_option("RPM")
    part.get_by_label("How").select_option("verbal")
    part.get_by_label("Obtained on").fill(since.isoformat())
    part.get_by_label("The patient was told of the cost share").check()
    part.get_by_label("The patient was told that only one").check()
    part.get_by_role("button", name="Record the consent").click()


def _record_order(page: Page, since: date, provider: Person) -> None:
    part = page.get_by_role("region", name="Orders")
    part.get_by_text("Record an order").click()
    part.get_by_label("Program").select_option("RPM")
    part.get_by_label("Ordered by").select_option(str(provider.actor.user_id))
    part.get_by_label("Ordered on").fill(since.isoformat())
    part.get_by_label("Starts on").fill(since.isoformat())
    part.get_by_label("Blood pressure").check()
    part.get_by_role("button", name="Record the order").click()


def _enrol(page: Page, since: date) -> None:
    part = page.get_by_role("region", name="Enrolments")
    part.get_by_text("Enrol in a program").click()
    part.get_by_label("Program").select_option("RPM")
    part.get_by_label("Order").select_option(index=1)
    part.get_by_label("Starts on").fill(since.isoformat())
    part.get_by_label("Initiating visit").fill(since.isoformat())
    part.get_by_role("button", name="Enrol the patient").click()


def _hand_over_a_cuff(nurse: Person, patient_id: UUID, since: date) -> None:
    a_device(nurse.actor, patient_id, datetime.combine(since, time(), UTC), serial="CUFF-MONTH")


def _measure_on(client: FlaskClient, admin: Person, days: list[date]) -> None:
    """Let the vendor tell of one reading on each day."""
    gateway = a_gateway(admin)
    for day in days:
        event = an_event("CUFF-MONTH", at=datetime.combine(day, time(9), ZoneInfo(_ZONE)))
        assert deliver(client, gateway, event).status_code == 200
    work()


def _call(page: Page, nurse: Person, look: Onlooker) -> None:
    """Start the timer in the header, talk for 21 minutes, and stop it into an entry with a note."""
    page.get_by_role("button", name="Start the timer").click()
    _minutes_pass(nurse)
    page.get_by_role("region", name="Timer").get_by_role("link", name="Stop…").click()
    page.get_by_label("Note").fill("Went through the month's values; goes on as before.")
    page.get_by_role("combobox", name="What was done").select_option("patient_contact")
    page.get_by_label("How the patient was reached").select_option("phone")
    look.at(page, "month-timer")
    page.get_by_role("button", name="Log the time").click()
    expect(page.get_by_role("region", name="This month")).to_contain_text("21 min")
    expect(page.get_by_role("region", name="This month")).to_contain_text("1 live contact")


def _minutes_pass(nurse: Person) -> None:
    """Begin the nurse's timer earlier, which nobody wants to wait for."""
    with in_house(nurse.actor), transaction():
        for table in ("timers", "timer_stretches"):
            db.session.execute(text(f"UPDATE {table} SET started_at = started_at - :call"), {"call": _CALL})


def _close(desk: Page, look: Onlooker) -> None:
    """Look at the month, run the engine, and find three lines."""
    row = desk.get_by_role("row").filter(has_text="Monthly, Mona")
    expect(row.get_by_role("img", name="21 of 20 minutes; 20 reached")).to_be_visible()
    expect(row).to_contain_text("99457")
    desk.get_by_role("button", name="Run the engine now").click()
    expect(desk.get_by_text("The engine looked at 1 patient: 3 entered.")).to_be_visible()
    look.at(desk, "month-closed")


def _packet(desk: Page, code: str, to: Path) -> Path:
    """Open a line and download what proves it."""
    desk.get_by_role("navigation", name="Billing").get_by_role("link", name="Entries").click()
    desk.get_by_role("link", name=code, exact=True).click()
    expect(desk.get_by_role("region", name="Evidence").get_by_role("listitem").first).to_be_visible()
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Download evidence packet").click()
    file = to / f"{code}.zip"
    download.value.save_as(file)
    return file


def _verdict(app: Flask, packet: Path) -> str:
    """Verify a packet by the command, and in a process that has nothing but the verifier's file; both must agree."""
    key = app.test_cli_runner().invoke(args=["billing", "keys"]).output.split()[0]
    told = app.test_cli_runner().invoke(args=["billing", "verify", str(packet)]).output
    alone = [sys.executable, "-I", packet_verify.__file__, str(packet), "--key", key]
    done = subprocess.run(alone, cwd=packet.parent, env={}, capture_output=True, text=True, check=False)
    assert done.stdout == told
    return told[:2]
