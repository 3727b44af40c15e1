"""Bodies that are files: which routes take them, how large they may be, how they are read."""

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import IO

from flask import Flask, Request, request
from werkzeug.datastructures import FileStorage

from app.domain.errors import NotCsv

MAX_FILE = 20 * 1024 * 1024
_TAKE_FILES = frozenset({"patient_imports.NewPatientImport", "admin.new_import", "admin.upload_document"})
_CSV = "text/csv"
_CHUNK = 64 * 1024


class FileInMemory(Request):
    """A request whose uploaded files are never written to a disk in the clear: they may be health information."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


def init_app(app: Flask) -> None:
    """Let the routes that take files take larger bodies than the others."""
    app.request_class = FileInMemory
    app.before_request(_widen)


def csv_body() -> Iterator[bytes]:
    """Return the body as it comes, a chunk at a time; raises NotCsv for other content types.

    A request with an Idempotency-Key is read whole, because its fingerprint needs all of it.
    """
    if request.mimetype != _CSV:
        raise NotCsv
    stream = BytesIO(request.get_data(cache=True)) if "Idempotency-Key" in request.headers else request.stream
    return iter(partial(stream.read, _CHUNK), b"")


def uploaded(field: str) -> FileStorage | None:
    """Return the file of a form; None when nobody chose one."""
    file = request.files.get(field)
    return file if file and file.filename else None


def chunks_of(file: FileStorage) -> Iterator[bytes]:
    """Return an uploaded file a chunk at a time."""
    return iter(partial(file.stream.read, _CHUNK), b"")


def _widen() -> None:
    if request.endpoint in _TAKE_FILES:
        request.max_content_length = MAX_FILE
