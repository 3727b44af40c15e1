"""A vendor's reading as the domain's: the same as if our own API had taken it."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from app.domain.vitals.reading import Reading, natural_key
from app.domain.vitals.units import BY_FIELD
from app.gateways.messages import VitalReading
from app.gateways.readings import as_reading
from app.gateways.registry import parse
from config import ROOT
from tests.gateways.golden_files import HERE, body, read

_PATIENT = UUID(int=1)
_AT = datetime(2026, 11, 20, 13, 15, tzinfo=UTC)


def _first(case: str) -> Reading:
    told = read(HERE / f"{case}.json")
    messages = parse(case.partition("/")[0], body(told), "", {}, told.get("options", {}))
    return as_reading(next(one for one in messages if isinstance(one, VitalReading)), "D-1")


@pytest.mark.parametrize(
    ("case", "field", "posted"),
    [
        ("smart_meter/only_pounds", "weight_lb", "180.4"),
        ("smart_meter/strings_as_numbers", "glucose_mmol_l", "5.5"),
        ("impilo/temperature", "temperature_f", "98.6"),
    ],
)
def test_a_reading_is_the_same_by_webhook_and_by_api(case: str, field: str, posted: str) -> None:
    """One natural key, to the last digit."""
    got, other = _first(case), BY_FIELD[field]
    value = other.to_measure(Decimal(posted))
    by_api = Reading(got.observation_type, got.measured_at, {other.measure: value}, device_id="D-1")
    assert natural_key(_PATIENT, got) == natural_key(_PATIENT, by_api)
    assert (got.posted_value, got.posted_unit) == (Decimal(posted), other.unit)


def test_what_billing_depends_on_survives() -> None:
    """Typed in by hand, from memory, at a guessed time, in which zone by whose word."""
    got = _first("mioconnect/strings_and_flags")
    assert (got.source, got.is_stored_memory, got.is_estimated_time) == ("manual", True, True)
    assert (got.zone_offset_minutes, got.offset_origin) == (-300, "device")
    assert got.posted_unit is None


def test_pressures_in_pascals_have_no_posted_value_of_our_api() -> None:
    """It has one value for two pressures; the message itself is kept."""
    got = _first("bodytrace/pressure_in_pascals")
    assert (got.posted_value, got.source, got.irregular_heartbeat) == (None, None, True)


def test_the_example_in_the_docs_is_a_reading() -> None:
    """As it stands there."""
    example = re.search(r"^BODY='(.*?)'$", (ROOT / "docs" / "gateways.md").read_text(), re.DOTALL | re.MULTILINE)
    assert example
    messages = parse("mioconnect", example[1].encode(), "application/json", {}, {})
    assert isinstance(messages[0], VitalReading)
    assert (messages[0].measured_at, messages[0].irregular_heartbeat) == (_AT, False)
