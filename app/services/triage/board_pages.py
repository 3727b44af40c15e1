"""Which lines are on a page of the board, read off an index: no filter looks at a whole practice.

By score a level is a range, so one index answers for every level, and one more for whose alerts wait. By last reading
a filter names a few places on the board; each of them lies in order in its index, and its first lines are enough.
"""

from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, select, union_all
from sqlalchemy.sql.selectable import LateralFromClause

from app.domain.triage.board import BoardOrdering, BoardQuery
from app.domain.triage.score import BANDS, RiskLevel
from app.models import TriageSummary

_BY_SCORE = frozenset({"-risk_score", "risk_score"})


def on_page(practice_id: Any, query: BoardQuery) -> Select[UUID]:
    """Return the question whose lines are on a page: it is answered by an index alone, so late pages skip no rows."""
    is_plain = query.ordering in _BY_SCORE or (query.risk_level is None and query.has_unack_alerts is None)
    page = _in_order(practice_id, query) if is_plain else _of_places(practice_id, query)
    return page.offset(query.paging.offset).limit(query.paging.page_size)


def looked_up(wanted: FromClause, *columns: Any) -> LateralFromClause:
    """Return the lines of the patients in `wanted`, each by its own key.

    The OFFSET keeps it so: where most practices are small PostgreSQL takes each for small, this one too, and would
    read all its lines to find twenty.
    """
    return select(*columns).where(TriageSummary.patient_id == wanted.c.patient_id).offset(0).lateral()


def order_of(line: Any, ordering: BoardOrdering) -> tuple[ColumnElement[Any], ...]:
    """Return what lines are ordered by; ties are broken, so that pages neither repeat nor lose anybody."""
    if ordering in _BY_SCORE:
        highest_first = line.risk_score.desc(), line.patient_id.asc()
        return highest_first if ordering == "-risk_score" else (line.risk_score.asc(), line.patient_id.desc())
    newest_first = line.last_reading_at.desc().nulls_last(), line.patient_id.asc()
    oldest_first = line.last_reading_at.asc().nulls_first(), line.patient_id.desc()
    return newest_first if ordering == "-last_reading_at" else oldest_first


def _in_order(practice_id: Any, query: BoardQuery) -> Select[UUID]:
    """Return the lines of a query whose filters leave the order of an index as it is."""
    wanted = _on_the_board(practice_id)
    if query.risk_level is not None:
        wanted.append(TriageSummary.risk_score.between(*BANDS[query.risk_level]))
    if query.has_unack_alerts is not None:
        wanted.append(TriageSummary.alerts_wait.is_(query.has_unack_alerts))
    return select(TriageSummary.patient_id).where(*wanted).order_by(*order_of(TriageSummary, query.ordering))


def _of_places(practice_id: Any, query: BoardQuery) -> Select[UUID]:
    """Return the first lines of each place that the filters name, put into one order."""
    levels = RiskLevel if query.risk_level is None else (query.risk_level,)
    waits = (False, True) if query.has_unack_alerts is None else (query.has_unack_alerts,)
    enough = query.paging.offset + query.paging.page_size
    columns = TriageSummary.patient_id, TriageSummary.last_reading_at
    on_the_board = _on_the_board(practice_id)
    places = [
        select(*columns)
        .where(*on_the_board, TriageSummary.risk_level == level.value, TriageSummary.alerts_wait.is_(wait))
        .order_by(*order_of(TriageSummary, query.ordering))
        .limit(enough)
        for level, wait in product(levels, waits)
    ]
    firsts = union_all(*places).subquery()
    return select(firsts.c.patient_id).order_by(*order_of(firsts.c, query.ordering))


def _on_the_board(practice_id: Any) -> list[ColumnElement[bool]]:
    return [TriageSummary.practice_id == practice_id, TriageSummary.is_active.is_(True)]
