"""Somebody signed in to the console with the board open, as in a browser: cookies, the page's mark, its questions."""

import http.client
import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import urlencode

_LIVE = re.compile(r'data-live="([^"]+)" data-mark="([^"]+)"')
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Visitor:
    """Signs in and opens the board. Several threads may ask at once, unless one connection serves them all."""

    def __init__(self, port: int, email: str, password: str, *, stays_connected: bool = False) -> None:
        self._port, self._cookies = port, SimpleCookie()
        self._kept = self._connection() if stays_connected else None
        form = {"email": email, "password": password, "csrf_token": self._open("/admin/login", _TOKEN)[1][1]}
        self._ask("POST", "/admin/login", urlencode(form), _FORM)
        self._path, self._mark = "", ""
        self.read()

    def read(self) -> str:
        """Open the board anew, keep its mark, and return the page."""
        text, live = self._open("/admin/", _LIVE)
        self._path, self._mark = live[1].replace("&amp;", "&"), live[2]
        return text

    def is_current(self) -> bool:
        """Ask as the open page does; raises RuntimeError at anything but the two answers."""
        headers = {"HX-Request": "true", "HX-Trigger": "live", "If-None-Match": f'"{self._mark}"'}
        status, _ = self._ask("GET", self._path, headers=headers)
        if status not in {204, 304}:
            raise RuntimeError(f"an open page was answered with {status}")
        return status == 304

    def _open(self, path: str, wanted: re.Pattern[str]) -> tuple[str, re.Match[str]]:
        status, text = self._ask("GET", path)
        found = wanted.search(text)
        if status != 200 or found is None:
            raise RuntimeError(f"{path} was answered with {status}, and not with what was looked for")
        return text, found

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        cookies = "; ".join(f"{name}={one.value}" for name, one in self._cookies.items())
        connection = self._kept or self._connection()
        connection.request(method, path, body, {**(headers or {}), "Cookie": cookies})
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            self._cookies.load(line)
        return answer.status, answer.read().decode()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
