"""How long answers take tells nothing about who has an account.

Measured so that a noisy machine disturbs all groups alike: they take turns in a shuffled order, and processor time is
compared. What the database does is the same statements (`tests/guards/test_sql_counts.py`). A difference that is there
stays there, so one series out of three that shows none is enough.
"""

import itertools
import math
import random
import statistics
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.accounts.administration import disable_user
from tests.authenticator import enrol
from tests.builders import a_user, in_house

LOGIN, RESET = "/api/v1/auth/login/", "/api/v1/auth/password/reset/"
_ROUNDS = 150
_SERIES = 3
_TOLERANCE_MS = 5.0
_CHANCE = 0.01
_SURELY_ALIKE = 0.2  # below it the series converges slowly, to 1
Ask = Callable[[], object]


@pytest.mark.slow
@pytest.mark.alone
def test_s11_known_unknown_and_disabled_accounts_take_as_long_to_refuse(client: FlaskClient) -> None:
    """Wrong passwords, one after the other; every address is locked after its fifth."""
    secured = a_user()
    enrol(client, secured)
    people = {"known": _known(), "disabled": _disabled(), "unknown": _unknown(), "2fa": secured.email}
    assert _tells_nothing({name: _guess(client, itertools.repeat(email)) for name, email in people.items()})


@pytest.mark.slow
@pytest.mark.alone
def test_s11_the_first_five_tries_take_as_long_whoever_is_asked_for(client: FlaskClient) -> None:
    """Fresh addresses all the time: the fifth failure, which locks and leaves a job, costs the same as well."""
    makers = {"known": _known, "disabled": _disabled, "unknown": _unknown}
    needed = _ROUNDS * _SERIES // 5
    addresses = {name: [maker() for _ in range(needed)] for name, maker in makers.items()}
    groups = {name: _guess(client, itertools.cycle(emails)) for name, emails in addresses.items()}
    assert _tells_nothing(groups)


@pytest.mark.slow
@pytest.mark.alone
def test_s11_asking_for_a_reset_takes_as_long_for_unknown_addresses(client: FlaskClient) -> None:
    """One job each."""
    people = {"known": _known(), "disabled": _disabled(), "unknown": _unknown()}
    groups = {name: _send(client, RESET, itertools.repeat(email)) for name, email in people.items()}
    assert _tells_nothing(groups)


def _tells_nothing(groups: dict[str, Ask]) -> bool:
    """Say whether any of several series cannot tell the groups apart, ending early once one cannot."""
    return any(_is_alike(groups, random.Random(number)) for number in range(_SERIES))


def _is_alike(groups: dict[str, Ask], dice: random.Random) -> bool:
    """Compare every two groups: their medians, and by Kolmogorov and Smirnov's test the whole of their times."""
    rounds = [_round(groups, dice) for _ in range(_ROUNDS)]
    times = [sorted(taken[name] for taken in rounds) for name in groups]
    medians = [statistics.median(one) for one in times]
    chances = [same_chance(one, other) for one, other in itertools.combinations(times, 2)]
    return max(medians) - min(medians) < _TOLERANCE_MS and min(chances) > _CHANCE


def _round(groups: dict[str, Ask], dice: random.Random) -> dict[str, float]:
    """Ask each group once; return the processor's milliseconds of this thread, which others' work does not lengthen."""
    taken = {}
    for name in dice.sample(sorted(groups), len(groups)):
        started = time.thread_time()
        groups[name]()
        taken[name] = (time.thread_time() - started) * 1000
    return taken


def same_chance(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how likely two samples of one distribution differ at least so much (two-sample Kolmogorov-Smirnov).

    Asymptotic, with Stephens' correction for small samples; good from some twenty values each.
    """
    places = sorted({*one, *other})
    gap = max(abs(bisect_right(one, at) / len(one) - bisect_right(other, at) / len(other)) for at in places)
    root = math.sqrt(len(one) * len(other) / (len(one) + len(other)))
    scaled = (root + 0.12 + 0.11 / root) * gap
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, sum(terms)) if scaled > _SURELY_ALIKE else 1.0


def test_two_samples_are_told_apart_by_place_and_by_spread() -> None:
    """And not those of one distribution."""
    dice = random.Random(12)
    same, again = (sorted(dice.gauss(25, 1) for _ in range(_ROUNDS)) for _ in range(2))
    later, wider = sorted(at + 1 for at in again), sorted(25 + 3 * (at - 25) for at in again)
    assert same_chance(same, again) > _CHANCE
    assert max(same_chance(same, later), same_chance(same, wider)) < _CHANCE


def _guess(client: FlaskClient, emails: Iterable[str]) -> Ask:
    return _send(client, LOGIN, emails, password="wrong")


def _send(client: FlaskClient, url: str, emails: Iterable[str], **fields: str) -> Ask:
    queue = iter(emails)
    return lambda: client.post(url, json={"email": next(queue), **fields})


def _known() -> str:
    return a_user().email


def _unknown() -> str:
    return f"un{a_user().email}"


def _disabled() -> str:
    admin = a_user(role=Role.ADMIN)
    person = a_user(admin.actor.practice_id)
    with in_house(admin.actor):
        disable_user(admin.actor, person.actor.user_id, None)
    return person.email
