"""The rules in force for a patient: read in the statement that asks for them anyway, and compiled once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Label, Text, cast, func, select
from sqlalchemy.orm import Session

from app.domain.triage.effective import NOTHING_SET, ThresholdSet, effective_rules
from app.domain.triage.rules import RuleBook
from app.domain.triage.threshold_record import read_set
from app.models import Patient, PatientThresholds, PracticeThresholds


@dataclass(frozen=True, slots=True)
class Rules:
    """A patient's rules, and which versions of the thresholds they come from: the practice's, a dot, the patient's."""

    book: RuleBook
    version: str


def in_force(practice_id: Any, patient_id: Any) -> tuple[Label[str], Label[str]]:
    """Return two columns for a statement about a patient, which `rules_from` reads."""
    practice = PracticeThresholds.metadata.tables["practice_thresholds"].c
    patient = PatientThresholds.metadata.tables["patient_thresholds"].c
    of_practice = select(
        cast(func.jsonb_build_array(practice.version, practice.limits, practice.modifiers), Text)
    ).where(practice.practice_id == practice_id)
    of_patient = select(
        cast(func.jsonb_build_array(patient.version, patient.limits, patient.modifiers, patient.profiles), Text)
    ).where(patient.practice_id == practice_id, patient.patient_id == patient_id)
    return of_practice.scalar_subquery().label("practice_rules"), of_patient.scalar_subquery().label("patient_rules")


def rules_from(row: Any) -> Rules:
    """Return the rules that a row with the columns of `in_force` tells."""
    return _compiled(row.practice_rules, row.patient_rules)


def find_rules(session: Session, practice_id: UUID, patient_id: UUID) -> Rules:
    """Return one patient's rules."""
    return rules_from(session.execute(select(*in_force(practice_id, patient_id))).one())


def looks_back(practice_id: Any, patient_id: Any) -> ColumnElement[bool]:
    """Return the condition under which a reading must be judged against earlier ones."""
    of_practice = select(PracticeThresholds.looks_back).where(PracticeThresholds.practice_id == practice_id)
    of_patient = (
        select(PatientThresholds.looks_back)
        .where(PatientThresholds.practice_id == practice_id, PatientThresholds.patient_id == patient_id)
        .correlate(Patient.__table__)  # however many selects stand between this one and the patient's
    )
    return func.coalesce(of_practice.scalar_subquery(), False) | func.coalesce(of_patient.scalar_subquery(), False)


@lru_cache(maxsize=4096)
def _compiled(practice: str | None, patient: str | None) -> Rules:
    of_practice, practice_version = _read(practice)
    of_patient, patient_version = _read(patient)
    return Rules(effective_rules(of_practice, of_patient), f"{practice_version}.{patient_version}")


def _read(text: str | None) -> tuple[ThresholdSet, int]:
    if text is None:
        return NOTHING_SET, 0
    version, *stored = _parsed(text)
    return read_set(*stored), version


def _parsed(text: str) -> Sequence[Any]:
    parsed: Sequence[Any] = json.loads(text, parse_float=Decimal)
    return parsed
