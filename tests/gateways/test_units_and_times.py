"""Units by exact decimals, times into UTC: both sides of every boundary."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.gateways.messages import Measure, Unreadable, hashed_key
from app.gateways.times import from_epoch, from_text, offset_minutes, signed_offset
from app.gateways.units import measured

_AT = datetime(2026, 11, 20, 13, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("measure", "posted", "unit", "value"),
    [
        ("weight_kg", "81.830", "kg", "81.830"),
        ("weight_kg", "81830", "g", "81.83"),
        ("weight_kg", "1", "lbs", "0.45359237"),
        ("weight_kg", "180.4", "lb", "81.828063548"),
        ("weight_kg", "12", "st", "76.203518"),
        ("glucose_mg_dl", "110", "mg/dL", "110"),
        ("glucose_mg_dl", "5.5", "mmol/L", "99.0858"),
        ("temperature_c", "98.6", "°F", "37"),
        ("temperature_c", "32", "F", "0"),
        ("temperature_c", "37.2", "Celsius", "37.2"),
        ("systolic", "18.9", "kPa", "141.761638"),
        ("systolic", "18932", "Pa", "142.001658"),
        ("peak_flow", "7.2", "L/s", "432"),
        ("height_cm", "1.75", "m", "175"),
        ("respiratory_rate", "16", "bpm", "16"),
        ("pulse", "70", "1/min", "70"),
    ],
)
def test_values_become_canonical(measure: str, posted: str, unit: str, value: str) -> None:
    """Exactly, or cut to six decimals."""
    got = measured(measure, Decimal(posted), unit)
    assert (str(got.value), str(got.posted_value)) == (value, posted)


@pytest.mark.parametrize(
    ("measure", "unit"), [("weight_kg", "mmHg"), ("weight_kg", ""), ("spo2", "kg"), ("pulse", "x")]
)
def test_an_unknown_unit_is_not_guessed(measure: str, unit: str) -> None:
    """It waits for somebody."""
    with pytest.raises(Unreadable, match="unit"):
        measured(measure, Decimal(80), unit)


def test_without_a_unit_a_value_is_canonical() -> None:
    """As vendors that fix the unit send it."""
    assert measured("pulse", Decimal(70)) == Measure(Decimal(70), Decimal(70), "bpm")


@pytest.mark.parametrize(
    ("told", "minutes"),
    [
        ("0", 0), ("-5", -300), ("5.5", 330), ("5.75", 345), ("14", 840), ("-12", -720),
        ("15", 15), ("-300", -300), ("840", 840), ("-720", -720),
        ("900", 15), ("-18000", -300), ("20700", 345), ("50400", 840),
    ],
)  # fmt: skip
def test_offsets_in_hours_minutes_and_seconds_are_told_apart(told: str, minutes: int) -> None:
    """Without being told which."""
    assert offset_minutes(Decimal(told)) == minutes


@pytest.mark.parametrize("told", ["14.5", "16", "5.1", "841", "899", "901", "50401", "51300", "-99999999"])
def test_what_no_place_has_is_no_offset(told: str) -> None:
    """Nobody lives there."""
    with pytest.raises(Unreadable):
        offset_minutes(Decimal(told))


@pytest.mark.parametrize(("text", "minutes"), [("-0500", -300), ("+05:30", 330), ("+0000", 0), ("+14:00", 840)])
def test_signed_offsets(text: str, minutes: int) -> None:
    """With and without the colon."""
    assert signed_offset(text) == minutes


@pytest.mark.parametrize("text", ["0500", "-5", "+14:01", "", "+ab:cd", "+05:30:00"])
def test_other_texts_are_no_offset(text: str) -> None:
    """A sign and four digits."""
    with pytest.raises(Unreadable):
        signed_offset(text)


@pytest.mark.parametrize(
    ("text", "naive", "own"),
    [
        ("2026-11-20T13:15:00Z", None, None),
        ("2026-11-20 13:15", 0, None),
        ("2026-11-20T08:15:00", -300, None),
        ("2026-11-20T08:15:00-05:00", None, -300),
        ("2026-11-20T18:45:00.000+0530", 0, 330),
        ("2026-11-20T14:15:00+01", None, 60),
    ],
)
def test_iso_times(text: str, naive: int | None, own: int | None) -> None:
    """The same instant in every spelling."""
    moment = from_text(text, naive)
    assert (moment.at, moment.offset_minutes) == (_AT, own)


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T13:15:00", "2026-02-30T10:00:00Z", "20.11.2026 13:15", "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z",
     "2026-11-20T25:00:00Z", "2026-11-20", "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_other_times_are_unreadable(text: str) -> None:
    """A local time without its offset among them."""
    with pytest.raises(Unreadable):
        from_text(text, None)


def test_epochs_in_seconds_and_milliseconds() -> None:
    """Told by the vendor, not guessed."""
    assert from_epoch(Decimal(1795180500)) == from_epoch(Decimal(1795180500000), "ms") == _AT


@pytest.mark.parametrize(("number", "unit"), [("1795180500", "ms"), ("1795180500000", "s"), ("-1", "s"), ("1e18", "s")])
def test_epochs_of_the_wrong_unit_are_unreadable(number: str, unit: str) -> None:
    """They would lie decades away."""
    with pytest.raises(Unreadable):
        from_epoch(Decimal(number), unit)


def test_keys_are_equal_for_equal_numbers_and_instants() -> None:
    """However they are written; and different for different ones."""
    here = _AT.astimezone()
    assert hashed_key("v", "d", Decimal("142.0"), _AT) == hashed_key("v", "d", Decimal(142), here)
    assert hashed_key("v", "d", "1", "2") != hashed_key("v", "d", "12", "")
