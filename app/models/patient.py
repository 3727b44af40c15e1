"""The patient record and the keyed tokens by which its names are found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_date, encrypted_json, encrypted_text, optional_text
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned


class Patient(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """A person watched at home. Everything that identifies them is encrypted, except sex, state and time zone."""

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        UniqueConstraint("practice_id", "mrn_index"),
        Index("ix_patients_listing", "practice_id", "is_active", "created_at", "id"),
        Index("ix_patients_phone", "practice_id", "phone_index"),
        Index("ix_patients_email", "practice_id", "email_index"),
        Index("ix_patients_external_id", "practice_id", "external_id"),
        CheckConstraint("gender IN ('male', 'female', 'other', 'unknown')", name="gender"),
        CheckConstraint("is_active = (archived_at IS NULL)", name="archived"),
    )
    audit_type = "patient"
    audit_patient_column = "id"

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    first_name_enc: Mapped[bytes]
    last_name_enc: Mapped[bytes]
    date_of_birth_enc: Mapped[bytes]
    mrn_enc: Mapped[bytes]
    mrn_index: Mapped[bytes]
    phone_enc: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    email_enc: Mapped[bytes | None]
    email_index: Mapped[bytes | None]
    address_enc: Mapped[bytes | None]
    address_state: Mapped[str | None]
    gender: Mapped[str]
    timezone: Mapped[str]
    external_id: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    archived_at: Mapped[datetime | None]

    first_name = encrypted_text("first_name_enc")
    last_name = encrypted_text("last_name_enc")
    date_of_birth = encrypted_date("date_of_birth_enc")
    mrn = encrypted_text("mrn_enc")
    phone = optional_text("phone_enc")
    email = optional_text("email_enc")
    address_lines = encrypted_json("address_enc")

    @property
    def address(self) -> dict[str, str] | None:
        """The whole address: the encrypted lines and the plain state."""
        lines = self.address_lines
        if lines is None and self.address_state is None:
            return None
        empty = {"line1": "", "line2": "", "city": "", "zip": ""}
        return {**empty, **(lines or {}), "state": self.address_state or ""}

    @property
    def active(self) -> bool:
        """The wire's name of `is_active`."""
        return self.is_active


class PatientSearchToken(TenantScoped, Base):
    """One term under which a patient is found, as a keyed hash."""

    __tablename__ = "patient_search_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        Index("ix_patient_search_tokens_patient", "practice_id", "patient_id"),
    )

    practice_id: Mapped[UUID] = mapped_column(primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
