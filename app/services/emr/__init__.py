"""Patients of another system, over FHIR."""
