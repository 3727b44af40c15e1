"""Payers, dated policies, fee schedules and rule sets, over HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_practice, a_user, signed_in

URL = "/api/v1/billing/"
TODAY = datetime.now(UTC).date()
NEXT_YEAR, LAST_MONTH = (TODAY + timedelta(days=365)).isoformat(), (TODAY - timedelta(days=30)).isoformat()
SCHEDULE = {"name": "Local", "effective_from": "2026-01-01", "conversion_factor": 33.4009}


class Desk:
    """A biller's desk."""

    def __init__(self, client: FlaskClient, role: Role = Role.BILLING_MANAGER) -> None:
        self.client, self.headers = client, signed_in(client, a_user(a_practice(), role))

    def get(self, path: str) -> Any:
        """Read."""
        return self.client.get(f"{URL}{path}", headers=self.headers)

    def post(self, path: str, **body: Any) -> Any:
        """Add."""
        return self.client.post(f"{URL}{path}", json=body, headers=self.headers)

    def patch(self, path: str, match: str = "*", **body: Any) -> Any:
        """Change."""
        return self.client.patch(f"{URL}{path}", json=body, headers={**self.headers, "If-Match": match})


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """A biller at work."""
    return Desk(client)


def test_a_payer_is_added_changed_and_named_once(desk: Desk) -> None:
    """Names that differ in case and spaces only are one payer's."""
    made = desk.post("payers/", name="Example Health", claim_payer_id="12345")
    assert made.status_code == 201, made.text
    assert set(made.json) == {"id", "name", "claim_payer_id", "created_at", "updated_at"}
    again = desk.post("payers/", name=" example  HEALTH ")
    assert (again.status_code, again.json["code"]) == (409, "conflict")
    changed = desk.patch(f"payers/{made.json['id']}/", made.headers["ETag"], name="Example Health East")
    assert (changed.status_code, changed.json["name"]) == (200, "Example Health East")
    assert desk.patch(f"payers/{made.json['id']}/", made.headers["ETag"], name="Late").status_code == 412
    assert desk.post("payers/", name="Example Health").status_code == 201  # the name is free again
    assert [one["name"] for one in desk.get("payers/").json["results"]] == ["Example Health", "Example Health East"]


def test_the_default_policy_is_there_and_a_payers_own_is_added(desk: Desk) -> None:
    """With every setting, the named ones changed."""
    default = desk.get("policies/").json["results"]
    assert [(one["payer_id"], one["settings"]["min_days_99453"]) for one in default] == [(None, 2)]
    payer = desk.post("payers/", name="Strict").json["id"]
    settings = {"min_days_99453": 16, "covered_dx_prefixes": ["I50", "O10"]}
    made = desk.post(f"payers/{payer}/policies/", effective_from="2026-07-01", settings=settings)
    assert made.status_code == 201, made.text
    assert made.json["settings"] == {**default[0]["settings"], **settings}
    assert desk.get(f"payers/{payer}/policies/").json["count"] == 1
    twice = desk.post(f"payers/{payer}/policies/", effective_from="2026-07-01", settings={})
    assert twice.status_code == 409


def test_a_policy_in_force_can_be_ended_and_no_more(desk: Desk) -> None:
    """One of the future can be changed until its day has come; what was in force stays readable."""
    old = desk.post("policies/", effective_from=LAST_MONTH, settings={"mue_99458": 2})
    path = f"policies/{old.json['id']}/"
    assert desk.patch(path, settings={"mue_99458": 4}).status_code == 409
    ended = desk.patch(path, old.headers["ETag"], effective_to=TODAY.isoformat())
    assert (ended.status_code, ended.json["effective_to"]) == (200, TODAY.isoformat())
    assert desk.patch(path, effective_to="2020-01-01").status_code == 400
    coming = desk.post("policies/", effective_from=NEXT_YEAR, settings={}).json["id"]
    assert desk.patch(f"policies/{coming}/", settings={"mue_99458": 4}).json["settings"]["mue_99458"] == 4
    assert desk.patch(f"policies/{coming}/", effective_from="2026-01-01").status_code == 400


