"""Telling people, from the event to the phone: one outbox, tried again, never sent twice."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app.domain.errors import Conflict, NotFound
from app.domain.notifications.events import Event, Level
from app.domain.notifications.settings import Carrier, PushService, Recipients
from app.domain.notifications.timing import MAX_TRIES
from app.domain.roles import Role
from app.extensions import db
from app.models import AuditEvent, PushToken
from app.services.accounts.administration import disable_user
from app.services.notifications.deliveries import retry_delivery
from app.services.notifications.delivering import deliver
from app.services.notifications.digests import send_due_of
from app.services.notifications.inbox import mark_all_read, purge_notifications
from app.services.notifications.push_tokens import remove_push_token
from app.services.notifications.receipts import check_receipts
from app.services.notifications.telling import notify
from app.services.transaction import transaction
from tests.builders import Person, a_patient, a_practice, a_user, in_house
from tests.carriers import Carriers, MailServer, carriers, mail_server, refusal
from tests.jobs import work
from tests.notifications import (
    EXPO_TOKEN,
    FCM_TOKEN,
    PHONE,
    SECRET,
    carry_a_phone,
    changing,
    deliveries,
    later,
    only,
    prefer,
    set_up,
    tell,
    the_delivery,
    told,
)

NOW = datetime.now(UTC)


@pytest.fixture
def server() -> Iterator[Carriers]:
    """The providers' stand-in."""
    with carriers() as running:
        yield running


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A mail server."""
    with mail_server() as running:
        yield running


@pytest.fixture
def nurse() -> Person:
    """Somebody who wants text messages only."""
    person = a_user(role=Role.NURSE)
    only(person, "sms")
    return person


def _state(person: Person) -> tuple[str, str | None, int]:
    delivery = the_delivery(person)
    return delivery.state, delivery.failure, delivery.tries


def _send(person: Person, delivery_id: UUID | None = None) -> None:
    with in_house(person.actor):
        deliver(person.actor.practice_id, delivery_id or deliveries(person)[0].id)


def test_one_event_goes_out_by_every_channel(server: Carriers, mails: MailServer) -> None:
    """One delivery for each address; each is sent by its job."""
    person = a_user()
    only(person, "email", "sms", "push")
    for service, token in ((PushService.EXPO, EXPO_TOKEN), (PushService.FCM, FCM_TOKEN)):
        carry_a_phone(person, service, token)
    for carrier in (Carrier.TWILIO, Carrier.EXPO, Carrier.FCM):
        set_up(person, server, carrier)
    assert tell(person) == 1
    work()
    assert [one.state for one in deliveries(person)] == ["sent"] * 4
    assert server.to("Messages.json")[0].form["To"] == PHONE
    assert server.to("push/send")[0].json["to"] == EXPO_TOKEN
    assert server.to("messages:send")[0].json["message"]["token"] == FCM_TOKEN
    assert [letter["To"] for letter in mails.letters()] == [person.email]


def test_nobody_is_told_of_what_was_rolled_back(nurse: Person) -> None:
    """Neither in the app nor by any other way."""
    with suppress(ZeroDivisionError), in_house(nurse.actor), transaction() as session:
        notify(session, nurse.actor.practice_id, Event.CRITICAL_ALERT, Recipients((nurse.actor.user_id,)))
        raise ZeroDivisionError
    assert (told(nurse), deliveries(nurse)) == ([], [])


def test_nobody_is_told_twice_of_one_occasion(nurse: Person) -> None:
    """The same key, of the same event, to the same person; another key is another occasion."""
    assert [tell(nurse, key=key) for key in ("a", "a", "b", None, None)] == [1, 0, 1, 1, 1]
    assert len(deliveries(nurse)) == 4


def test_a_role_is_everybody_of_it_who_has_not_left() -> None:
    """Each once, though named twice; other practices' people of the role are not told."""
    admin = a_user(role=Role.ADMIN)
    nurses = [a_user(admin.actor.practice_id, Role.NURSE) for _ in range(3)]
    a_user(role=Role.NURSE)
    with in_house(admin.actor):
        disable_user(admin.actor, nurses[2].actor.user_id, None)
        with transaction() as session:
            wanted = Recipients((nurses[0].actor.user_id,), (Role.NURSE.value,))
            assert notify(session, admin.actor.practice_id, Event.CRITICAL_ALERT, wanted) == 2
    assert {one.user_id for one in told(admin)} == {one.actor.user_id for one in nurses[:2]}


