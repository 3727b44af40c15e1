"""Social Security numbers: which nine digits can be one at all.

Source: SSA, POMS RM 10201.035 (invalid numbers) and RM 10201.040; randomised since 2011, so the area says nothing more.
"""

import re

_WRITTEN = re.compile(r"(\d{3})([- ]?)(\d{2})\2(\d{4})")
_NEVER_ISSUED_AREAS = {"000", "666"}
_FIRST_AREA_OF_OTHER_NUMBERS = "900"  # 9xx are taxpayer numbers of another kind
_PRINTED_IN_ADVERTISEMENTS = {"078051120", "219099999"}  # given out to thousands, so invalid


def format_ssn(written: str) -> str | None:
    """Return the nine digits of a number written with hyphens, spaces or neither; None when it cannot be one."""
    match = _WRITTEN.fullmatch(written.strip())
    if match is None or not match.string.isascii():
        return None
    area, _, group, serial = match.groups()
    if area in _NEVER_ISSUED_AREAS or area >= _FIRST_AREA_OF_OTHER_NUMBERS or group == "00" or serial == "0000":
        return None
    number = f"{area}{group}{serial}"
    return None if number in _PRINTED_IN_ADVERTISEMENTS else number


def last_four(number: str) -> str:
    """Return the part that may be shown."""
    return number[-4:]
