"""Push messages by Expo's push service: a message gets a ticket, and a receipt some minutes later.

Public reference "Sending notifications with the Expo push service": POST /--/api/v2/push/send and …/getReceipts; the
error `DeviceNotRegistered`, in either, means that the phone is gone. Receipts are kept for a day.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.notifications.settings import Failure
from app.integrations.egress import Reply
from app.integrations.notification_senders import (
    Account,
    Message,
    NotTaken,
    Post,
    as_json,
    parsed,
    reference_of,
    require_success,
)

MAX_RECEIPTS = 300  # asked for at once
_SEND, _RECEIPTS = "/--/api/v2/push/send", "/--/api/v2/push/getReceipts"
_FAILURES = {
    "DeviceNotRegistered": Failure.TOKEN_GONE,
    "MessageRateExceeded": Failure.BUSY,
    "InvalidCredentials": Failure.SIGN_IN_REFUSED,
    "MismatchSenderId": Failure.SIGN_IN_REFUSED,
    "MessageTooBig": Failure.MESSAGE_REFUSED,
}


class ExpoPush:
    """Speaks Expo's interface. It knows no key for repetitions: what is sent twice may be shown twice."""

    needs_receipt = True

    def __init__(self, account: Account, post: Post | None = None) -> None:
        self._account, self._post = account, post or Post(account.base_url)

    def send(self, message: Message) -> str | None:
        """Hand one message over and return its ticket's id; raises NotTaken."""
        body = {
            "to": message.to, "title": message.title, "body": message.text, "data": {"link": message.link},
            "priority": "high" if message.is_critical else "normal",
        }  # fmt: skip
        ticket = _first(self._asked(_SEND, body).get("data"))
        failure = failure_in(ticket)
        if failure is not None:
            raise NotTaken(failure)
        return reference_of(ticket.get("id"))

    def receipts(self, references: Sequence[str]) -> dict[str, Failure | None]:
        """Return what became of messages, None for those that arrived; those not decided yet are left out."""
        found = self._asked(_RECEIPTS, {"ids": list(references[:MAX_RECEIPTS])}).get("data")
        known = found if isinstance(found, dict) else {}
        return {name: failure_in(one) for name, one in known.items() if isinstance(one, dict)}

    def _asked(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._account.secret:
            headers["Authorization"] = f"Bearer {self._account.secret}"
        reply: Reply = self._post(path, as_json(body), headers)
        require_success(reply)
        return parsed(reply)


def failure_in(ticket: Mapping[str, Any]) -> Failure | None:
    """Return what a ticket or a receipt complains of; None when it says `ok`."""
    if ticket.get("status") == "ok":
        return None
    if ticket.get("status") != "error":
        return Failure.ODD_ANSWER
    details = ticket.get("details")
    code = details.get("error") if isinstance(details, dict) else None
    return _FAILURES.get(str(code), Failure.MESSAGE_REFUSED)


def _first(data: object) -> Mapping[str, Any]:
    one = data[0] if isinstance(data, list) and data else data
    return one if isinstance(one, dict) else {}
