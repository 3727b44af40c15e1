"""The practice's on-call schedule and reaction time: setting them, and asking who it is now."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import StaleVersion, ValidationFailed
from app.domain.roles import Role
from app.domain.triage.escalation import can_answer
from app.domain.triage.on_call import OnCallSlot, on_call_at
from app.domain.triage.reaction import DEFAULT_WARNING_MINUTES
from app.models import OnCallShift, Practice, TriageSettings, User
from app.models.base import new_id
from app.services.accounts.users import names_of
from app.services.transaction import now, transaction

_NO_SUCH = "No such member of staff who can acknowledge alerts."


@dataclass(frozen=True, slots=True)
class ShownSlot:
    """A slot with its person's name."""

    slot: OnCallSlot
    user_name: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The slots in order, the zone whose clock they follow, people's names, the time to react, the version."""

    slots: tuple[OnCallSlot, ...]
    timezone: str
    names: dict[int, str]
    warning_minutes: int
    version: int

    @property
    def shown_slots(self) -> list[ShownSlot]:
        """The slots in order, with their people's names."""
        return [ShownSlot(slot, self.names.get(slot.user_id, "")) for slot in self.slots]


@dataclass(frozen=True, slots=True)
class OnCallNow:
    """Who is on call at an instant, the first to be asked first."""

    at: datetime
    people: tuple[tuple[int, str], ...]


def get_schedule(actor: Actor) -> Schedule:
    """Return the practice's schedule; version 0 is that of a practice that has never set one."""
    with transaction() as session:
        events.record(session, "on_call:read", "triage_settings", resource_id=actor.practice_id)
        return _schedule(session, actor.practice_id)


def replace_schedule(actor: Actor, slots: tuple[OnCallSlot, ...], version: int | None) -> Schedule:
    """Set the whole schedule; raises ValidationFailed for people who cannot answer, StaleVersion for an old version."""
    with transaction() as session:
        settings = _lock_settings(session, actor.practice_id, version)
        _require_answerable(session, actor.practice_id, slots)
        for shift in _shifts(session, actor.practice_id):
            session.delete(shift)
        session.add_all(_shift(actor.practice_id, position, slot) for position, slot in enumerate(slots))
        settings.updated_at = now()  # a new version, though only the shifts changed
        session.flush()
        return _schedule(session, actor.practice_id)


def set_warning_minutes(actor: Actor, minutes: int, version: int | None) -> Schedule:
    """Set how soon a warning must be acknowledged; alerts that wait already keep the time they had."""
    with transaction() as session:
        settings = _lock_settings(session, actor.practice_id, version)
        settings.warning_minutes = minutes
        session.flush()
        return _schedule(session, actor.practice_id)


def who_is_on_call_now(actor: Actor) -> OnCallNow:
    """Return who is on call at this moment."""
    at = now()
    with transaction() as session:
        on_call = find_on_call(session, actor.practice_id, at)
        names = names_of(session, actor.practice_id, on_call)
        events.record(session, "on_call:read", "triage_settings", resource_id=actor.practice_id)
        return OnCallNow(at, tuple((user_id, names[user_id]) for user_id in on_call))


def find_on_call(session: Session, practice_id: UUID, at: datetime) -> tuple[int, ...]:
    """Return the people on call at an instant who still have an account, the first to be asked first."""
    zone = session.scalars(select(Practice.timezone).where(Practice.id == practice_id)).one()
    active = select(User.id).where(User.practice_id == practice_id, User.disabled_at.is_(None))
    shifts = [_slot(shift) for shift in _shifts(session, practice_id)]
    people = set(session.scalars(active.where(User.id.in_({shift.user_id for shift in shifts})))) if shifts else set()
    return on_call_at([shift for shift in shifts if shift.user_id in people], at, zone)


def _schedule(session: Session, practice_id: UUID) -> Schedule:
    settings = session.get(TriageSettings, practice_id)
    slots = tuple(_slot(shift) for shift in _shifts(session, practice_id))
    return Schedule(
        slots=slots,
        timezone=session.scalars(select(Practice.timezone).where(Practice.id == practice_id)).one(),
        names=names_of(session, practice_id, {slot.user_id for slot in slots}),
        warning_minutes=settings.warning_minutes if settings else DEFAULT_WARNING_MINUTES,
        version=settings.version if settings else 0,
    )


def _lock_settings(session: Session, practice_id: UUID, version: int | None) -> TriageSettings:
    """Return the practice's row, made when there is none, locked; raises StaleVersion."""
    fresh = {"practice_id": practice_id, "warning_minutes": DEFAULT_WARNING_MINUTES, "version": 0}
    session.execute(insert(TriageSettings).values(fresh).on_conflict_do_nothing(), execution_options={"recorded": True})
    settings = session.get_one(TriageSettings, practice_id, with_for_update=True)
    if version is not None and version != settings.version:
        raise StaleVersion
    return settings


def _shifts(session: Session, practice_id: UUID) -> list[OnCallShift]:
    wanted = select(OnCallShift).where(OnCallShift.practice_id == practice_id).order_by(OnCallShift.position)
    return list(session.scalars(wanted))


def _slot(shift: OnCallShift) -> OnCallSlot:
    return OnCallSlot(shift.user_id, shift.starts, shift.ends, shift.weekday, shift.on_date)


def _shift(practice_id: UUID, position: int, slot: OnCallSlot) -> OnCallShift:
    return OnCallShift(
        id=new_id(), practice_id=practice_id, position=position, user_id=slot.user_id,
        weekday=slot.weekday, on_date=slot.on, starts=slot.starts, ends=slot.ends,
    )  # fmt: skip


def _require_answerable(session: Session, practice_id: UUID, slots: tuple[OnCallSlot, ...]) -> None:
    wanted = {slot.user_id for slot in slots}
    people = select(User.id, User.role).where(User.practice_id == practice_id, User.id.in_(wanted))
    active = session.execute(people.where(User.disabled_at.is_(None)))
    able = {row.id for row in active if can_answer(Role(row.role))}
    wrong = {f"slots.{at}.user_id": [_NO_SUCH] for at, slot in enumerate(slots) if slot.user_id not in able}
    if wrong:
        raise ValidationFailed(wrong)
