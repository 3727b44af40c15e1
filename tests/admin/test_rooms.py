"""The navigation: what somebody may see, in groups, with the page that is shown marked."""

import re

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter
from tests.builders import a_practice, a_user

_MAIN = re.compile(r'<nav class="site-nav".*?</nav>', re.DOTALL)
_ROOMS = re.compile(r'<nav class="rooms rooms--site" aria-label="([^"]+)">(.*?)</nav>', re.DOTALL)
_MARKED = re.compile(r'aria-current="(page|true)">([^<]+)<')


def _words(markup: str) -> list[str]:
    return re.findall(r">([^<>\n]+)</a>", markup)


@pytest.mark.parametrize(
    ("role", "groups"),
    [
        (Role.ADMIN, ["Care", "Patients", "Devices", "Time", "Billing", "Practice"]),
        (Role.BILLING_MANAGER, ["Patients", "Time", "Billing"]),
    ],
)
def test_only_groups_with_something_in_them_are_shown(client: FlaskClient, role: Role, groups: list[str]) -> None:
    """A word that leads nowhere is no help."""
    enter(client, a_user(a_practice(), role))
    assert _words(_MAIN.findall(client.get("/admin/patients").text)[0]) == groups


@pytest.mark.parametrize(
    ("path", "group", "marks"),
    [
        ("/admin/", "Care", [("page", "Care"), ("page", "Board")]),
        ("/admin/alerts", "Care", [("true", "Care"), ("page", "Alerts")]),
        ("/admin/users/new", "Practice", [("true", "Practice"), ("true", "People")]),
        ("/admin/time-logs/gaps", "Time", [("true", "Time"), ("page", "What is missing")]),
        ("/admin/billing/policies", "Billing", [("true", "Billing"), ("true", "Payers")]),
        ("/admin/inbox", "Devices", [("true", "Devices"), ("page", "Inbox")]),
    ],
)
def test_where_one_is_stands_in_both_lines(
    client: FlaskClient, path: str, group: str, marks: list[tuple[str, str]]
) -> None:
    """The page itself, or the room it lies in; the longest address wins."""
    enter(client, a_user(a_practice(), Role.ADMIN))
    shown = client.get(path).text
    label, rooms = _ROOMS.findall(shown)[0]
    assert label == group
    assert _MARKED.findall(_MAIN.findall(shown)[0] + rooms) == marks


def test_pages_of_ones_own_lie_in_no_group(client: FlaskClient) -> None:
    """Nothing is marked, and there is no second line."""
    enter(client, a_user(a_practice(), Role.ADMIN))
    shown = client.get("/admin/account").text
    assert _ROOMS.findall(shown) == []
    assert _MARKED.findall(_MAIN.findall(shown)[0]) == []
