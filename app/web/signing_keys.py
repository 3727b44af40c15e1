"""The keys that sign tokens and forms: an announced key verifies everywhere before it signs anywhere."""

import base64
import hashlib
import threading
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, g, has_app_context

from app.crypto.key_file import DatedKey, KeyFile, newest_working

_FORMS = b"vantrexia console forms"


class KeyRing:
    """The signing keys by their ids: the newest that works signs, all verify. Follows its file, if there is one."""

    def __init__(self) -> None:
        self._keys: dict[str, DatedKey] = {}
        self._forms: dict[bytes, str] = {}
        self._file: KeyFile | None = None
        self._lock = threading.Lock()

    def configure(self, keys: Iterable[bytes], file: KeyFile | None = None) -> None:
        """Take the keys, newest first, and the file where later ones will stand."""
        self._file = file
        self._take([DatedKey(key) for key in keys])
        self._look(at_once=True)

    def newest(self) -> tuple[str, bytes]:
        """Return the id and the key that signs: the same one throughout a request, so that both belong together."""
        if not has_app_context():
            return self._signing()
        if "signing_key" not in g:
            g.signing_key = self._signing()
        chosen: tuple[str, bytes] = g.signing_key
        return chosen

    def find(self, key_id: object) -> bytes | None:
        """Return the key of that id; None for anything else. An unknown id is reason to look at the file."""
        if not isinstance(key_id, str):
            return None
        self._look(at_once=key_id not in self._keys)
        found = self._keys.get(key_id)
        return found.key if found else None

    def form_keys(self) -> tuple[str, ...]:
        """Return the keys of cookies and forms, derived from the signing keys: the one that signs first."""
        self._look()
        ring = list(self._keys.values())
        first = newest_working(ring, datetime.now(UTC))
        ordered = [first, *(key for key in ring if key is not first)]
        return tuple(self._forms[key.key] for key in ordered)

    def _signing(self) -> tuple[str, bytes]:
        self._look()
        chosen = newest_working(self._keys.values(), datetime.now(UTC))
        return _key_id(chosen.key), chosen.key

    def _look(self, *, at_once: bool = False) -> None:
        if self._file is None:
            return
        with self._lock:  # who comes second must find the news taken in, not only read
            news = self._file.news(at_once=at_once)
            if news:
                self._take(news)

    def _take(self, keys: Iterable[DatedKey]) -> None:
        ring = list(keys)
        self._forms = {**self._forms, **{key.key: _derive(key.key) for key in ring}}
        self._keys = {_key_id(key.key): key for key in ring}


ring = KeyRing()


def init_app(app: Flask) -> None:
    """Sign cookies and forms with derived keys, and follow the ring without a restart."""
    _set_form_keys(app)
    app.before_request(lambda: _set_form_keys(app))


def _set_form_keys(app: Flask) -> None:
    newest, *older = ring.form_keys()
    if app.config.get("SECRET_KEY") == newest and app.config.get("SECRET_KEY_FALLBACKS") == older:
        return
    app.config.update(SECRET_KEY_FALLBACKS=older, SECRET_KEY=newest, WTF_CSRF_SECRET_KEY=[*reversed(older), newest])


def _derive(key: bytes) -> str:
    """Return a key for one purpose: knowing it tells nothing about the key it comes from."""
    derived = HKDF(SHA256(), 32, salt=None, info=_FORMS).derive(key)
    return base64.urlsafe_b64encode(derived).decode()


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"vantrexia kid" + key).hexdigest()[:16]
