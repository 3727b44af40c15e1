"""Lists of the month: every program, pages that are cut right over batches, and no more SQL for more patients."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.domain.billing.insight import MonthReportQuery, OutlookQuery
from app.domain.billing.local_months import Month
from app.domain.billing.month_close import CloseFilter, CloseQuery
from app.domain.billing.time_logs import MonthQuery
from app.domain.enrolment.programs import Program
from app.domain.paging import Page, PageRequest
from app.services.billing import month_close, outlooks, reports, time_totals
from app.services.billing.month_close import list_month
from app.services.billing.outlooks import list_forecasts, list_worklist, worklist_csv
from app.services.billing.reports import compliance_csv, compliance_report, leakage_csv, leakage_report
from app.services.billing.time_totals import list_gaps, list_totals
from bench.statements import counting
from tests.billing import Monitored, days_from, monitored
from tests.builders import in_house

TODAY = datetime.now(UTC).date()
START = TODAY - timedelta(days=40)
LAST_DAY = TODAY.replace(day=1) - timedelta(days=1)  # of the month that is over
MONTH = Month.of(LAST_DAY)
LISTS: dict[str, Callable[[Any, PageRequest], Page[Any]]] = {
    "month": lambda actor, paging: list_month(actor, CloseQuery(paging)),
    "forecast": lambda actor, paging: list_forecasts(actor, OutlookQuery(paging)),
    "worklist": lambda actor, paging: list_worklist(actor, OutlookQuery(paging)),
    "compliance": lambda actor, paging: compliance_report(actor, MonthReportQuery(paging, MONTH)),
    "leakage": lambda actor, paging: leakage_report(actor, MonthReportQuery(paging, MONTH)),
    "totals": lambda actor, paging: list_totals(actor, MonthQuery(paging, MONTH)),
    "gaps": lambda actor, paging: list_gaps(actor, MonthQuery(paging, MONTH)),
}
FILES: dict[str, Callable[[Any], Any]] = {
    "worklist": lambda actor: worklist_csv(actor, OutlookQuery(PageRequest())),
    "compliance": lambda actor: compliance_csv(actor, MonthReportQuery(PageRequest(), MONTH)),
    "leakage": lambda actor: leakage_csv(actor, MonthReportQuery(PageRequest(), MONTH)),
}
BATCHED: tuple[ModuleType, ...] = (month_close, outlooks, reports, time_totals)


def _patients(count: int) -> list[Monitored]:
    """Return patients of one practice: each has a day of data more than the last, and a call last month."""
    first = monitored(START)
    people, practice = (first.provider, first.biller), first.provider.actor.practice_id
    found = [first, *(monitored(START, practice, people) for _ in range(count - 1))]
    for number, one in enumerate(found):
        one.measures(*days_from(START, 12 + number % 4))
        one.measures(*days_from(TODAY - timedelta(days=9), 3 + number))
        one.is_called(LAST_DAY, 16, hour=8 + number, note="")
    return found


def _of(item: Any) -> tuple[str, ...]:
    """Return what tells an item of a list from the others."""
    row = getattr(item, "row", None) or getattr(item, "outlook", None) or getattr(item, "total", None)
    clock = getattr(row, "clock", None) or getattr(row, "code", "")
    kind = getattr(getattr(item, "gap", None), "kind", "")
    return str(item.patient.id), str(clock), str(kind)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_the_month_costs_the_same_for_one_patient_as_for_five(app: Flask, name: str) -> None:
    """Within a batch, however many there are."""
    costs = []
    for count in (1, 5):
        actor = _patients(count)[0].biller.actor
        with in_house(actor):
            LISTS[name](actor, PageRequest())  # founds the practice's book
            with counting() as counted:
                assert LISTS[name](actor, PageRequest()).count >= count
        costs.append(counted.statements)
    assert costs[0] == costs[1]


@pytest.mark.parametrize("name", LISTS)
def test_pages_over_several_batches_are_the_whole_list_in_order(
    app: Flask, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of two; pages of three put together are one page of all, and nobody is told twice."""
    actor = _patients(5)[0].biller.actor
    with in_house(actor):
        whole = LISTS[name](actor, PageRequest(page_size=100))
        for module in BATCHED:
            monkeypatch.setattr(module, "BATCH", 2)
        pages = [LISTS[name](actor, PageRequest(page, 3)) for page in range(1, 6)]
    assert [_of(one) for page in pages for one in page.items] == [_of(one) for one in whole.items]
    assert {page.count for page in pages} == {whole.count} == {len(whole.items)}
    assert len({_of(one) for one in whole.items}) == whole.count


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_made_batch_by_batch(app: Flask, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first part leaves while the rest is not made yet; together they are the whole list."""
    actor = _patients(5)[0].biller.actor
    with in_house(actor):
        whole = "".join(FILES[name](actor))
        for module in BATCHED:
            monkeypatch.setattr(module, "BATCH", 2)
        with counting() as first:
            parts = FILES[name](actor)
        with counting() as rest:
            text = "".join(parts)
    assert (text, whole.count("\r\n") > 5) == (whole, True)
    assert rest.statements > first.statements > 0


def _in_both_programs() -> Monitored:
    of = _patients(1)[0]
    of.joins(Program.CCM)
    of.is_called(LAST_DAY, 25, Program.CCM, hour=20)
    return of


def test_the_month_is_shown_of_each_program(app: Flask) -> None:
    """Chronic care has no days and no live contact to reach, and marks of its own; its code is billable."""
    of = _in_both_programs()
    with in_house(of.biller.actor):
        (line,) = list_month(of.biller.actor, CloseQuery(PageRequest(), MONTH, program=Program.CCM)).items
        nobody = list_month(of.biller.actor, CloseQuery(PageRequest(), MONTH, program=Program.PCM))
    at = line.progress
    assert (at.day_marks, at.minute_marks, at.base_minutes, at.needs_contact) == ((), (20, 40), 20, False)
    assert (at.seconds, {one.code for one in line.answers if one.is_billable}) == (1500, {"99490"})
    assert nobody.count == 0


@pytest.mark.parametrize(("program", "count"), [(Program.RPM, 2), (Program.CCM, 1), (Program.RTM, 0), (None, 3)])
def test_forecasts_are_of_each_program(app: Flask, program: Program | None, count: int) -> None:
    """RPM has days and minutes, chronic care minutes."""
    of = _in_both_programs()
    with in_house(of.biller.actor):
        found = list_forecasts(of.biller.actor, OutlookQuery(PageRequest(), program=program))
    assert (found.count, len(found.items)) == (count, count)
    assert {one.outlook.program for one in found.items} <= {Program.RPM, Program.CCM}


@pytest.mark.parametrize(("program", "programs"), [(None, ["RPM", "CCM"]), (Program.CCM, ["CCM"]), (Program.PCM, [])])
def test_totals_and_compliance_are_of_each_program(
    app: Flask, program: Program | None, programs: list[str]
) -> None:  # fmt: skip
    """In the order of the programs."""
    of = _in_both_programs()
    with in_house(of.biller.actor):
        totals = list_totals(of.biller.actor, MonthQuery(PageRequest(), MONTH, None, program))
        rows = compliance_report(of.biller.actor, MonthReportQuery(PageRequest(), MONTH, program))
    assert (
        [one.total.program.value for one in totals.items] == [one.row.program.value for one in rows.items] == programs
    )
    assert totals.count == rows.count == len(programs)


def test_somebody_without_a_live_contact_is_found_where_one_is_needed(app: Flask) -> None:
    """In RPM; chronic care asks for none."""
    of = monitored(START)
    of.joins(Program.CCM)
    wanted = {
        program: CloseQuery(PageRequest(), only=CloseFilter.NO_CONTACT, program=program)
        for program in (Program.RPM, Program.CCM)
    }
    with in_house(of.biller.actor):
        assert [list_month(of.biller.actor, query).count for query in wanted.values()] == [1, 0]


def test_a_patient_of_another_practice_has_no_forecast(app: Flask) -> None:
    """As any id that there is not."""
    mine, theirs = monitored(START), monitored(START)
    with in_house(mine.biller.actor):
        assert _forecasts_of(mine, mine.patient_id) == 2
        assert _forecasts_of(mine, theirs.patient_id) == 0


def _forecasts_of(asker: Monitored, patient_id: UUID) -> int:
    return list_forecasts(asker.biller.actor, OutlookQuery(PageRequest(), patient_id=patient_id)).count
