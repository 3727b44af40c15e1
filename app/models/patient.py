"""The patient record, its payers, what became of it, and the keyed tokens by which its names are found."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
        Index("ix_patients_person", "practice_id", "person_index"),
        Index("ix_patients_ssn", "practice_id", "ssn_index"),
        ForeignKeyConstraint(["practice_id", "provider_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "nurse_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "merged_into"], ["patients.practice_id", "patients.id"]),
        Index("ix_patients_external_id", "practice_id", "external_id"),
        CheckConstraint("gender IN ('male', 'female', 'other', 'unknown')", name="gender"),
        CheckConstraint("is_active = (archived_at IS NULL)", name="archived"),
        CheckConstraint("merged_into IS NULL OR NOT is_active", name="merged"),
        CheckConstraint("merged_into <> id", name="merged_elsewhere"),
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
    archive_reason_enc: Mapped[bytes | None]
    merged_into: Mapped[UUID | None]
    person_index: Mapped[bytes | None]
    ssn_enc: Mapped[bytes | None]
    ssn_last_four_enc: Mapped[bytes | None]
    ssn_index: Mapped[bytes | None]
    preferred_language: Mapped[str | None]
    emergency_contact_enc: Mapped[bytes | None]
    conditions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    provider_id: Mapped[int | None]
    nurse_id: Mapped[int | None]

    payers: Mapped[list["PatientPayer"]] = relationship(
        order_by="PatientPayer.position", cascade="all, delete-orphan", lazy="raise"
    )

    first_name = encrypted_text("first_name_enc")
    last_name = encrypted_text("last_name_enc")
    date_of_birth = encrypted_date("date_of_birth_enc")
    mrn = encrypted_text("mrn_enc")
    phone = optional_text("phone_enc")
    email = optional_text("email_enc")
    address_lines = encrypted_json("address_enc", mark="line1")
    archive_reason = optional_text("archive_reason_enc")
    ssn = optional_text("ssn_enc")
    ssn_last_four = optional_text("ssn_last_four_enc")
    emergency_contact = encrypted_json("emergency_contact_enc", mark="name")

    @property
    def address(self) -> dict[str, str] | None:
        """The whole address: the encrypted lines and the plain state."""
        lines = self.address_lines
        if lines is None and self.address_state is None:
            return None
        empty = {"line1": "", "line2": "", "city": "", "state": self.address_state or "", "zip": ""}
        return {**empty, **(lines or {})}

    @property
    def active(self) -> bool:
        """The wire's name of `is_active`."""
        return self.is_active


class PatientPayer(Identified, TenantScoped, Timestamps, Audited, Base):
    """Who pays for a patient: the first in position before the second. A day without a bound is covered."""

    __tablename__ = "patient_payers"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        UniqueConstraint("practice_id", "patient_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("position > 0", name="position"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
    )
    audit_type = "patient_payer"

    patient_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(SmallInteger)
    payer: Mapped[str]
    member_id_enc: Mapped[bytes]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]

    member_id = encrypted_text("member_id_enc")


class PatientStatusChange(Identified, TenantScoped, Audited, Base):
    """A record was archived, brought back, merged into another, or took another in; never changed afterwards."""

    __tablename__ = "patient_status_changes"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "changed_by"], ["users.practice_id", "users.id"]),
        Index("ix_patient_status_changes_time", "practice_id", "patient_id", "changed_at"),
        CheckConstraint("change IN ('archived', 'unarchived', 'merged', 'absorbed')", name="change"),
    )
    audit_type = "patient_status_change"

    patient_id: Mapped[UUID]
    change: Mapped[str]
    reason_enc: Mapped[bytes | None]
    changed_by: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    reason = optional_text("reason_enc")


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
