"""Made-up people by the thousand: the most frequent US names, so that a search finds what a real one would."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

_WOMEN = """
    Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Karen Sarah Lisa Nancy Sandra Betty Ashley Emily
    Kimberly Margaret Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia Dorothy
    Amy Kathleen Angela Shirley Emma Brenda Pamela Nicole Anna Samantha
"""
_MEN = """
    James Michael Robert John David William Richard Joseph Thomas Christopher Charles Daniel Matthew Anthony Mark
    Donald Steven Andrew Paul Joshua Kenneth Kevin Brian Timothy Ronald George Jason Edward Jeffrey Ryan Jacob
    Nicholas Gary Eric Jonathan Stephen Larry Justin Scott Brandon
"""
_FAMILIES = """
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson
    Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker
    Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell
    Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy
    Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson
    Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross
    Foster Jimenez Powell Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Gonzales Fisher
"""
_GIVEN = [(name, "female") for name in _WOMEN.split()] + [(name, "male") for name in _MEN.split()]
_SURNAMES = _FAMILIES.split()

SEARCHES = (
    "smith", "john", "garcia", "patel", "nguy", "rodrig", "mary smith", "lee", "ander", "MRN-00042", "mrn 0123", "eliz",
    "sanchez", "michael", "kimb", "will", "jennifer lopez", "brown", "son", "09999",
)  # fmt: skip
SHORT_SEARCHES = (
    "a", "s", "m", "jo", "sm", "le", "ma", "wi", "z", "k", "ga", "ro", "el", "b", "th", "an", "42", "x", "d", "ki",
)  # fmt: skip
_FIRST_BIRTHDAY, _BIRTHDAYS = date(1930, 1, 1), 22_000


@dataclass(frozen=True, slots=True)
class Someone:
    """Who a seeded patient is."""

    first_name: str
    last_name: str
    date_of_birth: date
    phone: str
    email: str
    gender: str


def somebody(number: int, dice: random.Random) -> Someone:
    """Return the n-th made-up person."""
    (first, gender), last = dice.choice(_GIVEN), dice.choice(_SURNAMES)
    return Someone(
        first_name=first,
        last_name=last,
        date_of_birth=_FIRST_BIRTHDAY + timedelta(days=dice.randrange(_BIRTHDAYS)),
        phone=f"+1217555{number % 10_000:04d}",
        email=f"{first}.{last}.{number}@example.com".lower(),
        gender=gender,
    )
