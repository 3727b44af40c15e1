"""The file of an import: kept in encrypted pieces while it is needed, read piece by piece, gone afterwards."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain.errors import ValidationFailed
from app.domain.imports import ReadRow, RowOfFile, read_row
from app.domain.patient_columns import HeaderMap, map_headers
from app.domain.patient_csv import CsvRefused, open_csv
from app.models import PatientImport, PatientImportPiece
from app.models.base import new_id
from app.services.transaction import transaction

_PIECE = 1024 * 1024


def keep_file(session: Session, practice_id: UUID, import_id: UUID, chunks: Iterable[bytes]) -> int:
    """Store a file as it comes, a piece in memory at a time; return its size."""
    size = 0
    for number, content in enumerate(_pieces(chunks)):
        piece = PatientImportPiece(id=new_id(), practice_id=practice_id, import_id=import_id, number=number)
        piece.content = content
        session.add(piece)
        session.flush()
        session.expunge(piece)
        size += len(content)
    return size


def drop_file(session: Session, one: PatientImport) -> None:
    """Forget the file."""
    session.execute(
        delete(PatientImportPiece).where(
            PatientImportPiece.practice_id == one.practice_id, PatientImportPiece.import_id == one.id
        ),
        execution_options={"recorded": True},
    )


def read_headers(one: PatientImport, wanted: Mapping[str, str]) -> HeaderMap:
    """Return which column is which; raises ValidationFailed when the header does not do."""
    try:
        return map_headers(open_csv(_stored(one)).headers, wanted)
    except CsvRefused as refusal:
        raise as_invalid(refusal) from refusal


def count_rows(one: PatientImport) -> int:
    """Return how many rows the file has; raises ValidationFailed when it cannot be read to its end."""
    try:
        rows = sum(1 for _ in open_csv(_stored(one)).rows)
    except CsvRefused as refusal:
        raise as_invalid(refusal) from refusal
    if not rows:
        raise as_invalid(CsvRefused("The file has no rows under its header."))
    return rows


def rows_of(one: PatientImport, read: ReadRow) -> Iterator[RowOfFile]:
    """Read the file row by row, each made a record or told what is wrong with it."""
    columns = map_headers(open_csv(_stored(one)).headers, one.wanted)
    for number, cells in open_csv(_stored(one)).rows:
        yield read_row(columns, number, cells, read)


def batches(rows: Iterator[RowOfFile], size: int) -> Iterator[list[RowOfFile]]:
    """Return rows by the batch."""
    while batch := list(islice(rows, size)):
        yield batch


def as_invalid(refusal: CsvRefused) -> ValidationFailed:
    """Return a file's refusal as one of input."""
    return ValidationFailed({"file": [f"Row {refusal.row}: {refusal.problem}"]})


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= _PIECE:
            yield bytes(held[:_PIECE])
            del held[:_PIECE]
    if held:
        yield bytes(held)


def _stored(one: PatientImport) -> Iterator[bytes]:
    """Read the file back, each piece in a transaction of its own unless one is open."""
    number = 0
    while True:
        with transaction() as session:
            piece = session.scalar(
                select(PatientImportPiece).where(
                    PatientImportPiece.practice_id == one.practice_id,
                    PatientImportPiece.import_id == one.id,
                    PatientImportPiece.number == number,
                )
            )
            if piece is None:
                return
            content = piece.content
            session.expunge(piece)
        yield content
        number += 1
