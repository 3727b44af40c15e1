"""What kind of program a session belongs to, for the person who looks for a strange one. Coarse on purpose."""

_PROGRAMS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"), ("curl/", "curl"), ("python-requests/", "Python"), ("python-httpx/", "Python"),
    ("okhttp/", "Android app"), ("CFNetwork/", "Apple app"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def describe_client(user_agent: str) -> str:
    """Return "Firefox on Windows" of a User-Agent header; "unknown" when nothing in it is known."""
    program = next((name for mark, name in _PROGRAMS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " on ".join(filter(None, (program, system))) or "unknown"
