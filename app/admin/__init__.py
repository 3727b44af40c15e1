"""The console: HTML pages over the services and schemas of the API; no session, no model, no rule of its own."""

from app.admin import alerts, auth, device_custody, devices, forgery, patients, texts, triage
from app.admin.base import console

__all__ = ["alerts", "auth", "console", "device_custody", "devices", "forgery", "patients", "texts", "triage"]
