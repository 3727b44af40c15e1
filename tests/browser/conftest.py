"""A running console and a browser before it: Chromium, which must find nothing to complain about."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright
from werkzeug.serving import make_server

from config import ROOT
from tests.browser.looks import Onlooker

NARROW = {"width": 360, "height": 780}
WIDE = {"width": 1280, "height": 900}
SCREENSHOTS = ROOT / "artifacts" / "screenshots"


@pytest.fixture(scope="session")
def site(app: Flask) -> Iterator[str]:
    """The application on a loopback port, in a thread of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; each gets a profile of its own."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains of: errors, blocked code, failed requests. A test takes out what it expects."""
    return []


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def any_width(request: pytest.FixtureRequest) -> dict[str, int]:
    """A desk and a telephone."""
    width: dict[str, int] = request.param
    return width


@pytest.fixture
def open_page(chromium: Browser, site: str, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Open a page in a fresh profile; at the end nothing may have been complained of."""
    contexts = []

    def opened(size: dict[str, int] = WIDE, **options: bool) -> Page:
        context = chromium.new_context(base_url=site, viewport=size, timezone_id="America/Chicago", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _note_message(message, complaints))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda response: _note_response(response, complaints))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Onlooker:
    """Somebody who looks at a page: overflow, accessibility, a picture to keep."""
    return Onlooker(Path(SCREENSHOTS), request.node.callspec.id if hasattr(request.node, "callspec") else "wide")


def _note_message(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
        complaints.append(message.text)


def _note_response(response: Response, complaints: list[str]) -> None:
    if response.status >= 400:
        complaints.append(f"{response.status} {response.url}")
