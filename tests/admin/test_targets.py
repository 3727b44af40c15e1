"""Where a login may lead."""

import pytest

from app.admin.targets import wanted_page


@pytest.mark.parametrize(
    ("target", "page"),
    [
        ("/admin/", "/admin/"),
        ("/admin/?", "/admin/"),
        ("/admin/?risk_level=critical&page=2", "/admin/?risk_level=critical&page=2"),
        ("/admin/patients?search=J%C3%A9", "/admin/patients?search=J%C3%A9"),
        ("http://localhost/admin/patients/1#alerts", "/admin/patients/1"),
        ("https://evil.example/admin/patients", "/admin/patients"),
        ("", None),
        ("/", None),
        ("/admin", None),
        ("/administrator/", None),
        ("/api/v1/docs/", None),
        ("/admin/../api/v1/docs/", None),
        ("/admin/%2e%2e/api/", None),
        ("//evil.example", None),
        ("/\\evil.example/admin/", None),
        ("/admin/\\..\\x", None),
        ("/admin/\nSet-Cookie: x", None),
        ("/admin/<script>", None),
        ("javascript:alert(1)", None),
        ("http://[broken/admin/", None),
        ("/admin/login", None),
        ("/admin/logout", None),
        ("/admin/alerts/1/acknowledge", None),
        ("/admin/" + "x" * 500, None),
    ],
)
def test_only_the_path_of_a_console_page_is_a_target(target: str, page: str | None) -> None:
    """Host and fragment are dropped; whatever a browser could read differently is refused."""
    assert wanted_page(target) == page
