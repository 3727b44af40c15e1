"""Reading bodies that strangers wrote: bounded, nothing ambiguous, and never another error than Unreadable."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from app.domain.text import is_storable
from app.gateways.messages import Garbled, Message, Unreadable

_MOST_ITEMS = 1000
_LONGEST_TEXT = 200
_MOST_DIGITS, _SMALLEST = 18, -9
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?")
Item = TypeVar("Item")
Part = TypeVar("Part")
_TRUE, _FALSE = frozenset({"true", "1", "yes", "y"}), frozenset({"false", "0", "no", "n", ""})


def read_json(raw: bytes) -> Any:
    """Return what the JSON says, its numbers as decimals; raises Unreadable."""
    try:
        return json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_unique, parse_float=_decimal, parse_int=_decimal,
            parse_constant=_refuse_constant,
        )  # fmt: skip
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not JSON in UTF-8.") from error


def read_form(raw: bytes) -> "Fields":
    """Return the members of a form-encoded body; raises Unreadable."""
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_ITEMS)
    except ValueError as error:
        raise Unreadable("The body is not a form in UTF-8.") from error
    return Fields(_unique(pairs))


def read_items(raw: bytes, *, under: Iterable[str] = ()) -> tuple["Fields", ...]:
    """Return the items of a body: a list, the list below one of these names, or a single object."""
    return items_of(read_json(raw), under=under)


def items_of(body: Any, *, under: Iterable[str] = ()) -> tuple["Fields", ...]:
    """Return the items of a body that was read already; raises Unreadable."""
    if isinstance(body, Mapping):
        body = next((body[name] for name in under if isinstance(body.get(name), list)), body)
    items = body if isinstance(body, list) else [body]
    if len(items) > _MOST_ITEMS:
        raise Unreadable(f"The body has more than {_MOST_ITEMS} items.")
    return tuple(Fields(item) for item in items)


def read_each(items: Iterable[Item], read: Callable[[Item], Iterable[Message]]) -> tuple[Message, ...]:
    """Return the messages of all items. One that cannot be read does not sink the others; none at all is Unreadable."""
    parts, garbled = sift(items, read)
    return (*(message for part in parts for message in part), *garbled)


def sift(items: Iterable[Item], read: Callable[[Item], Part]) -> tuple[list[Part], list[Garbled]]:
    """Return what the readable items say, and which are not; raises Unreadable when none of them is."""
    parts: list[Part] = []
    garbled: list[Garbled] = []
    for position, item in enumerate(items):
        try:
            parts.append(read(item))
        except Unreadable as error:
            garbled.append(Garbled(position, str(error)))
    if garbled and not parts:
        raise Unreadable(garbled[0].reason)
    return parts, garbled


@dataclass(frozen=True, slots=True)
class Fields:
    """The members of one object, asked for by name; a wrong one raises Unreadable with the name, not the value."""

    body: Any

    def get(self, name: str) -> Any:
        """Return a member as it is; None when it is missing."""
        if not isinstance(self.body, Mapping):
            raise Unreadable("An item is not an object.")
        return self.body.get(name)

    def has(self, name: str) -> bool:
        """Say whether a member is there and not null."""
        return self.get(name) is not None

    def find_text(self, name: str) -> str | None:
        """Return a text, or a whole number as text; None when it is missing, null or blank."""
        value = self.get(name)
        if isinstance(value, Decimal) and value == value.to_integral_value():
            value = format(value, "f").partition(".")[0]
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not is_storable(value):
            raise Unreadable(f"{name} is not a short text.")
        return value.strip()

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.find_text(name)
        if value is None:
            raise Unreadable(f"{name} is missing.")
        return value

    def find_number(self, name: str) -> Decimal | None:
        """Return a number, or one written as text; None when it is missing, null or blank."""
        value = self.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, str) and value.isascii() and _NUMBER.fullmatch(value.strip()):
            return Decimal(value.strip())
        if not isinstance(value, Decimal):
            raise Unreadable(f"{name} is not a number.")
        return value

    def number(self, name: str) -> Decimal:
        """Return a number that must be there."""
        value = self.find_number(name)
        if value is None:
            raise Unreadable(f"{name} is missing.")
        return value

    def find_flag(self, name: str) -> bool | None:
        """Return a yes or no, as JSON, number or text; None when it is missing or null."""
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return value
        text = (self.find_text(name) or "").lower()
        if text not in _TRUE | _FALSE:
            raise Unreadable(f"{name} is neither yes nor no.")
        return text in _TRUE

    def flag(self, name: str) -> bool:
        """Return a yes or no; no when it is missing."""
        return self.find_flag(name) or False

    def find_child(self, name: str) -> "Fields | None":
        """Return an object inside; None when it is missing or null."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise Unreadable(f"{name} is not an object.")
        return Fields(value)

    def child(self, name: str) -> "Fields":
        """Return an object inside that must be there."""
        found = self.find_child(name)
        if found is None:
            raise Unreadable(f"{name} is missing.")
        return found

    def children(self, name: str) -> tuple["Fields", ...]:
        """Return a list of objects inside; empty when it is missing or null."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > _MOST_ITEMS:
            raise Unreadable(f"{name} is not a list of at most {_MOST_ITEMS}.")
        return tuple(Fields(item) for item in value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("The body names a member twice.")
    return members


def _refuse_constant(_name: str) -> None:
    raise Unreadable("The body has a number that is none.")


def _decimal(digits: str) -> Decimal:
    if len(digits) > _MOST_DIGITS * 2:
        raise Unreadable("The body has a number that is too long.")
    number = Decimal(digits)
    if number.adjusted() > _MOST_DIGITS or number.adjusted() < _SMALLEST:
        raise Unreadable("The body has a number that is too large or too small.")
    return number
