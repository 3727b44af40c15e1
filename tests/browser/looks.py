"""Looking at a page: does it fit, can everybody use it, and what does it look like."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from config import ROOT
from tests.builders import Person

_AXE = (ROOT / "tests" / "data" / "axe-core-4.14.1" / "axe.min.js").read_text()
_RUN = "axe.run({resultTypes: ['violations']}).then(found => JSON.stringify(found.violations))"
_GRAVE = {"serious", "critical"}


@dataclass(frozen=True)
class Onlooker:
    """Looks at pages and keeps a picture of each."""

    pictures: Path
    width: str

    def at(self, page: Page, name: str, *, except_for: frozenset[str] = frozenset()) -> None:
        """Take a picture; the page must not be wider than the window, and axe must find nothing grave."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=self.pictures / f"{name}-{self.width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert [found for found in grave_findings(page) if found[0] not in except_for] == []


def grave_findings(page: Page) -> list[tuple[str, list[Any]]]:
    """Return axe's serious and critical findings with the elements; run past the policy, as a debugger is."""
    debugger = page.context.new_cdp_session(page)
    answer = debugger.send(
        "Runtime.evaluate", {"expression": f"{_AXE};{_RUN}", "awaitPromise": True, "returnByValue": True}
    )
    debugger.detach()
    found = json.loads(answer["result"]["value"])
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] in _GRAVE]


def enter(page: Page, person: Person, path: str = "/admin/") -> None:
    """Sign in through the form, as somebody who wanted that page."""
    page.goto(path)
    with page.expect_navigation():
        sign_in(page, person)


def sign_in(page: Page, person: Person) -> None:
    """Fill in the form that is shown, and send it."""
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()


def unfold(page: Page) -> None:
    """Open the filters where they are folded away: on a telephone."""
    filters = page.locator(".search__fold > summary")
    if filters.is_visible():
        filters.click()


def sign_out(page: Page) -> None:
    """Sign out through the account menu."""
    page.locator("#account-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
