"""A request with an Idempotency-Key happens once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.extensions import db
from app.models import IdempotencyKey
from app.services.transaction import transaction
from tests.builders import a_practice, a_user, in_house, signed_in

URL = "/api/v1/patients/"
NEW = {
    "first_name": "Mary", "last_name": "Major", "date_of_birth": "1950-02-28", "gender": "female",
    "allow_duplicate": True,
}  # fmt: skip


def _post(client: FlaskClient, headers: dict[str, str], key: str = "k1", **changes: Any) -> Any:
    return client.post(URL, json={**NEW, **changes}, headers={**headers, "Idempotency-Key": key})


def test_s70_a_repetition_gets_the_first_answer_to_the_letter(client: FlaskClient) -> None:
    """Status, body and version, and nothing is done twice."""
    headers = signed_in(client, a_user())
    first, second = _post(client, headers), _post(client, headers)
    assert (second.status_code, second.data, second.headers["ETag"]) == (201, first.data, first.headers["ETag"])
    assert second.headers["Idempotency-Replayed"] == "true"
    assert client.get(URL, headers=headers).json["count"] == 1


def test_s70_another_body_under_the_same_key_is_refused(client: FlaskClient) -> None:
    """422."""
    headers = signed_in(client, a_user())
    _post(client, headers)
    answer = _post(client, headers, first_name="Other")
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")


def test_s70_twenty_at_once_create_one(app: Flask, client: FlaskClient) -> None:
    """The rest wait and get the same answer."""
    headers = signed_in(client, a_user())
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: _post(app.test_client(), headers), range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1


def test_s70_two_users_may_use_the_same_key(client: FlaskClient) -> None:
    """Keys are one's own."""
    practice = a_practice()
    answers = [_post(client, signed_in(client, a_user(practice))) for _ in range(2)]
    assert answers[0].json["id"] != answers[1].json["id"]


def test_s70_a_refused_request_may_be_made_again(client: FlaskClient) -> None:
    """The refusal is not kept."""
    headers = signed_in(client, a_user())
    assert _post(client, headers, gender="?").status_code == 400
    assert _post(client, headers).status_code == 201


def test_s70_after_a_day_the_key_is_free(client: FlaskClient) -> None:
    """24 hours."""
    person = a_user()
    headers = signed_in(client, person)
    first = _post(client, headers).json["id"]
    with in_house(person.actor), transaction() as session:
        session.execute(update(IdempotencyKey).values(created_at=datetime.now(UTC) - timedelta(hours=24, seconds=1)))
    assert _post(client, headers).json["id"] != first


def test_a_kept_answer_is_encrypted(client: FlaskClient) -> None:
    """It is health information."""
    person = a_user()
    _post(client, signed_in(client, person), first_name="Canarymary")
    with in_house(person.actor):
        kept = db.session.scalars(select(IdempotencyKey)).one()
    assert b"Canarymary" not in kept.body_enc


def test_a_key_that_is_none_is_refused(client: FlaskClient) -> None:
    """Printable ASCII, at most 255."""
    headers = signed_in(client, a_user())
    assert [_post(client, headers, key).status_code for key in ("k" * 256, "schlüssel")] == [400, 400]
