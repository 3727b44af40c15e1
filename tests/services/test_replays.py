"""Replaying all history, after people had their say on it, changes nothing at all."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.domain.devices.inventory import Handback
from app.domain.merging import MergeRequest
from app.domain.roles import Role
from app.services.devices.custody import unassign_device
from app.services.patients.merging import merge_patients
from deploy.local_postgres import LocalPostgres
from tests.builders import Person, a_device, a_patient, a_user, in_house, signed_in
from tests.inbox import a_gateway, an_account, an_event, deliver, items, readings
from tests.jobs import work

_INBOX, _READINGS = "/api/v1/webhooks/inbox/", "/api/v1/observations/"
_TABLES = (
    "observations", "alerts", "alert_occurrences", "triage_summaries", "device_contacts", "inbox_items",
    "gateway_accounts", "billing_impacts",
)  # fmt: skip
_START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=9)


@pytest.fixture
def admin() -> Person:
    """An administrator of a new practice."""
    return a_user(role=Role.ADMIN)


def _state(postgres: LocalPostgres, practice_id: UUID) -> dict[str, str]:
    """Return everything of a practice that readings can change, to the byte."""
    ask = "SELECT coalesce(string_agg((to_jsonb(t) - 'updated_at')::text, E'\\n' ORDER BY to_jsonb(t)::text), '')"
    return {one: postgres.query(f"{ask} FROM {one} t WHERE practice_id = '{practice_id}'") for one in _TABLES}


class _Story:
    """What came in, and what people did with it."""

    def __init__(self, client: FlaskClient, admin: Person) -> None:
        self.client, self.admin = client, admin
        self.nurse = a_user(admin.actor.practice_id, Role.NURSE)
        self.headers = {one: signed_in(client, who) for one, who in (("admin", admin), ("nurse", self.nurse))}
        self.patient, self.other = a_patient(admin.actor), a_patient(admin.actor)
        self.cuff = a_device(admin.actor, self.patient.id, _START - timedelta(days=1))
        self.gateway, self.second = a_gateway(admin), a_gateway(admin)

    def comes(
        self, minute: int, event: str, device: str | None = None, second: bool = False, **values: Any
    ) -> UUID | None:
        """Have a message come; returns the reading that it became, if one."""
        at = _START + timedelta(minutes=minute)
        body = an_event(device or self.cuff.serial or "", event_id=event, at=at, **values)
        deliver(self.client, self.second if second else self.gateway, body)
        work()
        return max(items(self.admin), key=lambda one: one.created_at).observation_id

    def says(self, verb: str, reading: UUID | None) -> None:
        """Have a nurse decide."""
        body = {"reason": "Somebody else."} if verb == "void" else {}
        answer = self.client.post(f"{_READINGS}{reading}/{verb}/", json=body, headers=self.headers["nurse"])
        assert answer.status_code == 200, answer.text

    def replays_all(self) -> dict[str, Any]:
        """Replay every delivery there is."""
        started = self.client.post(f"{_INBOX}replay/", json={}, headers=self.headers["admin"]).json
        work()
        done = self.client.get(f"{_INBOX}replays/{started['id']}/", headers=self.headers["admin"]).json
        assert done["state"] == "done"
        found: dict[str, Any] = done
        return found


def _happens(story: _Story) -> None:
    story.comes(0, "e0", systolic=190)
    story.says("void", story.comes(10, "e1", systolic=195))
    story.says("accept", story.comes(20, "e2", systolic=185, diastolic=190))
    story.says("reject", story.comes(30, "e3", systolic=150, diastolic=190))
    wrong = story.comes(40, "e4", systolic=170)
    right = {"patient_id": str(story.patient.id), "systolic": 130, "diastolic": 80, "corrects_id": str(wrong)}
    right |= {"measured_at": (_START + timedelta(minutes=40)).isoformat()}
    posted = story.client.post("/api/v1/ingestion/blood-pressure/", json=right, headers=story.headers["nurse"])
    assert posted.status_code == 201, posted.text
    story.comes(40, "e4", systolic=170)  # again, after somebody corrected it
    story.comes(50, "r1", id="rec-1", systolic=150)
    deliver(story.client, story.gateway, json.dumps(
        {"event_id": "d1", "type": "reading.deleted", "data": {"id": "rec-1"}}
    ).encode())  # fmt: skip
    story.comes(60, "e0", second=True, systolic=120)  # another sender's event of the same name
    story.comes(70, "e7", device="nobody's")
    story.comes(80, "e8", systolic=400)
    with in_house(story.admin.actor):
        gone_at = _START + timedelta(minutes=90)
        unassign_device(story.admin.actor, story.cuff.id, Handback("returned", gone_at))
    story.comes(100, "e9")  # nobody held it any more
    story.comes(85, "e10", systolic=125)  # out of its memory: the one who held it then
    withings = a_gateway(story.admin, "withings", "secret_path")
    an_account(story.admin, withings, "363")
    deliver(story.client, withings, b"userid=363&appli=46&action=unlink")
    work()
    an_account(story.admin, withings, "363", "again")


def test_replaying_all_history_after_people_decided_on_it_changes_nothing(
    client: FlaskClient, admin: Person, postgres: LocalPostgres
) -> None:
    """Void, accepted, rejected, corrected, deleted, handed back, unlinked and linked again; twice over."""
    story = _Story(client, admin)
    _happens(story)
    before = _state(postgres, admin.actor.practice_id)
    assert len(readings(admin)) == 9
    for _ in range(2):
        done = story.replays_all()
        assert (done["created"], done["corrected"]) == (0, 0)
        assert _state(postgres, admin.actor.practice_id) == before


def test_replaying_all_history_after_two_records_were_merged_changes_nothing(
    client: FlaskClient, admin: Person, postgres: LocalPostgres
) -> None:
    """The readings are the survivor's, and stay so."""
    story = _Story(client, admin)
    story.comes(0, "e0", systolic=190)
    story.comes(10, "e1", systolic=122)
    with in_house(admin.actor):
        merge_patients(admin.actor, story.other.id, MergeRequest(story.patient.id, "the same person"))
    before = _state(postgres, admin.actor.practice_id)
    done = story.replays_all()
    assert (done["created"], done["corrected"]) == (0, 0)
    assert _state(postgres, admin.actor.practice_id) == before
    assert len(readings(admin, story.other.id)) == 2
