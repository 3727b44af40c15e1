"""Files in and out: a raw body within a limit of its own, and answers that no browser takes for a page."""

from collections.abc import Iterable

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.domain.enrolment.documents import MAX_BYTES, DocumentType, sniff
from app.domain.enrolment.records import Upload
from app.domain.errors import UnsupportedMedia, ValidationFailed
from app.web.uploads import uploaded


def read_upload() -> Upload:
    """Read the body as a document; raises UnsupportedMedia for any other content type. Larger ones are a 413."""
    if request.mimetype not in list(DocumentType) or request.content_encoding:
        raise UnsupportedMedia
    request.max_content_length = MAX_BYTES + 1  # a body without a length is cut off there, which must not go unseen
    content = request.get_data(cache=False)
    if len(content) > MAX_BYTES:
        raise RequestEntityTooLarge
    if not content:
        raise ValidationFailed({"document": ["The body is empty."]})
    return Upload(DocumentType(request.mimetype), content)


def uploaded_document(field: str) -> Upload:
    """Read a form's file as a document of the kind that its content says; raises ValidationFailed for any other."""
    file = uploaded(field)
    content = file.stream.read(MAX_BYTES + 1) if file else b""
    if not content:
        raise ValidationFailed({field: ["Choose a file first."]})
    if len(content) > MAX_BYTES:
        raise ValidationFailed({field: ["The file is larger than 10 MB."]})
    kind = sniff(content)
    if kind is None:
        raise ValidationFailed({field: ["Only PDF and PNG files are taken."]})
    return Upload(kind, content)


def attachment(content_type: str, filename: str, size_bytes: int, chunks: Iterable[bytes]) -> Response:
    """Send a file piece by piece, to be saved and not shown; `headers.py` adds nosniff, no-store and the sandbox."""
    response = Response(iter(chunks), mimetype=content_type)
    response.content_length = size_bytes
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response
