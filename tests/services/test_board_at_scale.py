"""What the board costs in a large practice: PostgreSQL's own account of how many rows it looked at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.database.wire import Ready, Wire
from app.domain.actor import Actor
from app.domain.paging import PageRequest
from app.domain.roles import Role
from app.domain.triage.board import BOARD_ORDERINGS, BoardOrdering, BoardQuery
from app.domain.triage.score import RiskLevel
from app.extensions import db
from app.models import TriageSummary
from app.services.transaction import transaction
from app.services.triage.board import list_board
from app.services.triage.live import get_board_mark
from bench.seed import PASSWORD, Practice, found_practice
from deploy.local_postgres import LocalPostgres
from tests.builders import in_house
from tests.plans import Asked, of_driver, rows_looked_at

URL = "/api/v1/triage/patients/"
PATIENTS, AT_MOST = 3_000, 300  # rows looked at for a page of 20: each line, its patient and its reviewer, and spare


@pytest.fixture(scope="module", params=[("Alone", "1"), ("Crowded", "-0.5")], ids=["alone", "crowded"])
def practice(app: Flask, postgres: LocalPostgres, request: pytest.FixtureRequest) -> Iterator[Practice]:
    """A practice so large that whoever looks at all of it is found out, whatever PostgreSQL takes it for."""
    name, practices = request.param
    believe = "ALTER TABLE triage_summaries ALTER practice_id {} (n_distinct{})"
    postgres.query(believe.format("SET", f" = {practices}"))
    with in_house():
        yield found_practice(postgres, f"{name} Practice", PATIENTS, searchable=False)
    postgres.query(believe.format("RESET", ""))


@pytest.fixture
def headers(client: FlaskClient, practice: Practice) -> dict[str, str]:
    """Its provider, signed in."""
    answer = client.post("/api/v1/auth/login/", json={"email": practice.email, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json['access']}"}


@contextmanager
def _asked(app: Flask) -> Iterator[list[Asked]]:
    """Gather what is asked of the board's tables."""
    asked: list[Asked] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM triage_" in statement:
            asked.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _provider(practice: Practice) -> Actor:
    return Actor(practice.user_id, practice.practice_id, Role.PROVIDER, None)


@pytest.mark.parametrize(
    ("query", "questions"),
    [
        *((f"?{level}{waiting}ordering={ordering}", 2)
          for level in ("", *(f"risk_level={one.value}&" for one in RiskLevel))
          for waiting in ("", "has_unack_alerts=true&", "has_unack_alerts=false&")
          for ordering in BOARD_ORDERINGS),
        ("", 2), ("stats/", 1),
    ],
)  # fmt: skip
def test_a_page_and_the_counts_look_at_a_page_of_rows_not_at_the_practice(
    app: Flask, client: FlaskClient, practice: Practice, headers: dict[str, str], query: str, questions: int
) -> None:
    """However many patients there are, 3,000 here: every filter, together with every other, in every order."""
    with _asked(app) as asked:
        answer = client.get(URL + query, headers=headers)
    assert (answer.status_code, len(asked)) == (200, questions)
    assert rows_looked_at(_provider(practice), asked) < AT_MOST


@pytest.mark.parametrize("is_waiting", [None, True, False])
@pytest.mark.parametrize("level", [None, *RiskLevel])
def test_every_page_holds_what_sorting_everybody_would_put_there(
    practice: Practice, level: RiskLevel | None, is_waiting: bool | None
) -> None:
    """And the length is that of a recount."""
    actor = _provider(practice)
    with in_house(actor):
        with transaction() as session:
            everybody = session.scalars(select(TriageSummary).where(TriageSummary.is_active)).all()
        wanted = [
            one
            for one in everybody
            if (level is None or one.risk_level == level.value)
            and (is_waiting is None or (one.unacknowledged_alerts > 0) is is_waiting)
        ]
        for ordering in BOARD_ORDERINGS:
            page = list_board(actor, BoardQuery(PageRequest(2, 20), level, is_waiting, ordering))
            assert page.count == len(wanted)
            expected = [one.patient_id for one in sorted(wanted, key=_rank(ordering))[20:40]]
            assert [line.patient.id for line in page.items] == expected


def _rank(ordering: BoardOrdering) -> Callable[[TriageSummary], Any]:
    """Return what lines are sorted by; one order of each pair is the other backwards."""
    field, downwards = ordering.removeprefix("-"), ordering.startswith("-")

    def rank(one: TriageSummary) -> Any:
        known = (
            one.risk_score
            if field == "risk_score"
            else (one.last_reading_at or datetime.min.replace(tzinfo=UTC)).timestamp()
        )
        return (-known, one.patient_id.int) if downwards else (known, -one.patient_id.int)

    return rank


@pytest.mark.parametrize("ordering", BOARD_ORDERINGS)
@pytest.mark.parametrize("is_waiting", [None, True, False])
@pytest.mark.parametrize("level", [None, RiskLevel.CRITICAL])
def test_the_mark_of_an_open_board_looks_at_its_page_only(
    practice: Practice,
    monkeypatch: pytest.MonkeyPatch,
    level: RiskLevel | None,
    is_waiting: bool | None,
    ordering: BoardOrdering,
) -> None:
    """It is asked for every few seconds by everybody who has the board open."""
    actor = _provider(practice)
    asked, ask = list[Ready](), Wire.ask
    monkeypatch.setattr(Wire, "ask", lambda wire, ready, last=None: asked.extend(ready) or ask(wire, ready, last))
    with in_house(actor):
        get_board_mark(actor, BoardQuery(PageRequest(), level, is_waiting, ordering))
    [mark] = [one for one in asked if "FROM triage_" in one[0]]
    assert rows_looked_at(actor, [of_driver(mark)]) < AT_MOST
