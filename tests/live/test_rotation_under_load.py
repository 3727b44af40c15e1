"""All keys are rotated while two server processes work, and nobody notices."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import jwt
import pytest

from app.crypto.key_file import KeyFile
from app.services.keys.rotation import sealed_tables
from config import ROOT
from tests.builders import a_body
from tests.live.installation import Browser, Installation, Web

pytestmark = pytest.mark.slow
_REFRESH_SECONDS = 2
_PATIENTS = 120


class Load:
    """People at work on all servers at once; everything that is not a success is kept."""

    def __init__(self, webs: list[Web], patients: list[str]) -> None:
        self.failures: list[tuple[str, int, str]] = []
        self.calls = 0
        self._webs, self._patients = webs, patients
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(4)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        own = self._patients[number::4]
        webs = [Web(web.port, web.log) for web in self._webs]
        webs[0].sign_in()
        turn = 0
        while not self._over.is_set():
            for web in webs:
                web.tokens = webs[0].tokens  # what one process has signed the other must know
                patient = own[turn % len(own)]
                self._call(web, "GET", "/api/v1/patients/?page_size=20&ordering=last_name")
                self._call(web, "GET", f"/api/v1/patients/{patient}/")
                self._call(web, "PATCH", f"/api/v1/patients/{patient}/", {"first_name": f"Turn{turn}"})
                key = f"{number}-{web.port}-{turn}"
                self._call(web, "POST", "/api/v1/ingestion/blood-pressure/", a_body(patient), Idempotency_Key=key)
                turn += 1
            webs[0].tokens = self._exchange(webs[turn % 2])

    def _exchange(self, web: Web) -> dict[str, str]:
        answer = web.call("POST", "/api/v1/auth/token/refresh/", {"refresh": web.tokens["refresh"]})
        if answer.status != 200:
            self.failures.append(("refresh", answer.status, answer.text))
            web.sign_in()
            return web.tokens
        return answer.json

    def _call(self, web: Web, method: str, path: str, body: object = None, **headers: str) -> None:
        answer = web.call(method, path, body, **headers)
        self.calls += 1
        if answer.status not in {200, 201}:
            self.failures.append((f"{method} {path}", answer.status, answer.text))


@pytest.fixture
def installation(install: Callable[..., Installation]) -> Installation:
    """Processes that look for new keys every two seconds instead of every minute."""
    made = install(KEY_REFRESH_SECONDS=str(_REFRESH_SECONDS))
    made.create_admin()
    return made


@pytest.fixture
def webs(installation: Installation) -> Iterator[list[Web]]:
    """Two server processes on one database."""
    with ExitStack() as stack:
        started = [stack.enter_context(installation.serving()) for _ in range(2)]
        for web in started:
            web.sign_in()
        yield started


def _fill(web: Web) -> list[str]:
    person = {"last_name": "Live", "date_of_birth": "1950-01-02", "gender": "female", "phone": "2175550123"}
    ids = [
        web.call("POST", "/api/v1/patients/", {"first_name": "New", "allow_duplicate": True, **person}).json["id"]
        for _ in range(_PATIENTS)
    ]
    entry = {"patient_id": ids[0], "cpt_code": "99454", "service_date": "2026-01-02", "amount": 5, "notes": "seen"}
    assert web.call("POST", "/api/v1/billing/entries/", entry).status == 201
    return ids


def _left_on_other_keys(installation: Installation, version: int) -> int:
    places = [(table.name, column.name) for table in sealed_tables() for column in table.columns]
    counts = [
        f"SELECT count(*) FROM {table} WHERE substr({column}, 2, 4) <> int4send({version})" for table, column in places
    ]
    return int(installation.postgres.query(f"SELECT sum(count) FROM ({' UNION ALL '.join(counts)}) AS c"))


def _key_files(installation: Installation) -> dict[str, KeyFile]:
    keys = installation.directory / "keys"
    return {"token": KeyFile(keys / "jwt_secret_keys"), "master": KeyFile(keys / "field_encryption_keys")}


def test_s61_all_keys_rotate_under_load_without_an_error(installation: Installation, webs: list[Web]) -> None:
    """Data keys, master key and token keys; then the old ones are gone and everything is still read."""
    patients, browser = _fill(webs[0]), Browser(webs[0])
    browser.enter()
    form = {"csrf_token": browser.form_token("patients")}
    old = {name: file.read()[0].key for name, file in _key_files(installation).items()}
    with Load(webs, patients) as load:
        for kind in (["data"], ["master", "--drop-old"], ["token"]):
            installation.flask("keys", "rotate", *kind)
        time.sleep(2 * _REFRESH_SECONDS + 3)
    assert Counter((call, status) for call, status, _ in load.failures) == {}, load.failures[:3]
    assert load.calls > 100
    assert browser.form_token("patients") != form["csrf_token"]
    assert "Sign in" in browser.send("logout", form)  # a page from before the rotation is still good
    assert _left_on_other_keys(installation, version=2) == 0
    assert "data keys 2\n" in installation.flask("keys", "status")
    _assert_old_keys_may_go(installation, webs, patients, old)


def _assert_old_keys_may_go(
    installation: Installation, webs: list[Web], patients: list[str], old: dict[str, bytes]
) -> None:
    files = _key_files(installation)
    webs[0].sign_in()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(webs[0].tokens["access"], old["token"], ["HS256"], audience="vantrexia-api")
    files["token"].write(files["token"].read()[:1])
    assert old["master"] not in {key.key for key in files["master"].read()}
    with installation.serving() as fresh:
        fresh.tokens = webs[0].tokens
        assert [fresh.call("GET", f"/api/v1/patients/{patient}/").status for patient in patients[:20]] == [200] * 20


def test_s61_a_rotation_that_was_killed_is_finished_by_the_next(installation: Installation, webs: list[Web]) -> None:
    """Between the announcement of the new key and the first value under it."""
    patients = _fill(webs[0])
    _kill_a_rotation_once_it_has_announced(installation)
    assert "data keys 1, 2  (rotation unfinished)" in installation.flask("keys", "status")
    assert "taken up" in installation.flask("keys", "rotate", "data")
    assert _left_on_other_keys(installation, version=2) == 0
    assert webs[0].call("GET", f"/api/v1/patients/{patients[0]}/").status == 200


def _kill_a_rotation_once_it_has_announced(installation: Installation) -> None:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "keys", "rotate", "data"]
    rotation = subprocess.Popen(command, env=installation.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    while installation.postgres.query("SELECT max(version) FROM practice_keys") == "1":
        assert rotation.poll() is None
    rotation.kill()
    assert rotation.wait() != 0