def test_another_practices_people_are_not_told_by_number(nurse: Person) -> None:
    """Their numbers are numbers of nobody here."""
    other = a_user()
    with in_house(other.actor), transaction() as session:
        practice_id = other.actor.practice_id
        assert notify(session, practice_id, Event.CRITICAL_ALERT, Recipients((nurse.actor.user_id,))) == 0


def test_what_people_are_told_of_a_patient_is_in_the_patients_trail(nurse: Person) -> None:
    """Who was told, and when it was read."""
    patient = a_patient(nurse.actor)
    tell(nurse, patient_id=patient.id)
    with in_house(nurse.actor):
        trail = db.session.query(AuditEvent).filter_by(patient_id=patient.id, resource_type="notification")
        assert [event.action for event in trail] == ["notification:create"]


def test_what_was_sent_is_never_sent_again(nurse: Person, server: Carriers) -> None:
    """However often its job runs."""
    set_up(nurse, server)
    tell(nurse)
    work()
    for _ in range(3):
        _send(nurse)
    assert (len(server.asked), _state(nurse)) == (1, ("sent", None, 1))
    assert the_delivery(nurse).reference == "SM1"


def test_a_delivery_in_another_workers_hands_is_left_alone(nurse: Person, server: Carriers) -> None:
    """Until its lease has run out: then the other worker is taken for dead."""
    set_up(nurse, server)
    tell(nurse)
    with changing(nurse) as session:
        session.execute(
            text("UPDATE notification_deliveries SET tries = 1, claimed_until = :then"),
            {"then": datetime.now(UTC) + timedelta(seconds=50)},
        )
    work()
    assert (server.asked, _state(nurse)) == ([], ("waiting", None, 1))
    later(nurse)
    _send(nurse)
    assert (len(server.asked), _state(nurse)) == (1, ("sent", None, 2))


def test_a_busy_provider_is_asked_again_later_and_not_before(nurse: Person, server: Carriers) -> None:
    """As it wishes, when it wishes longer than we would wait."""
    set_up(nurse, server)
    server.instead.append(refusal(503, Retry_After="120"))
    tell(nurse)
    work()
    assert _state(nurse) == ("waiting", "busy", 1)
    assert the_delivery(nurse).due_at - datetime.now(UTC) > timedelta(seconds=100)
    _send(nurse)
    assert len(server.asked) == 1
    later(nurse)
    _send(nurse)
    assert (len(server.asked), _state(nurse)) == (2, ("sent", None, 2))


def test_after_the_last_try_administrators_see_it_and_can_try_it_again(nurse: Person, server: Carriers) -> None:
    """They are told once an hour, not for each."""
    admin = a_user(nurse.actor.practice_id, Role.ADMIN)
    set_up(nurse, server)
    tell(nurse)
    tell(nurse)
    server.instead += [refusal(500)] * (2 * MAX_TRIES)
    for delivery in deliveries(nurse):
        for _ in range(MAX_TRIES):
            _send(nurse, delivery.id)
            later(nurse)
    assert {(one.state, one.tries) for one in deliveries(nurse)} == {("dead", MAX_TRIES)}
    assert [one.user_id for one in told(admin) if one.event == "delivery_failed"] == [admin.actor.user_id]
    with in_house(admin.actor):
        retry_delivery(admin.actor, deliveries(nurse)[0].id)
    work()
    assert [(one.state, one.tries) for one in deliveries(nurse)] == [("sent", 1), ("dead", MAX_TRIES)]


def test_what_help_is_needed_for_is_given_up_at_once(nurse: Person, server: Carriers) -> None:
    """A password that is refused is refused the next time too."""
    set_up(nurse, server)
    server.instead.append(refusal(401))
    tell(nurse)
    work()
    assert _state(nurse) == ("dead", "sign_in_refused", 1)


def test_only_what_was_given_up_can_be_tried_again(nurse: Person) -> None:
    """And only by the own practice."""
    tell(nurse)
    for person, refused in ((nurse, Conflict), (a_user(role=Role.ADMIN), NotFound)):
        with in_house(person.actor), pytest.raises(refused):
            retry_delivery(person.actor, the_delivery(nurse).id)


