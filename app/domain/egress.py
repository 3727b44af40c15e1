"""Where our own calls to other systems may go: rules on addresses and names. Pure; nothing is resolved here.

A practice chooses the address of its medical record system, so the address may be hostile: it must not lead into our
own network, to this machine or to a cloud's metadata. Source: OWASP SSRF prevention; IANA special-purpose registries.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last four bytes
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?", re.IGNORECASE)
_LONGEST = 500


class AddressRefused(ValueError):
    """We do not call this address; the sentence says why."""


@dataclass(frozen=True, slots=True)
class EgressRules:
    """What an installation allows beyond public hosts by https."""

    private_hosts: frozenset[str] = frozenset()  # names of on-premises servers
    allows_local_http: bool = False  # a developer's own machine


@dataclass(frozen=True, slots=True)
class Target:
    """A base address taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a URL begins."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_target(url: str, rules: EgressRules) -> Target:
    """Return a base address taken apart; raises AddressRefused. Its host is not looked up."""
    if len(url) > _LONGEST or not url.isascii() or re.search(r"[\s\\]", url):
        raise AddressRefused("Not a web address.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError as error:
        raise AddressRefused("Not a web address.") from error
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise AddressRefused("The address must have no user, query or fragment.")
    _check_host(host)
    if parts.scheme == "http" and not (rules.allows_local_http and _is_local(host)):
        raise AddressRefused("Must begin with https://.")
    if parts.scheme not in {"http", "https"}:
        raise AddressRefused("Must begin with https://.")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), parts.path.rstrip("/"))


def check_address(address: IPv4Address | IPv6Address, host: str, rules: EgressRules) -> None:
    """Raise AddressRefused unless an address that a host has may be called."""
    inner = embedded(address)
    if inner.is_loopback and rules.allows_local_http:
        return
    if inner.is_global and not inner.is_multicast and not inner.is_reserved:
        return
    is_own_network = inner.is_private and not (inner.is_loopback or inner.is_link_local or inner.is_unspecified)
    if is_own_network and host in rules.private_hosts:
        return
    raise AddressRefused("This address leads into a private network.")


def embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one carries in any of the known ways, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _check_host(host: str) -> None:
    """Refuse what resolvers read as a number (2130706433, 0x7f.1, 0177.0.0.1) unless it is a plain address."""
    try:
        ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        if not _NAME.fullmatch(host) or last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last):
            raise AddressRefused("Not a host name.") from None


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
