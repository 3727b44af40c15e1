"""What goes wrong on the way, as plans: which messages are sent how, and which readings must be stored after it.

The same seed makes the same plan. Each fault has an hour of its own, so that none disturbs another.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from app.domain.vitals.units import KG_PER_LB
from app.gateways.lab.samples import Sample, samples

_FEW, _MANY = 4, 40
_AHEAD = timedelta(hours=1)  # far beyond what a device's clock may run ahead


class Fault(StrEnum):
    """What may go wrong; PLAIN is nothing."""

    PLAIN = "plain"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    CLOCK_SKEW = "clock_skew"
    UNIT_MIX = "unit_mix"
    MISSING_FIELD = "missing_field"
    WRONG_SIGNATURE = "wrong_signature"
    BURST = "burst"
    RETRY_AFTER_TIMEOUT = "retry_after_timeout"


@dataclass(frozen=True, slots=True)
class Post:
    """One delivery of a reading."""

    sample: Sample
    is_whole: bool = True
    is_signed_well: bool = True
    is_dropped: bool = False  # the sender hangs up before the answer


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent, in this order unless all at once, and what must be stored."""

    fault: Fault
    posts: tuple[Post, ...]
    stored: tuple[Sample, ...]
    is_parallel: bool = False


def plan(fault: Fault, seed: int, now: datetime, units: Sequence[str]) -> Plan:
    """Return what to do for one fault."""
    source = random.Random(f"{seed}/{fault}")  # noqa: S311 - makes up readings, hides nothing
    hours = 2 * (1 + list(Fault).index(fault))
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    good = samples(source, start, _MANY if fault is Fault.BURST else _FEW)
    return _PLANS[fault](good, source, now, units)


def _plain(good: list[Sample], _source: random.Random, _now: datetime, _units: Sequence[str]) -> Plan:
    return Plan(Fault.PLAIN, _posts(good), tuple(good))


def _duplicate(good: list[Sample], _source: random.Random, _now: datetime, _units: Sequence[str]) -> Plan:
    return Plan(Fault.DUPLICATE, _posts([*good, *good, *good]), tuple(good))


def _out_of_order(good: list[Sample], source: random.Random, _now: datetime, _units: Sequence[str]) -> Plan:
    order = [good[-1], *source.sample(good[:-1], len(good) - 1)]
    return Plan(Fault.OUT_OF_ORDER, _posts(order), tuple(good))


def _clock_skew(good: list[Sample], _source: random.Random, now: datetime, _units: Sequence[str]) -> Plan:
    ahead = [replace(good[0], measured_at=now.replace(microsecond=0) + _AHEAD)]
    return Plan(Fault.CLOCK_SKEW, _posts([*ahead, *good]), tuple(good))


def _unit_mix(good: list[Sample], _source: random.Random, _now: datetime, units: Sequence[str]) -> Plan:
    mixed = [
        replace(one, weight=(one.weight / KG_PER_LB).quantize(Decimal("0.1")), unit="lb")
        if one.observation_type == "weight" and place % 4 == 1 and "lb" in units
        else one
        for place, one in enumerate(good)
    ]
    return Plan(Fault.UNIT_MIX, _posts(mixed), tuple(mixed))


def _missing_field(good: list[Sample], _source: random.Random, _now: datetime, _units: Sequence[str]) -> Plan:
    broken = Post(good[0], is_whole=False)
    return Plan(Fault.MISSING_FIELD, (broken, *_posts(good[1:])), tuple(good[1:]))


def _wrong_signature(good: list[Sample], _source: random.Random, _now: datetime, _units: Sequence[str]) -> Plan:
    forged = Post(good[0], is_signed_well=False)
    return Plan(Fault.WRONG_SIGNATURE, (forged, *_posts(good[1:])), tuple(good[1:]))


def _burst(good: list[Sample], source: random.Random, _now: datetime, _units: Sequence[str]) -> Plan:
    sent = [*good, *good]
    source.shuffle(sent)
    return Plan(Fault.BURST, _posts(sent), tuple(good), is_parallel=True)


def _retry(good: list[Sample], _source: random.Random, _now: datetime, _units: Sequence[str]) -> Plan:
    twice = [post for one in good for post in (Post(one, is_dropped=True), Post(one))]
    return Plan(Fault.RETRY_AFTER_TIMEOUT, tuple(twice), tuple(good))


def _posts(sent: Sequence[Sample]) -> tuple[Post, ...]:
    return tuple(Post(one) for one in sent)


_PLANS: dict[Fault, Callable[[list[Sample], random.Random, datetime, Sequence[str]], Plan]] = {
    Fault.PLAIN: _plain,
    Fault.DUPLICATE: _duplicate,
    Fault.OUT_OF_ORDER: _out_of_order,
    Fault.CLOCK_SKEW: _clock_skew,
    Fault.UNIT_MIX: _unit_mix,
    Fault.MISSING_FIELD: _missing_field,
    Fault.WRONG_SIGNATURE: _wrong_signature,
    Fault.BURST: _burst,
    Fault.RETRY_AFTER_TIMEOUT: _retry,
}
