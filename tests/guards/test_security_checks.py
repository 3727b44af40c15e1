"""Guards for the list of security checks: each has a test, and the page says which."""

from tests.guards.security_checks import PAGE, page, unproven

# Checks whose tests are still on their way. None may be added; when it is empty, every check is proven.
AWAITED: frozenset[int] = frozenset()


def test_every_security_check_has_a_test() -> None:
    """Named for it."""
    missing = unproven() - AWAITED
    assert not missing, f"no test is named for S{missing}"


def test_the_page_of_the_security_checks_is_the_tests() -> None:
    """`python -m tests.guards.security_checks` writes it."""
    assert PAGE.read_text() == page()
