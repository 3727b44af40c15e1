"""Which month a page is of."""

from app.domain.billing.local_months import Month, month_of
from app.services.practices import get_timezone
from app.services.transaction import now
from app.web.security import actor


def shown_month(chosen: Month | None) -> Month:
    """Return the month that was chosen; the present one, where the practice is, when none was."""
    return chosen or month_of(now(), get_timezone(actor()))
