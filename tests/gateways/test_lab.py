"""The lab passes a server that does what is promised, and fails one that does not."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from click.testing import CliRunner

from app.cli.gateways import gateways
from app.cli.lab_client import LabClient
from app.cli.lab_run import Finding, run_vendor
from app.cli.lab_vendor import vendor_api
from app.domain.devices.identity import is_imei
from app.gateways.lab.faults import Fault, plan
from app.gateways.lab.samples import numbers, samples
from app.gateways.lab.shapes import SIMULATORS
from app.gateways.messages import FetchOrder, VitalReading
from app.gateways.registry import VENDORS, parse
from tests.gateways.lab_server import lab_server

_NOW = datetime(2026, 11, 20, 13, 15, tzinfo=UTC)


def _findings(vendor: str, *faults: str) -> dict[Fault, tuple[str, ...]]:
    found: list[Finding] = []
    with lab_server(*faults) as server, vendor_api() as api:
        run_vendor(LabClient(server.url, "token"), vendor, api, 1, 0.1, found.append)
    return {one.fault: one.problems for one in found}


@pytest.mark.parametrize("vendor", list(VENDORS))
def test_every_vendor_passes_on_a_server_that_keeps_its_promises(vendor: str) -> None:
    """All nine faults."""
    assert _findings(vendor) == dict.fromkeys(Fault, ())


@pytest.mark.parametrize(
    ("planted", "faults"),
    [
        ("twice", {Fault.DUPLICATE, Fault.RETRY_AFTER_TIMEOUT, Fault.BURST}),
        ("open", {Fault.WRONG_SIGNATURE}),
        ("future", {Fault.CLOCK_SKEW}),
        ("pounds", {Fault.UNIT_MIX}),
    ],
)
def test_a_planted_fault_is_found(planted: str, faults: set[Fault]) -> None:
    """And nothing else is blamed."""
    findings = _findings("impilo", planted)
    assert {fault for fault, problems in findings.items() if problems} == faults


@pytest.mark.parametrize("vendor", [vendor.id for vendor in VENDORS.values() if vendor.parse_fetched])
def test_a_server_that_asks_with_another_accounts_token_is_found(vendor: str) -> None:
    """The stand-in for the vendor opens to its own account's token only."""
    assert any("stored 0 times instead of once" in told for told in _findings(vendor, "one_token").values())


def test_the_same_seed_makes_the_same_plan() -> None:
    """Another one, another."""
    one, again, other = (plan(Fault.OUT_OF_ORDER, seed, _NOW, ("kg",)) for seed in (7, 7, 8))
    assert one == again
    assert one != other


@pytest.mark.parametrize("vendor", list(VENDORS))
def test_simulated_messages_are_what_the_adapters_read(vendor: str) -> None:
    """The two were written apart."""
    source = Random(1)
    device, simulator = numbers(source), SIMULATORS[vendor]
    for sample in samples(source, _NOW, 4):
        messages = parse(vendor, simulator.body(sample, device), simulator.content_type, {}, dict(simulator.settings))
        readings = [one for one in messages if isinstance(one, VitalReading | FetchOrder)]
        assert len(readings) == 1
        if isinstance(readings[0], VitalReading):
            values = {name: Decimal(one.value) for name, one in readings[0].measures.items()}
            assert sample.is_stored_as(readings[0].observation_type, values)
    assert is_imei(device.imei)


def test_the_command_prints_pass_and_fail() -> None:
    """One line a fault, and a count."""
    with lab_server("open") as server:
        arguments = ["lab", "telli", "--url", server.url, "--token", "t", "--patience", "0.1"]
        printed = CliRunner().invoke(gateways, arguments)
    assert printed.exit_code != 0
    assert "wrong_signature      FAIL  answered 202 to a wrong signature" in printed.output
    assert printed.output.count("pass\n") == len(Fault) - 1
    assert "0 of 1 vendors pass." in printed.output


def test_the_vendors_are_listed_with_what_can_be_set() -> None:
    """For whoever sets one up."""
    printed = CliRunner().invoke(gateways, ["list"]).output
    assert all(vendor in printed for vendor in VENDORS)
    assert "pressure_unit (default none)" in printed
