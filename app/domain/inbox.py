"""The inbox: what becomes of a vendor's message, and what of it may be shown. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.paging import PageRequest

MAX_TRIES = 8  # then a message waits for somebody instead of trying by itself
MAX_REJECTED_AN_HOUR = 100  # of one integration; more forged messages than these are answered and not kept
KEPT_OF_REJECTED = 4096  # bytes of a forged message's body
TOLD_OF_DEVICE = 64  # as long as a device's number may be (domain/devices/inventory.py)


class DeliveryState(StrEnum):
    """Where one delivery stands. The words are ordered in `_WEIGHTS`: the heaviest of its items is the delivery's."""

    RECEIVED = "received"  # stored, not read yet
    PARSED = "parsed"  # read, its items are being applied
    APPLIED = "applied"
    DUPLICATE = "duplicate"  # nothing in it was new
    QUARANTINED = "quarantined"  # something in it waits for somebody to look at it
    ORPHAN = "orphan"  # a device that we do not know, or that nobody held then
    REJECTED = "rejected"  # not its vendor's
    FAILED = "failed"  # an error of ours; tried again by itself
    DEAD = "dead"  # tried often enough; somebody must look


class ItemState(StrEnum):
    """What became of one message in a delivery."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    ORPHAN = "orphan"
    IGNORED = "ignored"  # nothing that we keep
    WAITING = "waiting"  # data are being fetched


class ItemKind(StrEnum):
    """What a message is."""

    READING = "reading"
    STATE = "device_state"
    WITHDRAWAL = "withdrawal"
    FETCH = "fetch"
    UNSUPPORTED = "unsupported"
    GARBLED = "garbled"


class DeliveryKind(StrEnum):
    """How a message got here."""

    WEBHOOK = "webhook"
    FETCHED = "fetched"  # a page that we asked the vendor for
    TEST = "test"  # our own, to try an integration: it leaves no reading


OPEN_STATES = (DeliveryState.RECEIVED, DeliveryState.PARSED, DeliveryState.FAILED)
REPLAYABLE = tuple(state for state in DeliveryState if state is not DeliveryState.REJECTED)

# Why an item waits or was left out: a key of PROBLEMS, or a sentence of the adapter's, which names fields only.
PROBLEMS: Mapping[str, str] = {
    "unknown_device": "No device of the practice has this number.",
    "not_held": "Nobody held the device when this was measured.",
    "patient_archived": "The device's holder is archived and takes no readings.",
    "future_time": "The device's clock is more than 5 minutes ahead.",
    "out_of_range": "A value is outside what instruments can measure.",
    "withdrawn": "The vendor had deleted this record already.",
    "nothing_to_withdraw": "No reading of this record is here.",
    "device_number_too_long": "The device's number is longer than 64 characters.",
    "test_event": "A test: everything was done but storing a reading.",
    "fetch_failed": "The vendor's data could not be fetched.",
    "vendor_refused": "The vendor does not take our sign-in: the account must be linked again.",
    "not_linked": "The account at the vendor is not linked.",
    "void_already": "This reading was made void before, and a void one never counts again. What took its place stands.",
    "not_configured": "What is needed to fetch from the vendor is not set.",
}


def problem_in_words(problem: str | None) -> str | None:
    """Return why an item waits as a sentence."""
    return None if problem is None else PROBLEMS.get(problem, problem)


_WEIGHTS: tuple[tuple[ItemState, DeliveryState], ...] = (
    (ItemState.ORPHAN, DeliveryState.ORPHAN),
    (ItemState.QUARANTINED, DeliveryState.QUARANTINED),
    (ItemState.WAITING, DeliveryState.APPLIED),
    (ItemState.APPLIED, DeliveryState.APPLIED),
    (ItemState.DUPLICATE, DeliveryState.DUPLICATE),
)


def state_of(items: Iterable[ItemState]) -> DeliveryState:
    """Return where a delivery stands whose items are all done: what needs a person first; nothing in it: applied."""
    there = set(items)
    return next((state for item, state in _WEIGHTS if item in there), DeliveryState.APPLIED)


InboxOrdering = Literal["received_at", "-received_at"]
INBOX_ORDERINGS: tuple[InboxOrdering, ...] = ("received_at", "-received_at")


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Which deliveries are wanted; `until` is not included. `device` is a device's number as messages name it."""

    integration_id: UUID | None = None
    state: DeliveryState | None = None
    since: datetime | None = None
    until: datetime | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """Which page of which deliveries."""

    wanted: InboxFilter
    paging: PageRequest
    ordering: InboxOrdering = "-received_at"


@dataclass(frozen=True, slots=True)
class NewOwner:
    """To whom an unknown device's readings belong: to a device of ours, or to a new one of a model, and its holder.

    Without a start the holding begins with the oldest of the readings that wait.
    """

    patient_id: UUID
    device_id: UUID | None = None
    model_id: str | None = None
    since: datetime | None = None


class Change(StrEnum):
    """What a replay does, or would do, with one message."""

    CREATE = "create"
    CORRECT = "correct"  # a reading is here already and would be replaced by this one
    NONE = "none"
    WAIT = "wait"  # it would stay as it is: waiting for somebody


REDACTED = "[redacted]"
_SECRET_HEADER = re.compile(r"auth|cookie|key|secret|token|password", re.IGNORECASE)
_SIGNATURE = re.compile(r"signature", re.IGNORECASE)
_SECRET_MEMBER = re.compile(
    r'("(?:[a-z_-]*(?:api_?key|auth_?key|secret|password|token))"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE
)
_SECRET_FIELD = re.compile(r"(^|&)([a-z_-]*(?:api_?key|secret|password|token))=[^&]*", re.IGNORECASE)
_LONGEST_HEADER, _MOST_HEADERS = 1000, 60


def without_secrets(headers: Mapping[str, str], own_header: str = "") -> dict[str, str]:
    """Return headers as they may be kept: what lets somebody in is struck out, signatures of one body are not."""
    kept = {}
    for name, value in list(headers.items())[:_MOST_HEADERS]:
        is_plain_signature = _SIGNATURE.search(name) and not _SECRET_HEADER.search(name)
        is_secret = _SECRET_HEADER.search(name) or (own_header and name.lower() == own_header.lower())
        kept[name] = REDACTED if is_secret and not is_plain_signature else value[:_LONGEST_HEADER]
    return kept


def shown_body(raw: bytes) -> str:
    """Return a body as text, its secrets struck out."""
    text = raw.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return _SECRET_FIELD.sub(rf"\1\2={REDACTED}", _SECRET_MEMBER.sub(rf'\1"{REDACTED}"', text))
