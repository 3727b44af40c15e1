"""How many patients stand at each level, now and at a moment before, without counting patients.

Whatever changes a level, or whether alerts of a patient wait, writes a move, in its own transaction. A job adds the
moves up: after each one that it has counted `triage_counts` says how many stood where. A question takes the last of
these totals and adds the moves that are not counted yet, in one statement, so that the answer is exact however far
behind the job is. No reading waits for another's counts: only the job writes them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Integer, column, select, text
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.triage.score import RiskLevel
from app.models import Practice
from app.services.transaction import now, transaction

KEEP_FOR = timedelta(days=2)  # the trend looks back one
_MOST = 5_000  # moves counted in one transaction

Counts = dict[RiskLevel, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many active patients stand at each level, and how many of them have alerts that wait."""

    all: Counts
    waiting: Counts

    def how_many(self, level: RiskLevel | None, *, is_waiting: bool | None) -> int:
        """Return how many stand at a level, or at any, with alerts that wait, without, or either."""
        return sum(self._at(one, is_waiting) for one in (RiskLevel if level is None else (level,)))

    def _at(self, level: RiskLevel, is_waiting: bool | None) -> int:
        if is_waiting is None:
            return self.all[level]
        return self.waiting[level] if is_waiting else self.all[level] - self.waiting[level]


def _each(pattern: str) -> str:
    return ", ".join(pattern.format(name) for name in _NAMES)


_NAMES = tuple(level.value + of for of in ("", "_waiting") for level in RiskLevel)
_LEVELS = _each("{0}")
_CHANGES = ", ".join(
    f"count(*) FILTER (WHERE to_level = '{level.value}'{to}) - count(*) FILTER (WHERE from_level = '{level.value}'{of})"
    f" AS {level.value}{name}"
    for name, to, of in (("", "", ""), ("_waiting", " AND to_waiting", " AND from_waiting"))
    for level in RiskLevel
)
_TOTALS = f"SELECT {_LEVELS} FROM triage_counts WHERE practice_id = :practice"  # noqa: S608 - our own names
_UNCOUNTED = f"SELECT {_CHANGES} FROM triage_transitions WHERE practice_id = :practice AND NOT is_counted"  # noqa: S608
_UP_TO = "AND at <= :until"
_LAST = "ORDER BY at DESC LIMIT 1"
_SUMS = _each("coalesce(sum({0}), 0)::int AS {0}")
_NOW = f"SELECT {_SUMS} FROM (({_TOTALS} {_LAST}) UNION ALL {_UNCOUNTED}) AS known"  # noqa: S608 - our own names
_THEN = f"SELECT {_SUMS} FROM (({_TOTALS} {_UP_TO} {_LAST}) UNION ALL {_UNCOUNTED} {_UP_TO}) AS known"  # noqa: S608
STANDING = text(_NOW).columns(*(column(name, Integer) for name in _NAMES))  # of the :practice
_THEN_AND_NOW = text(f"SELECT false AS is_now, * FROM ({_THEN}) UNION ALL SELECT true, * FROM ({_NOW}) ORDER BY is_now")  # noqa: S608
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
# A move can come late: committed after a later one was counted. Then the totals from its moment on change as well.
_COUNT = text(f"""
    WITH counted AS (
        UPDATE triage_transitions SET is_counted = true
        WHERE id IN (
            SELECT id FROM triage_transitions WHERE practice_id = :practice AND NOT is_counted ORDER BY at LIMIT :most
        )
        RETURNING at, from_level, to_level, from_waiting, to_waiting
    ), changes AS (
        SELECT at, {_CHANGES} FROM counted GROUP BY at
    ), moments AS (
        SELECT at FROM changes
        UNION
        SELECT at FROM triage_counts WHERE practice_id = :practice AND at > (SELECT min(at) FROM changes)
    )
    INSERT INTO triage_counts (practice_id, at, {_LEVELS})
    SELECT :practice, moments.at, {_each("coalesce(known.{0}, 0) + coalesce(sum(changes.{0}) OVER so_far, 0)")}
    FROM moments
    LEFT JOIN changes ON changes.at = moments.at
    LEFT JOIN LATERAL ({_TOTALS} AND at <= moments.at {_LAST}) AS known ON true
    WINDOW so_far AS (ORDER BY moments.at)
    ON CONFLICT (practice_id, at) DO UPDATE SET {_each("{0} = EXCLUDED.{0}")}
    RETURNING (SELECT count(*) FROM counted)
""")  # noqa: S608 - our own names
_FORGET = text("""
    DELETE FROM triage_counts
    WHERE practice_id = :practice
      AND at < (SELECT max(at) FROM triage_counts WHERE practice_id = :practice AND at <= :before)
""")


def current_standing(session: Session, practice_id: UUID) -> Standing:
    """Return how many active patients stand where."""
    row = session.execute(STANDING, {"practice": practice_id}).one()
    return Standing(_by_level(row), _by_level(row, "_waiting"))


def counts_then_and_now(session: Session, practice_id: UUID, then: datetime) -> tuple[Counts, Counts]:
    """Return how many active patients stood at each level at a moment of the last two days, and how many do now."""
    earlier, current = session.execute(_THEN_AND_NOW, {"practice": practice_id, "until": then})
    return _by_level(earlier), _by_level(current)


def count_moves() -> None:
    """Add up the moves of all practices that are not counted yet. For the job only."""
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id)))
    for practice_id in practices:
        context.bind(practice_id=practice_id)
        count_moves_of(practice_id)


def count_moves_of(practice_id: UUID) -> None:
    """Add up the moves of the practice that is bound, and forget totals that nobody asks for any more."""
    while _count_some(practice_id) == _MOST:
        pass
    with transaction() as session:
        session.execute(_FORGET, {"practice": practice_id, "before": now() - KEEP_FOR})


def _count_some(practice_id: UUID) -> int:
    """Count some moves, one job after the other: each begins with the totals of the one before."""
    with transaction() as session:
        session.execute(_LOCK, {"name": f"triage counts:{practice_id}"})
        return session.execute(_COUNT, {"practice": practice_id, "most": _MOST}).scalars().first() or 0


def _by_level(row: object, of: str = "") -> Counts:
    return {level: getattr(row, level.value + of) for level in RiskLevel}
