"""The conformance lab, as an integrator runs it: every vendor with every fault, at a server with its worker."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.gateways.lab.faults import Fault
from app.gateways.registry import VENDORS
from tests.live.installation import ADMIN, PASSWORD, Installation
from tests.live.workers import worker

pytestmark = pytest.mark.slow
_PATIENCE = "40"  # seconds that one fault may take on a machine with other things to do; usually two


def test_n12_every_vendor_passes_the_lab(install: Callable[..., Installation]) -> None:
    """Nine vendors with nine faults each, three at a time: one waits for what must be stored while others send."""
    installation = install(RATELIMIT_WEBHOOK="1000000/hour")
    installation.create_admin()
    with installation.serving() as web, worker(installation):

        def lab(vendor: str) -> str:
            return installation.flask(
                "gateways", "lab", vendor, "--url", f"http://127.0.0.1:{web.port}", "--email", ADMIN,
                "--patience", _PATIENCE, LAB_PASSWORD=PASSWORD,
            )  # fmt: skip

        with ThreadPoolExecutor(3) as pool:
            told = dict(zip(VENDORS, pool.map(lab, VENDORS), strict=True))
    assert [vendor for vendor, text in told.items() if "1 of 1 vendors pass." not in text] == []
    assert sum(text.count(" pass") for text in told.values()) == len(VENDORS) * (len(Fault) + 1)
