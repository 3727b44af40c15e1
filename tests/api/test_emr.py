"""The practice's medical record system: the connection, looking patients up, taking them over."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import Person, a_patient, a_user, signed_in
from tests.fhir_server import FhirServer, fhir_server

SETTINGS = "/api/v1/integrations/emr/"
SEARCH, IMPORT = "/api/v1/patients/ecw/search/", "/api/v1/patients/ecw/import/"
SECRET = "canary-emr-secret"
Headers = dict[str, str]
_SURROGATE = base64.b64encode(b'["/Patient", [["name", "\\ud800"]]]').decode()


@pytest.fixture
def emr() -> Iterator[FhirServer]:
    """A medical record system."""
    with fhir_server() as server:
        yield server


@pytest.fixture
def admin(client: FlaskClient, emr: FhirServer) -> Headers:
    """An administrator whose practice is connected to it."""
    headers = signed_in(client, a_user(role=Role.ADMIN))
    assert _connect(client, headers, base_url=emr.url).status_code == 200
    return headers


def _connect(client: FlaskClient, headers: Headers, **settings: Any) -> Any:
    return client.put(SETTINGS, json=settings, headers=headers)


def _take(client: FlaskClient, headers: Headers, external_id: str = "example", **more: Any) -> Any:
    return client.post(IMPORT, json={"external_id": external_id, **more}, headers=headers)


def test_a_connection_never_shows_its_secret_but_uses_it(client: FlaskClient, emr: FhirServer, admin: Headers) -> None:
    """A bearer token arrives there."""
    saved = _connect(client, admin, base_url=emr.url, auth="bearer", secret=SECRET)
    assert (saved.json["has_secret"], SECRET in saved.text) == (True, False)
    assert client.post(f"{SETTINGS}test/", headers=admin).json == {
        "fhir_version": "4.0.1", "software": "Test EMR", "can_search": True,
    }  # fmt: skip
    assert emr.asked[-1][1]["Authorization"] == f"Bearer {SECRET}"


def test_a_stored_secret_is_not_sent_to_another_host(client: FlaskClient, emr: FhirServer, admin: Headers) -> None:
    """It must be given again."""
    _connect(client, admin, base_url=emr.url, auth="bearer", secret=SECRET)
    moved = emr.url.replace("127.0.0.1", "localhost")
    assert _connect(client, admin, base_url=moved, auth="bearer").json["field_errors"].keys() == {"secret"}
    assert _connect(client, admin, base_url=emr.url, auth="bearer").status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest", "https://10.0.0.8/fhir", "https://[::ffff:10.0.0.8]/", "https://2130706433/",
        "https://0177.0.0.1/", "https://0x7f.1/", "https://user:pw@example.org/", "file:///etc/passwd",
        "http://10.0.0.8/", "https://[fd00::1]/", "https://0.0.0.0/", "https://[64:ff9b::a00:8]/", "ftp://example.org",
    ],
)  # fmt: skip
def test_s80_a_connection_into_our_own_network_is_refused_at_save(
    client: FlaskClient, admin: Headers, url: str
) -> None:
    """In every spelling."""
    answer = _connect(client, admin, base_url=url)
    assert (answer.status_code, answer.json["field_errors"].keys()) == (400, {"base_url"})


def test_only_administrators_see_or_change_the_connection(client: FlaskClient) -> None:
    """403 for a clinical manager."""
    headers = signed_in(client, a_user(role=Role.CLINICAL_MANAGER))
    assert [client.get(SETTINGS, headers=headers).status_code, _connect(client, headers).status_code] == [403, 403]


def test_without_a_connection_there_is_nothing_to_search(client: FlaskClient) -> None:
    """409 with a code of its own; the settings are 404."""
    headers = signed_in(client, a_user(role=Role.ADMIN))
    answer = client.get(f"{SEARCH}?name=x", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "emr_not_configured")
    assert client.get(SETTINGS, headers=headers).status_code == 404


def test_patients_are_looked_up_page_by_page(client: FlaskClient, admin: Headers) -> None:
    """The link to the next page is ours; the last page has none."""
    first = client.get(f"{SEARCH}?name=e&page_size=1", headers=admin).json
    second = client.get(first["next"], headers=admin).json
    assert (first["count"], first["results"][0]["external_id"]) == (2, "child-example")
    assert (second["next"], second["results"][0]["external_id"]) == (None, "infant-example")


@pytest.mark.parametrize("query", ["name=baxter", "birthdate=1987-02-20", "identifier=1032702"])
def test_a_match_says_who_it_is_and_which_record_of_ours(client: FlaskClient, admin: Headers, query: str) -> None:
    """Before and after it was taken over."""
    before = client.get(f"{SEARCH}?{query}", headers=admin).json["results"][0]
    created = _take(client, admin).json["patient"]
    after = client.get(f"{SEARCH}?{query}", headers=admin).json["results"][0]
    assert (before["patient_id"], after["patient_id"]) == (None, created["id"])
    assert before["fields"]["address"] == {"line1": "183 Mountain View St", "city": "Mounds", "state": "OK",
                                           "zip": "74048"}  # fmt: skip


@pytest.mark.parametrize(
    "query", ["", "page_size=51", "cursor=%25%25", "cursor=WyIvUGF0aWVudCJd", "family=x", f"cursor={_SURROGATE}"]
)
def test_a_search_that_makes_no_sense_is_400(client: FlaskClient, admin: Headers, query: str) -> None:
    """No criterion, too long a page, no cursor of ours, an unknown parameter."""
    assert client.get(f"{SEARCH}?{query}", headers=admin).status_code == 400


def test_text_of_theirs_that_no_column_takes_is_left_out(client: FlaskClient, emr: FhirServer, admin: Headers) -> None:
    """A lone surrogate or NUL in a name is no crash."""
    emr.patients["example"]["name"][1]["given"] = ["A\ud800"]
    emr.patients["example"]["telecom"] = [{"system": "phone", "value": "1\u0000"}]
    found = client.get(f"{SEARCH}?name=baxter", headers=admin).json["results"][0]
    assert found["fields"].keys().isdisjoint({"first_name", "phone"})


def test_a_cursor_leads_to_patients_of_the_configured_server_only(client: FlaskClient, admin: Headers) -> None:
    """A forged one does not make us read other things with the practice's sign-in."""
    forged = "WyIvT2JzZXJ2YXRpb24iLCBbXV0="  # ["/Observation", []]
    assert client.get(f"{SEARCH}?cursor={forged}", headers=admin).status_code == 503


