"""JSON in and out. In: nothing ambiguous or harmful to the parser. Out: decimals as they are, times with Z."""

import json
from decimal import Decimal
from typing import Any

import orjson
from flask.json.provider import JSONProvider

from app.domain.text import is_storable

MAX_DEPTH = 64
_MAX_DIGITS = 19  # of a 64-bit integer
_MAX_EXPONENT = 30


class JsonRefused(ValueError):
    """The text is not JSON that we accept; the message is fit for the caller."""


def loads(data: bytes) -> Any:
    """Parse a body. Raises JsonRefused on anything malformed, ambiguous (duplicate names, NaN) or oversized."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_decimal,
            parse_int=_integer,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise JsonRefused("The body is not valid JSON in UTF-8.") from error
    if _is_deeper(value, MAX_DEPTH):
        raise JsonRefused(f"The body is nested more than {MAX_DEPTH} levels deep.")
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    """Say whether arrays and objects lie more than so many levels deep; the parser itself gives up at some hundreds."""
    if isinstance(value, dict):
        return levels == 0 or any(_is_deeper(one, levels - 1) for one in value.values() if isinstance(one, dict | list))
    if isinstance(value, list):
        return levels == 0 or any(_is_deeper(one, levels - 1) for one in value if isinstance(one, dict | list))
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonRefused("An object names a member twice.")
    if not is_storable("".join(members)):
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
