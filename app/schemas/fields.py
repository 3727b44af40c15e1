"""Strict fields: a number is a number, a text can be stored, a time has a zone."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from app.domain.text import is_storable
from app.domain.vitals.measures import MAX_DECIMALS, Limits

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_EARLIEST, _LATEST = 1900, 2100
_YEAR = "^(19|20)[0-9]{2}-"  # the same, for the document
_STORABLE = r"^[^\u0000]*$"
Data = Mapping[str, Any] | None


class Text(fields.String):
    """A text without surrounding space, NUL or lone surrogates; not blank unless `blank=True`."""

    not_blank = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"  # for the document; what decides is `_deserialize`

    def __init__(self, *, longest: int = 200, blank: bool = False, form: str = "", **kwargs: Any) -> None:
        """Take a text; `form` tells the document's readers how it is written, where code decides what it may be."""
        super().__init__(**kwargs)
        self.longest, self.may_be_blank = longest, blank
        has_form = isinstance(kwargs.get("validate"), validate.Regexp)  # which goes into the document by itself
        pattern = f"^({form})$" if form else _STORABLE if blank else self.not_blank
        bounds = {"maxLength": longest} | ({} if has_form else {"pattern": pattern})
        self.metadata = {**bounds, **({} if blank else {"minLength": 1}), **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not is_storable(text):
            raise ValidationError("Contains characters that cannot be stored.")
        text = self.trimmed(text)
        if not text and not self.may_be_blank:
            raise ValidationError("This field may not be blank.")
        if len(text) > self.longest:
            raise ValidationError(f"Longer than {self.longest} characters.")
        return text

    def trimmed(self, text: str) -> str:
        """Take off surrounding space."""
        return text.strip()


class Secret(Text):
    """A password or token: every character counts, spaces too."""

    not_blank = r"^[^\u0000]+$"

    def trimmed(self, text: str) -> str:
        """Leave the text alone."""
        return text


class Measure(fields.Field[Decimal]):
    """A measured number within an instrument's limits, with the decimals it came with. Never text, never true."""

    def __init__(self, limits: Limits, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.limits = limits
        self.metadata = {**self.metadata, "type": "number",
            "minimum": _plain(limits.low), "maximum": _plain(limits.high),
            "description": f"In {limits.unit}.",
        }  # fmt: skip

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("Not a valid number.")
        number = Decimal(value)
        if not self.limits.low <= number <= self.limits.high:
            raise ValidationError(f"Must be between {self.limits.low} and {self.limits.high} {self.limits.unit}.")
        if -int(number.as_tuple().exponent) > MAX_DECIMALS:
            raise ValidationError(f"More than {MAX_DECIMALS} decimals.")
        return number


def _plain(number: Decimal) -> int | float:
    """Return a number as the document writes it."""
    return int(number) if number == int(number) else float(number)


class Money(fields.Field[Decimal]):
    """US dollars as a number with at most two decimals, from 0 to 99,999,999.99."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {**self.metadata, "type": "number", "minimum": 0, "maximum": 99_999_999.99}

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("Not a valid number.")
        amount = Decimal(value)
        if not 0 <= amount < 10**8:
            raise ValidationError("Must be between 0 and 99999999.99.")
        if amount != amount.quantize(Decimal("0.01")):
            raise ValidationError("More than 2 decimals.")
        return amount.quantize(Decimal("0.01"))


def in_utc(moment: datetime | None) -> datetime | None:
    """Return the moment in UTC."""
    return None if moment is None else moment.astimezone(UTC)


class Instant(fields.Field[datetime]):
    """A moment in ISO 8601 with a zone, between 1900 and 2100; written in UTC with Z."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {**self.metadata, "type": "string", "format": "date-time", "pattern": _YEAR}

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> datetime:
        return self._written(value).astimezone(UTC)

    def _written(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _INSTANT.fullmatch(value):
            raise ValidationError("Not a valid time: ISO 8601 with a zone is needed, such as 2026-01-10T14:30:00Z.")
        try:
            written = datetime.fromisoformat(value.upper())
            in_utc_too = written.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError("Not a valid time.") from error
        if not _EARLIEST <= in_utc_too.year < _LATEST:
            raise ValidationError(f"Must lie between {_EARLIEST} and {_LATEST}.")
        return written


class MeasuredAt(Instant):
    """A moment with the zone it was written in, which is UTC itself only for Z."""

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> datetime:
        written = self._written(value)
        return (
            written.astimezone(UTC)
            if value[-1] in "Zz"
            else written.replace(tzinfo=timezone(written.utcoffset() or timedelta()))
        )


class Day(fields.Field[date]):
    """A calendar date, `YYYY-MM-DD`, between 1900 and 2100."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {**self.metadata, "type": "string", "format": "date", "pattern": _YEAR}

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValidationError("Not a valid date: YYYY-MM-DD is needed.")
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("Not a valid date.") from error
        if not _EARLIEST <= day.year < _LATEST:
            raise ValidationError(f"Must lie between {_EARLIEST} and {_LATEST}.")
        return day


class Whole(fields.Integer):
    """A whole JSON number of at most 32 bits: not 1.0, not "1", not true."""

    def __init__(self, *, low: int, high: int = 2**31 - 1, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.low, self.high = low, high
        self.metadata = {**self.metadata, "minimum": low, "maximum": high}

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Not a valid integer.")
        if not self.low <= value <= self.high:
            raise ValidationError(f"Must be between {self.low} and {self.high}.")
        return value


class YesNo(fields.Boolean):
    """true or false: not 1, not "yes"."""

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not a valid boolean.")
        return value


class Clock(fields.Field[time]):
    """A time of day in hours and minutes, `HH:MM`, without a zone: the context says whose clock it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {**self.metadata, "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}

    def _serialize(self, value: time | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.strftime("%H:%M")

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> time:
        if not isinstance(value, str) or not _CLOCK.fullmatch(value):
            raise ValidationError("Not a valid time of day: HH:MM is needed.")
        return time.fromisoformat(value)


class StartOfDay(Instant):
    """A day in a form, as the moment it begins in UTC; `days` later for an inclusive end."""

    def __init__(self, *, days: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.days = timedelta(days=days)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        day = Day().deserialize(value, attr, data, **kwargs)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + self.days
