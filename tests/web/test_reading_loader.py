"""The short way through a kind's schema gives what the schema gives: the same readings, the same words."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from app.domain.vitals.kinds import KINDS
from app.schemas.reading_loader import ReadingLoader
from app.schemas.readings import NEW_READING_SCHEMAS

_SCHEMAS = {kind: schema() for kind, schema in NEW_READING_SCHEMAS.items()}
_LOADERS = {kind: ReadingLoader(schema) for kind, schema in _SCHEMAS.items()}
_NAMES = sorted({name for schema in _SCHEMAS.values() for name in schema.fields} | {"colour", "observation_type"})
_ID = str(UUID(int=7))
_ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 1100),
    st.decimals(0, 1000, places=5),
    st.sampled_from(
        [
            "", " x ", "\x00", "\ud800", "x" * 65, "auto", "manual", "fasting", "unknown", "error", _ID, [], {}, 0.5,
            "2026-01-10T09:30:00-05:00", "2026-01-10t09:30z", "2026-02-30T09:30:00Z", "1899-01-01T00:00:00Z",
        ]
    ),
)  # fmt: skip
_GOOD: dict[str, st.SearchStrategy[Any]] = {
    "patient_id": st.just(_ID),
    "measured_at": st.sampled_from(["2026-01-10T09:30:00-05:00", "2026-01-10T14:30:00Z", "2026-01-10 14:30+00:00"]),
    "corrects_id": st.none() | st.just(_ID),
    "device_id": st.none() | st.just(" cuff "),
    "source": st.sampled_from(["auto", "manual"]),
    "meal": st.none() | st.just("pre"),
    "irregular_heartbeat": st.none() | st.booleans(),
    "systolic_absent_reason": st.just("unknown"),
    "diastolic_absent_reason": st.just("unknown"),
}
_NUMBER = st.integers(60, 90) | st.decimals(60, 90, places=2)
_ALWAYS = {"patient_id", "measured_at"}


def _loaded(load: Any, item: dict[str, Any]) -> Any:
    try:
        return load(item)
    except ValidationError as error:
        return error.messages


@st.composite
def _items(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw an item that is nearly right: its own fields, some left out, perhaps some odd."""
    fields = _SCHEMAS[KINDS[kind].type].fields  # type: ignore[index]
    names = [name for name in fields if name in _ALWAYS or draw(st.booleans())]
    item = {name: draw(_GOOD.get(name, _NUMBER)) for name in names}
    return item | draw(st.dictionaries(st.sampled_from(_NAMES), _ODD, max_size=2))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_both_ways_agree(kind: Any, data: st.DataObject) -> None:
    """On the reading, or on every message, and neither touches the item."""
    item = data.draw(_items(kind))
    before = dict(item)
    short, long = _loaded(_LOADERS[kind].load, item), _loaded(_SCHEMAS[kind].load, item)
    assert repr(short) == repr(long)  # 70.0 and 70 are equal, but not the same
    assert item == before


def test_a_right_item_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the comparison above would compare the schema with itself."""
    schema = NEW_READING_SCHEMAS["weight"]()
    loader = ReadingLoader(schema)
    monkeypatch.setattr(schema, "load", None)
    _, reading = loader.load({"patient_id": _ID, "measured_at": "2026-01-10T14:30:00Z", "weight_lb": Decimal("180.50")})
    assert str(reading.posted_value) == "180.50"
