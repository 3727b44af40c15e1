"""Logs as JSON lines: where and what kind, never whose. Only fields of a fixed list are written."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

_FIELDS = ("request_id", "method", "route", "status", "milliseconds")


class JsonLines(logging.Formatter):
    """One JSON object a line. Of an exception only its type and the code places, never its message or locals."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        error = getattr(record, "trace", None) or (record.exc_info[1] if record.exc_info else None)
        if isinstance(error, BaseException):
            line["error"] = type(error).__name__
            frames = traceback.extract_tb(error.__traceback__)
            line["trace"] = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
        return json.dumps(line)


def init_app(level: str) -> None:
    """Send all logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger("app")
    root.handlers, root.propagate = [handler], False
    root.setLevel(level)
