"""The what-if simulator on a practice's own data: loads the real month, asks the domain, writes nothing but the trail.

The one event recorded says that somebody asked; no table of the practice's own is touched.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.clocks import month_of
from app.domain.billing.facts import Book, Horizon
from app.domain.billing.insight import WhatIf
from app.domain.billing.local_months import month_of as local_month
from app.domain.billing.rules import rule_book
from app.domain.billing.simulate import Flip, Scenario, Simulation, simulate
from app.domain.errors import ValidationFailed
from app.domain.paging import Page, PageRequest, page_in_order
from app.models import FeeScheduleRow, Patient, Practice
from app.services.billing.books import load_book
from app.services.billing.outlooks import every_patient, shown_patients
from app.services.billing.run import candidates
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class ShownFlip:
    """A line that would come or go, with its patient."""

    patient: Patient
    flip: Flip

    @property
    def name(self) -> str:
        """The patient's name."""
        return f"{self.patient.first_name} {self.patient.last_name}"


@dataclass(frozen=True, slots=True)
class ShownSimulation:
    """A comparison with its patients."""

    found: Simulation
    flips: Page[ShownFlip]
    patients: int


def run_simulation(actor: Actor, asked: WhatIf, paging: PageRequest) -> ShownSimulation:
    """Compare the real month with the scenario; raises ValidationFailed for rules, fees or patients there are not.

    Patients are compared batch by batch; sums and flips are kept, and nobody's facts. Of the flips a page is shown.
    """
    with transaction() as session:
        book = load_book(session, actor.practice_id)
        scenario = _with_fees(asked.scenario, asked.fee_schedule_id, book)
        _require_rule_set(scenario)
        horizon = _horizon(session, actor, asked)
        chosen = _chosen(session, actor, horizon, scenario)
        facts = (one for one, _ in every_patient(session, actor, horizon, chosen))
        found = simulate(facts, book, horizon, scenario)
        page = page_in_order(found.flips, paging)
        patients = shown_patients(session, actor, {one.patient_id for one in page.items})
        events.record(session, "billing:simulate", "billing_entry", subject_ids=sorted(patients))
        shown = [ShownFlip(patients[one.patient_id], one) for one in page.items]
        return ShownSimulation(found, Page(shown, page.count, paging), found.patients)


def fee_schedules(actor: Actor) -> list[FeeScheduleRow]:
    """Return the practice's fee schedules, the newest first, to choose from."""
    with transaction() as session:
        load_book(session, actor.practice_id)
        wanted = select(FeeScheduleRow).where(FeeScheduleRow.practice_id == actor.practice_id)
        return list(session.scalars(wanted.order_by(FeeScheduleRow.effective_from.desc(), FeeScheduleRow.name)))


def rule_sets() -> list[str]:
    """Return the ids of all rule sets, the oldest first."""
    return [one.id for one in rule_book().sets]


def _horizon(session: Session, actor: Actor, asked: WhatIf) -> Horizon:
    zone = session.scalar(select(Practice.timezone).where(Practice.id == actor.practice_id)) or "UTC"
    return Horizon(month_of((asked.month or local_month(now(), zone)).first_day), asked.as_of or now())


def _chosen(session: Session, actor: Actor, horizon: Horizon, scenario: Scenario) -> list[UUID]:
    """Return everybody whom billing looks at in the month, and those whom the scenario names."""
    said = [one.patient_id for one in scenario.enrol] + [one.patient_id for one in scenario.drop]
    maybe = [one.patient_id for one in scenario.readings] + [one.patient_id for one in scenario.minutes]
    named = {*said, *(one for one in maybe if one is not None)}
    if named - shown_patients(session, actor, named).keys():
        raise ValidationFailed({"overrides": ["Names a patient that there is not."]})
    return sorted({*candidates(session, actor.practice_id, horizon), *named})


def _with_fees(scenario: Scenario, schedule_id: UUID | None, book: Book) -> Scenario:
    if schedule_id is None:
        return scenario
    schedule = next((one for one in book.fees.schedules if one.id == str(schedule_id)), None)
    if schedule is None:
        raise ValidationFailed({"fee_schedule": ["No such fee schedule."]})
    return replace(scenario, fees=schedule)


def _require_rule_set(scenario: Scenario) -> None:
    if scenario.rule_set_id is not None and rule_book().find(scenario.rule_set_id) is None:
        raise ValidationFailed({"rule_set": [f"Must be one of: {', '.join(rule_sets())}."]})
