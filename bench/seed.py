"""Filling a practice fast: the application's own encryption, indexes and scores, written by COPY as the superuser."""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.dialects.postgresql import JSONB

from app.audit import context
from app.crypto.blind_index import blind_index, search_tokens
from app.domain.duplicates import person_key
from app.domain.patients import format_mrn
from app.domain.roles import Role
from app.domain.search import compact, index_terms
from app.domain.triage.effective import NOTHING_SET, effective_rules
from app.domain.triage.score import FORMULA_VERSION, LatestValue, RiskScore, ScoreInputs, risk_score
from app.domain.users import NewUser
from app.models import Patient, PatientSearchToken, TriageSummary, TriageTransition
from app.models.base import new_id
from app.services.accounts.users import create_user
from app.services.patients.fields import person_index
from app.services.practices import create_practice
from app.services.triage.counts import count_moves_of
from bench.people import somebody
from deploy.local_postgres import LocalPostgres

PASSWORD = "correct horse battery bench"
_SILENT_EVERY = 9  # every ninth patient has sent nothing yet
_RULES = effective_rules(NOTHING_SET)
_MOVED_EVERY = 5  # every fifth has changed level within the last day


@dataclass(frozen=True, slots=True)
class Practice:
    """A seeded practice, its provider's account and its patients."""

    practice_id: UUID
    user_id: int
    email: str
    patient_ids: tuple[UUID, ...]


def found_practice(postgres: LocalPostgres, name: str, patients: int, *, searchable: bool = True) -> Practice:
    """Make a practice with a provider and so many patients, each on the board; their search tokens can be left out."""
    practice_id = create_practice(name, require_2fa_for=())
    email = f"provider@{name.partition(' ')[0].lower()}.example"
    user = create_user(practice_id, NewUser(email, "Pat", "Provider", Role.PROVIDER, PASSWORD))
    dice, at = random.Random(patients), datetime.now(UTC)
    rows = [_patient(practice_id, number, at, dice) for number in range(1, patients + 1)]
    summaries = [_summary(row, number, user.id, at, dice) for number, row in enumerate(rows)]
    with psycopg.connect(postgres.superuser_dsn("vantrexia")) as connection:
        _copy(connection, Patient, rows)
        if searchable:
            _copy_tokens(connection, rows)
        _copy(connection, TriageSummary, summaries)
        _copy(connection, TriageTransition, _transitions(summaries, at))
        connection.execute("UPDATE practices SET last_mrn = %s WHERE id = %s", (patients, practice_id))
    context.bind(practice_id=practice_id)
    count_moves_of(practice_id)
    with psycopg.connect(postgres.superuser_dsn("vantrexia"), autocommit=True) as connection:
        # Not the tables that are empty still: a plan made for nothing would be kept while they fill.
        connection.execute(
            "VACUUM ANALYZE patients, patient_search_tokens, triage_summaries, triage_transitions, triage_counts"
        )
    return Practice(practice_id, user.id, email, tuple(row.id for row in rows))


def _patient(practice_id: UUID, number: int, at: datetime, dice: random.Random) -> Patient:
    someone, mrn = somebody(number, dice), format_mrn(number)
    created_at = at - timedelta(days=400) + timedelta(minutes=number)
    patient = Patient(
        id=new_id(),
        practice_id=practice_id,
        gender=someone.gender,
        timezone="America/New_York",
        address_state="IL",
        mrn_index=blind_index(practice_id, "mrn", compact(mrn)),
        phone_index=blind_index(practice_id, "phone", someone.phone),
        email_index=blind_index(practice_id, "email", someone.email),
        person_index=person_index(
            practice_id, person_key(someone.first_name, someone.last_name, someone.date_of_birth)
        ),
        conditions=["I10"],
        is_active=True,
        version=1,
        created_at=created_at,
        updated_at=created_at,
    )
    patient.first_name, patient.last_name, patient.mrn = someone.first_name, someone.last_name, mrn
    patient.date_of_birth, patient.phone, patient.email = someone.date_of_birth, someone.phone, someone.email
    patient.address_lines = {"line1": f"{number} Oak Avenue", "line2": "", "city": "Springfield", "zip": "62701"}
    return patient


