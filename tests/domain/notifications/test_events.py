"""What people are told of: fixed words, and the channels in force."""

import inspect
import re

import pytest

from app.domain.notifications.events import EVENTS, Channel, Event, Level, channels_for
from app.domain.notifications.wording import as_text, worded

_PLACE = re.compile(r"\{(\w*)\}")
URL = "https://rpm.example.org"


def test_the_words_of_an_event_have_room_for_the_practice_and_a_number_only() -> None:
    """Nothing of a patient could be filled in."""
    places = {(event, place) for event, kind in EVENTS.items() for place in _PLACE.findall(kind.title + kind.text)}
    assert {place for _, place in places} == {"practice", "count"}
    assert [event for event, place in places if place == "count"] == [Event.DIGEST]


def test_who_words_a_message_cannot_be_told_of_a_patient() -> None:
    """Its arguments are the event, the practice's name, the address of the console and a number."""
    assert list(inspect.signature(worded).parameters) == ["event", "practice_name", "public_url", "count"]


def test_every_event_is_in_the_table() -> None:
    """And its defaults are among what it offers."""
    assert set(EVENTS) == set(Event)
    assert [event for event, kind in EVENTS.items() if not set(kind.default) <= set(kind.offered)] == []


@pytest.mark.parametrize("event", list(Event))
def test_a_text_message_fits_into_two_parts(event: Event) -> None:
    """With the longest name and a usual address: 160 characters in one part, 153 in each of several."""
    words = worded(event, "A very long name of a practice " * 5, URL, 999)
    assert len(as_text(words, Channel.SMS)) <= 306
    assert "\n" not in as_text(words, Channel.SMS)


def test_a_practices_name_is_not_read_as_a_template() -> None:
    """Nor does it break a line."""
    assert worded(Event.DIGEST, "{count}\r\nBcc: x", URL, 7).text == "7 notifications at {count} Bcc: x wait for you."


@pytest.mark.parametrize(
    ("chosen", "level", "expected"),
    [
        ({}, Level.CRITICAL, ("in_app", "email", "sms", "push")),
        ({"critical_alert": ["sms"]}, Level.CRITICAL, ("in_app", "sms")),
        ({"critical_alert": []}, Level.CRITICAL, ("in_app",)),
        ({"critical_alert": []}, Level.URGENT, ()),
        ({"warning_alert": ["sms"]}, Level.CRITICAL, ("in_app", "email", "sms", "push")),
    ],
)
def test_choices_replace_the_defaults_but_critical_is_always_shown(
    chosen: dict[str, list[str]], level: Level, expected: tuple[str, ...]
) -> None:
    """Of one event, not of others."""
    assert channels_for(Event.CRITICAL_ALERT, level, chosen) == expected


def test_a_channel_that_is_not_offered_is_not_used() -> None:
    """Though it was stored once."""
    assert channels_for(Event.ACCOUNT_LOCKED, Level.URGENT, {"account_locked": ["email", "sms"]}) == (Channel.SMS,)
