"""JSON in and out. In: nothing ambiguous or harmful to the parser. Out: decimals as they are, times with Z."""

import json
import re
from decimal import Decimal
from itertools import accumulate
from typing import Any

import orjson
from flask.json.provider import JSONProvider

from app.domain.text import is_storable

MAX_DEPTH = 64
_MAX_DIGITS = 19  # of a 64-bit integer
_MAX_EXPONENT = 30
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_BRACKETS = bytes(sign for sign in range(256) if sign not in b"[]{}")
_STEPS = {sign: 1 if sign in b"[{" else -1 for sign in b"[]{}"}


class JsonRefused(ValueError):
    """The text is not JSON that we accept; the message is fit for the caller."""


def loads(data: bytes) -> Any:
    """Parse a body. Raises JsonRefused on anything malformed, ambiguous (duplicate names, NaN) or oversized."""
    _check_depth(data)
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_decimal,
            parse_int=_integer,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise JsonRefused("The body is not valid JSON in UTF-8.") from error


def _check_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    brackets = _STRINGS.sub(b"", data).translate(None, _NO_BRACKETS)
    if max(accumulate(_STEPS[sign] for sign in brackets), default=0) > MAX_DEPTH:
        raise JsonRefused(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonRefused("An object names a member twice.")
    if not all(is_storable(name) for name in members):
        raise JsonRefused("A member's name holds characters that cannot be stored.")
    return members


def _refuse_constant(name: str) -> None:
    raise JsonRefused(f"{name} is not a JSON number.")


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        raise JsonRefused("A number is too large.")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    number = Decimal(digits)
    if abs(number.adjusted()) > _MAX_EXPONENT or len(digits) > 2 * _MAX_EXPONENT:
        raise JsonRefused("A number is too large or too precise.")
    return number


class StrictJsonProvider(JSONProvider):
    """Flask's JSON: strict when reading, exact when writing."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Write JSON text; decimals keep their digits."""
        return orjson.dumps(obj, default=_plain, option=orjson.OPT_UTC_Z).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read JSON strictly."""
        return loads(s if isinstance(s, bytes) else s.encode("utf-8", "surrogatepass"))

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Return a response with the value as its body."""
        body = self.dumps(self._prepare_response_obj(args, kwargs))
        return self._app.response_class(body, mimetype="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} is not JSON")
