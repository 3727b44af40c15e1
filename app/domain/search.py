"""Which words find a patient: the terms that are indexed (as keyed hashes) and the terms a query asks for.

Names are found by any part of a word from two letters on, or by its first letter; a medical record number by its
beginning or its end, with or without punctuation. Case and accents do not matter.
"""

import unicodedata
from dataclasses import dataclass

MAX_MRN_TERM = 16  # longer beginnings and ends of a record number are checked after decryption
_GRAM = 3
MAX_TERMS = 5  # words of a query that are looked at


def normalise(text: str) -> str:
    """Return the text in lower case, without accents, runs of other signs turned into one space."""
    if text.isascii() and text.isalpha():
        return text.lower()  # nearly every name: a list of ten thousand is ordered by this
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = (sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join("".join(sign if sign.isalnum() else " " for sign in letters).split())


def compact(text: str) -> str:
    """Return the normalised text without spaces: how record numbers are compared."""
    return normalise(text).replace(" ", "")


def index_terms(first_name: str, last_name: str, mrn: str) -> set[str]:
    """Return every term under which a patient is to be found."""
    words = f"{normalise(first_name)} {normalise(last_name)}".split()
    return _name_terms(words) | _mrn_terms(compact(mrn))


def _name_terms(words: list[str]) -> set[str]:
    terms = {f"n1|{word[0]}" for word in words}
    for size in (2, _GRAM):
        terms |= {f"n{size}|{word[i : i + size]}" for word in words for i in range(len(word) - size + 1)}
    return terms


def _mrn_terms(mrn: str) -> set[str]:
    sizes = range(1, min(len(mrn), MAX_MRN_TERM) + 1)
    return {f"m<|{mrn[:size]}" for size in sizes} | {f"m>|{mrn[-size:]}" for size in sizes}


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """One word of a query: it matches a patient that has all `name_terms`, or any of `mrn_terms`."""

    word: str
    name_terms: tuple[str, ...]
    mrn_terms: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        """Say whether having the terms is proof already, so that nothing needs decrypting."""
        return len(self.word) <= _GRAM

    def matches(self, first_name: str, last_name: str, mrn: str) -> bool:
        """Say whether the word stands in a name or at the beginning or end of the record number."""
        names = f"{normalise(first_name)} {normalise(last_name)}".split()
        number = compact(mrn)
        return any(self.word in name for name in names) or number.startswith(self.word) or number.endswith(self.word)


def query_terms(query: str) -> tuple[QueryTerm, ...]:
    """Return what to look for; `MRN-00001` is one word, `jane doe` are two that must both match."""
    words = [compact(word) for word in query.split()]
    return tuple(_query_term(word) for word in words if word)[:MAX_TERMS]


def _query_term(word: str) -> QueryTerm:
    if len(word) <= _GRAM:
        names: tuple[str, ...] = (f"n{len(word)}|{word}",)
    else:
        names = tuple(sorted({f"n{_GRAM}|{word[i : i + _GRAM]}" for i in range(len(word) - _GRAM + 1)}))
    part = word[:MAX_MRN_TERM]
    return QueryTerm(word, names, (f"m<|{part}", f"m>|{word[-MAX_MRN_TERM:]}"))
