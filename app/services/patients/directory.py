"""Lists of patients: paged, searched and ordered, although names are encrypted.

Ordered by creation, the database pages. Ordered by name or searched, the few needed columns are fetched, decrypted and
sorted here (the order by name is kept for the next request), and only the wanted page is loaded whole.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from uuid import UUID

from sqlalchemy import Integer, Row, Select, and_, asc, bindparam, desc, func, or_, select
from sqlalchemy.orm import Session, load_only

from app.audit import events
from app.crypto.blind_index import search_tokens
from app.crypto.columns import decrypt_column, open_ahead
from app.database.statements import Statement, send
from app.domain.actor import Actor
from app.domain.paging import Page
from app.domain.patients import PatientOrdering, PatientQuery, PatientSelection
from app.domain.roles import Role
from app.domain.search import QueryTerm, normalise, query_terms
from app.models import Patient, PatientSearchToken
from app.models.plain import plain
from app.services.patients.records import visible_to
from app.services.transaction import transaction

_SHOWN = (
    "first_name_enc", "last_name_enc", "date_of_birth_enc", "mrn_enc", "phone_enc", "email_enc", "address_enc",
)  # fmt: skip

# A list shows no more of a record than this, so no more is fetched; whoever reads another column is told so.
_LISTED = (
    *(getattr(Patient, column) for column in _SHOWN), Patient.id, Patient.practice_id, Patient.gender, Patient.version,
    Patient.address_state, Patient.external_id, Patient.is_active, Patient.created_at, Patient.updated_at,
)  # fmt: skip


def list_patients(actor: Actor, query: PatientQuery) -> Page[Patient]:
    """Return one page of the patients the actor may see."""
    terms = query_terms(query.search)
    with transaction() as session:
        if query.search.strip() and not terms:
            page: Page[Patient] = Page([], 0, query.paging)
        elif terms or query.ordering.endswith("last_name"):
            page = _page_by_names(session, actor, query, terms)
        else:
            page = _page_by_creation(session, actor, query)
        open_ahead(page.items, _SHOWN)
        shown = [patient.id for patient in page.items]
        events.record(session, "patient:search" if terms else "patient:list", "patient", subject_ids=shown)
        return page


def ids_by_name(session: Session, actor: Actor, selection: PatientSelection) -> list[UUID]:
    """Return the ids of all patients that are searched for, or of all in order of their names; ids only."""
    terms = query_terms(selection.search)
    if selection.search.strip() and not terms:
        return []
    return _found_ids(session, actor, selection, terms)


def _page_by_creation(session: Session, actor: Actor, query: PatientQuery) -> Page[Patient]:
    asked = {"practice": actor.practice_id, "active": query.active, "own": actor.patient_id}
    asked |= {"offset": query.paging.offset, "limit": query.paging.page_size}
    page, counted = _creation_statements(query.ordering, own_only=actor.role is Role.PATIENT)
    rows = send(session, (page, asked))[0]
    count = rows[0].in_all if rows else send(session, (counted, asked))[0][0].in_all
    return Page([plain(Patient, row._asdict()) for row in rows], count, query.paging)


@cache
def _creation_statements(ordering: PatientOrdering, *, own_only: bool) -> tuple[Statement, Statement]:
    """Return the statements of a page with the count, and of the count alone for a page beyond the last.

    Built once, because building costs more than running.
    """
    conditions = [Patient.practice_id == bindparam("practice"), Patient.is_active == bindparam("active")]
    if own_only:
        conditions.append(Patient.id == bindparam("own"))
    direction = desc if ordering.startswith("-") else asc
    counted = select(func.count().label("in_all")).select_from(Patient).where(*conditions)
    page = select(*_LISTED, counted.correlate(None).scalar_subquery().label("in_all")).where(*conditions)
    page = page.order_by(direction(Patient.created_at), direction(Patient.id))
    page = page.offset(bindparam("offset", type_=Integer)).limit(bindparam("limit", type_=Integer))
    return Statement(page), Statement(counted)


def _page_by_names(session: Session, actor: Actor, query: PatientQuery, terms: Sequence[QueryTerm]) -> Page[Patient]:
    if terms or actor.role is Role.PATIENT:
        ids = _found_ids(session, actor, query, terms)
    else:
        ids = _name_order(session, actor, query)
    wanted = ids[query.paging.offset : query.paging.offset + query.paging.page_size]
    loaded = session.scalars(
        visible_to(actor).where(Patient.id.in_(wanted)).options(load_only(*_LISTED, raiseload=True))
    )
    by_id = {patient.id: patient for patient in loaded}
    return Page([by_id[patient_id] for patient_id in wanted if patient_id in by_id], len(ids), query.paging)


def _found_ids(session: Session, actor: Actor, query: PatientSelection, terms: Sequence[QueryTerm]) -> list[UUID]:
    found = session.execute(_candidates(actor, query, terms)).all()
    unproven = [term for term in terms if not term.is_exact]
    if unproven:
        found = [row for row in found if _is_match(actor.practice_id, row, unproven)]
    return [row.id for row in _ordered(actor.practice_id, found, query.ordering)]


# The order of a practice's patients by name, kept between requests: ids only, no names. Every change to a record raises
# its version, every arrival and departure the count, so a kept order that still has the same state is still right.
_orders: OrderedDict[tuple[UUID, bool, str], tuple[tuple[object, ...], list[UUID]]] = OrderedDict()
_MAX_ORDERS = 64
_STATE = select(func.count(), func.sum(Patient.version), func.max(Patient.updated_at)).where(
    Patient.practice_id == bindparam("practice"), Patient.is_active == bindparam("active")
)


def _name_order(session: Session, actor: Actor, query: PatientQuery) -> list[UUID]:
    state = tuple(session.execute(_STATE, {"practice": actor.practice_id, "active": query.active}).one())
    which = (actor.practice_id, query.active, query.ordering)
    kept = _orders.get(which)
    if kept is not None and kept[0] == state:
        return kept[1]
    ids = _found_ids(session, actor, query, ())
    _orders[which] = (state, ids)
    while len(_orders) > _MAX_ORDERS:
        _orders.popitem(last=False)
    return ids


def _candidates(actor: Actor, query: PatientSelection, terms: Sequence[QueryTerm]) -> Select[*tuple[object, ...]]:
    """Return the query of all rows that have every term's tokens, with just the columns that are looked into."""
    columns = [Patient.id, Patient.created_at]
    if query.ordering.endswith("last_name") or any(not term.is_exact for term in terms):
        columns += [Patient.first_name_enc, Patient.last_name_enc]
    if any(not term.is_exact for term in terms):
        columns.append(Patient.mrn_enc)
    wanted = select(*columns).where(Patient.practice_id == actor.practice_id, Patient.is_active == query.active)
    if actor.role is Role.PATIENT:
        wanted = wanted.where(Patient.id == actor.patient_id)
    return wanted.where(*(_has_term(actor.practice_id, term) for term in terms))


