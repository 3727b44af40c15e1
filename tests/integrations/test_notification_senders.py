"""The ways out for text messages and push: what they say, and how they read what is answered."""

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.notifications.settings import Carrier, Failure
from app.integrations import push_fcm
from app.integrations.dispatch import Dispatch, FileDrop
from app.integrations.egress import Gate, gate
from app.integrations.notification_senders import Account, Message, NotTaken, Post
from app.integrations.push_expo import ExpoPush
from app.integrations.push_fcm import FcmPush
from app.integrations.sms import JsonSms, TwilioSms
from tests.carriers import PROJECT, Carriers, carriers, claims_of, key_file, refusal

TEXT = Message("id-1", "+12175550147", "Title", "Äpfel & text", "https://rpm.example/admin/notifications")
SECRET = "canary-secret"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Carriers]:
    """The providers' stand-in, which a developer's gate lets through to."""
    monkeypatch.setattr(gate, "rules", Gate().rules.__class__(allows_local_http=True))
    monkeypatch.setattr(push_fcm, "tokens", push_fcm._Tokens())
    with carriers() as running:
        yield running


def _twilio(server: Carriers, sender: str = "+15005550006") -> TwilioSms:
    return TwilioSms(Account(server.url, "AC123", sender, SECRET))


def _fcm(server: Carriers, **changes: str) -> FcmPush:
    return FcmPush(Account(server.url, secret=key_file(server.url, **changes)))


def test_twilio_gets_a_form_with_basic_sign_in(server: Carriers) -> None:
    """As its public reference has it."""
    assert _twilio(server).send(TEXT) == "SM1"
    asked = server.asked[0]
    assert asked.path == "/2010-04-01/Accounts/AC123/Messages.json"
    assert asked.form == {"To": TEXT.to, "From": "+15005550006", "Body": TEXT.text}
    assert asked.headers["Authorization"] == f"Basic {base64.b64encode(b'AC123:canary-secret').decode()}"


def test_twilio_takes_a_messaging_service_in_place_of_a_number(server: Carriers) -> None:
    """Its id begins with MG."""
    _twilio(server, "MG0815").send(TEXT)
    assert server.asked[0].form.keys() == {"To", "MessagingServiceSid", "Body"}


def test_a_plain_provider_gets_json_with_the_id_as_idempotency_key(server: Carriers) -> None:
    """So that it can drop a second copy."""
    assert JsonSms(Account(f"{server.url}/texts", sender="Practice", secret=SECRET)).send(TEXT) == "text-1"
    asked = server.asked[0]
    assert asked.json == {"id": "id-1", "to": TEXT.to, "from": "Practice", "text": TEXT.text}
    assert (asked.path, asked.headers["Idempotency-Key"]) == ("/texts", "id-1")
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("status", "failure", "is_tried_again"),
    [
        (200, None, None), (302, Failure.MESSAGE_REFUSED, False), (400, Failure.MESSAGE_REFUSED, False),
        (401, Failure.SIGN_IN_REFUSED, False), (403, Failure.SIGN_IN_REFUSED, False), (408, Failure.BUSY, True),
        (429, Failure.BUSY, True), (500, Failure.BUSY, True), (503, Failure.BUSY, True),
    ],
)  # fmt: skip
def test_a_status_says_whether_another_try_makes_sense(
    server: Carriers, status: int, failure: Failure | None, is_tried_again: bool | None
) -> None:
    """Busy is for later, refused is final."""
    server.instead.append(refusal(status, {"message": f"The number {TEXT.to} is wrong"}, Retry_After="17"))
    if failure is None:
        _twilio(server).send(TEXT)
        return
    with pytest.raises(NotTaken) as caught:
        _twilio(server).send(TEXT)
    assert (caught.value.failure, caught.value.may_be_tried_again) == (failure, is_tried_again)
    assert caught.value.retry_after == (17 if failure is Failure.BUSY else None)
    assert TEXT.to not in repr(caught.value)


def test_nobody_there_is_a_failure_to_try_again() -> None:
    """The port is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    way_out = Gate()
    way_out.configure(frozenset(), allows_local_http=True)
    sender = JsonSms(Account(""), Post(f"http://127.0.0.1:{port}", way_out))
    with pytest.raises(NotTaken) as caught:
        sender.send(TEXT)
    assert (caught.value.failure, caught.value.may_be_tried_again) == (Failure.UNREACHABLE, True)


def test_s80_a_provider_in_our_own_network_is_not_called() -> None:
    """Outside of development not even on this machine."""
    sender = JsonSms(Account(""), Post("https://127.0.0.1", Gate()))
    with pytest.raises(NotTaken) as caught:
        sender.send(TEXT)
    assert caught.value.failure is Failure.ADDRESS_REFUSED


def test_fcm_is_signed_in_to_with_a_jwt_of_the_service_account(server: Carriers) -> None:
    """RS256, for the one scope, for an hour; the token is then the bearer's."""
    assert _fcm(server).send(TEXT) == f"projects/{PROJECT}/messages/2"
    sign_in, asked = server.asked
    head, claims = claims_of(sign_in.form["assertion"])
    assert head == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    assert claims.pop("exp") - claims.pop("iat") == 3600
    assert claims == {
        "iss": "sender@demo.example", "aud": f"{server.url}/token",
        "scope": "https://www.googleapis.com/auth/firebase.messaging",
    }  # fmt: skip
    assert asked.headers["Authorization"] == "Bearer made-up-access-token"


