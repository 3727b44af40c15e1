"""A file of patients being imported: the file itself in encrypted pieces, how far it is, what was wrong."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_bytes, encrypted_json
from app.domain.imports import percent_done
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps


class PatientImport(Identified, TenantScoped, Timestamps, Audited, Base):
    """One import. `rows_done` moves with the rows themselves, in their transaction: none is imported twice."""

    __tablename__ = "patient_imports"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        Index("ix_patient_imports_listing", "practice_id", "created_at", "id"),
        CheckConstraint("state IN ('checked', 'queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        CheckConstraint("on_error IN ('skip', 'abort')", name="on_error"),
        CheckConstraint("on_existing IN ('error', 'skip', 'update')", name="on_existing"),
        CheckConstraint("rows_done <= rows_total", name="rows_done"),
    )
    audit_type = "patient_import"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    created_by: Mapped[int]
    state: Mapped[str]
    on_error: Mapped[str]
    on_existing: Mapped[str]
    described_enc: Mapped[bytes]
    size: Mapped[int]
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    described = encrypted_json(
        "described_enc", mark="columns"
    )  # a file without headers has a patient where they should be

    @property
    def percent(self) -> int:
        """How far it is."""
        return percent_done(self.state, self.on_error, self.rows_done, self.rows_total)

    @property
    def file_name(self) -> str:
        """What the file was called."""
        return self._said("file_name") or ""

    @property
    def headers(self) -> list[str]:
        """The file's headers, in its order."""
        return self._said("headers") or []

    @property
    def mapping(self) -> dict[str, str]:
        """Our column by the file's header."""
        return self._said("mapping") or {}

    @property
    def columns(self) -> list[str]:
        """Our columns that the file has, in its order."""
        return [self.mapping[header] for header in dict.fromkeys(self.headers) if header in self.mapping]

    @property
    def wanted(self) -> dict[str, str]:
        """The mapping that was asked for, empty where the headers speak for themselves."""
        return self._said("wanted") or {}

    @property
    def allow_duplicates(self) -> bool:
        """Whether rows that look like somebody are of other people."""
        return bool(self._said("allow_duplicates"))

    @property
    def possible_duplicates(self) -> int:
        """How many rows looked like somebody and were not created."""
        return int(self._said("possible_duplicates") or 0)

    @property
    def ignored_columns(self) -> list[str]:
        """The headers that are not read."""
        return self._said("ignored") or []

    def _said(self, name: str) -> Any:
        return (self.described or {}).get(name)


class PatientImportPiece(Identified, TenantScoped, Audited, Base):
    """A piece of the file, encrypted; gone when the import is over."""

    __tablename__ = "patient_import_pieces"
    __table_args__ = (
        UniqueConstraint("practice_id", "import_id", "number"),
        ForeignKeyConstraint(["practice_id", "import_id"], ["patient_imports.practice_id", "patient_imports.id"]),
    )
    audit_type = "patient_import_piece"
    audit_patient_column = None

    import_id: Mapped[UUID]
    number: Mapped[int]
    content_enc: Mapped[bytes]

    content = encrypted_bytes("content_enc")


class PatientImportError(Identified, TenantScoped, Base):
    """What is wrong with a row: its number, our name of the column, a sentence. Never a value."""

    __tablename__ = "patient_import_errors"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "import_id"], ["patient_imports.practice_id", "patient_imports.id"]),
        Index("ix_patient_import_errors_import", "practice_id", "import_id", "row", "id"),
    )

    import_id: Mapped[UUID]
    row: Mapped[int]
    column: Mapped[str | None]
    message: Mapped[str]
