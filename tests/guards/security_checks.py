"""Which test proves which security check, by the tests' names. `python -m tests.guards.security_checks` writes it."""

import ast
import re
from pathlib import Path

from config import ROOT
from tests.guards.trees import tree_of

PAGE = ROOT / "docs" / "security-checks.md"
_NUMBERED = re.compile(r"test_s(\d\d)_(\w+)")
_HEAD = """# Security checks and their tests

Written by `python -m tests.guards.security_checks` from the names of the tests; `make check` fails when it is old.
`make test` and `make test-slow` run them all.

| check | what | tests |
|---|---|---|
"""

CHECKS = {
    1: "access tokens live 15 minutes",
    2: "refresh tokens rotate and live a day",
    3: "parallel rotations give one pair",
    4: "a stolen refresh token ends its session",
    5: "that survives errors and restarts",
    6: "sessions end absolutely",
    7: "no forged token opens anything",
    8: "weak keys stop the start",
    9: "logout, disabling and changes act at once",
    10: "five failures lock for thirty minutes",
    11: "known and unknown accounts cannot be told apart",
    12: "unknown addresses lock too",
    13: "a code works once",
    14: "guessed codes lock",
    15: "the second factor cannot be skipped",
    16: "password rules",
    17: "limit headers on every response",
    18: "scopes of the limits",
    19: "the body and headers of 429",
    20: "no Retry-After on a success",
    21: "the limit's key cannot be forged",
    22: "no burst at the window's edge",
    23: "limits hold over processes",
    24: "limits without Redis",
    25: "foreign ids in paths",
    26: "foreign ids in bodies and queries",
    27: "foreign rows in lists, searches and exports; patients see themselves",
    28: "the role matrix",
    29: "the contract holds, and nothing works without a token",
    30: "mass assignment",
    31: "no undocumented field in an answer",
    32: "row security is on",
    33: "row security fails closed",
    34: "practices never mix on one connection",
    35: "hostile JSON",
    36: "the shape of errors",
    37: "errors leak nothing",
    38: "size limits",
    39: "content types",
    40: "methods",
    41: "injection and stored scripts",
    42: "pagination",
    43: "request smuggling",
    44: "the trail is complete",
    45: "the trail is atomic with the data",
    46: "no access without its record",
    47: "the application cannot alter the trail",
    48: "alterations are detected",
    49: "the verifier is independent",
    50: "sealing keeps up",
    51: "late commits are sealed",
    52: "reports of the trail",
    53: "retention",
    55: "plain http",
    56: "protective headers",
    57: "verified TLS to databases and outside",
    58: "health information is ciphertext",
    59: "ciphertext is bound to its place",
    60: "the same text twice differs",
    61: "keys rotate online",
    62: "no secrets in logs, errors or jobs",
    63: "the console's cookies",
    64: "cross-site requests",
    65: "content security policy",
    66: "tokens and cookies do not mix",
    67: "idle and absolute log-off",
    68: "nothing stays in caches",
    69: "nothing acknowledged is lost or doubled by a kill",
    70: "idempotency",
    71: "one reading however often it is delivered",
    73: "the database restarts under load",
    77: "a worker killed in the middle of a job",
    80: "no call into our own network",
    81: "webhooks in",
    90: "no default accounts, no debugger",
    91: "emergency access",
    92: "the inventory of routes",
}


def proofs(directory: Path = ROOT / "tests") -> dict[int, list[str]]:
    """Return the tests of each check, as `file: name`, in order."""
    found: dict[int, list[str]] = {number: [] for number in CHECKS}
    for path in sorted(directory.rglob("test_*.py")):
        for node in ast.walk(tree_of(path)):
            numbered = _NUMBERED.fullmatch(node.name) if isinstance(node, ast.FunctionDef) else None
            if numbered:
                name = f"{path.relative_to(directory.parent)}: {numbered[2].replace('_', ' ')}"
                found.setdefault(int(numbered[1]), []).append(name)
    return found


def unproven(directory: Path = ROOT / "tests") -> set[int]:
    """Return the checks that no test names."""
    return {number for number, tests in proofs(directory).items() if number in CHECKS and not tests}


def page() -> str:
    """Return the page of the docs."""
    found = proofs()
    rows = [f"| S{number:02} | {what} | {'<br>'.join(found[number])} |" for number, what in CHECKS.items()]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
