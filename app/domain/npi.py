"""The National Provider Identifier and its check digit.

Source: CMS, "Requirements for National Provider Identifier (NPI) and NPI Check Digit": the Luhn formula over the number
with the prefix 80840 (80 health applications, 840 United States); 45 CFR 162.406 for the form. First digit 1 or 2.
"""

import re

_FORM = re.compile(r"[12][0-9]{9}")
_PREFIX = "80840"


def is_npi(text: str) -> bool:
    """Say whether a text is ten digits with a right check digit; not whether the number was ever given out."""
    return _FORM.fullmatch(text) is not None and _luhn_sum(_PREFIX + text) % 10 == 0


def _luhn_sum(digits: str) -> int:
    """Add the digits, every second one from the right doubled and cast out of nines."""
    return sum(_doubled(int(digit)) if place % 2 else int(digit) for place, digit in enumerate(reversed(digits)))


def _doubled(digit: int) -> int:
    return 2 * digit - 9 if digit > 4 else 2 * digit  # noqa: PLR2004 - above 4 the double has two digits
