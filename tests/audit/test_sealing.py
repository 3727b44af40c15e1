"""Sealing: what is finished is sealed, what is not waits, nothing is lost, nobody is held up."""

import threading
from uuid import uuid4

import psycopg
import pytest

from app.audit.seal import SealRefused
from app.services.audit import sealing
from app.services.audit.sealing import sealer
from tests.audit.conftest import Trail


def test_a_seal_covers_what_was_recorded(sealed: Trail) -> None:
    """Three seals over 16 events."""
    verdict = sealed.verify()
    assert (verdict.seals, verdict.events, verdict.notes) == (3, 16, [])


def test_s50_a_seal_is_made_when_nothing_happened(trail: Trail) -> None:
    """As a sign of life."""
    assert [trail.seal(), trail.seal()] == [1, 1]
    assert trail.verify().seals == 2


def test_s50_a_long_transaction_holds_sealing_up_and_is_told_of(trail: Trail) -> None:
    """Its events and those after it wait."""
    with trail.application() as slow:
        trail.write_in(slow)
        trail.write(3)
        trail.seal()
        assert "4 events wait" not in str(trail.verify().notes)
        assert trail.verify().events == 0
        assert trail.value("SELECT unsealed_at IS NOT NULL FROM audit_state()")
    trail.seal()
    assert trail.verify().events == 4


def test_s51_what_began_early_and_commits_late_is_in_the_next_seal(trail: Trail) -> None:
    """The late row's id is lower than that of rows sealed before it."""
    early, late = trail.application(), trail.application()
    trail.write_in(late)
    trail.write_in(early)
    early.commit()
    trail.seal()
    late.commit()
    trail.write()
    trail.seal()
    assert (trail.verify().events, trail.verify().notes) == (3, [])


def test_s51_a_transaction_that_began_before_its_neighbours_were_sealed_is_not_lost(trail: Trail) -> None:
    """The window ends where it began."""
    trail.write()
    late = trail.application()
    trail.write_in(late, 2)
    trail.seal()
    assert trail.verify().events == 1
    late.commit()
    trail.seal()
    assert trail.verify().events == 3


def test_n3_the_chain_is_right_under_32_parallel_writers(trail: Trail) -> None:
    """Each commits ten times while seals are made."""
    practices = [uuid4() for _ in range(4)]
    writers = [threading.Thread(target=_write_ten, args=(trail, practices[n % 4])) for n in range(32)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        trail.seal()
    trail.seal()
    assert (trail.verify().events, trail.verify().notes) == (640, [])


def _write_ten(trail: Trail, practice: object) -> None:
    with trail.application(practice) as connection:  # type: ignore[arg-type]
        for _ in range(10):
            trail.write_in(connection, 2, practice)  # type: ignore[arg-type]
            connection.commit()


def test_a_large_backlog_becomes_several_seals(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them splits a transaction."""
    monkeypatch.setattr(sealing, "MOST_EVENTS", 10)
    for _ in range(5):
        trail.write(7)
    assert trail.seal() == 3
    assert [seal["count"] for seal in _seals()] == [14, 14, 7]
    assert trail.verify().events == 35


def _seals() -> list[sealing.Seal]:
    with sealer.connection() as connection:
        return sealing.list_seals(connection, 1)


def test_a_seal_that_was_not_anchored_is_anchored_by_the_next(sealed: Trail) -> None:
    """As after a kill between the two."""
    lines = sealed.anchor.read_text().splitlines(keepends=True)
    sealed.anchor.write_text("".join(lines[:2]) + lines[2][:20])
    sealed.seal()
    assert sealed.verify().seals == 4


def test_the_sealer_stops_when_the_anchor_knows_more_than_the_database(sealed: Trail) -> None:
    """Sealing on would hide that the end is gone."""
    sealed.superuser("DELETE FROM audit_seal_roots WHERE seal = 3")
    sealed.superuser("DELETE FROM audit_seals WHERE number = 3")
    with pytest.raises(SealRefused, match="seal 3"):
        sealed.seal()


def test_a_restore_opens_a_new_generation_and_admits_what_was_lost(sealed: Trail) -> None:
    """The chain goes on; verifying names the lost seals."""
    sealed.superuser("DELETE FROM audit_seal_roots WHERE seal = 3")
    sealed.superuser("DELETE FROM audit_seals WHERE number = 3")
    sealed.superuser(
        "DELETE FROM audit_events WHERE xid >= (SELECT high_xid::text::xid8 FROM audit_seals WHERE number = 2)"
    )
    opened = sealing.start_generation("Restored from Tuesday's dump.")
    sealed.write(2)
    sealed.seal()
    verdict = sealed.verify()
    assert (opened["number"], verdict.head["generation"], verdict.events) == (4, 2, 16)
    assert verdict.notes == ["Seals 3 to 3 were lost: Restored from Tuesday's dump."]


def test_without_its_key_nobody_seals(trail: Trail) -> None:
    """And nothing else breaks."""
    sealer.signer = None
    assert trail.seal() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_seals SET count = 0",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals CASCADE",
        "INSERT INTO audit_seals SELECT * FROM audit_seals",
        "DELETE FROM audit_seal_roots",
        "INSERT INTO audit_generations VALUES (2, 'x')",
        "SELECT * FROM audit_rows(1, 0, 100, NULL)",
        "SELECT append_audit_seal('{}', '[]')",
        "SELECT drop_audit_months('2000-01-01')",
        "SELECT start_audit_generation('x')",
        "ALTER TABLE audit_events ALTER generation SET DEFAULT 7",
    ],
)
def test_s47_the_application_cannot_touch_the_seals(sealed: Trail, statement: str) -> None:
    """It may read the chain and nothing more."""
    with sealed.application() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM patients", "SELECT * FROM audit_events", "DELETE FROM audit_seals", "SELECT * FROM users"],
)
def test_the_sealer_can_do_nothing_but_seal(sealed: Trail, statement: str) -> None:
    """Its role reads neither patients nor people."""
    with sealer.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_not_even_the_owner_changes_a_seal_by_accident(sealed: Trail) -> None:
    """The trigger is the second belt."""
    with (
        psycopg.connect(sealed.postgres.superuser_dsn(sealed.database)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        connection.execute("UPDATE audit_seals SET count = 0")


def test_sealing_works_where_the_host_gives_one_role_for_everything(trail: Trail) -> None:
    """The owner is bound by row security too; the functions see past it, the role alone does not."""
    sealer.database_url = trail.postgres.owner_url(trail.database)
    trail.write(3, uuid4())
    trail.seal()
    assert trail.verify().events == 3
    with psycopg.connect(sealer.database_url) as owner:
        assert owner.execute("SELECT count(*) FROM audit_events").fetchone() == (0,)
