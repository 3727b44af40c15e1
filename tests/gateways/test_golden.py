"""Every vendor's messages mean what their golden files say, whoever sends whatever else."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateways.messages import FetchOrder, Unreadable
from app.gateways.registry import ALL, parse, parse_fetched
from tests.gateways.golden_files import HERE, body, files, outcome, read

_VENDORS = [vendor.id for vendor in ALL]
_FETCHING = [vendor.id for vendor in ALL if vendor.parse_fetched]


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_message_means_what_its_golden_file_says(path: Path) -> None:
    """Written once, read at every change."""
    case = read(path)
    assert outcome(path, case) == case["expected"]


@pytest.mark.parametrize("vendor", _VENDORS)
def test_every_vendor_has_good_and_malformed_files(vendor: str) -> None:
    """A reading or an order, something unreadable, something else."""
    seen = [read(path)["expected"] for path in HERE.glob(f"{vendor}/*.json")]
    kinds = {one["is"] for case in seen if isinstance(case, list) for one in case}
    assert kinds & {"VitalReading", "FetchOrder"}
    assert {"DeviceState", "Unsupported"} & kinds
    assert sum(isinstance(case, dict) for case in seen) >= 2


_NAMES = sorted(
    {name for path in files() for name in json.dumps(read(path)).replace("\\", "").split('"') if name.isidentifier()}
)
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(_NAMES),
    st.sampled_from(["2026-11-20T08:15:00Z", "1795180500000", "0001-01-01T00:00:00", "+99:99", "1e999", "٣", "NaN"]),
)  # fmt: skip
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=8),
    max_leaves=30,
)


def _reads(vendor: str, raw: bytes) -> None:
    order = FetchOrder("363", "bp", "key")
    for read_it in (lambda: parse(vendor, raw, "", {}, {}), lambda: parse_fetched(vendor, raw, order, {})):
        with suppress(Unreadable):
            assert isinstance(read_it(), tuple)


@given(vendor=st.sampled_from(_VENDORS), raw=st.binary(max_size=300))
def test_no_bytes_raise_anything_but_unreadable(vendor: str, raw: bytes) -> None:
    """Whatever arrives."""
    _reads(vendor, raw)


@given(vendor=st.sampled_from(_VENDORS), value=_JSON)
def test_no_json_raises_anything_but_unreadable(vendor: str, value: Any) -> None:
    """With names that adapters look for."""
    _reads(vendor, json.dumps(value).encode())


_CASES = [(path.parent.name, read(path)) for path in files()]


@given(data=st.data())
def test_no_spoiled_golden_file_raises_anything_but_unreadable(data: st.DataObject) -> None:
    """One member of a good message is replaced by anything."""
    vendor, case = data.draw(st.sampled_from([pair for pair in _CASES if "body" in pair[1]]))
    spoiled = json.loads(json.dumps(case["body"]))
    holder = spoiled
    while isinstance(holder, dict | list) and holder:
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        inner = holder[key]
        if not (isinstance(inner, dict | list) and inner and data.draw(st.booleans())):
            holder[key] = data.draw(_JSON)
            break
        holder = inner
    _reads(vendor, json.dumps(spoiled).encode())


@pytest.mark.parametrize("nesting", ["[" * 100_000, '{"data":' * 100_000])
@pytest.mark.parametrize("vendor", _VENDORS)
def test_deep_nesting_is_unreadable(vendor: str, nesting: str) -> None:
    """And nothing worse."""
    with pytest.raises(Unreadable):
        parse(vendor, nesting.encode(), "", {}, {})


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_reading_twice_gives_the_same(path: Path) -> None:
    """Keys too: a replay is known as one."""
    case = read(path)
    assert outcome(path, case) == outcome(path, case)


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_reasons_hold_no_value_of_the_message(path: Path) -> None:
    """They are kept, shown and logged in the clear."""
    case = read(path)
    expected = case["expected"] if isinstance(case["expected"], list) else [{"reason": case["expected"]["unreadable"]}]
    texts = [text for text in body(case).decode().split('"') if len(text) > 8]  # longer than any field's name
    numbers = [text for text in texts if any(sign.isdigit() for sign in text)]
    reasons = [one["reason"] for one in expected if "reason" in one]
    assert not [reason for reason in reasons for number in numbers if number in reason]
