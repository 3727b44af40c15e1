"""Golden files: a message as a vendor sends it, and what it means.

`python -m tests.gateways.golden_files` rewrites what is expected, for somebody to look at in the diff.
"""

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.gateways.messages import FetchOrder, Message, Unreadable
from app.gateways.registry import parse, parse_fetched
from app.gateways.times import from_text

HERE = Path(__file__).parent / "golden"


def files() -> list[Path]:
    """Return all of them."""
    return sorted(HERE.glob("*/*.json"))


def read(path: Path) -> dict[str, Any]:
    """Return one."""
    return json.loads(path.read_text())


def outcome(path: Path, case: dict[str, Any]) -> Any:
    """Return what its message means now, as JSON."""
    vendor, options = path.parent.name, case.get("options", {})
    try:
        if "order" in case:
            return [dumped(message) for message in parse_fetched(vendor, body(case), order(case), options)]
        return [dumped(message) for message in parse(vendor, body(case), case["content_type"], {}, options)]
    except Unreadable as error:
        return {"unreadable": str(error)}


def body(case: dict[str, Any]) -> bytes:
    """Return the bytes of the message."""
    return case["raw"].encode() if "raw" in case else json.dumps(case["body"]).encode()


def order(case: dict[str, Any]) -> FetchOrder:
    """Return the order whose answer this is."""
    told = {**case["order"]}
    for name in ("since", "until"):
        told[name] = from_text(told[name], None).at if told.get(name) else None
    return FetchOrder(**told)


def dumped(message: Message) -> dict[str, Any]:
    """Return a message as JSON: what is not said is left out."""
    return {"is": type(message).__name__, **dict(_members(message))}


def _members(message: Any) -> Iterator[tuple[str, Any]]:
    for field in dataclasses.fields(message):
        value = getattr(message, field.name)
        if value is not None and value is not False:
            yield field.name, _plain(value)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {name: inner for name, inner in _members(value)}  # noqa: C416
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else value


if __name__ == "__main__":
    for one in files():
        told = read(one)
        told["expected"] = outcome(one, told)
        one.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
