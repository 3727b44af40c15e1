"""Files of keys: announced keys wait, bad files change nothing, writing is one step."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.crypto.key_file import DatedKey, KeyFile, KeyFileInvalid, newest_working

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    """A file that is looked at every time."""
    return KeyFile(tmp_path / "keys", look_every=0)


def test_what_is_written_is_read(file: KeyFile) -> None:
    """With the time, and readable by its owner only."""
    keys = [DatedKey(NEW, NOW), DatedKey(OLD)]
    file.write(keys)
    assert file.read() == keys
    assert file.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("seconds", "chosen"), [(-1, OLD), (0, NEW), (1, NEW)])
def test_an_announced_key_works_from_its_time_on(seconds: int, chosen: bytes) -> None:
    """Inclusive."""
    ring = [DatedKey(NEW, NOW), DatedKey(OLD)]
    assert newest_working(ring, NOW + timedelta(seconds=seconds)).key == chosen


@pytest.mark.parametrize(
    "text",
    ["", "# nothing", "not base64!", base64.b64encode(b"short").decode(), f"{base64.b64encode(OLD).decode()} from=soon",
     f"{base64.b64encode(OLD).decode()} from=2026-11-01T00:00:00"],
)  # fmt: skip
def test_a_file_of_something_else_is_refused_and_no_news(file: KeyFile, text: str) -> None:
    """The keys in use stay in use."""
    file.path.write_text(text)
    assert file.news() is None
    with pytest.raises(KeyFileInvalid):
        file.read()


def test_only_a_changed_file_is_news(file: KeyFile) -> None:
    """Looking costs one system call."""
    file.write([DatedKey(OLD)])
    assert file.news() == [DatedKey(OLD)]
    assert file.news() is None
    file.write([DatedKey(NEW), DatedKey(OLD)])
    assert file.news() == [DatedKey(NEW), DatedKey(OLD)]


def test_a_missing_file_changes_nothing(file: KeyFile) -> None:
    """It may be a mount that comes back."""
    assert file.news() is None
