"""How long answers take tells nothing about who has an account."""

import statistics
import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.user_administration import disable_user
from tests.authenticator import enrol
from tests.builders import Person, a_user, in_house

LOGIN, RESET = "/api/v1/auth/login/", "/api/v1/auth/password/reset/"
_TRIES = 120
_TOLERANCE_MS = 5.0


def _medians(groups: dict[str, Callable[[], object]], tries: int) -> dict[str, float]:
    """Return each group's median in milliseconds; taking turns, so that a noisy machine disturbs all alike."""
    taken: dict[str, list[float]] = {name: [] for name in groups}
    for _ in range(tries):
        for name, ask in groups.items():
            started = time.perf_counter()
            ask()
            taken[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def _spread(medians: dict[str, float]) -> float:
    return max(medians.values()) - min(medians.values())


def _disabled() -> Person:
    admin = a_user(role=Role.ADMIN)
    person = a_user(admin.actor.practice_id)
    with in_house(admin.actor):
        disable_user(admin.actor, person.actor.user_id, None)
    return person


@pytest.mark.slow
def test_s11_known_unknown_and_disabled_accounts_take_as_long_to_refuse(client: FlaskClient) -> None:
    """Wrong passwords, one after the other; every address is locked after its fifth."""
    people = {"known": a_user().email, "disabled": _disabled().email, "unknown": f"un{a_user().email}"}
    secured = a_user()
    enrol(client, secured)
    people["with a second factor"] = secured.email

    def asking(email: str) -> Callable[[], object]:
        return lambda: client.post(LOGIN, json={"email": email, "password": "wrong"})

    medians = _medians({name: asking(email) for name, email in people.items()}, _TRIES)
    assert _spread(medians) < _TOLERANCE_MS, medians


@pytest.mark.slow
def test_s11_the_first_five_tries_take_as_long_whoever_is_asked_for(client: FlaskClient) -> None:
    """Fresh addresses each time: the fifth failure, which locks and leaves a job, costs the same as well."""
    known, disabled = [a_user().email for _ in range(24)], [_disabled().email for _ in range(24)]
    queues = {"known": iter(known * 5), "disabled": iter(disabled * 5), "unknown": iter([f"un{e}" for e in known] * 5)}

    def asking(queue: object) -> Callable[[], object]:
        return lambda: client.post(LOGIN, json={"email": next(queue), "password": "wrong"})

    medians = _medians({name: asking(queue) for name, queue in queues.items()}, 120)
    assert _spread(medians) < _TOLERANCE_MS, medians


@pytest.mark.slow
def test_s11_asking_for_a_reset_takes_as_long_for_unknown_addresses(client: FlaskClient) -> None:
    """One job each."""
    people = {"known": a_user().email, "disabled": _disabled().email, "unknown": f"un{a_user().email}"}

    def asking(email: str) -> Callable[[], object]:
        return lambda: client.post(RESET, json={"email": email})

    medians = _medians({name: asking(email) for name, email in people.items()}, _TRIES)
    assert _spread(medians) < _TOLERANCE_MS, medians
