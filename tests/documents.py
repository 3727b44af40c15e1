"""Small documents for tests: whole, and easy to break."""

import base64
import re
import struct
import zlib

_PDF = (
    b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n{pad}"
    b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n"
    b"trailer\n<</Size 3/Root 1 0 R>>\nstartxref\n{at}\n%%EOF"
)


def a_pdf(size: int = 0) -> bytes:
    """Return a PDF without pages, of exactly so many bytes if it can be that small."""
    document = _padded(0)
    padding = 0
    while len(document) < size:
        padding += size - len(document)
        document = _padded(padding)
    return document if len(document) <= max(size, len(_padded(0))) else _padded(padding - len(document) + size)


def _padded(padding: int) -> bytes:
    padded = _PDF.replace(b"{pad}", b"%" + b"x" * padding + b"\n")
    return padded.replace(b"{at}", str(padded.index(b"\nxref\n") + 1).encode())


def a_png(header: tuple[int, int, int, int] = (2, 2, 8, 0)) -> bytes:
    """Return a PNG: width, height, depth and colour type."""
    pixels = zlib.compress(b"\x00\x00\x00" * 2)
    chunks = (
        png_chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0)),
        png_chunk(b"IDAT", pixels),
        png_chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def pdf_words(pdf: bytes) -> str:
    """Return what stands on the pages: reportlab packs them by ASCII85 and zlib."""
    pages = re.findall(rb"stream\r?\n(.*?~>)\s*endstream", pdf, re.DOTALL)
    text = b"".join(zlib.decompress(base64.a85decode(page, adobe=True)) for page in map(b"<~".__add__, pages))
    return b" ".join(re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", text)).decode("latin-1")
