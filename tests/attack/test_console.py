"""The console's doors and windows (S63 to S66, S68), on every page and form that is found."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.attack import hostile
from tests.attack.operations import Operation
from tests.attack.world import World, bearer, form_token, visit, visitor
from tests.builders import a_patient, a_reading, a_user

State = Callable[[], dict[str, str]]
_NONCE = re.compile(r"'nonce-([\w-]{20,})'")


def _forms(pages: list[Operation]) -> list[Operation]:
    return [one for one in pages if one.writes]


def _shown(pages: list[Operation]) -> list[Operation]:
    return [one for one in pages if one.method == "GET" and one.permission is not None]


def test_s64_no_form_works_without_its_own_token(app: Flask, pages: list[Operation], home: World, state: State) -> None:
    """None, an empty one, made up, another session's, or one in the address: 403, and nothing is changed."""
    foreign = form_token(visitor(app, home.person(Role.NURSE)))
    before = state()
    for page in _forms(pages):
        client = visitor(app, home.person(page.roles[0]))
        for form in ({}, {"csrf_token": ""}, {"csrf_token": "made.up.token"}, {"csrf_token": foreign}):
            assert client.post(page.path(home.ids), data=form).status_code == 403, page.name
        in_address = f"{page.path(home.ids)}?csrf_token={form_token(client)}"
        assert client.post(in_address).status_code == 403, page.name
    assert state() == before


def test_s64_no_form_is_taken_from_another_site(app: Flask, pages: list[Operation], home: World, state: State) -> None:
    """Though the token be right."""
    before = state()
    for page in _forms(pages):
        client = visitor(app, home.person(page.roles[0]))
        form = {"csrf_token": form_token(client)}
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Referer": "https://evil.example/admin/"},
        ):
            assert client.post(page.path(home.ids), data=form, headers=headers).status_code == 403, page.name
    assert state() == before


def test_s64_looking_changes_nothing(app: Flask, pages: list[Operation], home: World, state: State) -> None:
    """Every page that GET shows; and no form can be sent by GET."""
    before = state()
    for page in _shown(pages):
        visit(visitor(app, home.person(page.roles[0])), page, home.ids)
    assert state() == before


def test_s65_every_page_forbids_all_code_but_its_own(app: Flask, pages: list[Operation], home: World) -> None:
    """A nonce that is new each time, nothing unsafe, no frames, no plug-ins, no other base."""
    nonces = []
    for page in _shown(pages):
        client = visitor(app, home.person(page.roles[0]))
        for _ in range(2):
            answer = client.get(page.path(home.ids))
            policy = answer.headers["Content-Security-Policy"]
            nonces += _NONCE.findall(policy.partition("script-src")[2].partition(";")[0])
            assert "unsafe" not in policy, page.name
            for wall in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "default-src 'none'"):
                assert wall in policy, page.name
            if answer.status_code == 200 and answer.mimetype == "text/html":
                assert set(re.findall(r'<script nonce="([^"]+)"', answer.text)) == {nonces[-1]}, page.name
                assert not re.search(
                    r"<script(?! nonce| type=\"application/json\")|\son\w+=|javascript:|\sstyle=", answer.text
                ), page.name
    assert len(set(nonces)) == len(nonces) == 2 * len(_shown(pages))


def test_s66_a_bearer_token_opens_no_page(client: FlaskClient, pages: list[Operation], home: World) -> None:
    """It leads to the login, as nothing would."""
    headers = bearer(home.person(Role.ADMIN))
    for page in (one for one in pages if one.permission is not None):
        answer = client.open(page.path(home.ids), method=page.method, headers=headers)
        assert answer.location.startswith("/admin/login"), page.name


def test_s66_a_cookie_opens_no_operation(app: Flask, operations: list[Operation], home: World) -> None:
    """Nor does its value as a token."""
    client = visitor(app, home.person(Role.ADMIN))
    cookie = client.get_cookie("vantrexia_dev")
    assert cookie is not None
    for headers in ({}, {"Authorization": f"Bearer {cookie.value}"}):
        for operation in (one for one in operations if one.permission is not None):
            sent = {"method": operation.method, "json": {}, "headers": headers}
            assert client.open(operation.path(home.ids), **sent).status_code == 401, operation.name


def test_s68_nothing_is_kept_by_browsers_and_proxies(
    app: Flask, client: FlaskClient, operations: list[Operation], pages: list[Operation], home: World
) -> None:
    """`no-store` on every page and every answer of the API."""
    answers = {page.name: visit(visitor(app, home.person(page.roles[0])), page, home.ids) for page in pages}
    for one in operations:
        headers = bearer(home.person(one.roles[0]))
        answers[one.name] = client.open(one.path(home.ids), method=one.method, json={}, headers=headers)
    assert {name: answer.headers["Cache-Control"] for name, answer in answers.items()} == dict.fromkeys(
        answers, "no-store"
    )


def test_s63_the_cookie_is_new_at_each_login_and_cannot_be_guessed(app: Flask, home: World) -> None:
    """256 random bits each time."""
    cookies = [visitor(app, home.person(Role.ADMIN)).get_cookie("vantrexia_dev") for _ in range(3)]
    secrets = {cookie.value.partition(".")[2] for cookie in cookies if cookie}
    assert (len(secrets), {len(secret) for secret in secrets}) == (3, {43})


def test_s41_a_name_of_code_is_shown_as_text_on_every_page(app: Flask, pages: list[Operation]) -> None:
    """Escaped wherever it stands: list, page, board, title, chart."""
    doctor = a_user()
    for script in hostile.SCRIPTS:
        patient = a_patient(doctor.actor, first_name=script, last_name=script, external_id=script[:60])
        a_reading(doctor.actor, patient.id, 190, device_id=script[:60])
        client = visitor(app, doctor)
        for page in (one for one in _shown(pages) if one.converters.keys() <= {"patient_id"}):
            text = client.get(page.path({"patient_id": patient.id})).text
            assert not [raw for raw in ("<img src=x", "<svg onload", "<script>window") if raw in text], page.name


def test_s41_an_address_of_code_is_shown_as_text(app: Flask, pages: list[Operation], home: World) -> None:
    """Search terms, filters and anything made up."""
    for page in _shown(pages):
        client = visitor(app, home.person(page.roles[0]))
        for script in hostile.SCRIPTS:
            for name in ("search", "next", "risk_level", script):
                text = client.get(page.path(home.ids), query_string={name: script}).text
                assert not [raw for raw in ("<img src=x", "<svg onload", "<script>window") if raw in text], page.name
