"""What a diagnosis code looks like."""

import pytest

from app.domain.billing.entries import is_icd10_format


@pytest.mark.parametrize(
    ("code", "is_code"),
    [("I10", True), ("E11.65", True), ("C7A.00", True), ("U07.1", True), ("i10", False), ("I1", False), ("I10.", False),
     ("I10.12345", False), ("110", False), ("I10 ", False)],
)  # fmt: skip
def test_the_form_of_icd_10_cm(code: str, is_code: bool) -> None:
    """Upper case, a dot after the third sign."""
    assert is_icd10_format(code) is is_code
