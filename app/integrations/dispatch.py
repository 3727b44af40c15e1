"""Choosing who carries a message. On a developer's machine nothing leaves it: messages become files under `var/`."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from app.domain.egress import AddressRefused
from app.domain.notifications.settings import Carrier, Failure
from app.integrations.egress import gate
from app.integrations.notification_senders import Account, Message, NotTaken, Sender
from app.integrations.push_expo import ExpoPush
from app.integrations.push_fcm import FcmPush, read_key_file
from app.integrations.sms import JsonSms, TwilioSms

_log = logging.getLogger(__name__)
_SENDERS: dict[Carrier, Callable[[Account], Sender]] = {
    Carrier.TWILIO: TwilioSms,
    Carrier.HTTP_JSON: JsonSms,
    Carrier.FCM: FcmPush,
    Carrier.EXPO: ExpoPush,
}


class Dispatch:
    """Where messages are handed over; configured once by the factory."""

    def __init__(self) -> None:
        self._directory: Path | None = None

    def configure(self, directory: Path | None) -> None:
        """Take the directory of a developer's machine; None where messages really go out."""
        self._directory = directory

    def sender(self, carrier: Carrier | None, account: Account | None) -> Sender:
        """Return who carries a message of a practice with this provider; raises NotTaken when it has none.

        With a directory, only a provider on this very machine is called.
        """
        if carrier is None or account is None:
            if self._directory is None:
                raise NotTaken(Failure.NOT_CONFIGURED)
            return FileDrop(self._directory)
        if self._directory is not None and not all(_is_here(url) for url in addresses(carrier, account)):
            return FileDrop(self._directory)
        return _SENDERS[carrier](account)


class FileDrop:
    """Writes each message into a file of its own, to be read by a developer."""

    needs_receipt = False

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def send(self, message: Message) -> str | None:
        """Write one message; raises NotTaken."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._directory / f"{message.id}.json"
            path.touch(mode=0o600)
            path.write_text(json.dumps(asdict(message), indent=2))
        except OSError:
            raise NotTaken(Failure.UNREACHABLE) from None
        _log.info("notification written to the notification directory: %s", path.name)
        return None


dispatch = Dispatch()


def addresses(carrier: Carrier, account: Account) -> tuple[str, ...]:
    """Return every address that a provider is called at; raises NotTaken for a key file that is none."""
    if carrier is not Carrier.FCM:
        return (account.base_url,)
    return account.base_url, read_key_file(account.secret or "")["token_uri"]


def _is_here(base_url: str) -> bool:
    try:
        return gate.is_on_this_machine(base_url)
    except AddressRefused:
        return False
