"""Input meant to break a parser, a validator or a database: the set of 03 §10 and what came up since."""

from typing import Any

BODIES = {
    "nothing": b"",
    "null": b"null",
    "array": b"[]",
    "array of 10,000": b"[" + b",".join([b"1"] * 10_000) + b"]",
    "number": b"1",
    "text": b'"a"',
    "cut off": b'{"email":',
    "bad utf-8": b'{"email":"\xff"}',
    "utf-16": '{"email":"a"}'.encode("utf-16"),
    "bom": b'\xef\xbb\xbf{"email":"a"}',
    "nan": b'{"email":NaN}',
    "infinity": b'{"email":-Infinity}',
    "duplicate names": b'{"email":"a@b.example","email":"c@d.example","password":"x"}',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "5,000 digits": b'{"email":' + b"9" * 5000 + b"}",
    "huge exponent": b'{"email":1e999999999}',
    "integer beyond 8 bytes": b'{"email":18446744073709551616}',
    "nul": b'{"email":"a\\u0000@b.example","password":"x"}',
    "surrogate": b'{"email":"\\ud800","password":"x"}',
    "surrogate name": b'{"\\ud800":1}',
    "unknown name": b'{"no_such_field":1}',
    "prototype": b'{"__proto__":{"is_admin":true}}',
    "trailing comma": b'{"email":"a",}',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\x00" * 64,
}

# Values that no field takes, whatever its type.
NEVER: dict[str, Any] = {
    "nul": "a\u0000b",
    "an object of rubbish": {"$ne": None},
    "beyond 64 bits": 2**64,
}
# Values that a field of that type does not take.
WRONG: dict[str, dict[str, Any]] = {
    "integer": {"text": "12", "fraction": 1.5, "whole fraction": 1.0, "true": True, "list": [], "negative": -(2**63)},
    "number": {"text": "12", "true": True, "list": [1], "huge": 10**18, "precise": 1.123456789012345},
    "string": {"number": 12, "true": True, "list": ["a"], "long": "x" * 100_000},
    "boolean": {"text": "true", "number": 1, "list": []},
    "array": {"text": "a", "number": 1, "object": {"a": 1}, "nested": [[[]]], "many": ["x"] * 10_000},
    "object": {"text": "a", "number": 1, "list": []},
}
WRONG_FORMAT: dict[str, dict[str, Any]] = {
    "date-time": {"no zone": "2026-01-10T14:30:00", "a year too late": "9999-01-01T00:00:00Z", "a day": "2026-01-10"},
    "date": {"no such day": "2026-02-30", "a time": "2026-01-10T00:00:00Z", "the year 1": "0001-01-01"},
    "uuid": {"none": "not-a-uuid", "braces and sql": "{' OR 1=1 --}"},
}

SLEEP_SECONDS = 20  # longer than a busy machine takes for any request

# Texts that a field may take; then they must stay texts.
INJECTIONS = [
    "' OR '1'='1",
    "'; DROP TABLE patients; --",
    '" UNION SELECT password_hash FROM users --',
    f"%' AND pg_sleep({SLEEP_SECONDS}) --",
    "{{ 7*7 }}${7*7}<%= 7*7 %>",
    "{{ config.SECRET_KEY }}",
    "a\r\nSet-Cookie: hacked=1",
    "*)(uid=*))(|(uid=*",
    '=HYPERLINK("http://evil.example")',
    "../../../../etc/passwd",
    "%00%0d%0a",
]
SCRIPTS = [
    "<script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "'-window.hacked=1-'",
    "</title><svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
]
PAGES = ["0", "-1", "1e20", "100000000000000000000", "%00", "\x00", "1.0", "abc", "", "1 ", "٣"]
PAGE_SIZES = [*PAGES, "101", "1000000000"]
FORBIDDEN_FIELDS: dict[str, Any] = {
    "role": "admin",
    "is_superuser": True,
    "is_staff": True,
    "practice_id": "01a20af7-0000-7000-8000-0000deadbeef",
    "id": "01a20af7-0000-7000-8000-0000deadbeef",
    "user_id": 1,
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "locked_until": None,
    "disabled_at": None,
    "security_version": 0,
    "password_hash": "x",
    "version": 1,
}
