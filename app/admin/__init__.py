"""The console: HTML pages over the services and schemas of the API; no session, no model, no rule of its own."""

from app.admin import alerts, auth, emr, forgery, imports, integrations, patients, texts, triage
from app.admin.base import console

__all__ = ["alerts", "auth", "console", "emr", "forgery", "imports", "integrations", "patients", "texts", "triage"]
