"""The words that go out. What is worded here knows no patient: there is no argument to say one by."""

from dataclasses import dataclass

from app.domain.notifications.events import EVENTS, Channel, Event

_PAGE = "/admin/notifications"
_LONGEST_NAME = 60  # characters of the practice's name; a text message has 160 in all


@dataclass(frozen=True, slots=True)
class Wording:
    """A title, a text, and where to sign in and see what it is about."""

    title: str
    text: str
    link: str


def worded(event: Event, practice_name: str, public_url: str, count: int = 1) -> Wording:
    """Return what an event says outside our house: fixed words, the practice's name, how many, a link to the console.

    The link names nobody either: an address stands in the logs of whoever carries the message.
    """
    kind = EVENTS[event]
    name = " ".join(practice_name.split())[:_LONGEST_NAME]
    text = kind.text.replace("{count}", str(count)).replace("{practice}", name)
    return Wording(kind.title, text, f"{public_url.rstrip('/')}{_PAGE}")


def as_text(wording: Wording, channel: Channel) -> str:
    """Return the body for a channel: a mail has the link on a line of its own, a text message all in one line."""
    if channel is Channel.SMS:
        return f"{wording.text} {wording.link}"
    return f"{wording.text}\n\nSign in to see it: {wording.link}\n" if channel is Channel.EMAIL else wording.text
