"""FHIR R4 resources as pure functions of our own facts; no HTTP, no database, no serialisation."""