def test_a_mail_that_is_refused_is_tried_again(mails: MailServer) -> None:
    """Under the same Message-ID, which names the delivery."""
    person = a_user()
    only(person, "email")
    mails.instead.append("451 try later")
    tell(person)
    work()
    assert _state(person) == ("waiting", "unreachable", 1)
    later(person)
    _send(person)
    assert _state(person) == ("sent", None, 2)
    assert str(the_delivery(person).id) in mails.letters()[0]["Message-ID"]


@pytest.mark.parametrize(("level", "state"), [(Level.CRITICAL, "sent"), (Level.URGENT, "waiting")])
def test_quiet_hours_hold_everything_but_the_critical(
    nurse: Person, server: Carriers, level: Level, state: str
) -> None:
    """What waits goes out when they are over."""
    set_up(nurse, server)
    begin, end = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 2))
    prefer(nurse, quiet_start=_clock(begin), quiet_end=_clock(end), timezone="UTC")
    tell(nurse, level=level)
    work()
    assert the_delivery(nurse).state == state
    if level is Level.URGENT:
        assert the_delivery(nurse).due_at == end.replace(second=0, microsecond=0)
        later(nurse)
        _send(nurse)
    assert the_delivery(nurse).state == "sent"


def test_what_was_read_meanwhile_is_not_sent_unless_it_is_critical(nurse: Person, server: Carriers) -> None:
    """An urgent one that waited for the morning."""
    set_up(nurse, server)
    for level in (Level.URGENT, Level.CRITICAL):
        tell(nurse, level=level)
    prefer(nurse, channels={"critical_alert": ["in_app", "sms"]})
    tell(nurse, level=Level.URGENT)
    with changing(nurse) as session:
        session.execute(text("UPDATE notifications SET is_shown = true"))
    with in_house(nurse.actor):
        assert mark_all_read(nurse.actor) == 3
    work()
    assert [one.state for one in deliveries(nurse)] == ["cancelled", "sent", "cancelled"]


def test_routine_notifications_come_together_in_one_digest(mails: MailServer) -> None:
    """At the person's hour; one that was read needs none."""
    person = a_user()
    only(person, "in_app", "email", event=Event.WARNING_ALERT)
    for _ in range(3):
        tell(person, Event.WARNING_ALERT)
    with in_house():
        send_due_of(person.actor.practice_id)
    work()
    assert mails.arrived == []
    later(person)
    with changing(person) as session:
        session.execute(text("UPDATE notifications SET read_at = now() WHERE id = :id"), {"id": told(person)[0].id})
    with in_house():
        send_due_of(person.actor.practice_id)
        send_due_of(person.actor.practice_id)
    work()
    (letter,) = mails.letters()
    assert letter.get_content().startswith("2 notifications at Test Practice wait for you.")
    assert [one.state for one in deliveries(person)] == ["cancelled", "bundled", "bundled", "sent"]


def test_a_digest_of_one_is_the_notification_itself(mails: MailServer) -> None:
    """In its own words."""
    person = a_user()
    only(person, "email", event=Event.WARNING_ALERT)
    tell(person, Event.WARNING_ALERT)
    later(person)
    with in_house():
        send_due_of(person.actor.practice_id)
    work()
    assert [letter["Subject"] for letter in mails.letters()] == ["New alert"]


def test_without_a_digest_hour_routine_notifications_go_out_at_once(mails: MailServer) -> None:
    """One by one."""
    person = a_user()
    only(person, "email", event=Event.WARNING_ALERT)
    prefer(person, digest_hour=None)
    tell(person, Event.WARNING_ALERT)
    work()
    assert len(mails.arrived) == 1


def test_a_delivery_whose_job_was_lost_is_put_in_hand_again(nurse: Person, server: Carriers) -> None:
    """Some minutes after its time."""
    set_up(nurse, server)
    tell(nurse)
    with changing(nurse) as session:
        session.execute(text("DELETE FROM procrastinate_jobs WHERE lock = :lock"), _lock(nurse))
    with in_house():
        send_due_of(nurse.actor.practice_id)
    work()
    assert server.asked == []
    later(nurse)
    with in_house():
        send_due_of(nurse.actor.practice_id)
    work()
    assert _state(nurse) == ("sent", None, 1)


