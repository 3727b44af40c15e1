"""What text can be stored at all."""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Say whether a text has neither NUL nor a lone surrogate, which no database column takes."""
    return _UNSTORABLE.search(text) is None