def test_fcm_gets_title_text_and_link_and_nothing_else(server: Carriers) -> None:
    """A second copy replaces the first on the phone."""
    _fcm(server).send(TEXT)
    message = server.to("messages:send")[0].json["message"]
    assert server.to("messages:send")[0].path == f"/v1/projects/{PROJECT}/messages:send"
    assert message["notification"] == {"title": "Title", "body": TEXT.text}
    assert (message["token"], message["data"]) == (TEXT.to, {"link": TEXT.link})
    assert message["android"]["collapse_key"] == message["apns"]["headers"]["apns-collapse-id"] == "id-1"


def test_fcm_is_signed_in_to_once_an_hour_and_anew_when_the_token_is_refused(server: Carriers) -> None:
    """Each process keeps its token."""
    sender = _fcm(server)
    sender.send(TEXT)
    sender.send(TEXT)
    server.instead.append(refusal(401, {"error": {"status": "UNAUTHENTICATED"}}))
    with pytest.raises(NotTaken):
        sender.send(TEXT)
    sender.send(TEXT)
    assert len(server.to("/token")) == 2


def test_fcm_says_that_a_phone_is_gone(server: Carriers) -> None:
    """404 with UNREGISTERED; a 404 without is a refusal."""
    gone = {"error": {"code": 404, "status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}}
    server.instead += [refusal(404, gone), refusal(404, {"error": {"details": "?"}})]
    found = []
    for _ in range(2):
        with pytest.raises(NotTaken) as caught:
            _fcm(server).send(TEXT)
        found.append(caught.value.failure)
    assert found == [Failure.TOKEN_GONE, Failure.MESSAGE_REFUSED]


@pytest.mark.parametrize("secret", ["", "{}", "[", '{"project_id": "x"}', key_file("https://a", private_key="x")])
def test_a_key_file_that_is_none_is_no_configuration(server: Carriers, secret: str) -> None:
    """Nothing is sent."""
    with pytest.raises(NotTaken) as caught:
        FcmPush(Account(server.url, secret=secret)).send(TEXT)
    assert (caught.value.failure, server.asked) == (Failure.NOT_CONFIGURED, [])


def test_expo_gets_a_message_and_gives_a_ticket(server: Carriers) -> None:
    """The access token is the bearer's, where there is one."""
    assert ExpoPush(Account(server.url, secret=SECRET)).send(TEXT) == "ticket-1"
    assert server.asked[0].json == {
        "to": TEXT.to, "title": "Title", "body": TEXT.text, "data": {"link": TEXT.link}, "priority": "normal",
    }  # fmt: skip
    assert server.asked[0].headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("ticket", "failure"),
    [
        ({"status": "error", "details": {"error": "DeviceNotRegistered"}}, Failure.TOKEN_GONE),
        ({"status": "error", "details": {"error": "MessageRateExceeded"}}, Failure.BUSY),
        ({"status": "error", "details": {"error": "MessageTooBig"}}, Failure.MESSAGE_REFUSED),
        ({"status": "error"}, Failure.MESSAGE_REFUSED),
        ({}, Failure.ODD_ANSWER),
    ],
)
def test_expo_complains_in_the_ticket(server: Carriers, ticket: dict[str, object], failure: Failure) -> None:
    """With status 200."""
    server.instead.append(refusal(200, {"data": [ticket]}))
    with pytest.raises(NotTaken) as caught:
        ExpoPush(Account(server.url)).send(TEXT)
    assert caught.value.failure is failure


def test_expos_receipts_come_by_ticket(server: Carriers) -> None:
    """What is not decided yet is left out."""
    server.receipts |= {"a": {"status": "ok"}, "b": {"status": "error", "details": {"error": "DeviceNotRegistered"}}}
    found = ExpoPush(Account(server.url)).receipts(["a", "b", "c"])
    assert found == {"a": None, "b": Failure.TOKEN_GONE}


@pytest.mark.parametrize(
    ("carrier", "account"),
    [
        (None, None),
        (Carrier.TWILIO, Account("https://93.184.215.14", "AC1", "+1", "x")),
        (Carrier.FCM, Account("http://127.0.0.1:1", secret=key_file("https://93.184.215.14"))),
    ],
)
def test_on_a_developers_machine_messages_become_files(
    server: Carriers, tmp_path: Path, carrier: Carrier | None, account: Account | None
) -> None:
    """Unless every address of the provider is this machine itself."""
    dispatch = Dispatch()
    dispatch.configure(tmp_path / "drop")
    sender = dispatch.sender(carrier, account)
    assert isinstance(sender, FileDrop)
    sender.send(TEXT)
    written = json.loads((tmp_path / "drop" / "id-1.json").read_text())
    assert (written["to"], written["text"]) == (TEXT.to, TEXT.text)


def test_in_production_no_provider_means_no_message() -> None:
    """No file, no call."""
    with pytest.raises(NotTaken) as caught:
        Dispatch().sender(None, None)
    assert caught.value.failure is Failure.NOT_CONFIGURED
