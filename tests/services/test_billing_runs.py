"""Engine runs against the database: entries with proof, nothing twice, nothing changed that went out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask import Flask

from app.domain.billing.clocks import Window, bounds
from app.domain.billing.days import counted_days
from app.domain.billing.runs import RunRequest, RunResult
from app.extensions import db
from app.services.billing.reading_days import load_every_reading, load_reading_days
from app.services.billing.run import RECENT, generate_entries, recent_window, run
from bench.statements import counting
from tests.billing import Monitored, closed_period, days_from, ledger, monitored
from tests.builders import in_house

START = closed_period()


def _run(of: Monitored) -> RunResult:
    with in_house(of.biller.actor):
        return generate_entries(of.biller.actor, RunRequest())


def test_a_period_becomes_a_line_with_its_proof(app: Flask) -> None:
    """16 days, one of them twice; the rules' hash, the period and the ids are kept."""
    patient = monitored(START)
    made = patient.measures(*days_from(START, 16), START)
    assert _run(patient).entered == 1
    assert ledger(patient) == [("99454", "pending", 1)]
    row = patient.row("*")
    assert [day[1] for day in row.evidence["days"]][1:] == [str(one) for one in made[1:16]]
    assert (row.auto_generated, row.period_start, row.period_end) == (True, START, START + timedelta(days=29))
    assert (row.service_date, len(row.rule_set_hash), len(row.evidence["assignments"])) == (row.period_end, 64, 1)


def test_running_again_does_nothing(app: Flask) -> None:
    """Idempotent."""
    patient = monitored(START)
    patient.measures(*days_from(START, 16))
    _run(patient)
    assert _run(patient) == RunResult(patients=1)


def test_s72_parallel_runs_enter_nothing_twice(app: Flask) -> None:
    """Eight at once."""
    patient = monitored(START)
    patient.measures(*days_from(START, 16))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: _run(patient), range(8)))
    assert sum(one.entered for one in results) == 1
    assert ledger(patient) == [("99454", "pending", 1)]


def test_a_pending_line_follows_late_facts(app: Flask) -> None:
    """15 days, then the 16th; then one of them is voided: the first line comes back."""
    patient = monitored(START)
    patient.measures(*days_from(START, 15))
    _run(patient)
    (late,) = patient.measures(START + timedelta(days=20))
    assert (_run(patient).taken_back, ledger(patient)) == (1, [("99445", "void", 1), ("99454", "pending", 1)])
    patient.voids(late)
    assert (_run(patient).reinstated, ledger(patient)) == (1, [("99445", "pending", 1), ("99454", "void", 1)])


def test_a_line_that_went_out_stays_and_an_impact_is_raised_once(app: Flask) -> None:
    """A late reading lifts 15 days to 16 after submission."""
    patient = monitored(START)
    patient.measures(*days_from(START, 15))
    _run(patient)
    patient.sends()
    patient.measures(START + timedelta(days=20))
    assert [_run(patient).impacts, _run(patient).impacts] == [1, 0]
    assert ledger(patient) == [("99445", "submitted", 1)]
    raised = patient.row("kind, before, after", "billing_impacts")
    assert (raised.kind, raised.before["days"], raised.after["days"]) == ("replaced", 15, 16)
    assert raised.after["replaced_by"] == "99454"


def test_readings_that_do_not_count_are_not_counted(app: Flask) -> None:
    """Typed in, void, of a device that nobody holds, before the device was handed over."""
    patient = monitored(START)
    patient.measures(*days_from(START, 15))
    others = days_from(START + timedelta(days=15), 4)
    patient.measures(others[0], source="manual")
    patient.measures(others[1], status="void")
    patient.measures(others[2], device_id="SN-OF-NOBODY")
    patient.measures(others[3], device_id=None)
    _run(patient)
    assert ledger(patient) == [("99445", "pending", 1)]


def test_the_database_and_the_domain_agree_on_the_days(app: Flask) -> None:
    """The statement for many patients and the rule for one reading."""
    patient = monitored(START)
    patient.measures(*days_from(START, 3), *days_from(START, 2))
    patient.measures(START + timedelta(days=4), source="manual")
    patient.measures(START + timedelta(days=5), device_id=f" {patient.serial.lower()} ")
    patient.measures(START - timedelta(days=1))
    since, until = bounds(Window(START - timedelta(days=2), START + timedelta(days=10)), "UTC")
    practice_id = patient.provider.actor.practice_id
    with in_house(patient.provider.actor):
        many = load_reading_days(db.session(), practice_id, [patient.patient_id], since, until)[patient.patient_id]
        every = load_every_reading(db.session(), practice_id, patient.patient_id, since, until)
    assert {one.day: one.id for one in many} == {day: one.id for day, one in counted_days(every).items()}
    assert len(many) == 4


def test_a_batch_costs_the_same_for_one_patient_as_for_five(app: Flask) -> None:
    """Where nothing is to be written."""
    first = monitored(START)
    people, practice_id = (first.provider, first.biller), first.provider.actor.practice_id
    first.measures(*days_from(START, 16))

    def statements() -> int:
        _run(first)
        with in_house(first.biller.actor), counting() as counted:
            run(practice_id, recent_window(RECENT))
        return counted.statements

    few = statements()
    for _ in range(4):
        monitored(START, practice_id, people).measures(*days_from(START, 16))
    assert statements() == few


def test_a_first_run_costs_the_same_for_one_patient_as_for_five(app: Flask) -> None:
    """What a batch enters is written together, with the events that tell of it."""

    def cost(count: int) -> tuple[int, int]:
        first = monitored(START)
        people, practice_id = (first.provider, first.biller), first.provider.actor.practice_id
        patients = [first, *(monitored(START, practice_id, people) for _ in range(count - 1))]
        for patient in patients:
            patient.measures(*days_from(START, 16))
        with in_house(first.biller.actor), counting() as counted:
            assert run(practice_id, recent_window(RECENT)).entered == count
        return counted.statements, counted.round_trips

    cost(1)  # the rule books are stored by the first run of all
    assert cost(5) == cost(1)


def test_another_practice_is_left_alone(app: Flask) -> None:
    """A run sees its own patients only."""
    mine, theirs = monitored(START), monitored(START)
    for patient in (mine, theirs):
        patient.measures(*days_from(START, 16))
    assert _run(mine).patients == 1
    assert ledger(theirs) == []
