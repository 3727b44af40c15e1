"""Rule sets, fee schedules and policies: chosen by service date, place and payer; new ones are data."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.domain.billing.clocks import Window
from app.domain.billing.codes import CPT_LABELS, Reason
from app.domain.billing.engine import evaluate
from app.domain.billing.facts import Book, Horizon, PayerSpan
from app.domain.billing.fees import FeeBook, FeeSchedule, Locality, national_schedules, read_fee_schedule
from app.domain.billing.policy import Policy, PolicyBook, PolicySettings, read_settings
from app.domain.billing.rules import RULE_SET_FILES, RuleBook, read_rule_set, rule_book
from tests.domain.billing.facts import (
    a_period,
    a_reading,
    answers,
    billable,
    minutes,
    paper,
    patient,
    readings,
    reasons,
)

FEES = FeeBook(national_schedules())
DAY = date(2026, 10, 31)


@pytest.mark.parametrize(
    ("code", "amount"),
    [
        ("99453", "21.71"), ("99445", "52.11"), ("99454", "52.11"), ("99457", "51.77"), ("99458", "41.42"),
        ("99470", "26.05"), ("99091", "55.45"), ("99490", "66.13"), ("99487", "144.29"), ("99489", "78.16"),
        ("99439", None),
    ],
)  # fmt: skip
def test_amounts_of_2026(code: str, amount: str | None) -> None:
    """04 §1.2, non-APM, national; what it does not tell is not guessed."""
    assert FEES.amount(code, DAY) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("code", "amount"),
    [
        ("99453", "21.82"),
        ("99454", "52.37"),
        ("99457", "52.03"),
        ("99458", "41.62"),
        ("99470", "26.18"),
        ("99091", "55.72"),
    ],
)
def test_amounts_of_2026_for_a_qualifying_apm(code: str, amount: str) -> None:
    """A schedule that is there and not in use unless a practice says so."""
    apm = next(one for one in national_schedules() if one.id == "cms-2026-apm")
    assert (apm.amount(code), apm.in_use) == (Decimal(amount), False)


@pytest.mark.parametrize(
    ("code", "amount"),
    [("99453", "19.73"), ("99454", "43.02"), ("99457", "47.87"), ("99458", "38.49"), ("99445", None), ("99470", None)],
)
def test_amounts_of_2025(code: str, amount: str | None) -> None:
    """04 §0.1: RVUs of 0.61, 1.33, 1.48, 1.19 by 32.3465."""
    assert FEES.amount(code, date(2025, 12, 31)) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize("schedule", national_schedules(), ids=lambda one: one.id)
def test_every_shipped_fee_says_where_it_is_from_and_how_sure_that_is(schedule: FeeSchedule) -> None:
    """None without either, and each is priced."""
    assert all(fee.source and fee.confidence != "entered" for fee in schedule.fees.values())
    assert all(schedule.amount(code) is not None for code in schedule.fees)


def test_a_locality_weighs_each_part() -> None:
    """(1.10 x 1.05 + 0.49 x 1.2 + 0.07 x 0.5) x 33.4009 = 59.387...; a total alone has no parts to weigh."""
    national = next(one for one in national_schedules() if one.id == "cms-2026-non-apm")
    place = Locality(Decimal("1.05"), Decimal("1.2"), Decimal("0.5"))
    local = FeeSchedule("x", "x", DAY, None, national.conversion_factor, national.fees, locality=place)
    assert (local.amount("99091"), local.amount("99457")) == (Decimal("59.39"), None)


def test_a_payers_own_schedule_goes_before_everybodys() -> None:
    """For what it prices; names of payers are compared without case and spaces."""
    own = read_fee_schedule({
        "id": "own", "name": "Own", "effective_from": "2026-07-01", "conversion_factor": "1", "payer": "Acme Health",
        "fees": [{"code": "99457", "amount": "60.00"}],
    })  # fmt: skip
    book = FeeBook((*national_schedules(), own))
    assert book.amount("99457", DAY, " acme  health ") == Decimal("60.00")
    assert (
        book.amount("99457", DAY, "Medicare")
        == book.amount("99457", date(2026, 6, 30), "Acme Health")
        == Decimal("51.77")
    )
    assert book.amount("99458", DAY, "Acme Health") == Decimal("41.42")


def test_every_code_of_the_rules_has_a_label_of_ours() -> None:
    """And none is left over."""
    assert rule_book().codes.keys() == CPT_LABELS.keys()


@pytest.mark.parametrize(
    ("day", "year"), [(date(2025, 12, 31), "2025"), (date(2026, 1, 1), "2026"), (date(2026, 12, 31), "2026")]
)
def test_the_service_date_chooses_the_rules(day: date, year: str) -> None:
    """Both sides of New Year."""
    chosen = rule_book().on(day)
    assert chosen is not None
    assert (chosen.id, "99445" in chosen.by_code, "99470" in chosen.by_code) == (year, year == "2026", year == "2026")


def test_without_rules_for_a_day_no_code_is_effective() -> None:
    """Nobody has entered 2027 yet: a guess would bill."""
    papers = paper(start=date(2026, 12, 1), initiating_visit_on=date(2026, 12, 1))
    facts = patient(enrolment=papers, time_entries=(minutes(20, date(2027, 1, 5)),))
    window, now = Window(date(2027, 1, 1), date(2027, 1, 31)), datetime(2027, 2, 3, tzinfo=UTC)
    assert reasons(facts, "99457:2027-01", window, now) == {Reason.CODE_NOT_EFFECTIVE}


def _book_with_2027() -> Book:
    said = json.loads((RULE_SET_FILES / "2026.json").read_text())
    new = read_rule_set({**said, "id": "2027", "effective_from": "2027-01-01", "effective_to": "2027-12-31"})
    fees = read_fee_schedule({
        "id": "2027", "name": "2027", "effective_from": "2027-01-01", "conversion_factor": "33.00",
        "fees": [{"code": "99457", "total_rvu": "1.50"}],
    })  # fmt: skip
    return Book(RuleBook((*rule_book().sets, new)), FeeBook((*national_schedules(), fees)))


def test_a_new_year_is_data() -> None:
    """Rules and fees of 2027, and not a line of code."""
    papers = paper(start=date(2026, 12, 1), initiating_visit_on=date(2026, 12, 1))
    facts = patient(enrolment=papers, time_entries=(minutes(20, date(2027, 1, 5)),))
    horizon = Horizon(Window(date(2027, 1, 1), date(2027, 1, 31)), datetime(2027, 2, 3, tzinfo=UTC))
    lines = evaluate(facts, _book_with_2027(), horizon).billable()
    assert [(one.code, str(one.amount), one.rule_set_id) for one in lines] == [("99457", "49.50", "2027")]


@pytest.mark.parametrize(("start", "lines"), [(date(2025, 12, 2), []), (date(2025, 12, 3), ["99445:2025-12-03"])])
def test_a_period_over_new_year_is_judged_by_its_end(start: date, lines: list) -> None:
    """2 December plus 29 days is New Year's Eve, when there was no 99445."""
    papers = paper(start=date(2025, 11, 1), initiating_visit_on=date(2025, 11, 1))
    facts = patient(enrolment=papers, readings=readings(5, start), periods=(a_period(start),))
    window = Window(date(2025, 12, 1), date(2025, 12, 31))
    assert billable(facts, window, datetime(2026, 1, 5, tzinfo=UTC)) == lines
    if not lines:
        found = reasons(facts, "99445:2025-12-02", window, datetime(2026, 1, 5, tzinfo=UTC))
        assert found == {Reason.CODE_NOT_EFFECTIVE}


