"""The console's inbox and integrations, as somebody at it uses them."""

import re
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, send, token
from tests.builders import a_device, a_patient, a_user
from tests.inbox import a_gateway, an_event, deliver, deliveries, readings
from tests.jobs import work

_GATEWAYS = "/admin/integrations/gateways"


def test_an_integration_is_added_its_secret_shown_once_and_rotated(client: FlaskClient) -> None:
    """Never again afterwards."""
    enter(client, a_user(role=Role.ADMIN))
    made = send(client, f"{_GATEWAYS}/new", _GATEWAYS, vendor="tenovi", name="Our cuffs")
    secret = re.search(r'class="secret">([^<]+)<', made.text)
    assert secret is not None
    path = re.search(r'(/admin/integrations/gateways/[0-9a-f-]+)"', client.get(_GATEWAYS).text)
    assert path is not None
    assert secret[1] not in client.get(path[1]).text
    rotated = send(client, f"{path[1]}/rotate", path[1])
    assert "Copy the secret now" in rotated.text
    assert "Retire the old secret" in rotated.text
    assert send(client, f"{path[1]}/retire", path[1]).status_code == 303
    assert "New secret" in client.get(path[1]).text


def test_a_wrong_setting_is_told_and_the_others_stay(client: FlaskClient) -> None:
    """And a test event leads to its delivery."""
    admin = a_user(role=Role.ADMIN)
    enter(client, admin)
    path = f"{_GATEWAYS}/{a_gateway(admin, 'bodytrace', 'basic', username='lab').integration.id}"
    wrong = send(client, path, path, name="B", auth_mode="basic", username="", is_active="yes")
    assert (wrong.status_code, "Needed for Basic authentication" in wrong.text) == (400, True)
    assert send(client, path, path, name="B", auth_mode="basic", username="me", is_active="yes").status_code == 303
    tested = send(client, f"{path}/test", path)
    work()
    assert "Applied" in client.get(tested.headers["Location"]).text


def test_an_orphan_is_attached_in_one_step_and_a_replay_is_looked_at_first(client: FlaskClient) -> None:
    """The payload is shown without its secrets."""
    admin = a_user(role=Role.ADMIN)
    patient, gateway = a_patient(admin.actor, first_name="Olga", last_name="Orphanski"), a_gateway(admin)
    deliver(client, gateway, an_event("HUB-5", secret="sesame"))
    work()
    enter(client, admin)
    path = f"/admin/inbox/{deliveries(admin)[0].id}"
    page = client.get(path).text
    assert ("Whose device is this?" in page, "sesame" in page, "systolic" in page) == (True, False, True)
    refused = send(client, f"{path}/attach", path, patient_id="", device="hub-5")
    assert refused.status_code == 400
    fields = {"patient_id": str(patient.id), "device": "hub-5", "model": "and-ua-651ble"}
    assert send(client, f"{path}/attach", path, **fields).status_code == 303
    work()
    assert len(readings(admin, patient.id)) == 1
    assert "Change nothing" in send(client, f"{path}/look", path).text
    assert send(client, f"{path}/replay", path).status_code == 303


def test_the_list_is_filtered_and_replayed_as_a_whole(client: FlaskClient) -> None:
    """By those who may; a nurse looks only."""
    admin = a_user(role=Role.ADMIN)
    device = a_device(admin.actor, a_patient(admin.actor).id, datetime.now(UTC) - timedelta(days=1))
    gateway = a_gateway(admin)
    for number in (device.serial or "", "HUB-6"):
        deliver(client, gateway, an_event(number))
    work()
    enter(client, admin)
    assert "1 delivery" in client.get("/admin/inbox?state=orphan").text
    assert send(client, "/admin/inbox/replay", "/admin/inbox", state="orphan").status_code == 303
    nurse = client.application.test_client()
    enter(nurse, a_user(admin.actor.practice_id, Role.NURSE))
    assert "Replay these" not in nurse.get("/admin/inbox").text
    refused = nurse.post("/admin/inbox/replay", data={"csrf_token": token(nurse, "/admin/inbox")})
    assert refused.status_code == 403


def test_the_list_is_filtered_and_replayed_by_day(client: FlaskClient) -> None:
    """Both days included, by UTC; an impossible value says why it waits."""
    admin = a_user(role=Role.ADMIN)
    device = a_device(admin.actor, a_patient(admin.actor).id, datetime.now(UTC) - timedelta(days=1))
    deliver(client, a_gateway(admin), an_event(device.serial or "", systolic=400))
    work()
    enter(client, admin)
    today = f"{deliveries(admin)[0].received_at:%Y-%m-%d}"
    assert (
        "A value is outside what instruments can measure." in client.get(f"/admin/inbox?from={today}&to={today}").text
    )
    assert "0 deliveries" in client.get("/admin/inbox?from=2020-01-01&to=2020-01-01").text
    replayed = {"from": "2020-01-01", "to": today}
    assert send(client, "/admin/inbox/replay", "/admin/inbox", **replayed).status_code == 303
