"""The bench must run whenever somebody wants to measure: what it asks for follows the schema and the contract."""

import subprocess
import sys

import pytest

from config import ROOT


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.redis
def test_the_bench_measures_both_jobs_and_their_limit() -> None:
    command = [sys.executable, "-m", "bench", "--quick", "--only", "load"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:] + done.stdout[-1000:]
    for job in ("reading posted", "patients listed"):
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"| {job}"))
        assert line.count("/s") >= 2, line
