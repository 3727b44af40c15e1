"""One feed of everything that happened to a patient, newest first.

The database orders and pages over all sources at once, each giving no more than what the page can need; then the rows
of the page are read, one statement a kind. So the number of statements is bounded by the number of kinds.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, desc, func, literal, select, union_all
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import PermissionDenied, ValidationFailed
from app.domain.paging import Page
from app.domain.timeline import TimelineItem, TimelineQuery
from app.services.accounts.users import names_of
from app.services.patients.records import find_visible
from app.services.patients.timeline_sources import SOURCES, TimelineSource
from app.services.transaction import transaction


class _Place(NamedTuple):
    kind: str
    id: UUID
    at: datetime


def get_timeline(actor: Actor, patient_id: UUID, query: TimelineQuery) -> Page[TimelineItem]:
    """Return one page of a visible patient's feed, of the kinds that the actor may see."""
    sources = _sources(actor, query.kind)
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        count = session.scalar(select(sum(_count(source, actor, patient.id) for source in sources))) or 0
        places = _places(session, actor, patient.id, query, sources)
        items = _items(session, actor.practice_id, places, sources)
        events.record(session, "timeline:read", "timeline", patient_id=patient.id)
        return Page(items, count, query.paging)


def visible_kinds(actor: Actor) -> list[str]:
    """Return the kinds that the actor may see."""
    return [source.kind for source in SOURCES if actor.may(source.permission)]


def _sources(actor: Actor, kind: str | None) -> list[TimelineSource]:
    known = [source for source in SOURCES if kind in (None, source.kind)]
    if not known:
        raise ValidationFailed({"kind": [f"Must be one of: {', '.join(source.kind for source in SOURCES)}."]})
    seen = [source for source in known if actor.may(source.permission)]
    if not seen:
        raise PermissionDenied
    return seen


def _count(source: TimelineSource, actor: Actor, patient_id: UUID) -> Any:
    return _of(source, select(func.count()).select_from(source.model), actor, patient_id).scalar_subquery()


def _of(source: TimelineSource, query: Select[Any], actor: Actor, patient_id: UUID) -> Select[Any]:
    query = query.where(source.model.practice_id == actor.practice_id, source.model.patient_id == patient_id)
    if source.everybodys is None or source.by is None or actor.may(source.everybodys):
        return query
    return query.where(getattr(source.model, source.by) == actor.user_id)


def _places(
    session: Session, actor: Actor, patient_id: UUID, query: TimelineQuery, sources: Sequence[TimelineSource]
) -> list[_Place]:
    """Return what stands on the page, in order."""
    most = query.paging.offset + query.paging.page_size
    newest = []
    for source in sources:
        columns = select(literal(source.kind).label("kind"), source.model.id.label("id"), source.at.label("at"))
        by_time = _of(source, columns, actor, patient_id).order_by(desc("at"), desc("id")).limit(most)
        newest.append(select(by_time.subquery()))
    page = union_all(*newest).order_by(desc("at"), desc("id")).offset(query.paging.offset).limit(query.paging.page_size)
    return [_Place(row.kind, row.id, row.at) for row in session.execute(page)]


def _items(
    session: Session, practice_id: UUID, places: Sequence[_Place], sources: Sequence[TimelineSource]
) -> list[TimelineItem]:
    rows: dict[tuple[str, UUID], tuple[TimelineSource, Any]] = {}
    for source in sources:
        ids = [place.id for place in places if place.kind == source.kind]
        wanted = select(source.model).where(source.model.practice_id == practice_id, source.model.id.in_(ids))
        rows |= {(source.kind, row.id): (source, row) for row in session.scalars(wanted)} if ids else {}
    doers = {
        key: by for key, (source, row) in rows.items() if source.by and (by := getattr(row, source.by)) is not None
    }
    names = names_of(session, practice_id, set(doers.values())) if doers else {}
    return [
        _item(place, *rows[place.kind, place.id], doers.get((place.kind, place.id)), names)
        for place in places
        if (place.kind, place.id) in rows
    ]


def _item(place: _Place, source: TimelineSource, row: Any, by: int | None, names: dict[int, str]) -> TimelineItem:
    return TimelineItem(place.kind, place.id, place.at, source.summary(row), by, names.get(by) if by else None)