def _summary(patient: Patient, number: int, reviewer: int, at: datetime, dice: random.Random) -> TriageSummary:
    seen_at = at - timedelta(minutes=dice.randrange(10, 40_000)) if number % _SILENT_EVERY else None
    values = {
        "systolic": dice.randrange(95, 190),
        "diastolic": dice.randrange(52, 125),
        "pulse": dice.randrange(48, 112),
    }
    reading_id, alerts = str(new_id()), dice.choice((0, 0, 0, 1, 2, 5))
    score = _score(values, seen_at, reading_id, alerts, at)
    latest = {**values, "measured_at": seen_at.isoformat(), "observation_id": reading_id} if seen_at else None
    return TriageSummary(
        practice_id=patient.practice_id,
        patient_id=patient.id,
        is_active=True,
        risk_score=score.score,
        risk_level=score.level.value,
        formula_version=FORMULA_VERSION,
        parts=[asdict(part) for part in score.parts],
        latest_vitals={"blood_pressure": latest} if latest else {},
        first_reading_at=seen_at,
        last_reading_at=seen_at,
        unacknowledged_alerts=alerts if seen_at else 0,
        alerts_wait=bool(seen_at and alerts),
        active_escalations=0,
        last_reviewed_at=seen_at if number % 2 else None,
        last_reviewed_by=reviewer if seen_at and number % 2 else None,
        refreshed_at=at,
        rule_state={},
        score_inputs={},
        has_active_stat=False,
    )


def _score(values: dict[str, int], seen_at: datetime | None, source: str, alerts: int, at: datetime) -> RiskScore:
    latest = {name: LatestValue(Decimal(value), seen_at, source) for name, value in values.items()} if seen_at else {}
    return risk_score(ScoreInputs(at, latest, warning_alerts=alerts, first_reading_at=seen_at), _RULES)


def _transitions(summaries: Iterable[TriageSummary], at: datetime) -> list[TriageTransition]:
    """Return how each came onto the board and, for one in five within the last day, how they moved."""
    moves: list[tuple[TriageSummary, str | None, str, datetime]] = []
    for number, summary in enumerate(summaries):
        moves.append((summary, None, "no_data", at - timedelta(days=300)))
        moved_at = at - (timedelta(hours=number % 23) if number % _MOVED_EVERY == 0 else timedelta(days=5))
        moves.append((summary, "no_data", summary.risk_level, moved_at))
    return [
        TriageTransition(
            id=new_id(), practice_id=summary.practice_id, patient_id=summary.patient_id,
            from_level=before, to_level=after, at=moved_at, is_counted=False,
            from_waiting=False, to_waiting=before is not None and summary.alerts_wait,
        )
        for summary, before, after, moved_at in moves
        if before != after
    ]  # fmt: skip


def _copy_tokens(connection: psycopg.Connection[Any], patients: Iterable[Patient]) -> None:
    columns = ("practice_id", "token", "patient_id")
    with connection.cursor() as cursor, cursor.copy(_copy_sql(PatientSearchToken, columns)) as copy:
        for patient in patients:
            terms = index_terms(patient.first_name, patient.last_name, patient.mrn)
            for token in set(search_tokens(patient.practice_id, terms)):
                copy.write_row((patient.practice_id, token, patient.id))


def _copy(connection: psycopg.Connection[Any], model: type[Any], rows: Iterable[Any]) -> None:
    columns = list(model.__table__.columns)
    names = [column.name for column in columns]
    with connection.cursor() as cursor, cursor.copy(_copy_sql(model, names)) as copy:
        for row in rows:
            copy.write_row([_storable(column.type, getattr(row, column.name)) for column in columns])


def _copy_sql(model: type[Any], columns: Sequence[str]) -> bytes:
    return f"COPY {model.__table__.name} ({', '.join(columns)}) FROM STDIN".encode()


def _storable(kind: Any, value: Any) -> Any:
    return json.dumps(value) if isinstance(kind, JSONB) and value is not None else value
