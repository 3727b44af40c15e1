"""Vantrexia: the application factory."""

from flask import Flask

from app import admin, cli, jobs
from app.api import base
from app.api.access_log import access_log
from app.api.alerts import alerts
from app.api.audit import audit as audit_reports  # `app.audit` is a room of its own
from app.api.auth import auth
from app.api.billing import billing
from app.api.billing_books import billing_books
from app.api.billing_evidence import billing_evidence
from app.api.billing_outlooks import billing_outlooks
from app.api.billing_reports import billing_reports
from app.api.billing_simulations import billing_simulations
from app.api.break_glass import break_glass
from app.api.calls import calls
from app.api.circumstances import circumstances
from app.api.consents import consents
from app.api.devices import devices
from app.api.docs import docs
from app.api.emr import emr
from app.api.enrollments import enrollments, worklist
from app.api.escalations import escalations
from app.api.fhir import fhir
from app.api.gateways import integrations
from app.api.health import health
from app.api.ingestion import ingestion
from app.api.notes import notes
from app.api.notifications import notifications
from app.api.observations import observations, vitals
from app.api.on_call import on_call
from app.api.orders import orders
from app.api.passwords import passwords
from app.api.patient_exports import patient_exports
from app.api.patient_imports import patient_imports
from app.api.patients import patients
from app.api.reviews import reviews
from app.api.scores import scores
from app.api.second_factor import second_factor
from app.api.thresholds import practice_thresholds, thresholds
from app.api.time_logs import time_logs
from app.api.timeline import timeline
from app.api.triage import triage
from app.api.users import users
from app.api.webhooks import probes, webhooks
from app.web import setup
from config import ROOT, Settings

GROUPS = (
    auth,
    passwords,
    second_factor,
    users,
    break_glass,
    patients,
    patient_imports,
    patient_exports,
    emr,
    integrations,
    notes,
    calls,
    access_log,
    timeline,
    consents,
    orders,
    enrollments,
    worklist,
    devices,
    ingestion,
    triage,
    billing,
    billing_books,
    billing_evidence,
    billing_outlooks,
    billing_reports,
    billing_simulations,
    time_logs,
    fhir,
    audit_reports,
    scores,
    practice_thresholds,
    thresholds,
    alerts,
    escalations,
    reviews,
    on_call,
    notifications,
    circumstances,
    webhooks,
    observations,
    vitals,
)


def create_app(settings: Settings) -> Flask:
    """Build the application from its settings."""
    app = Flask(__name__, static_folder=str(ROOT / "static"), template_folder=str(ROOT / "templates"))
    app.config.update(settings.flask_config())
    setup.init_app(app, settings, migrations=ROOT / "migrations")
    base.init_app(app, GROUPS)
    for blueprint in (docs, health, probes, admin.console):
        app.register_blueprint(blueprint)
    jobs.init_app(app, settings.database_url)
    cli.init_app(app)
    return app
