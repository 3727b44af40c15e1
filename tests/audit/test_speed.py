"""The sealer and the verifier keep up."""

import resource
import time
from pathlib import Path

import pytest

from app.audit.verify import read_anchor, verify_file
from app.services.audit import chain
from tests.audit.conftest import Trail
from tests.builders import in_house

pytestmark = [pytest.mark.slow, pytest.mark.alone]
_FILL = (
    "INSERT INTO audit_events (practice_id, user_id, action, resource_type, resource_id, patient_id, outcome, ip)"
    " SELECT ('0000000' || n % 8 || '-0000-7000-8000-000000000000')::uuid, n % 40, 'patient:read', 'patient',"
    " gen_random_uuid()::text, gen_random_uuid(), 'success', '127.0.0.1' FROM generate_series(1, 10000) n"
)


def test_sealing_keeps_up_with_5000_events_a_second_at_constant_memory(trail: Trail, tmp_path: Path) -> None:
    """300,000 events, a minute's worth; and 100,000 are verified offline in under 10 s (S49: 20,000 a second)."""
    for _ in range(30):
        trail.superuser(_FILL)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    trail.seal()
    sealing = time.perf_counter() - started
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with in_house():
        chain.export_trail(tmp_path / "export")
    started = time.perf_counter()
    verdict = verify_file(tmp_path / "export" / "trail.jsonl", read_anchor(trail.anchor))
    verifying = time.perf_counter() - started
    print(f"sealing {300_000 / sealing:.0f}/s, verifying {300_000 / verifying:.0f}/s, +{grown_mb:.0f} MB")  # noqa: T201
    assert (verdict.events, 300_000 / sealing > 5_000, 300_000 / verifying > 10_000, grown_mb < 50) == (
        300_000, True, True, True,
    )  # fmt: skip
