"""Moving the rows of one table from the duplicate to the survivor.

A row that the survivor has already (a unique or exclusion constraint says so) stays with the duplicate, and so does
what hangs on it: nothing is counted twice and nothing is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.vitals.reading import natural_key
from app.models import Alert, AlertOccurrence, Observation, PatientPayer
from app.models.observation import reading_of
from app.services.patients.merge_plan import Reference, Tie, parents


@dataclass(frozen=True, slots=True)
class Merging:
    """Between which records of which practice."""

    practice_id: UUID
    survivor_id: UUID
    duplicate_id: UUID


def move(session: Session, merging: Merging, of: Reference) -> set[str]:
    """Move what can be moved; return the keys of the rows that were."""
    return {_named(row) for row in _MOVERS.get(of.name, _move_all)(session, merging, of)}


def left_behind(session: Session, merging: Merging, of: Reference) -> set[str]:
    """Return the keys of the rows that are still the duplicate's."""
    return {_named(row) for row in session.execute(select(*_key(of)).where(*_of_duplicate(merging, of)))}


def pull_back(session: Session, merging: Merging, tied: Sequence[Tie]) -> None:
    """Give the duplicate back what is tied to rows that stayed with it, until parents and children are together."""
    while any(_pull_back(session, merging, tie) for tie in tied):
        pass


def _pull_back(session: Session, merging: Merging, tie: Tie) -> bool:
    """Give back the children of parents that stayed, and the parents of children that stayed; say whether any was."""
    parents_left, children_left = tie.parent.table.alias(), tie.child.table.alias()
    child_column, parent_column = tie.child.column.name, tie.parent.column.name
    pairs = (
        (tie.child, parents_left.c.id == tie.refers, parents_left.c[parent_column]),
        (tie.parent, children_left.c[tie.refers.name] == tie.parent.table.c.id, children_left.c[child_column]),
    )
    returned = 0
    for of, same, whose in pairs:
        stayed = select(1).where(same, whose == merging.duplicate_id).correlate(of.table).exists()
        moved = of.table.c.practice_id == merging.practice_id, of.column == merging.survivor_id
        giving = update(of.table).where(*moved, stayed).values({of.column.name: merging.duplicate_id})
        rows = session.execute(giving.returning(*_key(of)), execution_options={"recorded": True}).all()
        returned += len(rows)
    return returned > 0


def _move_all(session: Session, merging: Merging, of: Reference) -> list[Any]:
    movable = (*_of_duplicate(merging, of), *(~_hangs_on_left(merging, *parent) for parent in parents(of)))
    try:
        with session.begin_nested():
            return _set(session, merging, of, *movable)
    except IntegrityError:
        rows = session.execute(select(*_key(of)).where(*movable)).all()
        return [moved for row in rows for moved in _move_one(session, merging, of, row)]


def _move_one(session: Session, merging: Merging, of: Reference, row: Any, **more: Any) -> list[Any]:
    same = and_(*(column == value for column, value in zip(_key(of), row, strict=True)))
    try:
        with session.begin_nested():
            return _set(session, merging, of, same, **more)
    except IntegrityError:
        return []


def _set(session: Session, merging: Merging, of: Reference, *where: ColumnElement[bool], **more: Any) -> list[Any]:
    values = {of.column.name: merging.survivor_id, **more}
    if "version" in of.table.c:
        values["version"] = of.table.c.version + 1
    moving = update(of.table).where(*where).values(values).returning(*_key(of))
    return list(session.execute(moving, execution_options={"recorded": True}).all())


def _move_readings(session: Session, merging: Merging, of: Reference) -> list[Any]:
    """Give readings the identity they would have had, so that another delivery of one is still recognised."""
    readings = session.scalars(select(Observation).where(*_of_duplicate(merging, of))).all()
    keys = {reading: _survivors_key(merging, reading) for reading in readings}
    survivors = Observation.practice_id == merging.practice_id, Observation.patient_id == merging.survivor_id
    taken = set(session.scalars(select(Observation.natural_key).where(*survivors)))
    new = {key: reading for reading, key in keys.items() if key not in taken}
    renamed = [
        {"of_id": reading.id, "of_time": reading.measured_at, "to_patient": merging.survivor_id, "to_key": key}
        for key, reading in new.items()
    ]
    if renamed:
        session.execute(_RENAME, renamed, execution_options={"recorded": True})
    return [tuple(getattr(reading, str(column.key)) for column in _key(of)) for reading in new.values()]


def _move_alerts(session: Session, merging: Merging, of: Reference) -> list[Any]:
    """Move an alert unless every reading that raised it stayed; what stayed of them still refers to it."""
    went = (
        select(1)
        .where(
            AlertOccurrence.practice_id == merging.practice_id,
            AlertOccurrence.alert_id == Alert.id,
            Observation.practice_id == merging.practice_id,
            Observation.id == AlertOccurrence.observation_id,
            Observation.measured_at == AlertOccurrence.measured_at,
            Observation.patient_id == merging.survivor_id,
        )
        .correlate(Alert)
        .exists()
    )
    return _set(session, merging, of, *_of_duplicate(merging, of), or_(went, Alert.observation_id.is_(None)))


def _move_payers(session: Session, merging: Merging, of: Reference) -> list[Any]:
    """Put the duplicate's payers behind the survivor's, without those the survivor has."""
    rows = session.scalars(
        select(PatientPayer)
        .where(
            PatientPayer.practice_id == merging.practice_id,
            PatientPayer.patient_id.in_([merging.survivor_id, merging.duplicate_id]),
        )
        .order_by(PatientPayer.position)
    ).all()
    known = {(row.payer, row.member_id) for row in rows if row.patient_id == merging.survivor_id}
    new = [
        row for row in rows if row.patient_id == merging.duplicate_id and (row.payer, row.member_id) not in known
    ]  # fmt: skip
    behind = max((row.position for row in rows if row.patient_id == merging.survivor_id), default=0)
    return [
        moved
        for position, row in enumerate(new, start=behind + 1)
        for moved in _move_one(session, merging, of, (row.id,), position=position)
    ]


def _survivors_key(merging: Merging, row: Observation) -> bytes:
    return natural_key(merging.survivor_id, reading_of(row))


def _of_duplicate(merging: Merging, of: Reference) -> tuple[ColumnElement[bool], ...]:
    return of.table.c.practice_id == merging.practice_id, of.column == merging.duplicate_id


def _hangs_on_left(merging: Merging, parent: Reference, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say in SQL whether the row refers to one that stayed with the duplicate."""
    same = parent.table.c.practice_id == merging.practice_id, parent.table.c.id == column
    return select(1).where(*same, parent.column == merging.duplicate_id).correlate(column.table).exists()


def _key(of: Reference) -> tuple[ColumnElement[Any], ...]:
    return tuple(of.table.primary_key.columns)


def _named(row: Any) -> str:
    return "|".join(str(value) for value in row)


_READINGS = Observation.metadata.tables["observations"]
_RENAME = (
    update(_READINGS)
    .where(_READINGS.c.id == bindparam("of_id"), _READINGS.c.measured_at == bindparam("of_time"))
    .values(patient_id=bindparam("to_patient"), natural_key=bindparam("to_key"))
)
_MOVERS: dict[str, Callable[[Session, Merging, Reference], list[Any]]] = {
    "alerts": _move_alerts,
    "observations": _move_readings,
    "patient_payers": _move_payers,
}
