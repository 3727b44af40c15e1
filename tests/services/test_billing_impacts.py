"""Facts that change after a line went out: the line stays, an impact tells before, after and what to do."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Row

from app.domain.billing.runs import RunRequest
from app.domain.billing.time_logs import Mode
from app.domain.calls import CallOutcome, CallTimes, NewCall
from app.domain.devices.inventory import Handback
from app.domain.enrolment.programs import Program
from app.domain.vitals.queries import DaysQuery
from app.domain.vitals.reading import Reading
from app.services.billing.calls import record_call
from app.services.billing.run import generate_entries
from app.services.billing.time_corrections import update_time_log, void_time_log
from app.services.devices.custody import unassign_device
from app.services.devices.inventory import get_device_id
from app.services.patients.records import update_patient
from app.services.readings.days import get_days
from app.services.readings.decisions import accept_reading, void_reading
from app.services.readings.intake import record_reading
from tests.billing import Monitored, closed_period, days_from, ledger, monitored
from tests.builders import in_house

START = closed_period()


def _run(of: Monitored) -> int:
    with in_house(of.biller.actor):
        return generate_entries(of.biller.actor, RunRequest()).impacts


def _told(of: Monitored) -> Row[Any]:
    return of.row("kind, before, after, suggestion", "billing_impacts")


def _sent_with(of: Monitored) -> Monitored:
    _run(of)
    of.sends()
    return of


def test_a_reading_that_turns_out_to_be_somebody_elses_raises_an_impact(app: Flask) -> None:
    """The device went back before the sixteenth reading, as is told after the claim: 15 days, the short code."""
    of = monitored(START)
    of.measures(*days_from(START, 16))
    _sent_with(of)
    back = datetime.combine(START + timedelta(days=15), time(1), UTC)
    with in_house(of.provider.actor):
        unassign_device(of.provider.actor, get_device_id(of.provider.actor, of.serial), Handback("returned", back))
    assert (_run(of), ledger(of)) == (1, [("99454", "submitted", 1)])
    told = _told(of)
    assert (told.kind, told.before["days"], told.after["days"]) == ("replaced", 16, 15)
    assert "99445" in told.suggestion


def test_minutes_edited_after_the_line_went_out_raise_an_impact(app: Flask) -> None:
    """20 minutes become 12: the line stands as it was sent, and is told to be wrong, once."""
    of = monitored(START)
    call = of.is_called(START, 20)
    _sent_with(of)
    shorter = {"ended_at": datetime.combine(START, time(16, 12), UTC)}
    with in_house(of.provider.actor):
        update_time_log(of.provider.actor, call, shorter, "mistyped", None)
    assert [_run(of), _run(of)] == [1, 0]
    assert ledger(of) == [("99457", "submitted", 1)]
    assert (_told(of).kind, _told(of).after["seconds"]) == ("replaced", 720)


def test_a_call_corrected_after_the_line_went_out_raises_an_impact(app: Flask) -> None:
    """It reached nobody after all: its minutes and its contact are gone, the line stands and is told to be wrong."""
    of = monitored(START)
    begins = datetime.combine(START, time(16), UTC)
    told = NewCall(Mode.PHONE, CallOutcome.REACHED, CallTimes(begins, begins + timedelta(minutes=20)))
    with in_house(of.provider.actor):
        call = record_call(of.provider.actor, of.patient_id, told).call.id
    _sent_with(of)
    assert ledger(of) == [("99457", "submitted", 1)]
    nobody = replace(told, outcome=CallOutcome.NO_ANSWER, corrects=call, reason="The mailbox.")
    with in_house(of.provider.actor):
        record_call(of.provider.actor, of.patient_id, nobody)
    assert [_run(of), _run(of)] == [1, 0]
    assert (ledger(of), _told(of).kind) == ([("99457", "submitted", 1)], "no_longer_billable")


def test_minutes_voided_after_the_line_went_out_raise_an_impact(app: Flask) -> None:
    """Nothing is left to bill."""
    of = monitored(START)
    call = of.is_called(START, 20)
    _sent_with(of)
    with in_house(of.provider.actor):
        void_time_log(of.provider.actor, call, "wrong patient", None)
    assert (_run(of), ledger(of)) == (1, [("99457", "submitted", 1)])
    assert _told(of).kind == "no_longer_billable"


def test_a_voided_reading_that_leaves_days_enough_is_told_as_lost_proof(app: Flask) -> None:
    """17 days went out and 16 are left: the line is right, and its packet wants to be made again."""
    of = monitored(START)
    made = of.measures(*days_from(START, 17))
    _sent_with(of)
    of.voids(made[16])
    assert _run(of) == 1
    told = _told(of)
    assert (told.kind, told.after["lost"]) == ("evidence_lost", [str(made[16])])
    assert ledger(of) == [("99454", "submitted", 1)]


def _decide(of: Monitored, reading_id: UUID, verb: str) -> None:
    with in_house(of.provider.actor):
        if verb == "accept":
            accept_reading(of.provider.actor, reading_id, None, None)
        else:
            void_reading(of.provider.actor, reading_id, "not this patient", None)


def _records(of: Monitored, at: datetime, systolic: int, diastolic: int) -> UUID:
    """Take in a pressure of the patient's cuff; values that are turned round wait in quarantine."""
    values = {"systolic": Decimal(systolic), "diastolic": Decimal(diastolic)}
    reading = Reading("blood_pressure", at, values, device_id=of.serial, source="auto")
    with in_house(of.provider.actor):
        return record_reading(of.provider.actor, of.patient_id, reading).observation.id


