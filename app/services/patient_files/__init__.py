"""Patients in and out as files: imports with their runs, and the export."""
