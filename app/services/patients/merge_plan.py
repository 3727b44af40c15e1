"""Which rows a merge moves: every one that names a patient, found from the tables themselves.

A table that is added later is covered by its foreign key (or its column `patient_id`); one that must not be moved is
named here with the reason. Guards test that every table is either moved or named, and that the application may move it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table

from app.models import Base

_PATIENTS = "patients"
KEPT: dict[str, str] = {
    "audit_events": "the trail is never rewritten",
    "patient_merges": "tells which record went into which",
    "patient_search_tokens": "the duplicate keeps its own names",
    "patient_status_changes": "what became of the duplicate is its own story",
    "patients": "the link to the survivor is set by the merge itself",
    "triage_scores": "what the board showed of either record stays as it was",
    "triage_summaries": "reckoned anew from both",
    "triage_transitions": "counted by practice, never by patient",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A column by which the rows of a table name their patient."""

    table: Table
    column: Column[Any]

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.table.name)


def references() -> list[Reference]:
    """Return what is moved, tables that others refer to before those."""
    return [found for found in patient_columns() if found.name not in KEPT]


def patient_columns() -> list[Reference]:
    """Return every column that names a patient, moved or not."""
    return [Reference(table, table.c[name]) for table in Base.metadata.sorted_tables for name in sorted(_names(table))]


def parents(of: Reference) -> Iterator[tuple[Reference, Column[Any]]]:
    """Return the moved tables that a table refers to, each with the column that does."""
    by_table = {found.name: found for found in references()}
    for key in _keys(of.table):
        parent = by_table.get(key.referred_table.name)
        if parent is not None and parent.table is not of.table:
            for element in key.elements:
                if element.column.name == "id":
                    yield parent, of.table.c[element.parent.name]


@dataclass(frozen=True, slots=True)
class Tie:
    """A foreign key that carries the patient: child and parent are of one patient, so both move or neither."""

    name: str
    child: Reference
    refers: Column[Any]
    parent: Reference


def ties(metadata: MetaData = Base.metadata) -> list[Tie]:
    """Return the foreign keys, other than those to patients, in which the patient stands."""
    found = []
    for table in metadata.sorted_tables:
        for key in _keys(table):
            pairs = {element.column.name: element.parent for element in key.elements}
            if key.referred_table.name != _PATIENTS and "patient_id" in pairs:
                child = Reference(table, pairs["patient_id"])
                parent = Reference(key.referred_table, key.referred_table.c.patient_id)
                found.append(Tie(str(key.name), child, pairs["id"], parent))
    return found


def _names(table: Table) -> set[str]:
    by_key = {
        element.parent.name
        for key in _keys(table)
        if key.referred_table.name == _PATIENTS
        for element in key.elements
        if element.column.name != "practice_id"
    }
    return by_key | ({"patient_id"} & set(table.c.keys()))


def _keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda key: str(key.name))