def test_a_patient_is_taken_over_once(client: FlaskClient, admin: Headers) -> None:
    """201, and the second time nothing happens."""
    first, second = _take(client, admin), _take(client, admin)
    assert (first.status_code, first.json["status"], first.json["patient"]["mrn"]) == (201, "created", "1032702")
    assert (second.status_code, second.json["status"]) == (200, "unchanged")
    assert first.json["patient"]["id"] == second.json["patient"]["id"]


def test_nothing_is_overwritten_unseen(client: FlaskClient, emr: FhirServer, admin: Headers) -> None:
    """409 without a preview; the preview shows before and after; its token does it."""
    _take(client, admin)
    emr.patients["example"]["name"][1]["family"] = "Miller"
    assert _take(client, admin).status_code == 409
    preview = _take(client, admin, preview=True).json
    assert preview["changes"] == [{"field": "last_name", "before": "Baxter", "after": "Miller"}]
    assert _take(client, admin, confirm=preview["confirm"]).json["patient"]["last_name"] == "Miller"


def test_a_preview_is_good_only_for_what_it_showed(client: FlaskClient, emr: FhirServer, admin: Headers) -> None:
    """412 when they changed the patient again, and when we did."""
    patient_id = _take(client, admin).json["patient"]["id"]
    emr.patients["example"]["name"][1]["family"] = "Miller"
    token = _take(client, admin, preview=True).json["confirm"]
    client.patch(f"/api/v1/patients/{patient_id}/", json={"first_name": "Amelia"}, headers=admin)
    assert _take(client, admin, confirm=token).status_code == 412


