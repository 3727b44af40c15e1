"""The story of a cuff that tears in the middle of a month."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask.testing import FlaskClient

from app.services.readings.observations import get_vitals_history
from tests.builders import a_body, a_patient, a_user, in_house, signed_in

DEVICES = "/api/v1/devices/"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def test_a_cuff_is_swapped_mid_month_and_no_day_is_lost(client: FlaskClient) -> None:
    """Sixteen days by two cuffs, one of them delivered late from the old one's memory."""
    nurse = a_user()
    patient_id = str(a_patient(nurse.actor).id)
    headers = signed_in(client, nurse)

    def post(path: str, **body: object) -> tuple[int, dict[str, object]]:
        answer = client.post(path, json=body, headers=headers)
        return answer.status_code, answer.json

    def measure(device: str, days_ago: int) -> int:
        body = a_body(patient_id, device_id=device, measured_at=(NOW - days_ago * DAY).isoformat())
        return post("/api/v1/ingestion/blood-pressure/", **body)[0]

    old, new = (post(DEVICES, model="and-ua-651ble", serial=serial)[1]["id"] for serial in ("OLD", "NEW"))
    post(f"{DEVICES}{old}/assign/", patient_id=patient_id, **{"from": (NOW - 20 * DAY).isoformat()})
    assert {measure("OLD", days) for days in range(16, 9, -1)} == {201}
    handed_over = (NOW - 8 * DAY - timedelta(hours=1)).isoformat()
    status, holder = post(f"{DEVICES}{old}/swap/", new_device_id=new, at=handed_over, reason="cuff torn")
    assert (status, holder["patient_id"]) == (200, patient_id)
    assert {measure("NEW", days) for days in range(8, 0, -1)} == {201}
    assert [measure("OLD", 9), measure("OLD", 7), measure("NEW", 10)] == [201, 409, 409]
    with in_house(nurse.actor):
        readings = get_vitals_history(nurse.actor, UUID(patient_id), NOW - 40 * DAY).observations
    assert len({reading.measured_at.date() for reading in readings}) == 16
