"""Who held the device when it was measured."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.domain.devices.custody import Holding, holder_at, may_claim

ANN, BOB = UUID(int=1), UUID(int=2)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
SWAP = datetime(2026, 3, 15, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOLDINGS = (Holding(BOB, SWAP), Holding(ANN, MARCH, SWAP))


@pytest.mark.parametrize(
    ("at", "holder"),
    [
        (MARCH - TICK, None), (MARCH, ANN), (SWAP - TICK, ANN), (SWAP, BOB), (SWAP + timedelta(days=900), BOB),
    ],
)  # fmt: skip
def test_a_holding_has_its_start_and_not_its_end(at: datetime, holder: UUID | None) -> None:
    """Both sides of each boundary; at the hand-over the device is the new holder's."""
    assert holder_at(HOLDINGS, at) == holder


def test_between_two_holders_it_is_nobodys() -> None:
    """On the shelf."""
    returned = (Holding(ANN, MARCH, SWAP), Holding(BOB, SWAP + timedelta(days=3)))
    assert holder_at(returned, SWAP + timedelta(days=1)) is None


def test_instants_are_compared_across_zones() -> None:
    """Not clock faces."""
    assert holder_at(HOLDINGS, datetime.fromisoformat("2026-03-15T07:00:00-05:00")) == BOB


@pytest.mark.parametrize(
    ("is_registered", "holder", "may"),
    [(False, None, True), (True, ANN, True), (True, BOB, False), (True, None, False)],
)
def test_a_reading_may_name_a_device_that_its_patient_held_or_that_nobody_knows(
    is_registered: bool, holder: UUID | None, may: bool
) -> None:
    """A registered device that nobody held yields nothing."""
    assert may_claim(ANN, is_registered=is_registered, holder=holder) is may
