"""Consent, orders and enrolment: the rules that billing and triage stand on."""
