"""What time logs and billing may refuse."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.errors.core import Conflict


class TimeOverlap(Conflict):
    """The same person's time is logged already; `rule` says which rule forbids it, `conflicting_ids` with which rows.

    `TIME_DOUBLE_COUNTED`: a minute of one patient counts once, in one program. `ONE_PLACE_AT_A_TIME`: the person was
    with another patient.
    """

    code = "time_overlap"
    default_detail = "This person's time is logged or running already in these minutes."

    def __init__(self, rule: str, conflicting_ids: Sequence[UUID]) -> None:
        super().__init__()
        self.rule, self.conflicting_ids = rule, tuple(conflicting_ids)


class TimerRunning(Conflict):
    """The person has an open timer; `conflicting_ids` names it."""

    code = "timer_running"
    default_detail = "A timer is open already. Stop it before another one is started."

    def __init__(self, conflicting_ids: Sequence[UUID]) -> None:
        super().__init__()
        self.rule, self.conflicting_ids = "ONE_TIMER_A_PERSON", tuple(conflicting_ids)


class TimerNotRunning(Conflict):
    """The person has no open timer."""

    code = "timer_not_running"
    default_detail = "No timer is open."


class BillingConflict(Conflict):
    """A line may not stand beside others: each conflict names its rule and the rows."""

    code = "billing_conflict"
    default_detail = "The line may not stand beside others."


class EntryMoveNotAllowed(Conflict):
    """The line's life cycle does not lead there."""

    code = "entry_move_not_allowed"
    default_detail = "The line cannot take this status."
