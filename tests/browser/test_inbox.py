"""The inbox, the integrations and a patient's vitals in a real browser: found, looked into, replayed, decided."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.domain.roles import Role
from app.models import Patient
from app.services.gateways.registration import GatewayLine
from tests.browser.looks import Onlooker, enter
from tests.builders import Person, a_device, a_patient, a_reading, a_user
from tests.inbox import a_gateway, an_event, deliver, deliveries
from tests.jobs import work

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


@pytest.fixture
def admin() -> Person:
    """An administrator of a new practice."""
    return a_user(role=Role.ADMIN)


@pytest.fixture
def patient(admin: Person) -> Patient:
    """Whoever holds the cuff CUFF-7."""
    patient = a_patient(admin.actor, first_name="Ada", last_name="Cuffed")
    a_device(admin.actor, patient.id, datetime.now(UTC) - timedelta(days=3), serial="CUFF-7")
    return patient


@pytest.fixture
def gateway(app: Flask, admin: Person, patient: Patient) -> GatewayLine:
    """An integration: a reading, the same again, an unknown device's, an impossible one, a garbled one, a forgery."""
    gateway, client, known = a_gateway(admin), app.test_client(), an_event("CUFF-7")
    for body in (known, known, an_event("HUB-UNKNOWN"), an_event("CUFF-7", systolic=400), b'{"event_id": "x"}'):
        deliver(client, gateway, body)
    deliver(client, gateway, known, secret="of-somebody-else")
    work()
    return gateway


def test_the_inbox_is_narrowed_and_a_delivery_is_looked_into(
    open_page: Open, admin: Person, gateway: GatewayLine, any_width: Size, look: Onlooker
) -> None:
    """From all that came to the one that waits for an owner."""
    page = open_page(any_width)
    enter(page, admin, "/admin/inbox")
    expect(page.get_by_role("heading", name="6 deliveries")).to_be_visible()
    look.at(page, "inbox")
    page.get_by_label("State").select_option(label="Unknown device")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 delivery")).to_be_visible()
    page.get_by_role("rowheader").first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Whose device is this?")).to_be_visible()
    look.at(page, "inbox-orphan")


def test_a_replay_shows_what_it_would_do_before_it_does_it(
    open_page: Open, admin: Person, gateway: GatewayLine, any_width: Size, look: Onlooker
) -> None:
    """Of what was applied: nothing."""
    page = open_page(any_width)
    applied = next(row for row in deliveries(admin) if row.state == "applied")
    enter(page, admin, f"/admin/inbox/{applied.id}")
    look.at(page, "inbox-delivery")
    page.get_by_role("button", name="What would it do?").click()
    look.at(page, "inbox-replay-look")


def test_an_integration_shows_its_new_secret_once(
    open_page: Open, admin: Person, gateway: GatewayLine, any_width: Size, look: Onlooker
) -> None:
    """From the list to its page; a test can be sent."""
    page = open_page(any_width)
    enter(page, admin, "/admin/integrations/gateways")
    look.at(page, "integrations")
    page.get_by_role("link", name="Test gateway").click()
    page.get_by_role("button", name="New secret").click()
    expect(page.get_by_text("Copy the secret now.")).to_be_visible()
    look.at(page, "integration-secret")


def test_a_patients_vitals_show_what_waits_and_a_reading_is_decided_on(
    open_page: Open, admin: Person, patient: Patient, any_width: Size, look: Onlooker
) -> None:
    """Chart, table, quarantine; the reading's own page, where it is made void."""
    doctor = a_user(admin.actor.practice_id)
    for hours, systolic in ((30, 118), (20, 131), (8, 152)):
        a_reading(doctor.actor, patient.id, systolic, measured_at=datetime.now(UTC) - timedelta(hours=hours))
    a_reading(doctor.actor, patient.id, 120, diastolic=Decimal(118))
    page = open_page(any_width)
    enter(page, doctor, f"/admin/patients/{patient.id}/vitals")
    look.at(page, "vitals")
    page.get_by_role("table").get_by_role("link").first.click()
    look.at(page, "vitals-reading")
