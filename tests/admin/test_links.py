"""No page of the console leads into nothing."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter
from tests.builders import a_patient, a_practice, a_reading, a_user

_LINK = re.compile(r'(?:href|src)="(/[^"#]*)')


def _broken(client: FlaskClient, start: str) -> list[tuple[str, int]]:
    """Return the addresses, within one's reach by links, that answer with an error."""
    waiting, seen, broken = [start], set(), []
    while waiting:
        address = waiting.pop()
        if _kind(address) in seen:
            continue
        seen.add(_kind(address))
        answer = client.get(address, follow_redirects=True)
        broken += [(address, answer.status_code)] * (answer.status_code >= 400)
        found = _LINK.findall(answer.text) if answer.mimetype == "text/html" else []
        waiting += [unescape(link) for link in found]
    return broken


def _kind(address: str) -> str:
    """Return the address without the values of its query: one order of a list stands for all."""
    return re.sub("=[^&]*", "", address)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.NURSE, Role.BILLING_MANAGER])
def test_every_link_leads_somewhere(client: FlaskClient, role: Role) -> None:
    """For whoever sees it."""
    doctor = a_user(a_practice())
    a_reading(doctor.actor, a_patient(doctor.actor).id, 190)
    enter(client, a_user(doctor.actor.practice_id, role))
    assert _broken(client, "/admin/") == []


def test_every_link_leads_somewhere_before_one_is_signed_in(client: FlaskClient) -> None:
    """From the login on, and for whoever must set up a second factor first."""
    assert _broken(client, "/admin/login") == []
    enter(client, a_user(a_practice(require_2fa_for=[Role.ADMIN]), Role.ADMIN))
    assert _broken(client, "/admin/account") == []
