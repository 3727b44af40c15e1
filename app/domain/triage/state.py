"""What is remembered of a patient's rules between readings: times only, no values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule in breach since then; raised first and last at those times, if it was raised at all."""

    since: datetime
    raised_at: datetime | None = None
    last_raised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """When the latest reading was measured, the rules in breach, and when those that cleared were last raised."""

    seen_at: datetime | None = None
    rules: Mapping[str, RuleState] = field(default_factory=dict)
    cooling: Mapping[str, datetime] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        rules = {
            name: [_text(one.since), _text(one.raised_at), _text(one.last_raised_at)]
            for name, one in self.rules.items()
        }
        cooling = {name: _text(moment) for name, moment in self.cooling.items()}
        return {"seen_at": _text(self.seen_at), "rules": rules, "cooling": cooling}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what was stored; nothing stored is a patient never seen."""
        if not stored:
            return cls()
        rules = {}
        for name, (since, raised_at, last_raised_at) in stored["rules"].items():
            rules[name] = RuleState(datetime.fromisoformat(since), _moment(raised_at), _moment(last_raised_at))
        cooling = {name: datetime.fromisoformat(moment) for name, moment in stored["cooling"].items()}
        return cls(_moment(stored["seen_at"]), rules, cooling)


UNSEEN = State(None, MappingProxyType({}), MappingProxyType({}))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