def _has_term(practice_id: UUID, term: QueryTerm):  # type: ignore[no-untyped-def]  # noqa: ANN202 - an SQL condition
    names = search_tokens(practice_id, term.name_terms)
    numbers = search_tokens(practice_id, term.mrn_terms)
    having = [Patient.id.in_(_with_token(practice_id, [token])) for token in names]
    return or_(and_(*having), Patient.id.in_(_with_token(practice_id, numbers)))


def _with_token(practice_id: UUID, tokens: list[int]) -> Select[UUID]:
    return select(PatientSearchToken.patient_id).where(
        PatientSearchToken.practice_id == practice_id, PatientSearchToken.token.in_(tokens)
    )


def _is_match(practice_id: UUID, row: Row[*tuple[object, ...]], terms: Sequence[QueryTerm]) -> bool:
    first, last, mrn = (_open(practice_id, row, name) for name in ("first_name", "last_name", "mrn"))
    return all(term.matches(first, last, mrn) for term in terms)


def _ordered(
    practice_id: UUID, rows: Sequence[Row[*tuple[object, ...]]], ordering: PatientOrdering
) -> list[Row[*tuple[object, ...]]]:
    descending = ordering.startswith("-")
    if ordering.endswith("created_at"):
        return sorted(rows, key=lambda row: (row.created_at, row.id), reverse=descending)
    lasts, firsts = (_column(practice_id, rows, name) for name in ("last_name_enc", "first_name_enc"))
    keyed = [
        (normalise(last), normalise(first), str(row.id), row)
        for last, first, row in zip(lasts, firsts, rows, strict=True)
    ]
    return [key[-1] for key in sorted(keyed, key=lambda key: key[:3], reverse=descending)]


def _column(practice_id: UUID, rows: Sequence[Row[*tuple[object, ...]]], column: str) -> list[str]:
    cells = ((row.id, getattr(row, column)) for row in rows)
    return decrypt_column(practice_id, Patient.__tablename__, column, cells)


def _open(practice_id: UUID, row: Row[*tuple[object, ...]], field: str) -> str:
    return _column(practice_id, [row], f"{field}_enc")[0]
