"""Which passwords are accepted."""

import pytest

from app.domain.passwords import common_passwords, normalise, password_problems

PHRASE = (
    "bright orange kettles sing to seven quiet librarians while the rain keeps falling on the tin roof of the ferry"
)
_WIDE = "".join(chr(ord(sign) + 0xFEE0) for sign in "passwordpassword")  # full-width letters
CONTEXT = ("Riverside Family Practice", "sarah.johnson@riverside.example", "Sarah", "Johnson")


@pytest.mark.parametrize(
    ("length", "has_second_factor", "is_accepted"),
    [
        (7, True, False), (8, True, True), (8, False, False), (14, False, False), (15, False, True),
        (64, False, True), (128, False, True), (129, False, False),
    ],
)  # fmt: skip
def test_s16_length_is_measured_on_both_sides_of_each_boundary(
    length: int, has_second_factor: bool, is_accepted: bool
) -> None:
    """15 alone, 8 beside a second factor, 128 at most."""
    password = (PHRASE * 2)[:length]
    assert (not password_problems(password, has_second_factor=has_second_factor)) is is_accepted


@pytest.mark.parametrize(
    "password",
    [
        "all lower case and no digit",
        "日本語のパスワードは長くてもいいです",
        "1729 4104 13832 20683",
        "               x y z",
        "ends with a space ",
        "correct horse battery",
        "sarah johnson rides a blue bicycle",
    ],
)
def test_s16_no_mixture_is_demanded(password: str) -> None:
    """Letters alone, digits alone, spaces, any script."""
    assert password_problems(password, has_second_factor=False, context=CONTEXT) == []


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword", "PASSWORDPASSWORD", "aaaaaaaaaaaaaaaaaa", "abcabcabcabcabcabc", "12345678900987654321",
        "qwerty123456789", "Password1234567!", "1234567sunshine", _WIDE,
    ],
)  # fmt: skip
def test_s16_common_passwords_are_refused_however_they_are_padded(password: str) -> None:
    """Repeated, in capitals, in wide letters, with the digits everybody adds."""
    assert password_problems(password, has_second_factor=False) == ["This password is too common."]


def test_s16_every_listed_password_is_refused_even_beside_a_second_factor() -> None:
    """All thirty thousand."""
    assert [word for word in common_passwords() if not password_problems(word, has_second_factor=True)] == []
    assert len(common_passwords()) > 25_000


@pytest.mark.parametrize(
    "password", ["vantrexia2026!!", "RiversideFamily1", "sarah.johnson@riverside.example", "JohnsonSarah1958"]
)
def test_s16_names_that_a_guesser_tries_first_are_refused(password: str) -> None:
    """The service's, the practice's, one's own."""
    assert "too close" in password_problems(password, has_second_factor=False, context=CONTEXT)[0]


def test_s16_composed_and_decomposed_letters_are_one_password() -> None:
    """And nothing else is folded or trimmed."""
    assert normalise("Cafe\u0301 ") == normalise("Caf\u00e9 ") == "Caf\u00e9 "
    assert normalise("Secret") != normalise("secret")
