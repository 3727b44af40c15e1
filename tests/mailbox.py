"""Reading the mail that the application wrote: the development directory, as plain text."""

import re
from email import message_from_bytes, policy

from app.integrations.mail import postbox
from tests.jobs import work

_TOKEN = re.compile(r"#(\S+)")


def letters_to(address: str) -> list[str]:
    """Return the texts of the mails to an address, oldest first."""
    directory = postbox._directory
    assert directory is not None
    letters = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(directory.glob("*.eml"))]
    return [letter.get_content() for letter in letters if letter["To"] == address]


def delivered_to(address: str) -> list[str]:
    """Let the worker do what is waiting, then return the mails to an address."""
    work()
    return letters_to(address)


def mailed_token(address: str) -> str:
    """Return the secret of the newest mail to an address."""
    found = _TOKEN.search(delivered_to(address)[-1])
    assert found is not None
    return found[1]
