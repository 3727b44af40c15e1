"""Consents, orders and enrolments in the console."""

import re
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, token
from tests.builders import Person, a_patient, a_user
from tests.documents import a_pdf
from tests.enrolment import NPI, days_ago

CONSENT = {"program": "RPM", "method": "verbal", "obtained_on": days_ago(10), "cost_share_explained": "yes",
           "one_practitioner_explained": "yes"}  # fmt: skip
ORDER = {"program": "RPM", "name": "Dr Ada Outside", "npi": NPI, "ordered_on": days_ago(10), "starts_on": days_ago(10),
         "parameters": "blood_pressure", "diagnosis_codes": "I10"}  # fmt: skip


class Tab:
    """The tab of one patient."""

    def __init__(self, client: FlaskClient, person: Person) -> None:
        self.client, self.path = client, f"/admin/patients/{a_patient(person.actor).id}"

    def text(self) -> str:
        """Return what it shows."""
        return self.client.get(f"{self.path}/consents").text

    def send(self, form: str, **fields: Any) -> Any:
        """Send one of its forms."""
        csrf = {"csrf_token": token(self.client, f"{self.path}/consents")}
        return self.client.post(f"{self.path}/{form}", data={**csrf, **fields})

    def form(self, name: str) -> str:
        """Return where the form of a row leads."""
        found = re.search(rf'action="{self.path}/([^"]+/{name})"', self.text())
        assert found is not None, name
        return found[1]

    def version(self, form: str) -> str:
        """Return the version in that form."""
        found = re.search(rf'/{form}".*?name="version" value="(\d+)"', self.text(), re.DOTALL)
        assert found is not None, form
        return found[1]

    def send_row(self, name: str, **fields: Any) -> Any:
        """Send the form of the first row that has it."""
        form = self.form(name)
        return self.send(form, **{"version": self.version(form), **fields})


@pytest.fixture
def tab(client: FlaskClient) -> Tab:
    """A patient's tab before a provider."""
    person = a_user()
    enter(client, person)
    return Tab(client, person)


def _is_covered(tab: Tab) -> bool:
    return "Counts</span>" in tab.text()


def test_consent_order_and_enrolment_make_today_count(tab: Tab) -> None:
    """And until then the page says in words what is missing."""
    assert "No consent is on record." in tab.text()
    assert tab.send("consents/new", **CONSENT).status_code == 303
    assert tab.send("orders/new", **ORDER).status_code == 303
    found = re.search(r'<option value="([0-9a-f-]{36})">RPM', tab.text())
    assert found is not None
    fields = {"program": "RPM", "starts_on": days_ago(9), "order_id": found[1]}
    assert tab.send("enrollments/new", **fields).status_code == 303
    assert "No initiating visit is on record." in tab.text()
    assert _is_covered(tab) is False
    assert tab.send_row("discharge", reason="entered_in_error", outcome="unknown").status_code == 303
    assert tab.send("enrollments/new", **fields, initiating_visit_on=days_ago(30)).status_code == 303
    assert _is_covered(tab) is True


def test_a_refused_consent_keeps_what_was_entered(tab: Tab) -> None:
    """With its form open."""
    answer = tab.send("consents/new", **{**CONSENT, "obtained_on": "2099-01-01", "note": "by phone"})
    assert answer.status_code == 400
    assert "Must not lie in the future." in answer.text and "by phone" in answer.text  # noqa: PT018 - one thought
    assert answer.text.count('<details class="device-act" open>') == 1


def test_a_consent_is_revoked_once(tab: Tab) -> None:
    """With a reason; an old form is refused with a sentence."""
    tab.send("consents/new", **CONSENT)
    form, version = tab.form("revoke"), tab.version(tab.form("revoke"))
    assert tab.send(form, version=version).status_code == 400
    assert tab.send(form, version=version, reason="asked to").status_code == 303
    assert "Revoked from" in tab.text() and "asked to" in tab.text()  # noqa: PT018 - one thought
    assert tab.send(form, version=version, reason="again").status_code == 412


def test_a_document_goes_up_and_comes_down_again(tab: Tab) -> None:
    """Byte by byte, to be saved."""
    tab.send("consents/new", **CONSENT)
    answer = tab.send_row("upload", document=(BytesIO(a_pdf()), "scan.pdf"))
    assert answer.status_code == 303, answer.text
    down = tab.client.get(f"{tab.path}/{tab.form('upload').replace('upload', 'document')}")
    assert (down.data, down.mimetype) == (a_pdf(), "application/pdf")
    assert "attachment" in down.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "Choose a file first."), (b"<script>alert(1)</script>", "Only PDF and PNG"), (a_pdf()[:-9], "damaged"),
     (a_pdf(10 * 1024 * 1024 + 1), "larger than 10 MB")],
    ids=["none", "a page", "a torn one", "a large one"],
)  # fmt: skip
def test_a_file_that_is_no_document_is_refused_beside_the_field(tab: Tab, content: bytes, says: str) -> None:
    """Whatever its name says."""
    tab.send("consents/new", **CONSENT)
    answer = tab.send_row("upload", document=(BytesIO(content), "scan.pdf"))
    assert (answer.status_code, says in answer.text) == (400, True)


def test_an_order_is_renewed_and_stopped(tab: Tab) -> None:
    """The renewal follows; the old one can be renewed no more."""
    tab.send("orders/new", **ORDER, ends_on=days_ago(1))
    assert "Expired" in tab.text()
    assert tab.send_row("renew", ordered_on=days_ago(0)).status_code == 303
    assert "In force" in tab.text()
    assert tab.text().count('/renew"') == 1
    assert tab.send_row("stop", reason="goal reached").status_code == 303
    assert "goal reached" in tab.text()


def test_an_npi_with_a_wrong_check_digit_is_refused_beside_the_field(tab: Tab) -> None:
    """And a missing parameter beside the boxes."""
    wrong_npi = tab.send("orders/new", **{**ORDER, "npi": "1234567890"}).text
    no_parameter = tab.send("orders/new", **{**ORDER, "parameters": ""}).text
    assert 'id="order-ordering_provider-npi-error"' in wrong_npi
    assert 'id="order-parameters-error"' in no_parameter


def test_rpm_and_rtm_exclude_each_other_in_words(tab: Tab) -> None:
    """409 with what stands in the way."""
    tab.send("enrollments/new", program="RPM", starts_on=days_ago(9))
    answer = tab.send("enrollments/new", program="RTM", starts_on=days_ago(5))
    assert (answer.status_code, "The patient is in RPM" in answer.text) == (409, True)


def test_who_may_only_look_gets_no_forms(client: FlaskClient) -> None:
    """A data monitor sees what is on record."""
    person = a_user(role=Role.DATA_MONITOR)
    patient = a_patient(a_user(person.actor.practice_id).actor)
    page = enter(client, person).get(f"/admin/patients/{patient.id}/consents").text
    assert "Record a consent" not in page and "Enrol in a program" not in page  # noqa: PT018 - one thought
