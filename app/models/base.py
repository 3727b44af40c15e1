"""What all tables share: naming, keys, timestamps, tenancy and the mark that a table is audited."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from uuid_utils.compat import uuid7

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """The registry of all models."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}


def new_id() -> UUID:
    """Return a UUIDv7: unique, and close in the index to its neighbours in time."""
    return uuid7()


def listed(words: Iterable[str]) -> str:
    """Return words as SQL texts, for a check constraint: they are ours, and hold no quotes."""
    return ", ".join(f"'{word}'" for word in words)


class Identified:
    """A row with a UUID of its own."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class TenantScoped:
    """A row of one practice: row-level security shows it to that practice only."""

    practice_id: Mapped[UUID] = mapped_column(index=False)

    @property
    def encryption_row(self) -> object:
        """The identity that encrypted values of this row are bound to."""
        return self.id  # type: ignore[attr-defined]  # mixed with Identified, or overridden

    @property
    def encryption_practice(self) -> UUID:
        """The practice whose keys encrypt this row."""
        return self.practice_id


class Timestamps:
    """When the row was made and last changed, by the database's clock."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Versioned:
    """A row with optimistic locking: a stale writer fails instead of overwriting."""

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - a class-level directive
        return {"version_id_col": cls.__table__.c.version, "eager_defaults": True}  # type: ignore[attr-defined]


class Audited:
    """A row whose every change leaves an audit event; `audit_type` names it there."""

    audit_type: ClassVar[str]
    audit_patient_column: ClassVar[str | None] = "patient_id"  # which column tells the patient concerned
