"""The console's plan: which pages belong together, in the order in which they stand in the navigation.

Who may see a page is said at the page; a group leads to the first of its pages that somebody may see.
"""

from dataclasses import dataclass

from flask import request, url_for

from app.admin.base import console, may, permission_of


@dataclass(frozen=True, slots=True)
class Room:
    """A page of the navigation; the pages below its address belong to it, and those below `also`."""

    endpoint: str
    label: str
    also: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Return its address."""
        return url_for(self.endpoint)

    @property
    def is_open(self) -> bool:
        """Say whether the person who is signed in may see it."""
        permission = permission_of(self.endpoint)
        return permission is not None and may(permission)

    def nearness(self, path: str) -> int:
        """Return how much of a page's path is this room's: 0 if the page lies elsewhere."""
        home = url_for("admin.board")
        below = [place for place in (self.url, *(home + part for part in self.also)) if place != home]
        shared = [place for place in below if f"{path}/".startswith(f"{place}/")]
        return max(map(len, [self.url] if path == self.url else shared), default=0)


@dataclass(frozen=True, slots=True)
class Group:
    """Rooms that belong together, under one word of the main navigation."""

    label: str
    rooms: tuple[Room, ...]


PLAN = (
    Group("Care", (
        Room("admin.board", "Board", also=("triage",)),
        Room("admin.alerts", "Alerts"),
        Room("admin.escalations", "Escalations"),
        Room("admin.on_call", "On call"),
        Room("admin.decisions", "Decisions"),
    )),
    Group("Patients", (Room("admin.patients", "Patients"),)),
    Group("Devices", (Room("admin.devices", "Inventory"), Room("admin.inbox", "Inbox"))),
    Group("Time", (Room("admin.time_logs", "Entries", also=("timer",)), Room("admin.time_gaps", "What is missing"))),
    Group("Billing", (
        Room("admin.billing_month", "Month"),
        Room("admin.billing_worklist", "Worklist"),
        Room("admin.billing_entries", "Entries", also=("billing/run",)),
        Room("admin.billing_impacts", "Impacts"),
        Room("admin.billing_simulator", "Simulator"),
        Room("admin.billing_reports", "Reports"),
        Room("admin.billing_payers", "Payers", also=("billing/policies",)),
        Room("admin.fee_schedules", "Fees"),
    )),
    Group("Practice", (
        Room("admin.users", "People"),
        Room("admin.roles", "Roles"),
        Room("admin.policy", "Sign-in rules"),
        Room("admin.practice_thresholds", "Thresholds"),
        Room("admin.gateways", "Integrations"),
        Room("admin.emr_connection", "Medical records"),
        Room("admin.notification_providers", "Message providers"),
        Room("admin.notification_deliveries", "Deliveries"),
        Room("admin.audit", "Audit"),
    )),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sign:
    """A link of the navigation; `current` is what ARIA says of it: page, true (somewhere in it) or nothing."""

    label: str
    url: str
    current: str


@dataclass(frozen=True, slots=True)
class Navigation:
    """The groups somebody may enter, and the rooms of the group they are in."""

    groups: list[Sign]
    here: str
    rooms: list[Sign]


@console.app_template_global()
def navigation() -> Navigation:
    """Return the navigation as it stands at this request for whoever is signed in."""
    open_groups = [Group(group.label, tuple(room for room in group.rooms if room.is_open)) for group in PLAN]
    open_groups = [group for group in open_groups if group.rooms]
    nearest = max((room for group in open_groups for room in group.rooms), key=_nearness, default=None)
    room = nearest if nearest and _nearness(nearest) else None
    here = next((group for group in open_groups if room in group.rooms), None)
    groups = [_sign(group.label, group.rooms[0].url, is_here=group is here) for group in open_groups]
    rooms = [_sign(one.label, one.url, is_here=one is room) for one in here.rooms] if here else []
    return Navigation(groups, here.label if here else "", rooms if len(rooms) > 1 else [])


def _nearness(room: Room) -> int:
    return room.nearness(request.path)


def _sign(label: str, url: str, *, is_here: bool) -> Sign:
    return Sign(label, url, ("page" if request.path == url else "true") if is_here else "")
