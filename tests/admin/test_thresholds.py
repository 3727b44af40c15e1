"""The threshold editor without scripts: on which weekdays warnings are raised."""

from flask.testing import FlaskClient

from tests.admin.visits import enter, send, version_on
from tests.builders import Person, a_user, signed_in

PAGE = "/admin/thresholds"


def test_weekdays_are_ticked_kept_and_cleared(client: FlaskClient) -> None:
    """Ticked ones stay ticked; with none ticked every day counts again."""
    enter(client, doctor := a_user())
    weekdays = {"systolic.weekdays": ["1", "3"], "systolic.from_hour": "8"}
    send(client, PAGE, do="save", version=version_on(client, PAGE), **weekdays)
    assert _days(client, doctor) == [1, 3]
    assert client.get(PAGE).text.count('name="systolic.weekdays" value="3" checked') == 1
    send(client, PAGE, do="save", version=version_on(client, PAGE), **{"systolic.from_hour": "8"})
    assert _days(client, doctor) == list(range(1, 8))


def test_a_dry_run_keeps_what_was_ticked(client: FlaskClient) -> None:
    """Though nothing is saved."""
    enter(client, a_user())
    tried = send(client, PAGE, do="try", version=version_on(client, PAGE), **{"pulse.weekdays": ["2", "6"]})
    assert (tried.status_code, tried.text.count('name="pulse.weekdays"'), tried.text.count('" checked')) == (200, 7, 2)


def _days(client: FlaskClient, doctor: Person) -> list[int]:
    shown = client.get("/api/v1/triage/thresholds/", headers=signed_in(client, doctor)).json
    days: list[int] = shown["modifiers"]["systolic"]["weekdays"]
    return days
