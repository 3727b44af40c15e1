"""Consent, orders and enrolments: on which days a patient is covered."""
