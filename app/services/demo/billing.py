"""The demo's billing: time of the nurse's, documented trainings, one run of the engine, and lines on their way."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.domain.actor import Actor
from app.domain.billing.books import NewPayer, NewPolicy
from app.domain.billing.entries import EntryStatus
from app.domain.billing.facts import CircumstanceKind, NewCircumstance
from app.domain.billing.policy import PolicySettings
from app.domain.billing.runs import RunRequest
from app.domain.billing.time_logs import Activity, Mode, NewTimeLog, Work
from app.domain.enrolment.programs import Program
from app.domain.paging import PageRequest
from app.models import BillingEntry
from app.services.billing.circumstances import list_circumstances, record_circumstance, void_circumstance
from app.services.billing.life_cycle import move_entry
from app.services.billing.payers import create_payer
from app.services.billing.policies import create_policy
from app.services.billing.run import generate_entries
from app.services.billing.submission import submit_entries
from app.services.billing.time_entries import create_time_log
from app.services.transaction import now, transaction

# Minutes of a call and of looking at data, by turns: 12, 21, 45, 18, and 14 without a call.
_EFFORTS = ((7, 5), (12, 9), (20, 25), (8, 10), (0, 14))
_DAYS = 18
_WORKED_FOR, _SENT = 48, 16  # patients, lines: enough to look at, and quick
_TRAINED = 49  # days ago, when the demo's devices were handed over and enrolments began


def play_billing(staff: dict[str, Actor], patients: Sequence[UUID]) -> None:
    """Log time, write trainings down, run the engine, send some lines out, and let a late fact touch one of them."""
    nurse, biller = staff["nurse"], staff["billing"]
    for number, patient_id in enumerate(patients):
        if number < _WORKED_FOR and number % 7 != 6:  # noqa: PLR2004 - every seventh nobody has called yet
            _work(nurse, patient_id, number)
        if number < _WORKED_FOR and number % 5 != 4:  # noqa: PLR2004 - and of every fifth the training is not written down
            _train(nurse, patient_id)
    _pay(biller)
    generate_entries(biller, RunRequest())
    _send(biller)
    _regret(nurse, biller)


def _work(nurse: Actor, patient_id: UUID, number: int) -> None:
    """Log a call and a look at the data, at an hour that nobody else's work has."""
    call, look = _EFFORTS[number % len(_EFFORTS)]
    day, hour = now().date() - timedelta(days=1 + number % _DAYS), 8 + number // _DAYS
    start = datetime.combine(day, time(hour), ZoneInfo("America/New_York"))
    if call:
        work = Work(
            Program.RPM, Activity.PATIENT_CONTACT, Mode.PHONE, note="Asked how it goes, went through the trend."
        )
        create_time_log(nurse, NewTimeLog(patient_id, work, start, start + timedelta(minutes=call)))
        start += timedelta(minutes=call)
    work = Work(Program.RPM, Activity.DATA_REVIEW, note="Readings of the last weeks looked at." if number % 4 else "")
    create_time_log(nurse, NewTimeLog(patient_id, work, start, start + timedelta(minutes=look)))


def _train(nurse: Actor, patient_id: UUID) -> None:
    day = _day_of_training()
    training = NewCircumstance(CircumstanceKind.SETUP_TRAINING, day, day, Program.RPM, note="Measured together once.")
    record_circumstance(nurse, patient_id, training)


def _day_of_training() -> date:
    return now().date() - timedelta(days=_TRAINED)


def _pay(biller: Actor) -> None:
    """Write two payers down; one of them covers heart failure and hypertension only."""
    create_payer(biller, NewPayer("Medicare", "DEMO1"))
    strict = create_payer(biller, NewPayer("UnitedHealthcare", "DEMO2"))
    settings = PolicySettings(covered_dx_prefixes=("I10", "I50"))
    create_policy(biller, strict.id, NewPolicy(date(now().year, 1, 1), settings))


def _send(biller: Actor) -> None:
    """Submit the oldest of what is pending; some of it has an answer."""
    sent = _lines(biller, EntryStatus.PENDING)
    submit_entries(biller, sent[:_SENT])
    for number, entry_id in enumerate(_lines(biller, EntryStatus.SUBMITTED)):
        if number % 3 == 0:
            move_entry(biller, entry_id, EntryStatus.PAID, None, None)
        elif number % 7 == 1:
            move_entry(biller, entry_id, EntryStatus.DENIED, "CO-16: information is missing", None)


def _regret(nurse: Actor, biller: Actor) -> None:
    """Void a training that a submitted set-up stands on, and run the engine over its patient again."""
    with transaction() as session:
        submitted = select(BillingEntry.patient_id).where(
            BillingEntry.practice_id == biller.practice_id, BillingEntry.cpt_code == "99453",
            BillingEntry.auto_generated, BillingEntry.status == EntryStatus.SUBMITTED.value,
        )  # fmt: skip
        patient_id = session.scalars(submitted.order_by(BillingEntry.id)).first()
    if patient_id is not None:
        known = list_circumstances(nurse, patient_id, PageRequest()).items
        void_circumstance(nurse, patient_id, known[0].id)
        generate_entries(biller, RunRequest(patient_id=patient_id))


def _lines(biller: Actor, status: EntryStatus) -> list[UUID]:
    wanted = select(BillingEntry.id).where(
        BillingEntry.practice_id == biller.practice_id, BillingEntry.status == status.value
    )
    with transaction() as session:
        return list(session.scalars(wanted.order_by(BillingEntry.service_date, BillingEntry.id)))
