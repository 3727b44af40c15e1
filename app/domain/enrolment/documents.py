"""Telling what an uploaded document really is: by its first bytes, then by its structure. It is never rendered here.

Sources: ISO 32000-2 §7.5 (PDF: header, cross-reference, trailer, end of file) and the PNG specification, third edition
§5 (signature, chunks with CRC-32, IHDR first, IDAT, IEND last).
"""

import re
import struct
import zlib
from enum import StrEnum

MAX_BYTES = 10 * 1024 * 1024

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER = struct.Struct(">IIBBBBB")
_PNG_MAX_SIDE = 32_768
_PNG_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}  # by colour type
_PDF_HEADER = re.compile(rb"%PDF-(1\.[0-7]|2\.0)[\r\n \t]")
_PDF_END = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF[\s\x00]*\Z")
_PDF_XREF_STREAM = re.compile(rb"\d{1,10}\s+\d{1,5}\s+obj\b")
_PDF_ROOT = re.compile(rb"/Root\s+\d{1,10}\s+\d{1,5}\s+R\b")


class DocumentType(StrEnum):
    """The kinds of document that are taken."""

    PDF = "application/pdf"
    PNG = "image/png"


EXTENSIONS = {DocumentType.PDF: "pdf", DocumentType.PNG: "png"}


def sniff(content: bytes) -> DocumentType | None:
    """Return what the first bytes say; None when it is neither."""
    if content.startswith(_PNG_SIGNATURE):
        return DocumentType.PNG
    return DocumentType.PDF if _PDF_HEADER.match(content) else None


def is_sound(content: bytes, kind: DocumentType) -> bool:
    """Say whether the document is whole and built as its kind must be; bytes before or after it are not allowed."""
    return _is_sound_png(content) if kind is DocumentType.PNG else _is_sound_pdf(content)


def _is_sound_pdf(content: bytes) -> bool:
    end = _PDF_END.search(content, max(0, len(content) - 1024))
    if not _PDF_HEADER.match(content) or end is None:
        return False
    xref = int(end[1])
    if xref >= end.start():
        return False
    is_table = content.startswith(b"xref", xref)
    is_stream = _PDF_XREF_STREAM.match(content, xref) is not None
    return (is_table or is_stream) and _PDF_ROOT.search(content, xref) is not None


def _is_sound_png(content: bytes) -> bool:
    kinds: list[bytes] = []
    position = len(_PNG_SIGNATURE)
    while position < len(content):
        if len(content) < position + 12:
            return False
        length, kind = struct.unpack_from(">I4s", content, position)
        body, after = position + 8, position + 8 + length
        if len(content) < after + 4 or not _crc_fits(content, position + 4, after):
            return False
        if not kinds and not (kind == b"IHDR" and _is_sound_header(content[body:after])):
            return False
        kinds.append(kind)
        position = after + 4
        if kind == b"IEND":
            break
    return position == len(content) and b"IDAT" in kinds and kinds[-1] == b"IEND" and kinds.count(b"IHDR") == 1


def _crc_fits(content: bytes, start: int, end: int) -> bool:
    return zlib.crc32(memoryview(content)[start:end]) == int.from_bytes(content[end : end + 4])


def _is_sound_header(header: bytes) -> bool:
    if len(header) != _PNG_HEADER.size:
        return False
    width, height, depth, colour, compression, filtering, interlace = _PNG_HEADER.unpack(header)
    in_bounds = 0 < width <= _PNG_MAX_SIDE and 0 < height <= _PNG_MAX_SIDE
    return in_bounds and depth in _PNG_DEPTHS.get(colour, ()) and (compression, filtering) == (0, 0) and interlace < 2  # noqa: PLR2004
