"""A practice with one of everything that has an id, people of every role in it, and quick ways to be one of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.domain.actor import Actor
from app.domain.billing.books import NewFeeSchedule, NewPayer, NewPolicy
from app.domain.billing.entries import NewBillingEntry
from app.domain.billing.facts import CircumstanceKind, NewCircumstance
from app.domain.billing.policy import PolicySettings
from app.domain.billing.reconcile import Impact, ImpactKind
from app.domain.billing.time_logs import Activity, Mode, NewTimeLog, Work
from app.domain.calls import CallOutcome, CallTimes, NewCall
from app.domain.enrolment.documents import DocumentType
from app.domain.enrolment.programs import ConsentMethod, Program
from app.domain.enrolment.records import NewConsent, NewEnrollment, NewOrder, OrderingProvider
from app.domain.gateways import AccountState, NewGateway
from app.domain.imports import ImportOptions
from app.domain.inbox import InboxFilter
from app.domain.notifications.events import Event
from app.domain.notifications.settings import NewPushToken, Platform, PushService, Recipients
from app.domain.roles import Permission, Role
from app.domain.triage.escalation import EscalationLevel, NewEscalation
from app.extensions import db
from app.models import BillingImpact, GatewayAccount, Notification, NotificationDelivery, User
from app.models.base import new_id
from app.schemas.patient_rows import read_patient
from app.services.accounts.console_sessions import open_console_session
from app.services.accounts.sessions import open_session
from app.services.billing.calls import record_call
from app.services.billing.circumstances import record_circumstance
from app.services.billing.entries import create_entry
from app.services.billing.fee_schedules import create_fee_schedule
from app.services.billing.ledger import raise_impacts
from app.services.billing.payers import create_payer
from app.services.billing.policies import create_policy
from app.services.billing.time_entries import create_time_log
from app.services.enrolment.consent_documents import Upload, store_document
from app.services.enrolment.consents import record_consent
from app.services.enrolment.enrollments import enroll_patient
from app.services.enrolment.orders import record_order
from app.services.gateways.registration import create_gateway
from app.services.gateways.replaying import start_replay
from app.services.gateways.trying import send_test_event
from app.services.notifications.push_tokens import register_push_token
from app.services.notifications.telling import notify
from app.services.patient_files.imports import check_import
from app.services.transaction import now, transaction
from app.services.triage.escalations import raise_escalation
from app.web.tokens import issue_pair
from tests.attack.operations import Operation
from tests.builders import Person, a_device, a_patient, a_practice, a_reading, a_user, in_house
from tests.documents import a_pdf

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"|"X-CSRFToken": "([^"]+)"')

_DAY = date(2026, 1, 5)
_HOUR = datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 1, 5, 10, tzinfo=UTC)
_NEXT_HOUR = _HOUR[1], datetime(2026, 1, 5, 11, tzinfo=UTC)
_TRAIL = {Permission.READ_AUDIT, Permission.READ_ACCESS_LOG}


@dataclass
class World:
    """One practice. `mark` is part of every name in it, so that a leak can be seen in any text."""

    mark: str
    practice_id: Any = field(default_factory=a_practice)

    def __post_init__(self) -> None:
        doctor = a_user(self.practice_id)
        self.patient = a_patient(doctor.actor, first_name=f"{self.mark}first", last_name=f"{self.mark}last")
        own = {Role.PATIENT: self.patient.id}
        self.people = {role: a_user(self.practice_id, role, own.get(role)) for role in Role}
        self.ids = self._ids(doctor)

    def person(self, role: Role) -> Person:
        """Return somebody of that role; the patient is the practice's own."""
        return self.people[role]

    def _ids(self, doctor: Person) -> dict[str, object]:
        """Return an id for each name that a path, a query or a body may call it by."""
        reading = a_reading(doctor.actor, self.patient.id, 190)
        assert reading.alert is not None
        with in_house(doctor.actor):
            session_id = open_session(db.session.get_one(User, doctor.actor.user_id)).session_id
        return {
            "patient_id": self.patient.id,
            "observation_id": reading.observation.id,
            "reading_id": reading.observation.id,
            "alert_id": reading.alert.id,
            "user_id": doctor.actor.user_id,
            "session_id": session_id,
            "device_id": a_device(doctor.actor, self.patient.id).id,
            "new_device_id": a_device(doctor.actor).id,
            "import_id": self._import(doctor),
            "time_log_id": self._time_log(doctor),
            "call_id": self._call(doctor),
            "escalation_id": self._escalation(doctor),
            **self._billing(doctor),
            **self._inbox(),
            **self._chart(doctor),
            **self._told(doctor),
        }

    def _escalation(self, doctor: Person) -> object:
        """Call for help with the patient."""
        new = NewEscalation(self.patient.id, EscalationLevel.URGENT, f"{self.mark} needs a call.")
        with in_house(doctor.actor):
            return raise_escalation(doctor.actor, new).escalation.id

    def _told(self, doctor: Person) -> dict[str, object]:
        """Register a phone and tell its owner of something."""
        actor = doctor.actor
        with in_house(actor), transaction() as session:
            phone = NewPushToken(PushService.FCM, f"{self.mark}-token", Platform.IOS)
            token_id = register_push_token(actor, phone).id
            told = Recipients((actor.user_id,))
            notify(session, actor.practice_id, Event.CRITICAL_ALERT, told, patient_id=self.patient.id)
            return {
                "push_token_id": token_id,
                "notification_id": session.scalars(select(Notification.id)).first(),
                "sending_id": session.scalars(select(NotificationDelivery.id)).first(),
            }

    def _billing(self, doctor: Person) -> dict[str, object]:
        """Enter a line by hand, a circumstance, and an impact on the line."""
        new = NewBillingEntry(self.patient.id, "99457", date(2026, 10, 31), Decimal("51.77"), notes=self.mark)
        training = NewCircumstance(CircumstanceKind.SETUP_TRAINING, _DAY, _DAY, note=self.mark)
        with in_house(doctor.actor), transaction() as session:
            entry = create_entry(doctor.actor, new).entry
            circumstance = record_circumstance(doctor.actor, self.patient.id, training)
            impact = Impact(entry.id, ImpactKind.UNITS_CHANGED, {"units": 1}, {"units": 2}, "Look at it.")
            session.flush()
            raise_impacts(session, self.practice_id, [(self.patient.id, impact)])
            impact_id = session.scalar(select(BillingImpact.id).where(BillingImpact.entry_id == entry.id))
            payer = create_payer(doctor.actor, NewPayer(f"{self.mark} Health"))
            session.flush()
            policy = create_policy(doctor.actor, payer.id, NewPolicy(_DAY, PolicySettings()))
            schedule = create_fee_schedule(
                doctor.actor, NewFeeSchedule(self.mark, _DAY, Decimal("33.4009"), payer_id=payer.id)
            )  # fmt: skip
        books = {"payer_id": payer.id, "policy_id": policy.id, "schedule_id": schedule.row.id}
        return {"entry_id": entry.id, "circumstance_id": circumstance.id, "impact_id": impact_id, **books}

    def _import(self, doctor: Person) -> object:
        """Take in a file that waits to be looked at."""
        file = f"first,last,dob,sex\n{self.mark}first,{self.mark}filed,1960-01-01,F\n".encode()
        with in_house(doctor.actor):
            return check_import(doctor.actor, [file], f"{self.mark}.csv", ImportOptions(), read_patient).about.id

    def _time_log(self, doctor: Person) -> object:
        """Write down an hour of work."""
        with in_house(doctor.actor):
            new = NewTimeLog(self.patient.id, Work(Program.RPM, Activity.DATA_REVIEW, note=self.mark), *_HOUR)
            return create_time_log(doctor.actor, new).log.id

    def _call(self, doctor: Person) -> object:
        """Call the patient."""
        new = NewCall(Mode.PHONE, CallOutcome.REACHED, CallTimes(*_NEXT_HOUR), note=self.mark)
        with in_house(doctor.actor):
            return record_call(doctor.actor, self.patient.id, new).call.id

    def _inbox(self) -> dict[str, object]:
        """Have a vendor, an account there, an orphan of its, and a replay."""
        admin = self.people[Role.ADMIN].actor
        with in_house(admin):
            integration_id = create_gateway(admin, NewGateway("tenovi", self.mark, "custom_header")).integration.id
            delivery_id = send_test_event(admin, integration_id)
            replay_id = start_replay(admin, InboxFilter()).id
            account_id = self._account(admin, integration_id)
        own = {"integration_id": integration_id, "account_id": account_id}
        return {**own, "delivery_id": delivery_id, "replay_id": replay_id}

    def _account(self, admin: Actor, integration_id: UUID) -> object:
        with transaction() as session:
            account = GatewayAccount(
                id=new_id(), practice_id=admin.practice_id, integration_id=integration_id, subject=self.mark,
                state=AccountState.LINKED.value, linked_at=now(),
            )  # fmt: skip
            session.add(account)
            account.refresh = self.mark
            return account.id

    def _chart(self, doctor: Person) -> dict[str, object]:
        """Write what a patient's chart holds: consent with its document, order, enrolment, notes, a second record."""
        actor, patient_id = doctor.actor, self.patient.id
        with in_house(actor):
            given = NewConsent(Program.CCM, ConsentMethod.VERBAL, _DAY, True, True)
            consent = record_consent(actor, patient_id, given).consent
            store_document(actor, patient_id, consent.id, Upload(DocumentType.PDF, a_pdf()), None)
            provider = OrderingProvider(user_id=actor.user_id)
            ordered = NewOrder(Program.CCM, provider, _DAY, _DAY, diagnoses=("I10",))
            order = record_order(actor, patient_id, ordered).order
            enrollment = enroll_patient(actor, patient_id, NewEnrollment(Program.CCM, _DAY)).enrollment
        return {
            "consent_id": consent.id,
            "order_id": order.id,
            "enrollment_id": enrollment.id,
            "duplicate_id": a_patient(actor, first_name=f"{self.mark}first", last_name=f"{self.mark}twin").id,
        }

    def secrets(self, permission: Permission | None) -> list[str]:
        """Return texts that must not be seen from outside, by an operation that asks for this permission.

        A practice's trail tells which ids its own people asked for, others' ids among them; it knows no more of those.
        """
        own = (
            () if permission in _TRAIL else ("patient_id", "observation_id", "alert_id", "escalation_id", "session_id")
        )
        return [self.mark, *(str(self.ids[name]) for name in own)]


def bearer(person: Person) -> dict[str, str]:
    """Return the header of a session just opened for them: quicker than signing in, and new each time."""
    with in_house(person.actor):
        pair = issue_pair(open_session(db.session.get_one(User, person.actor.user_id)))
    return {"Authorization": f"Bearer {pair['access']}"}


def visitor(app: Flask, person: Person) -> FlaskClient:
    """Return a browser that is signed in to the console."""
    with in_house(person.actor):
        cookie = open_console_session(db.session.get_one(User, person.actor.user_id))
    client = app.test_client()
    client.set_cookie("vantrexia_dev", cookie)
    return client


def form_token(client: FlaskClient) -> str:
    """Return the token that the visitor's forms carry."""
    found = _TOKEN.search(client.get("/admin/nowhere").text)
    assert found is not None
    return found[1] or found[2]


def visit(client: FlaskClient, operation: Operation, ids: Mapping[str, object]) -> TestResponse:
    """Open a page, or send its form with nothing but the token."""
    form = {"csrf_token": form_token(client)} if operation.writes else None
    return client.open(operation.path(ids), method=operation.method, data=form)
