"""How numbers and codes are written: the document says of an example what the server says."""

import re
from typing import Any

import pytest
from marshmallow import ValidationError

from app.schemas.orders import Codes
from app.schemas.patient_parts import Phone
from app.schemas.patients import Language, SocialSecurityNumber


@pytest.mark.parametrize(
    ("field", "text", "is_one"),
    [
        (Phone(), "(217) 555-0101", True),
        (Phone(), "1-217-555-0101", True),
        (Phone(), "217.555.0101", True),
        (Phone(), "+44 20 7946 0958", True),
        (Phone(), "217-555-010", False),
        (Phone(), "2-217-555-0101", False),
        (Phone(), "+0 217 555 0101", False),
        (Phone(), "555-CALL-ME", False),
        (SocialSecurityNumber(), "123-45-6789", True),
        (SocialSecurityNumber(), "123 45 6789", True),
        (SocialSecurityNumber(), "123456789", True),
        (SocialSecurityNumber(), "123-456789", False),
        (SocialSecurityNumber(), "000-45-6789", False),
        (SocialSecurityNumber(), "666-45-6789", False),
        (SocialSecurityNumber(), "900-45-6789", False),
        (SocialSecurityNumber(), "123-00-6789", False),
        (SocialSecurityNumber(), "123-45-0000", False),
        (Language(), "es-MX", True),
        (Language(), "zh-Hant", True),
        (Language(), "english", False),
        (Codes(), "I10", True),
        (Codes(), "E11.65", True),
        (Codes(), "i10", False),
        (Codes(), "E1165", False),
    ],
)
def test_the_document_says_what_the_server_takes(field: Any, text: str, *, is_one: bool) -> None:
    """A caller who checks by the pattern is not refused for the form."""
    many = isinstance(field, Codes)
    written = (field.inner if many else field).metadata["pattern"]
    assert (re.search(written, text) is not None) is is_one
    assert _takes(field, [text] if many else text) is is_one


def _takes(field: Any, value: object) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True