def _days(of: Monitored) -> int:
    with in_house(of.provider.actor):
        window = DaysQuery(START, START + timedelta(days=29), Program.RPM)
        return get_days(of.provider.actor, of.patient_id, window).counted


def test_a_reading_accepted_late_lifts_fifteen_days_to_sixteen_and_changes_no_line_that_went_out(app: Flask) -> None:
    """It waited in quarantine while the claim was made."""
    of = monitored(START)
    of.measures(*days_from(START, 15))
    waits = _records(of, datetime.combine(START + timedelta(days=15), time(15), UTC), 150, 160)
    assert (_days(of), ledger(_sent_with(of))) == (15, [("99445", "submitted", 1)])
    sent = _line(of)
    _decide(of, waits, "accept")
    assert (_days(of), _run(of)) == (16, 1)
    told = _told(of)
    assert (told.kind, told.before["days"], told.after["days"]) == ("replaced", 15, 16)
    assert (_line(of), _run(of)) == (sent, 0)


def test_a_reading_voided_late_lowers_sixteen_days_to_fifteen_and_changes_no_line_that_went_out(app: Flask) -> None:
    """By the very call that a clinician makes."""
    of = monitored(START)
    made = of.measures(*days_from(START, 16))
    assert (_days(of), ledger(_sent_with(of))) == (16, [("99454", "submitted", 1)])
    sent = _line(of)
    _decide(of, made[3], "void")
    assert (_days(of), _run(of)) == (15, 1)
    told = _told(of)
    assert (told.kind, told.before["days"], told.after["days"]) == ("replaced", 16, 15)
    assert _line(of) == sent


def test_a_reading_corrected_by_hand_lowers_the_days_and_raises_an_impact(app: Flask) -> None:
    """What is typed in proves no transmission, however right it is."""
    of = monitored(START)
    made = of.measures(*days_from(START, 16))
    _sent_with(of)
    sent = _line(of)
    at = datetime.combine(START + timedelta(days=4), time(15), UTC)
    values = {"systolic": Decimal(119), "diastolic": Decimal(77)}
    right = Reading("blood_pressure", at, values, device_id=of.serial, source="manual", corrects_id=made[4])
    with in_house(of.provider.actor):
        record_reading(of.provider.actor, of.patient_id, right)
    assert (_days(of), _run(of)) == (15, 1)
    assert (_told(of).kind, _told(of).after["days"], _line(of)) == ("replaced", 15, sent)


def test_before_a_line_goes_out_it_follows_what_is_decided(app: Flask) -> None:
    """No impact: nobody was told anything yet."""
    of = monitored(START)
    made = of.measures(*days_from(START, 16))
    _run(of)
    assert ledger(of) == [("99454", "pending", 1)]
    _decide(of, made[3], "void")
    assert _run(of) == 0
    assert [(code, units) for code, status, units in ledger(of) if status == "pending"] == [("99445", 1)]


def test_a_patient_who_moves_to_another_zone_changes_no_line_that_went_out(app: Flask) -> None:
    """Days are those of the zone that the record names: of two days two readings become one. It is told, not done."""
    of = monitored(START)
    of.measures(*days_from(START, 15))
    at = datetime.combine(START + timedelta(days=15), time(6), UTC)  # the sixteenth day in New York, not in Honolulu
    _records(of, at, 121, 78)
    assert (_days(of), ledger(_sent_with(of))) == (16, [("99454", "submitted", 1)])
    sent = _line(of)
    with in_house(of.provider.actor):
        update_patient(of.provider.actor, of.patient_id, {"timezone": "Pacific/Honolulu"}, None)
    assert (_days(of), _run(of), _line(of)) == (15, 1, sent)
    assert (_told(of).before["days"], _told(of).after["days"]) == (16, 15)


def _line(of: Monitored) -> Row[Any]:
    """Return all of the line that went out."""
    return of.row("*")