def test_a_rule_set_is_known_by_what_it_says() -> None:
    """Any change is another hash, and the same rules have the same one."""
    said = json.loads((RULE_SET_FILES / "2026.json").read_text())
    assert read_rule_set(said).hash == read_rule_set(said).hash == rule_book().on(DAY).hash
    said["codes"][0]["min_days"] = 3
    assert read_rule_set(said).hash != rule_book().on(DAY).hash


def test_a_rule_that_yields_to_a_code_behind_it_is_refused() -> None:
    """Winners are judged first."""
    said = json.loads((RULE_SET_FILES / "2026.json").read_text())
    with pytest.raises(ValueError, match="must stand once, behind"):
        read_rule_set({**said, "codes": said["codes"][::-1]})


def test_policies_are_chosen_by_payer_and_day() -> None:
    """The payer's own before everybody's, the newest first, both ends inclusive, else the defaults."""
    old = Policy(date(2026, 1, 1), PolicySettings(mue_99458=2), date(2026, 9, 30))
    own = Policy(date(2026, 10, 1), PolicySettings(mue_99458=1), payer="Acme")
    book = PolicyBook((old, own))
    found = [book.on(day, payer).mue_99458 for day, payer in (
        (date(2026, 9, 30), None), (date(2026, 10, 1), None), (date(2026, 9, 30), "Acme"), (date(2026, 10, 1), "ACME"),
    )]  # fmt: skip
    assert found == [2, 3, 2, 1]


def test_the_payer_of_the_service_date_decides() -> None:
    """Covered by one until 15 October and by another behind it."""
    payers = (PayerSpan("Acme", None, date(2026, 10, 15)), PayerSpan("Medicare", date(2026, 10, 16)))
    found = [
        answers(patient(payers=payers, time_entries=(minutes(20, date(2026, 10, day)),)))["99457:2026-10"].payer
        for day in (15, 16)
    ]
    assert found == ["Acme", "Medicare"]


@pytest.mark.parametrize(
    "said",
    [
        {"nonsense": 1},
        {"min_days_99453": 0},
        {"min_days_99453": 31},
        {"mue_99458": 0},
        {"interactive_modes": ["fax"]},
        {"time_service_day": "x"},
        {"double_tag_winner": "x"},
    ],
)
def test_settings_that_cannot_be_are_refused(said: dict) -> None:
    """By ValueError; those that can be come back as they went in."""
    with pytest.raises(ValueError):  # noqa: PT011 - several sentences
        read_settings(said)


def test_settings_survive_json() -> None:
    """The defaults are those of 04 §5."""
    settings = PolicySettings(covered_dx_prefixes=("I50",), min_days_99453=16)
    assert read_settings(json.loads(json.dumps(settings.as_json()))) == settings
    assert PolicySettings().as_json()["interactive_modes"] == ["phone", "video", "in_person"]


def test_readings_outside_the_window_prove_nothing() -> None:
    """The engine looks only where it was asked."""
    assert "99454:2026-10-01" not in answers(patient(readings=(a_reading(date(2026, 6, 1)),)))
