"""Sealing, checking, reading and keeping the audit trail."""
