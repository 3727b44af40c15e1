"""A large export takes no more memory than a small one."""

import gc

import psutil
import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from bench.seed import found_practice
from deploy.local_postgres import LocalPostgres
from tests.builders import a_user, in_house, signed_in

pytestmark = pytest.mark.slow
ROWS = 30_000
MOST_GROWTH = 6 * 2**20  # bytes; the file itself has more


def test_thirty_thousand_patients_are_exported_at_constant_memory(client: FlaskClient, postgres: LocalPostgres) -> None:
    """In either order: after the first tenth of the file the process grows no more."""
    with in_house():
        practice_id = found_practice(postgres, "Large Practice", ROWS, searchable=False).practice_id
    headers = signed_in(client, a_user(practice_id, Role.ADMIN))
    for ordering in ("created_at", "-last_name"):
        lines, grown, written = _export(client, headers, ordering)
        assert (lines, grown < MOST_GROWTH, written > MOST_GROWTH) == (ROWS + 1, True, True), (ordering, grown)


def _export(client: FlaskClient, headers: dict[str, str], ordering: str) -> tuple[int, int, int]:
    """Read an export piece by piece; return its lines, by how much the process grew, and its bytes."""
    answer = client.get(f"/api/v1/patients/export/?ordering={ordering}", headers=headers, buffered=False)
    lines, sizes, written = 0, [], 0
    for piece in answer.iter_encoded():
        lines, written = lines + piece.count(b"\n"), written + len(piece)
        gc.collect()
        sizes.append((lines, psutil.Process().memory_info().rss))
    warm = max(size for at, size in sizes if at <= ROWS // 10)
    return lines, max(size for _, size in sizes) - warm, written
