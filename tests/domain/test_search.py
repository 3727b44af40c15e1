"""What finds whom."""

import pytest

from app.domain.search import index_terms, normalise, query_terms

JANE = ("Jane", "O'Connor-Núñez", "MRN-00042")


def _finds(query: str, person: tuple[str, str, str] = JANE) -> bool:
    terms = query_terms(query)
    indexed = index_terms(*person)
    by_tokens = all(set(term.name_terms) <= indexed or set(term.mrn_terms) & indexed for term in terms)
    return bool(terms) and by_tokens and all(term.is_exact or term.matches(*person) for term in terms)


@pytest.mark.parametrize(
    "query",
    ["j", "J", "ja", "jane", "JANE", "ane", "nn", "connor", "nunez", "Núñez", "une", "jane connor", "mrn-00042",
     "MRN-0", "mrn00042", "00042", "042", "2", "m"],
)  # fmt: skip
def test_any_part_of_a_name_or_end_of_a_number_finds(query: str) -> None:
    """Case, accents and punctuation do not matter."""
    assert _finds(query)


@pytest.mark.parametrize("query", ["jan connorx", "john", "x", "jnae", "00043", "ab", "janes", "!!!", "00420"])
def test_anything_else_does_not(query: str) -> None:
    """No false hits."""
    assert not _finds(query)


def test_grams_of_two_names_are_not_one_match() -> None:
    """The exact check after decryption: Abac has `aba`, Bab has `bab`, nobody has `abab`."""
    assert not _finds("abab", ("Abac", "Bab", "1"))


def test_normalising_folds_case_accents_and_signs() -> None:
    """One form for all ways of writing."""
    assert normalise("  Müller-LÜDENSCHEIDT ") == "muller ludenscheidt"
