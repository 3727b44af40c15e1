"""Text messages: Twilio's interface, which others speak too, and a plain one of JSON over HTTPS.

Twilio, public API reference "Messages resource": POST /2010-04-01/Accounts/{sid}/Messages.json, a form with To, From
(or MessagingServiceSid) and Body, Basic sign-in with the account's id and token; answers 201 with `sid`.
"""

import base64
from urllib.parse import quote, urlencode

from app.integrations.notification_senders import (
    Account,
    Message,
    Post,
    as_json,
    parsed,
    reference_of,
    require_success,
)

_SERVICE = "MG"  # how the ids of Twilio's messaging services begin
_FORM = "application/x-www-form-urlencoded"


class TwilioSms:
    """Speaks Twilio's interface. It knows no key for repetitions: what is sent twice arrives twice."""

    needs_receipt = False

    def __init__(self, account: Account, post: Post | None = None) -> None:
        self._account, self._post = account, post or Post(account.base_url)

    def send(self, message: Message) -> str | None:
        """Hand one text over and return its `sid`; raises NotTaken."""
        sid, sender = self._account.account or "", self._account.sender or ""
        origin = "MessagingServiceSid" if sender.startswith(_SERVICE) else "From"
        form = urlencode({"To": message.to, origin: sender, "Body": message.text})
        pair = base64.b64encode(f"{sid}:{self._account.secret or ''}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Content-Type": _FORM, "Accept": "application/json"}
        reply = self._post(f"/2010-04-01/Accounts/{quote(sid, safe='')}/Messages.json", form.encode(), headers)
        require_success(reply)
        return reference_of(parsed(reply).get("sid"))


class JsonSms:
    """A POST of `{"id", "to", "from", "text"}` with a bearer token; the id is the `Idempotency-Key` as well."""

    needs_receipt = False

    def __init__(self, account: Account, post: Post | None = None) -> None:
        self._account, self._post = account, post or Post(account.base_url)

    def send(self, message: Message) -> str | None:
        """Hand one text over and return the `id` of the answer, if it has one; raises NotTaken."""
        body = {"id": message.id, "to": message.to, "from": self._account.sender, "text": message.text}
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.id}
        if self._account.secret:
            headers["Authorization"] = f"Bearer {self._account.secret}"
        reply = self._post("", as_json(body), headers)
        require_success(reply)
        return reference_of(parsed(reply).get("id"))
