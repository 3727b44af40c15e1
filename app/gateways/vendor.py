"""What an adapter is: a vendor's name, its reader, how it proves itself, and what can be set about it."""

from collections.abc import Callable
from dataclasses import dataclass

from app.gateways.messages import FetchOrder, Headers, Message, Options
from app.gateways.signatures import AuthMode

Parse = Callable[[bytes, str, Headers, Options], tuple[Message, ...]]
ParseFetched = Callable[[bytes, FetchOrder, Options], tuple[Message, ...]]


@dataclass(frozen=True, slots=True)
class Option:
    """Something of a vendor's messages that is not public, or differs between customers; the default is our reading."""

    name: str
    default: str
    help: str
    choices: tuple[str, ...] = ()  # empty: any short text


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor. `subject` says by what its messages are matched: a device, or a user whose account it is.

    `auth_modes` begins with the vendor's own; `auth_header` is the header that the vendor uses unless told otherwise.
    """

    id: str
    name: str
    parse: Parse
    auth_modes: tuple[AuthMode, ...]
    auth_header: str = ""
    subject: str = "device"
    options: tuple[Option, ...] = ()
    parse_fetched: ParseFetched | None = None
    is_public: bool = True  # False: the vendor publishes no push format; ours follows its pull API


def option(options: Options, known: tuple[Option, ...], name: str) -> str:
    """Return how an option is set, or its default."""
    return options.get(name) or next(one.default for one in known if one.name == name)
