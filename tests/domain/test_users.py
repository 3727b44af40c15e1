"""The state of an account, and who finds it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.roles import Role
from app.domain.users import AccountState, ManagedUser

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NORA = ManagedUser(
    1, "nora.w@clinic.example", "Nóra", "O'Wren", Role.NURSE, None, is_2fa_enabled=False, is_active=True,
    is_invited=False, locked_until=None, created_at=NOW, updated_at=NOW, version=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, AccountState.ACTIVE),
        ({"locked_until": NOW}, AccountState.LOCKED),
        ({"locked_until": NOW, "is_invited": True}, AccountState.INVITED),
        ({"locked_until": NOW, "is_invited": True, "is_active": False}, AccountState.DISABLED),
    ],
)
def test_the_state_is_the_strongest_of_what_is_in_the_way(facts: dict[str, object], state: AccountState) -> None:
    """Disabled, then invited, then locked."""
    assert replace(NORA, **facts).state is state


@pytest.mark.parametrize(
    "search", ["", "nora", "NÓRA", "wren", "o'wren", "nora wren", "clinic.example", "w@", "nora @"]
)
def test_any_part_of_name_or_address_finds(search: str) -> None:
    """Every word somewhere; case and accents do not matter."""
    assert NORA.is_found_by(search)


@pytest.mark.parametrize("search", ["nora smith", "!", "noora", "other.example"])
def test_anything_else_does_not(search: str) -> None:
    """One word that is nowhere is enough."""
    assert not NORA.is_found_by(search)
