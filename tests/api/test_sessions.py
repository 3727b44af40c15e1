"""Where one is signed in, over HTTP."""

from typing import Any

from flask.testing import FlaskClient

from tests.admin.visits import enter
from tests.builders import a_user, signed_in

SESSIONS, ALL, ME = (f"/api/v1/auth/{name}/" for name in ("sessions", "logout/all", "me"))
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def _sessions(client: FlaskClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    return client.get(SESSIONS, headers=headers).json["results"]


def test_sessions_of_api_and_console_are_listed_with_where_they_are(client: FlaskClient) -> None:
    """Enough to know a strange one."""
    person = a_user()
    enter(client, person)
    client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    found = _sessions(client, signed_in(client, person))
    assert [(one["kind"], one["is_current"]) for one in found] == [("api", True), ("console", False)]
    assert (found[0]["client"], found[0]["ip"]) == ("Firefox on Windows", "127.0.0.1")
    assert found[0].keys() == {"id", "kind", "created_at", "last_used_at", "expires_at", "ip", "client", "is_current"}


def test_s09_an_ended_session_is_out_at_its_next_request(client: FlaskClient) -> None:
    """The others go on."""
    person = a_user()
    here, there = signed_in(client, person), signed_in(client, person)
    other = next(one["id"] for one in _sessions(client, here) if not one["is_current"])
    assert client.delete(f"{SESSIONS}{other}/", headers=here).status_code == 204
    assert [client.get(ME, headers=headers).status_code for headers in (here, there)] == [200, 401]
    assert client.delete(f"{SESSIONS}{other}/", headers=here).status_code == 404


def test_a_console_session_can_be_ended_through_the_api(client: FlaskClient) -> None:
    """The browser is asked to sign in again."""
    person = a_user()
    enter(client, person)
    headers = signed_in(client, person)
    console = next(one["id"] for one in _sessions(client, headers) if one["kind"] == "console")
    client.delete(f"{SESSIONS}{console}/", headers=headers)
    assert client.get("/admin/patients").status_code == 302


def test_s25_nobody_ends_anybody_elses_session(client: FlaskClient) -> None:
    """Not even a colleague's: 404, and it goes on."""
    person = a_user()
    colleague = a_user(person.actor.practice_id)
    theirs = signed_in(client, person)
    wanted = _sessions(client, theirs)[0]["id"]
    for stranger in (colleague, a_user()):
        assert client.delete(f"{SESSIONS}{wanted}/", headers=signed_in(client, stranger)).status_code == 404
    assert client.get(ME, headers=theirs).status_code == 200


def test_s09_logging_out_everywhere_ends_all_sessions(client: FlaskClient) -> None:
    """This one, the other one, the browser's."""
    person = a_user()
    enter(client, person)
    here, there = signed_in(client, person), signed_in(client, person)
    assert client.post(ALL, headers=here).status_code == 204
    assert [client.get(ME, headers=headers).status_code for headers in (here, there)] == [401, 401]
    assert client.get("/admin/patients").status_code == 302


def test_one_may_change_ones_names_and_nothing_else(client: FlaskClient) -> None:
    """S30: what decides over rights is not in reach."""
    person = a_user()
    headers = signed_in(client, person)
    changed = client.patch(ME, json={"first_name": "Maria"}, headers=headers)
    assert (changed.status_code, changed.json["first_name"]) == (200, "Maria")
    for name in ("role", "email", "practice_id", "id", "is_2fa_enabled", "security_version"):
        assert client.patch(ME, json={name: "admin"}, headers=headers).status_code == 400


def test_a_stale_version_of_ones_own_account_is_refused(client: FlaskClient) -> None:
    """ETag and If-Match."""
    person = a_user()
    headers = signed_in(client, person)
    tag = client.get(ME, headers=headers).headers["ETag"]
    answers = [client.patch(ME, json={"last_name": n}, headers={**headers, "If-Match": tag}) for n in ("A", "B")]
    assert [answer.status_code for answer in answers] == [200, 412]
