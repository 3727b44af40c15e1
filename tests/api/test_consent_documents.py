"""The documents that show consents, over HTTP."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.enrolment.documents import MAX_BYTES
from app.domain.roles import Role
from app.services.enrolment.consent_documents import CHUNK_BYTES
from deploy.local_postgres import LocalPostgres
from tests.builders import a_user, signed_in
from tests.documents import a_pdf, a_png
from tests.enrolment import Chart, a_chart, consent_body

PDF, PNG = "application/pdf", "image/png"
CANARY = b"CANARY-OF-A-CONSENT"


def _consent(client: FlaskClient) -> tuple[Chart, str]:
    chart = a_chart(client)
    return chart, f"consents/{chart.post('consents/', consent_body()).json['id']}/"


def _put(chart: Chart, url: str, content: bytes, kind: str = PDF, **headers: str) -> Any:
    return chart.client.put(
        chart.url(f"{url}document/"), data=content, content_type=kind, headers={**chart.headers, **headers}
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [(a_pdf(), PDF), (a_png(), PNG), (a_pdf(CHUNK_BYTES), PDF), (a_pdf(3 * CHUNK_BYTES), PDF)],
    ids=["pdf", "png", "one chunk", "several chunks"],
)
def test_a_document_comes_back_as_it_went_in(client: FlaskClient, content: bytes, kind: str) -> None:
    """Byte for byte; the consent says what it has."""
    chart, url = _consent(client)
    stored = _put(chart, url, content, kind)
    assert (stored.status_code, stored.json["document"]["content_type"]) == (200, kind)
    assert stored.json["document"]["size_bytes"] == len(content)
    assert chart.get(f"{url}document/").data == content


def test_a_document_is_sent_so_that_no_browser_runs_it(client: FlaskClient) -> None:
    """To be saved, not sniffed, not cached, in a sandbox."""
    chart, url = _consent(client)
    _put(chart, url, a_pdf())
    headers = chart.get(f"{url}document/").headers
    assert headers["Content-Disposition"] == f"attachment; filename=consent-{url.split('/')[1]}.pdf"
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == (PDF, "nosniff")
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert (headers["Cache-Control"], headers["Content-Length"]) == ("no-store", str(len(a_pdf())))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (a_pdf(), "text/html"), (a_pdf(), "application/json"), (a_pdf(), "application/octet-stream"), (a_pdf(), PNG),
        (a_png(), PDF), (b"<script>alert(1)</script>", PDF), (b"MZ" + a_pdf(), PDF), (b"", "text/plain"),
    ],
)  # fmt: skip
def test_another_kind_by_name_or_by_content_is_refused(client: FlaskClient, content: bytes, kind: str) -> None:
    """415, and nothing is kept."""
    chart, url = _consent(client)
    answer = _put(chart, url, content, kind)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
    assert chart.get(f"{url}document/").status_code == 404


@pytest.mark.parametrize(
    ("content", "kind"), [(b"", PDF), (a_pdf()[:-9], PDF), (a_pdf() + b"PK", PDF), (a_png()[:-4], PNG)]
)
def test_a_damaged_document_is_refused_by_name(client: FlaskClient, content: bytes, kind: str) -> None:
    """Empty, cut, padded."""
    chart, url = _consent(client)
    answer = _put(chart, url, content, kind)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["document"])


def test_s38_a_document_may_be_ten_mebibytes_and_not_a_byte_more(client: FlaskClient) -> None:
    """Everything else stays at one: the limit is this route's own."""
    chart, url = _consent(client)
    largest = a_pdf(MAX_BYTES)
    assert (len(largest), _put(chart, url, largest).status_code) == (MAX_BYTES, 200)
    refused = _put(chart, url, largest + b"\n")
    assert (refused.status_code, refused.json["code"]) == (413, "payload_too_large")
    note = chart.post("consents/", consent_body(note="x" * (1024 * 1024)))
    assert note.status_code == 413


def test_s38_a_chunked_document_without_a_length_is_not_cut_off_but_refused(client: FlaskClient) -> None:
    """Although its first ten mebibytes are a whole document."""
    chart, url = _consent(client)
    body = BytesIO(a_pdf(MAX_BYTES) + a_pdf())
    answer = client.put(
        chart.url(f"{url}document/"), input_stream=body, content_type=PDF,
        headers={**chart.headers, "Transfer-Encoding": "chunked"}, environ_overrides={"wsgi.input_terminated": True},
    )  # fmt: skip
    assert (answer.status_code, answer.json["code"]) == (413, "payload_too_large")
    assert chart.get(f"{url}document/").status_code == 404