def test_a_phone_that_is_gone_hears_nothing_more(server: Carriers) -> None:
    """Expo says so in the receipt, a quarter of an hour later."""
    person = a_user()
    only(person, "push")
    set_up(person, server, Carrier.EXPO)
    token_id = carry_a_phone(person)
    tell(person)
    work()
    server.receipts["ticket-1"] = {"status": "error", "details": {"error": "DeviceNotRegistered"}}
    with in_house():
        check_receipts()
    assert _state(person) == ("sent", None, 1)
    later(person, timedelta(minutes=16))
    with in_house():
        check_receipts()
    assert _state(person) == ("cancelled", "token_gone", 1)
    with in_house(person.actor):
        assert db.session.get_one(PushToken, token_id).disabled_at is not None
    tell(person)
    assert len(deliveries(person)) == 1


def test_a_phone_that_was_removed_or_changed_hands_gets_nothing_of_its_former_owners(server: Carriers) -> None:
    """What waited for it is cancelled."""
    practice_id = a_practice()
    first, second = a_user(practice_id), a_user(practice_id)
    only(first, "push")
    set_up(first, server, Carrier.EXPO)
    carry_a_phone(first)
    tell(first)
    token_id = carry_a_phone(second)
    work()
    assert (server.asked, _state(first)) == ([], ("cancelled", "token_gone", 0))
    with in_house(second.actor):
        remove_push_token(second.actor, token_id)
    assert the_delivery(first).push_token_id is None


def test_who_left_meanwhile_gets_nothing(nurse: Person, server: Carriers) -> None:
    """Nor does who gave up the number."""
    set_up(nurse, server)
    tell(nurse)
    prefer(nurse, phone=None)
    work()
    assert (server.asked, _state(nurse)) == ([], ("cancelled", "no_address", 0))


def test_s58_numbers_tokens_and_secrets_are_stored_encrypted(nurse: Person, server: Carriers) -> None:
    """Nowhere in the tables does one stand in the clear."""
    set_up(nurse, server)
    carry_a_phone(nurse)
    tables = ("notification_preferences", "push_tokens", "notification_providers", "notification_deliveries")
    with in_house(nurse.actor):
        rows = [db.session.execute(text(f"SELECT {one}::text FROM {one}")).scalars().all() for one in tables]
    assert all(len(found) == 1 for found in rows[:3])
    stored = str(rows)
    assert not any(word in stored or word.encode().hex() in stored for word in (PHONE, EXPO_TOKEN, SECRET))


def test_s62_no_number_or_secret_is_logged_when_a_provider_repeats_it(
    nurse: Person, server: Carriers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor kept with the delivery, nor in the job."""
    caplog.set_level("DEBUG")
    ours = logging.getLogger("app")  # tells nobody above it
    monkeypatch.setattr(ours, "handlers", [caplog.handler])
    monkeypatch.setattr(ours, "level", logging.DEBUG)
    set_up(nurse, server)
    server.instead.append(refusal(400, {"message": f"{PHONE} {SECRET}"}))
    tell(nurse)
    work()
    with in_house(nurse.actor):
        kept = db.session.execute(text("SELECT args::text FROM procrastinate_jobs")).scalars().all()
        rows = db.session.execute(text("SELECT d::text FROM notification_deliveries d")).scalars().all()
    assert _state(nurse)[:2] == ("dead", "message_refused")
    assert not any(word in f"{caplog.text}{kept}{rows}" for word in (PHONE, SECRET))


def test_what_is_old_is_forgotten_with_its_deliveries_and_digests(mails: MailServer) -> None:
    """The trail stays."""
    person = a_user()
    only(person, "email", event=Event.WARNING_ALERT)
    for _ in range(2):
        tell(person, Event.WARNING_ALERT)
    later(person)
    with in_house():
        send_due_of(person.actor.practice_id)
    work()
    with in_house(person.actor):
        purge_notifications(NOW - timedelta(days=180))
    assert len(deliveries(person)) == 3
    with in_house(person.actor):
        purge_notifications(datetime.now(UTC) + timedelta(minutes=1))
    assert (told(person), deliveries(person)) == ([], [])


def _clock(moment: datetime) -> time:
    return moment.time().replace(second=0, microsecond=0)


def _lock(person: Person) -> dict[str, str]:
    return {"lock": f"notification:{the_delivery(person).id}"}
