"""Which passwords are accepted when one is set. Existing passwords go on working.

Source: NIST SP 800-63B-4 §3.1.1.2: at least 15 characters where the password is the only factor, 8 where a second one
is asked for as well; at least 64 accepted; every character counts, spaces too; Unicode is normalised (NFKC) and each
code point counts as one; no demands on the mixture; what is commonly used, expected or known from breaches is refused.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

MIN_LENGTH = 15
MIN_LENGTH_WITH_SECOND_FACTOR = 8
MAX_LENGTH = 128
SERVICE_NAME = "vantrexia"

_COMMON = Path(__file__).parent / "data" / "common_passwords.txt"
_MIN_WORD = 4  # shorter names stand inside many a good passphrase by chance
_MIN_REST = 8  # characters that must remain beside the names a guesser would try first
_MAX_REPEATED = 4  # a unit up to this long, however often, is no secret
_WORDS = re.compile(r"[^\W_]+")
_PADDING = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def normalise(password: str) -> str:
    """Return the form that is measured, hashed and compared: NFKC, nothing trimmed, nothing folded."""
    return unicodedata.normalize("NFKC", password)


def min_length(*, has_second_factor: bool) -> int:
    """Return how many characters are needed, inclusive."""
    return MIN_LENGTH_WITH_SECOND_FACTOR if has_second_factor else MIN_LENGTH


def password_problems(password: str, *, has_second_factor: bool, context: Iterable[str] = ()) -> list[str]:
    """Return what is wrong with a new password, nothing when it is accepted.

    `context` are the names a guesser would try first: the practice's, the person's own, their address.
    """
    text = normalise(password)
    shortest = min_length(has_second_factor=has_second_factor)
    if len(text) < shortest:
        return [f"Must have at least {shortest} characters."]
    if len(text) > MAX_LENGTH:
        return [f"Must have at most {MAX_LENGTH} characters."]
    if _is_common(text.casefold()):
        return ["This password is too common."]
    if _is_expected(text.casefold(), context):
        return ["This password is too close to your name, your address or your practice's name."]
    return []


@cache
def common_passwords() -> frozenset[str]:
    """Return the shipped list, case-folded; source and licence stand in the file."""
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


def _is_common(folded: str) -> bool:
    """Say whether it is on the list as it stands, padded with digits and signs, or repeated."""
    unit = _repeated_unit(folded)
    stem = _PADDING.sub("", folded)
    return len(unit) <= _MAX_REPEATED or not common_passwords().isdisjoint({folded, unit, stem, _repeated_unit(stem)})


def _repeated_unit(text: str) -> str:
    """Return the shortest text whose repetition gives this one; itself when there is none."""
    return text[: (text + text).find(text, 1)] if text else ""


def _is_expected(folded: str, context: Iterable[str]) -> bool:
    """Say whether fewer than 8 characters remain once the expected names are taken out."""
    words = {word for name in (SERVICE_NAME, *context) for word in _WORDS.findall(normalise(name).casefold())}
    rest = folded
    for word in sorted((word for word in words if len(word) >= _MIN_WORD), key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != folded and len(rest) < _MIN_REST