@pytest.mark.parametrize(
    "wanted",
    [
        {"min_days_99453": 0}, {"min_days_99453": 31}, {"mue_99458": 11}, {"interactive_modes": ["smoke"]},
        {"covered_dx_prefixes": ["50"]}, {"double_tag_winner": "xyz"}, {"not_covered_codes": ["12345"]},
        {"require_period_closed": 1}, {"unheard_of": True},
    ],
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused_by_name(desk: Desk, wanted: dict[str, Any]) -> None:
    """Nothing is guessed."""
    answer = desk.post("policies/", effective_from=NEXT_YEAR, settings=wanted)
    assert answer.status_code == 400
    assert next(iter(wanted)) in answer.text


def test_a_practice_starts_with_the_national_schedules(desk: Desk) -> None:
    """Those of 2026 price 99454 at 52.11, as a number."""
    answer = desk.get("fee-schedules/?on=2026-06-01")
    used = [one for one in answer.json["results"] if one["in_use"]]
    assert [one["conversion_factor"] for one in used] == [Decimal("33.4009")]
    assert {one["code"]: one["pays"] for one in used[0]["fees"]}["99454"] == Decimal("52.11")
    assert '"pays":52.11' in answer.text


def test_a_fee_says_where_it_is_from(desk: Desk) -> None:
    """Shipped ones do; one that a practice enters says what its person said, or nothing."""
    shipped = desk.get("fee-schedules/?on=2026-06-01").json["results"]
    assert all(fee["source"] for one in shipped for fee in one["fees"])
    said = {"code": "99457", "amount": 50, "source": "contract of May"}
    made = desk.post("fee-schedules/", **SCHEDULE, fees=[said, {"code": "99458", "amount": 40}]).json["fees"]
    assert {one["code"]: one["source"] for one in made} == {"99457": "contract of May", "99458": None}


def test_a_local_schedule_multiplies_by_its_indexes(desk: Desk) -> None:
    """1.10 x 1.05 + 0.49 x 0.98 + 0.07 x 0.5 = 1.6702; times 33.4009 is 55.786…, so 55.79."""
    parts = {"code": "99091", "work_rvu": 1.10, "practice_rvu": 0.49, "malpractice_rvu": 0.07}
    place = {"gpci_work": 1.05, "gpci_practice": 0.98, "gpci_malpractice": 0.5}
    made = desk.post("fee-schedules/", **SCHEDULE, **place, fees=[parts, {"code": "99457", "total_rvu": 1.55}])
    assert made.status_code == 201, made.text
    assert {one["code"]: one["pays"] for one in made.json["fees"]} == {"99091": Decimal("55.79"), "99457": None}
    path = f"fee-schedules/{made.json['id']}/"
    more = desk.post(f"{path}fees/", code="99453", amount=21.71)
    assert (more.status_code, more.json["fees"][-1]["code"]) == (201, "99457")
    assert desk.post(f"{path}fees/", code="99453", amount=30).status_code == 409  # a price is never overwritten
    assert desk.post(f"{path}fees/", code="99458").status_code == 400
    assert desk.post("fee-schedules/", **SCHEDULE, fees=[{"code": "99458", "work_rvu": 1}]).status_code == 400
    assert desk.patch(path, in_use=False).json["in_use"] is False
    assert desk.patch(path, effective_to="2025-12-31").status_code == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("conversion_factor", 0), ("conversion_factor", "33"), ("gpci_work", 1.00001), ("payer_id", "nobody"),
        ("payer_id", "01a20af7-0000-7000-8000-000000000000"), ("effective_to", "2025-01-01"),
        ("amount", 1), ("fees", [{"code": "99457", "amount": 1}] * 2), ("in_use", False),
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_be_is_refused_by_name(desk: Desk, field: str, value: object) -> None:
    """A wrong price is worse than none."""
    answer = desk.post("fee-schedules/", **{**SCHEDULE, field: value})
    assert answer.status_code == 400
    assert any(name.startswith(field) for name in answer.json["field_errors"])


def test_rule_sets_are_read_with_their_hash(desk: Desk) -> None:
    """The newest first; each says what its codes need."""
    newest, *_ = desk.get("rule-sets/").json["results"]
    rules = {one["code"]: one for one in newest["codes"]}
    assert (newest["effective_from"], len(newest["hash"])) == ("2026-01-01", 64)
    assert (rules["99454"]["min_days"], rules["99457"]["min_seconds"]) == (16, 1200)
    assert desk.client.post(f"{URL}rule-sets/", json={}, headers=desk.headers).status_code == 405


@pytest.mark.parametrize("path", ["payers/", "policies/", "fee-schedules/"])
@pytest.mark.parametrize(
    ("role", "read", "write"),
    [
        (Role.ADMIN, 200, 400), (Role.BILLING_MANAGER, 200, 400), (Role.PROVIDER, 200, 403),
        (Role.CLINICAL_MANAGER, 200, 403), (Role.NURSE, 403, 403), (Role.DATA_MONITOR, 403, 403),
    ],
)  # fmt: skip
def test_who_may_see_and_write_the_books(client: FlaskClient, path: str, role: Role, read: int, write: int) -> None:
    """400 is what a permitted caller gets for an empty body."""
    desk = Desk(client, role)
    assert (desk.get(path).status_code, desk.post(path).status_code) == (read, write)


def test_another_practices_books_are_not_there(client: FlaskClient, desk: Desk) -> None:
    """Like ids that do not exist; and their payer cannot be put into a schedule."""
    theirs = Desk(client)
    payer = theirs.post("payers/", name="Theirs").json["id"]
    policy = theirs.post("policies/", effective_from=NEXT_YEAR, settings={}).json["id"]
    schedule = theirs.post("fee-schedules/", **SCHEDULE).json["id"]
    paths = (f"payers/{payer}/", f"payers/{payer}/policies/", f"policies/{policy}/", f"fee-schedules/{schedule}/")
    assert [desk.get(path).status_code for path in paths] == [404] * 4
    assert desk.post("fee-schedules/", **SCHEDULE, payer_id=payer).status_code == 400
    assert desk.get("payers/").json["count"] == 0
