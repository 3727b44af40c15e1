"""Where calls may go: tables of addresses and spellings."""

from ipaddress import ip_address

import pytest

from app.domain.egress import AddressRefused, EgressRules, check_address, parse_target

PUBLIC = ("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "172.15.255.255", "172.32.0.0",
          "64:ff9b::808:808", "100.63.255.255", "100.128.0.0")  # fmt: skip
FORBIDDEN = ("127.0.0.1", "127.255.255.254", "::1", "0.0.0.0", "::", "10.0.0.1", "172.16.0.0", "172.31.255.255",
             "192.168.1.1", "169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
             "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "100.64.0.1", "224.0.0.1", "ff02::1", "255.255.255.255",
             "240.0.0.1", "192.0.2.1", "2001:db8::1")  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    """Up to the edges of the private ranges."""
    check_address(ip_address(address), "emr.example", EgressRules())


@pytest.mark.parametrize("address", FORBIDDEN)
def test_s80_an_address_of_no_public_host_may_not_be_called(address: str) -> None:
    """Loopback, private, link-local, shared, multicast, reserved, documentation; also inside IPv6."""
    with pytest.raises(AddressRefused):
        check_address(ip_address(address), "emr.example", EgressRules())


@pytest.mark.parametrize(("address", "is_allowed"), [("10.0.0.8", True), ("fd00::8", True), ("127.0.0.1", False),
                                                     ("169.254.169.254", False), ("0.0.0.0", False)])  # fmt: skip
def test_an_allowed_host_may_be_private_but_never_this_machine_or_the_clouds_metadata(
    address: str, is_allowed: bool
) -> None:
    """And only under the name that is allowed."""
    rules = EgressRules(private_hosts=frozenset({"emr.hospital.example"}))
    for host, may in (("emr.hospital.example", is_allowed), ("other.example", False)):
        if may:
            check_address(ip_address(address), host, rules)
        else:
            with pytest.raises(AddressRefused):
                check_address(ip_address(address), host, rules)


@pytest.mark.parametrize(
    "url",
    [
        "http://emr.example/", "ftp://emr.example/", "file:///etc/passwd", "//emr.example/", "emr.example", "",
        "https://", "https://user@emr.example/", "https://a:b@emr.example/", "https://emr.example/?x=1",
        "https://emr.example/#x", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/",
        "https://emr.example.0x7f/", "https://emr.example\\@evil.example/", "https://emr example/", "https://\uff45mr.example/",
        "https://emr.example:99999/", "https://-a.example/", "https://a..example/", "http://localhost/",
        f"https://emr.example/{'x' * 500}",
    ],
)  # fmt: skip
def test_s80_an_address_that_could_mean_something_else_is_refused(url: str) -> None:
    """Other schemes, users, numbers as hosts, odd signs."""
    with pytest.raises(AddressRefused):
        parse_target(url, EgressRules())


def test_an_address_is_taken_apart() -> None:
    """A port of its own, a path without its last slash."""
    target = parse_target("https://EMR.example:8443/fhir/r4/", EgressRules())
    assert (target.scheme, target.host, target.port, target.path) == ("https", "emr.example", 8443, "/fhir/r4")


@pytest.mark.parametrize(("url", "may"), [("http://localhost:80/", True), ("http://127.0.0.1/", True),
                                          ("http://emr.example/", False)])  # fmt: skip
def test_plain_http_is_for_a_developers_own_machine(url: str, may: bool) -> None:
    """And for nothing else."""
    rules = EgressRules(allows_local_http=True)
    if may:
        assert parse_target(url, rules).scheme == "http"
    else:
        with pytest.raises(AddressRefused):
            parse_target(url, rules)
