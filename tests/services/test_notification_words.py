"""No health information leaves in a message: shown by sending everything there is, and by planting a leak."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from app.domain.notifications.events import CHOOSABLE, EVENTS, Channel, Event
from app.domain.notifications.settings import Carrier, PushService
from app.domain.notifications.wording import Wording, worded
from app.extensions import db
from app.models import Patient
from app.services.notifications import delivering
from app.services.notifications.digests import send_due
from tests.builders import Person, a_patient, a_user, in_house
from tests.carriers import Carriers, MailServer, carriers, mail_server
from tests.jobs import work
from tests.notifications import FCM_TOKEN, PHONE, carry_a_phone, deliveries, later, prefer, set_up, tell

SUBJECT = "01a20af7-0000-7000-8000-00000000cafe"
CANARIES = {
    "first_name": "Canaryfirst",
    "last_name": "Canarylast",
    "mrn": "CANARY-4711",
    "phone": "+12175550199",
    "email": "canary.patient@test.example",
    "external_id": "canary-external",
}
BORN = date(1931, 2, 3)
_ALL = [channel.value for channel in Channel]


@pytest.fixture
def out() -> Iterator[tuple[MailServer, Carriers]]:
    """Everything that messages can go out to."""
    with mail_server() as mails, carriers() as server:
        yield mails, server


@pytest.fixture
def doctor(out: tuple[MailServer, Carriers]) -> Person:
    """Somebody who wants to hear of everything by every way there is."""
    person = a_user()
    offered = {one.value: [c.value for c in EVENTS[one].offered] for one in CHOOSABLE}
    prefer(person, channels=offered, phone=PHONE)
    carry_a_phone(person)
    carry_a_phone(person, PushService.FCM, FCM_TOKEN)
    for carrier in (Carrier.TWILIO, Carrier.EXPO, Carrier.FCM):
        set_up(person, out[1], carrier)
    return person


def _tell_all(person: Person, patient: Patient) -> None:
    """Tell of every event about one patient, twice, so that digests come of what is routine; send it all."""
    for event in CHOOSABLE:
        for _ in range(2):
            tell(person, event, patient_id=patient.id, subject_id=SUBJECT, key=f"{patient.id}:{_}")
    work()
    later(person)
    with in_house():
        send_due()
    work()


def _leaks(patient: Patient, sent: str) -> list[str]:
    """Return what of a patient stands in what was sent: names, numbers, dates, ids, values."""
    ids = (str(patient.id), patient.id.hex, SUBJECT)
    words = (*CANARIES.values(), BORN.isoformat(), "02/03/1931", *ids)
    return [word for word in words if word.casefold() in sent.casefold()]


def _sent(out: tuple[MailServer, Carriers]) -> str:
    mails, server = out
    bodies = [str(letter.items()) + letter.get_content() for letter in mails.letters()]
    asked = [f"{one.path} {one.headers} {one.body.decode()} {one.form}" for one in server.asked]
    return "\n".join([*bodies, *asked])


def test_no_message_says_whom_it_is_about(doctor: Person, out: tuple[MailServer, Carriers]) -> None:
    """Every event by every channel that it offers, digests too; none was held back."""
    patient = a_patient(doctor.actor, date_of_birth=BORN, **CANARIES)
    _tell_all(doctor, patient)
    gone = {(one.event, one.channel) for one in deliveries(doctor) if one.state in {"sent", "bundled"}}
    offered = {(event.value, one.value) for event in Event for one in EVENTS[event].offered}
    assert gone == {(event, channel) for event, channel in offered if channel != "in_app"}
    assert _leaks(patient, _sent(out)) == []


def test_neither_jobs_nor_deliveries_say_whom_they_are_about(doctor: Person) -> None:
    """They are stored in the clear."""
    patient = a_patient(doctor.actor, date_of_birth=BORN, **CANARIES)
    _tell_all(doctor, patient)
    with in_house(doctor.actor):
        jobs = db.session.execute(text("SELECT args::text, lock FROM procrastinate_jobs")).all()
        rows = db.session.execute(text("SELECT d::text FROM notification_deliveries d")).all()
    assert _leaks(patient, f"{jobs} {rows}") == []


def test_what_a_developer_finds_in_files_says_as_little(
    doctor: Person, out: tuple[MailServer, Carriers], app: Flask
) -> None:
    """Without providers on this machine."""
    patient = a_patient(doctor.actor, date_of_birth=BORN, **CANARIES)
    with in_house(doctor.actor):
        db.session.execute(text("DELETE FROM notification_providers"))
        db.session.commit()
    directory = Path(app.config["SETTINGS"].var_dir) / "notifications"
    before = set(directory.glob("*.json"))
    tell(doctor, patient_id=patient.id)
    work()
    written = [json.loads(path.read_text()) for path in set(directory.glob("*.json")) - before]
    assert len(written) == 3
    assert _leaks(patient, json.dumps(written)) == []


def _naming(patient: Patient) -> Callable[..., Wording]:
    def leaky(event: Event, practice_name: str, public_url: str, count: int = 1) -> Wording:
        words = worded(event, practice_name, public_url, count)
        return Wording(words.title, f"{words.text} {patient.first_name}", words.link)

    return leaky


def _linking(patient: Patient) -> Callable[..., Wording]:
    def leaky(event: Event, practice_name: str, public_url: str, count: int = 1) -> Wording:
        words = worded(event, practice_name, public_url, count)
        return Wording(words.title, words.text, f"{public_url}/admin/patients/{patient.id}")

    return leaky


@pytest.mark.parametrize("plant", [_naming, _linking])
@pytest.mark.parametrize("channel", [channel for channel in _ALL if channel != "in_app"])
def test_the_guard_bites_on_a_name_and_on_a_link_to_the_patient(
    doctor: Person,
    out: tuple[MailServer, Carriers],
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[Patient], Callable[..., Wording]],
    channel: str,
) -> None:
    """A planted fault, by each channel alone, is found."""
    patient = a_patient(doctor.actor, date_of_birth=BORN, **CANARIES)
    monkeypatch.setattr(delivering, "worded", plant(patient))
    prefer(doctor, channels={"critical_alert": [channel]})
    tell(doctor, patient_id=patient.id)
    later(doctor, timedelta())
    work()
    assert _leaks(patient, _sent(out)) != []