def test_a_preview_of_a_new_patient_creates_nothing(client: FlaskClient, admin: Headers) -> None:
    """It shows what there would be."""
    preview = _take(client, admin, preview=True).json
    assert (preview["status"], preview["patient"]) == ("preview", None)
    assert client.get("/api/v1/patients/", headers=admin).json["count"] == 0


def test_a_patient_who_has_died_is_taken_over_only_after_a_look(client: FlaskClient, admin: Headers) -> None:
    """409, then with the token of the preview that says so."""
    assert _take(client, admin, "deceased-example").status_code == 409
    preview = _take(client, admin, "deceased-example", preview=True).json
    assert preview["warnings"] == ["deceased"]
    assert _take(client, admin, "deceased-example", confirm=preview["confirm"]).status_code == 201


def test_a_record_with_the_same_number_is_theirs(client: FlaskClient, emr: FhirServer) -> None:
    """It is shown what would change, and gets the external id."""
    person = a_user(role=Role.ADMIN)
    patient = a_patient(person.actor, mrn="1032702")
    headers = signed_in(client, person)
    _connect(client, headers, base_url=emr.url)
    preview = _take(client, headers, preview=True).json
    assert preview["patient"]["id"] == str(patient.id)
    assert {"first_name", "external_id"} <= {change["field"] for change in preview["changes"]}


def test_what_our_rules_do_not_take_is_left_out_and_said(client: FlaskClient, emr: FhirServer, admin: Headers) -> None:
    """A foreign address does not keep a patient away; a missing birth date does."""
    emr.patients["example"]["address"] = [{"line": ["Hauptstr. 1"], "city": "Bonn", "postalCode": "53111 "}]
    emr.patients["example"]["address"][0]["postalCode"] = "D-53111"
    taken = _take(client, admin)
    assert (taken.status_code, taken.json["left_out"].keys()) == (201, {"address.zip"})
    del emr.patients["child-example"]["birthDate"]
    assert _take(client, admin, "child-example").json["field_errors"].keys() == {"date_of_birth"}


@pytest.mark.parametrize(("external_id", "status"), [("nobody", 404), ("../metadata", 404), ("a b", 404)])
def test_a_patient_who_is_not_there_is_404(client: FlaskClient, admin: Headers, external_id: str, status: int) -> None:
    """Ids that FHIR does not know do not get out."""
    assert _take(client, admin, external_id).status_code == status


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, {}, b""), "sign-in"),
        ((302, {"Location": "http://169.254.169.254/"}, b""), "302"),
        ((200, {}, b"<html>"), "JSON"),
        ((200, {}, b'{"resourceType":"Bundle"}'), "did not answer with a Patient"),
        ((200, {}, b"[" * 100_000), "JSON"),
    ],
)
def test_a_server_that_answers_oddly_is_503_with_a_code(
    client: FlaskClient, emr: FhirServer, admin: Headers, answer: tuple[int, dict[str, str], bytes], told: str
) -> None:
    """What is wrong is said; redirects are not followed."""
    emr.instead = [answer]
    refused = _take(client, admin)
    assert (refused.status_code, refused.json["code"]) == (503, "emr_unavailable")
    assert told in refused.json["detail"]


@pytest.mark.parametrize("role", [Role.DATA_MONITOR, Role.BILLING_MANAGER])
def test_who_may_not_write_patients_may_not_look_there(client: FlaskClient, role: Role) -> None:
    """403 for both."""
    person: Person = a_user(role=role)
    headers = signed_in(client, person)
    assert [client.get(f"{SEARCH}?name=x", headers=headers).status_code, _take(client, headers).status_code] == [
        403
    ] * 2
