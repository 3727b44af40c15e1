"""Guards for the rotation of keys: no encrypted column and no wrapped key is left out of it."""

from flask import Flask
from sqlalchemy import LargeBinary

from app.crypto.columns import Encrypted
from app.models import Base, PracticeKey, SystemKey
from app.services.keys.rotation import sealed_tables
from deploy.local_postgres import LocalPostgres

# Bytes that are neither encrypted nor wrapped: hashes and keyed indexes.
_HASHES = {
    "idempotency_keys.fingerprint", "login_attempts.account_key", "observations.natural_key", "patients.email_index",
    "patients.mrn_index", "patients.person_index", "patients.phone_index", "patients.ssn_index",
    "refresh_tokens.parent_hash", "refresh_tokens.token_hash",
    "token_families.newest_token_hash", "users.email_index", "console_sessions.token_hash",
    "break_glass_episodes.session_key", "password_tokens.token_hash", "recovery_codes.code_hash",
    "push_tokens.token_index",
}  # fmt: skip
_WRAPPED = {f"{table.__tablename__}.wrapped" for table in (PracticeKey, SystemKey)}


def test_every_column_of_bytes_is_rotated_or_a_hash_or_a_wrapped_key() -> None:
    """A new one must say which it is: name it `…_enc`, or add it above."""
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    rotated = {f"{table.name}.{column.name}" for table in sealed_tables() for column in table.columns}
    assert columns - rotated == _HASHES | _WRAPPED


def test_every_encrypted_attribute_is_kept_in_a_rotated_column() -> None:
    """The descriptor's column is one that rotation finds by its name."""
    rotated = {(table.model, column.key) for table in sealed_tables() for column in table.columns}
    declared = {
        (mapper.class_, value.column)
        for mapper in Base.registry.mappers
        for value in vars(mapper.class_).values()
        if isinstance(value, Encrypted)
    }
    assert declared <= rotated


def test_every_rotated_row_knows_what_its_values_are_bound_to() -> None:
    """Practice and identity: without them nothing opens."""
    assert [t.name for t in sealed_tables() if not hasattr(t.model, "encryption_row")] == []
    assert [t.name for t in sealed_tables() if not hasattr(t.model, "encryption_practice")] == []


def test_every_sealed_column_can_be_sealed_anew_by_the_application(app: Flask, postgres: LocalPostgres) -> None:
    """A table that is never changed lets at least these columns be changed; a rotation would stop at it otherwise."""
    columns = [(table.name, column.name) for table in sealed_tables() for column in table.columns]
    ask = "SELECT has_column_privilege('vantrexia_app', '{}', '{}', 'UPDATE')"
    assert [place for place in columns if postgres.query(ask.format(*place)).strip() != "t"] == []
