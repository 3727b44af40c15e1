"""Documents are what they are, not what they say."""

import struct
import zlib

import pytest

from app.domain.enrolment.documents import DocumentType, is_sound, sniff
from tests.documents import a_pdf, a_png, png_chunk

PDF, PNG = DocumentType.PDF, DocumentType.PNG


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (a_pdf(), PDF), (a_png(), PNG), (b"", None), (b"%PDF-", None), (b"%PDF-9.9\n", None), (b" %PDF-1.7\n", None),
        (b"\x89PNG\r\n", None), (b"GIF89a", None), (b"<html>", None), (b"MZ\x90\x00", None), (b"PK\x03\x04", None),
    ],
)  # fmt: skip
def test_the_first_bytes_tell_the_kind(content: bytes, kind: DocumentType | None) -> None:
    """Nothing else is taken for one of the two."""
    assert sniff(content) is kind


def test_whole_documents_are_sound() -> None:
    """A PDF may end with a line end or two, and its cross-reference may be a stream."""
    stream = b"%PDF-1.7\n1 0 obj\n<</Type/XRef/Root 2 0 R>>stream\n\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
    assert all(is_sound(content, PDF) for content in (a_pdf(), a_pdf() + b"\r\n", stream))
    assert is_sound(a_png(), PNG)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n", b"%PDF-1.7\n%%EOF", a_pdf()[:-20], a_pdf() + b"<script>", a_pdf() + b"PK\x03\x04",
        a_pdf().replace(b"/Root", b"/Boot"), a_pdf().replace(b"startxref\n", b"startxref\n9"),
        a_pdf().replace(b"\nxref", b"\nyref"), b"MZ" + a_pdf(),
    ],
)  # fmt: skip
def test_a_pdf_that_is_cut_padded_or_hollow_is_not_sound(content: bytes) -> None:
    """Its end must point at a cross-reference that names a root."""
    assert not is_sound(content, PDF)


@pytest.mark.parametrize(
    "content",
    [
        a_png()[:8], a_png()[:-1], a_png()[:-12], a_png() + b"PK", a_png().replace(b"IDAT", b"IDAX"),
        a_png().replace(b"\x00\x00\x00\x02\x00\x00\x00\x02", b"\x00\x00\x00\x03\x00\x00\x00\x02"),
        a_png()[:8] + png_chunk(b"IDAT", b"x") + a_png()[8:],
        a_png()[:8] + png_chunk(b"IEND", b""), a_png()[:8] + struct.pack(">I4s", 2**31, b"IHDR") + b"x" * 40,
    ],
)  # fmt: skip
def test_a_png_that_is_cut_padded_or_altered_is_not_sound(content: bytes) -> None:
    """Every chunk's checksum fits, the header is first, the end is last."""
    assert not is_sound(content, PNG)


@pytest.mark.parametrize(
    "header",
    [(0, 1, 8, 0), (1, 0, 8, 0), (32_769, 1, 8, 0), (1, 32_769, 8, 0), (1, 1, 3, 0), (1, 1, 8, 5), (1, 1, 4, 2)],
)
def test_a_png_of_impossible_size_or_colour_is_not_sound(header: tuple[int, int, int, int]) -> None:
    """Sides of 1 to 32,768 and the depths that the format knows."""
    assert not is_sound(a_png(header), PNG)
    assert is_sound(a_png((32_768, 1, 8, 0)), PNG)
    assert zlib.crc32(b"IEND") == 0xAE426082
