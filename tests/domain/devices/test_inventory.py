"""The life cycle of a device."""

from itertools import product

import pytest

from app.domain.devices.inventory import ASSIGNABLE, MOVES, DeviceStatus, refusal_of_move, status_when_assigned

S = DeviceStatus
ALLOWED = {
    (S.IN_STOCK, S.SHIPPED), (S.IN_STOCK, S.ACTIVE), (S.IN_STOCK, S.LOST), (S.IN_STOCK, S.RETIRED),
    (S.SHIPPED, S.DELIVERED), (S.SHIPPED, S.ACTIVE), (S.SHIPPED, S.RETURNED), (S.SHIPPED, S.LOST),
    (S.DELIVERED, S.ACTIVE), (S.DELIVERED, S.RETURNED), (S.DELIVERED, S.LOST), (S.ACTIVE, S.RETURNED),
    (S.ACTIVE, S.LOST), (S.LOST, S.RETURNED), (S.LOST, S.RETIRED), (S.RETURNED, S.IN_STOCK),
    (S.RETURNED, S.RETIRED),
}  # fmt: skip


@pytest.mark.parametrize(("current", "wanted"), tuple(product(S, S)))
def test_the_table_of_moves(current: DeviceStatus, wanted: DeviceStatus) -> None:
    """All 49."""
    assert (wanted in MOVES[current]) is ((current, wanted) in ALLOWED)


@pytest.mark.parametrize(
    ("current", "wanted", "is_held", "says"),
    [
        (S.IN_STOCK, S.SHIPPED, False, None),
        (S.SHIPPED, S.DELIVERED, True, None),
        (S.DELIVERED, S.ACTIVE, True, None),
        (S.DELIVERED, S.ACTIVE, False, "by being assigned"),
        (S.ACTIVE, S.LOST, True, "end the assignment"),
        (S.SHIPPED, S.RETURNED, True, "end the assignment"),
        (S.SHIPPED, S.RETURNED, False, None),
        (S.RETIRED, S.IN_STOCK, False, "retired cannot become in stock"),
    ],
)
def test_a_held_device_is_given_up_by_ending_its_assignment(
    current: DeviceStatus, wanted: DeviceStatus, is_held: bool, says: str | None
) -> None:
    """And becomes active by one."""
    refusal = refusal_of_move(current, wanted, is_held=is_held)
    assert (refusal is None) if says is None else (refusal is not None and says in refusal)


@pytest.mark.parametrize(
    ("before", "after"), [(S.IN_STOCK, S.ACTIVE), (S.SHIPPED, S.SHIPPED), (S.DELIVERED, S.DELIVERED)]
)
def test_an_assigned_device_is_active_unless_it_is_on_its_way(before: DeviceStatus, after: DeviceStatus) -> None:
    """From the shelf it is handed over."""
    assert status_when_assigned(before) is after


def test_what_is_held_away_or_broken_is_not_assigned() -> None:
    """Three statuses are assignable."""
    assert {S.IN_STOCK, S.SHIPPED, S.DELIVERED} == ASSIGNABLE