def test_a_later_document_stands_before_the_earlier_which_is_kept(client: FlaskClient, postgres: LocalPostgres) -> None:
    """Nothing is destroyed, and the consent's version rises."""
    chart, url = _consent(client)
    first, second = _put(chart, url, a_pdf()), _put(chart, url, a_png(), PNG)
    assert (first.headers["ETag"], second.headers["ETag"]) == ('"2"', '"3"')
    assert chart.get(f"{url}document/").data == a_png()
    consent = url.split("/")[1]
    assert postgres.query(f"SELECT count(*) FROM consent_documents WHERE consent_id = '{consent}'").strip() == "2"


def test_a_stale_version_replaces_nothing(client: FlaskClient) -> None:
    """If-Match."""
    chart, url = _consent(client)
    _put(chart, url, a_pdf())
    assert _put(chart, url, a_png(), PNG, **{"If-Match": '"1"'}).status_code == 412
    assert chart.get(f"{url}document/").data == a_pdf()


def test_s58_a_document_is_stored_as_ciphertext(client: FlaskClient, postgres: LocalPostgres) -> None:
    """No byte of it can be read in the database."""
    chart, url = _consent(client)
    content = a_pdf(1000).replace(b"x" * len(CANARY), CANARY, 1)
    assert (CANARY in content, _put(chart, url, content).status_code) == (True, 200)
    found = postgres.query(
        f"SELECT count(*) FROM consent_document_chunks WHERE position('{CANARY.decode()}'::bytea IN content_enc) > 0"
    )
    assert found.strip() == "0"


_FLIPPED = "set_byte(content_enc, 40, (get_byte(content_enc, 40) + 1) % 256)"
_TAMPERINGS = {
    "moved": "UPDATE {t} a SET content_enc = b.content_enc FROM {t} b"
    " WHERE b.document_id = a.document_id AND (a.number, b.number) = (1, 2) AND a.{w}",
    "cut": "DELETE FROM {t} WHERE number = 3 AND {w}",
    "cut and recounted": "DELETE FROM {t} WHERE number = 3 AND {w}; UPDATE {t} SET of_chunks = 2 WHERE {w}",
    "altered": f"UPDATE {{t}} SET content_enc = {_FLIPPED} WHERE number = 2 AND {{w}}",
}


@pytest.mark.parametrize("tampering", _TAMPERINGS.values(), ids=_TAMPERINGS)
def test_s59_a_document_whose_chunks_were_tampered_with_is_not_given_out(
    client: FlaskClient, postgres: LocalPostgres, tampering: str
) -> None:
    """Not even its sound part."""
    chart, url = _consent(client)
    _put(chart, url, a_pdf(2 * CHUNK_BYTES + 1000))
    where = f"document_id = (SELECT id FROM consent_documents WHERE consent_id = '{url.split('/')[1]}')"
    postgres.query(tampering.format(t="consent_document_chunks", w=where))
    answer = chart.get(f"{url}document/")
    assert (answer.status_code, answer.json["code"]) == (409, "integrity_error")


def test_who_may_put_and_read_a_document(client: FlaskClient) -> None:
    """A biller reads, a patient reads their own, neither writes."""
    chart, url = _consent(client)
    _put(chart, url, a_pdf())
    practice = chart.provider.actor.practice_id
    for person in (a_user(practice, Role.BILLING_MANAGER), a_user(practice, Role.PATIENT, patient_id=chart.patient_id)):
        theirs = Chart(client, person, chart.patient_id, signed_in(client, person))
        assert theirs.get(f"{url}document/").status_code == 200
        assert _put(theirs, url, a_pdf()).status_code == 403


def test_every_upload_and_download_leaves_its_event(app: Flask, client: FlaskClient, postgres: LocalPostgres) -> None:
    """Who took which patient's document away."""
    chart, url = _consent(client)
    _put(chart, url, a_pdf())
    chart.get(f"{url}document/")
    actions = postgres.query(
        "SELECT action FROM audit_events WHERE resource_type = 'consent_document'"
        f" AND patient_id = '{chart.patient_id}' ORDER BY id"
    )
    assert actions.split() == ["consent_document:create", "consent_document:read"]
