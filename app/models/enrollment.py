"""Enrolments in programs of care."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.domain.enrolment.programs import DischargeOutcome, DischargeReason, Program
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned, listed

_EITHER = (
    ("monitoring", (Program.RPM, Program.RTM)),
    *((p.lower(), (p,)) for p in (Program.CCM, Program.PCM, Program.APCM)),
)


def _one_at_a_time(name: str, programs: tuple[Program, ...]) -> ExcludeConstraint:
    """Let a patient be in one of the programs on a day. A range of one id lets GiST compare without btree_gist."""
    return ExcludeConstraint(
        (text("patient_range(patient_id, patient_id, '[]')"), "&&"),
        (text("daterange(starts_on, ends_on, '[]')"), "&&"),
        name=f"ex_enrollments_{name}",
        using="gist",
        where=text(f"program IN ({listed(programs)}) AND discharge_reason IS DISTINCT FROM 'entered_in_error'"),
    )


class Enrollment(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """A patient in a program, from its start up to and with its end; enrolments of one episode of care share its id."""

    __tablename__ = "enrollments"
    __table_args__ = (
        UniqueConstraint("practice_id", "patient_id", "id"),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(
            ["practice_id", "patient_id", "order_id"],
            ["care_orders.practice_id", "care_orders.patient_id", "care_orders.id"],
            deferrable=True,  # a merge of two records moves parent and child one after the other
        ),
        ForeignKeyConstraint(["practice_id", "discharged_by"], ["users.practice_id", "users.id"]),
        Index("ix_enrollments_patient", "practice_id", "patient_id", "program", "starts_on"),
        Index("ix_enrollments_listing", "practice_id", "program", text("starts_on DESC"), "id"),
        *(_one_at_a_time(name, programs) for name, programs in _EITHER),
        CheckConstraint(f"program IN ({listed(Program)})", name="program"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint(f"discharge_reason IN ({listed(DischargeReason)})", name="discharge_reason"),
        CheckConstraint(f"discharge_outcome IN ({listed(DischargeOutcome)})", name="discharge_outcome"),
        CheckConstraint(
            "num_nonnulls(discharged_at, discharged_by, discharge_reason, discharge_outcome) IN (0, 4)"
            " AND (discharged_at IS NULL OR ends_on IS NOT NULL)",
            name="discharged_whole",
        ),
    )
    audit_type = "enrollment"

    patient_id: Mapped[UUID]
    program: Mapped[str]
    episode_id: Mapped[UUID]
    order_id: Mapped[UUID | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    diagnoses: Mapped[list[str]] = mapped_column(ARRAY(Text))
    initiating_visit_on: Mapped[date | None]
    discharged_at: Mapped[datetime | None]
    discharged_by: Mapped[int | None]
    discharge_reason: Mapped[str | None]
    discharge_outcome: Mapped[str | None]
    discharge_note_enc: Mapped[bytes | None]

    discharge_note = optional_text("discharge_note_enc")
