"""The forecast and the worklist of a practice: facts from the database, the outlook from the domain. Writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.backtest import Backtest, Tally
from app.domain.billing.clocks import DAY, Window, month_of
from app.domain.billing.facts import Book, Horizon, PatientFacts
from app.domain.billing.insight import OutlookQuery
from app.domain.billing.outlook import Outlook, Rank, horizon_of, outlooks, rank, scored
from app.domain.enrolment.programs import Program
from app.domain.paging import Page, sorted_page
from app.domain.patient_csv import csv_line
from app.models import Patient
from app.services.billing.books import load_book
from app.services.billing.facts import load_patients
from app.services.billing.run import BATCH, candidates
from app.services.parts import handed_on
from app.services.transaction import now, transaction

BACK = timedelta(days=183)  # of the backtest
_HEADER = (
    "patient_id", "patient_name", "clock", "window_start", "window_end", "so_far", "target", "needed", "days_left",
    "act_by", "probability", "standing", "at_stake", "gaps", "program",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownOutlook:
    """An outlook with its patient."""

    patient: Patient
    outlook: Outlook

    @property
    def name(self) -> str:
        """The patient's name."""
        return f"{self.patient.first_name} {self.patient.last_name}"


@dataclass(frozen=True, slots=True)
class ThresholdBacktest:
    """How good the forecasts of one threshold were."""

    threshold: str
    result: Backtest


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """How good forecasts were, by threshold."""

    thresholds: list[ThresholdBacktest]


def list_forecasts(actor: Actor, query: OutlookQuery) -> Page[ShownOutlook]:
    """Return one page of forecasts of all open windows."""
    return _listed(actor, query, "billing:forecast", only_open=False)


def list_worklist(actor: Actor, query: OutlookQuery) -> Page[ShownOutlook]:
    """Return one page of the windows in which something is left to do or was lost."""
    return _listed(actor, query, "billing:worklist", only_open=True)


def worklist_csv(actor: Actor, query: OutlookQuery) -> Iterator[str]:
    """Return the worklist as a file, made part by part; of those parts that are not yet made only places are kept."""
    asked = replace(query, as_of=query.as_of or now())
    with transaction() as session:
        places = sorted(_ranks(session, actor, asked, only_open=True))
    return handed_on(_parts(actor, asked, places))


def _parts(actor: Actor, query: OutlookQuery, places: Sequence[Rank]) -> Iterator[str]:
    """Yield the header, and a part of the lines at a time, each read in a transaction that records whom it shows."""
    header = csv_line(_HEADER)
    for first in range(0, max(1, len(places)), BATCH):  # an empty list is recorded as well
        with transaction() as session:
            shown = _at(session, actor, query, places[first : first + BATCH])
            events.record(session, "billing:worklist_export", "billing_entry", subject_ids=_subjects(shown))
        yield header + "".join(csv_line(_cells(one)) for one in shown)
        header = ""


def backtest_forecasts(actor: Actor, as_of: datetime | None, program: Program = Program.RPM) -> BacktestReport:
    """Score a program's forecasts that would have been made in the half year before a moment, by threshold."""
    moment = as_of or now()
    last = moment.astimezone(UTC).date()
    horizon = Horizon(Window(month_of(last - BACK).starts_on, last), moment)
    tallies: dict[str, Tally] = {}
    with transaction() as session:
        for facts, book in every_patient(session, actor, horizon):
            for threshold, case in scored(facts, book, horizon, program):
                tallies.setdefault(threshold, Tally()).add(case)
        events.record(session, "billing:backtest", "billing_entry")
    return BacktestReport([ThresholdBacktest(name, tally.result()) for name, tally in sorted(tallies.items())])


def every_patient(
    session: Session, actor: Actor, horizon: Horizon, chosen: Sequence[UUID] | None = None
) -> Iterator[tuple[PatientFacts, Book]]:
    """Yield the facts of those who are chosen, or of everybody whom billing looks at in the time, by batches of ids."""
    book = load_book(session, actor.practice_id)
    ids = candidates(session, actor.practice_id, horizon) if chosen is None else chosen
    for first in range(0, len(ids), BATCH):
        found = load_patients(session, actor.practice_id, ids[first : first + BATCH], horizon)
        for one in sorted(found):
            yield found[one], book


def shown_patients(session: Session, actor: Actor, ids: set[UUID]) -> dict[UUID, Patient]:
    """Return patients of the practice by id."""
    wanted = select(Patient).where(Patient.practice_id == actor.practice_id, Patient.id.in_(ids))
    return {patient.id: patient for patient in session.scalars(wanted)} if ids else {}


def _listed(actor: Actor, query: OutlookQuery, action: str, *, only_open: bool) -> Page[ShownOutlook]:
    """Return one page: every window is forecast, batch by batch; only the places of the page and before it are kept."""
    asked = replace(query, as_of=query.as_of or now())
    with transaction() as session:
        page = sorted_page(_ranks(session, actor, asked, only_open=only_open), query.paging)
        shown = _at(session, actor, asked, page.items)
        events.record(session, action, "billing_entry", subject_ids=_subjects(shown))
        return Page(shown, page.count, query.paging)


def _ranks(session: Session, actor: Actor, query: OutlookQuery, *, only_open: bool) -> Iterator[Rank]:
    """Yield the place of every window that is wanted, in no order."""
    as_of = query.as_of or now()
    chosen = [query.patient_id] if query.patient_id else None
    for facts, book in every_patient(session, actor, _around(as_of), chosen):
        for one in outlooks(facts, book, as_of, query.programs):
            if query.clock in {None, one.clock} and not (only_open and one.is_settled):
                yield rank(one, query.ordering)


def _at(session: Session, actor: Actor, query: OutlookQuery, places: Sequence[Rank]) -> list[ShownOutlook]:
    """Return the windows of places, in their order; one that is gone meanwhile is left out."""
    as_of, ids = query.as_of or now(), {patient_id for _, patient_id, *_ in places}
    if not ids:
        return []
    book = load_book(session, actor.practice_id)
    facts = load_patients(session, actor.practice_id, ids, _around(as_of))
    found = {one.key: one for known in facts.values() for one in outlooks(known, book, as_of, query.programs)}
    patients = shown_patients(session, actor, set(facts))
    return [ShownOutlook(patients[key[0]], found[key]) for _, *rest in places if (key := tuple(rest)) in found]


def _around(as_of: datetime) -> Horizon:
    horizon = horizon_of(as_of)
    return replace(horizon, window=Window(horizon.window.starts_on - DAY, horizon.window.ends_on))


def _subjects(shown: Iterable[ShownOutlook]) -> list[UUID]:
    return sorted({one.patient.id for one in shown})


def _cells(shown: ShownOutlook) -> list[object]:
    one, step = shown.outlook, shown.outlook.next_step
    of_step = [step.so_far, step.target] if step else ["", ""]
    sure = [step.act_by, step.probability, step.standing.value] if step else ["", 1, "secured"]
    window = one.forecast.window
    return [
        shown.patient.id, shown.name, one.clock, window.starts_on, window.ends_on, *of_step, one.needed,
        one.forecast.days_left, *sure, one.forecast.at_stake, " ".join(one.gaps), one.program.value,
    ]  # fmt: skip
