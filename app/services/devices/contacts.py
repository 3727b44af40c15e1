"""What devices say of themselves: battery, signal, a sign of life. Never a day with data, never a new version."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import DeviceContact


def note_contact(
    session: Session,
    practice_id: UUID,
    device_id: UUID,
    seen_at: datetime,
    battery_percent: int | None = None,
    signal_percent: int | None = None,
) -> None:
    """Keep the latest message's word; an older one that comes late changes nothing, an absent value keeps the last."""
    said = insert(DeviceContact).values(
        practice_id=practice_id,
        device_id=device_id,
        last_seen_at=seen_at,
        battery_percent=battery_percent,
        signal_percent=signal_percent,
    )
    newer = {
        "last_seen_at": said.excluded.last_seen_at,
        "battery_percent": func.coalesce(said.excluded.battery_percent, DeviceContact.battery_percent),
        "signal_percent": func.coalesce(said.excluded.signal_percent, DeviceContact.signal_percent),
    }
    is_newer = said.excluded.last_seen_at > DeviceContact.last_seen_at
    session.execute(said.on_conflict_do_update(index_elements=["device_id"], set_=newer, where=is_newer))
