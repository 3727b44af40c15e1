"""The triage board."""

from datetime import UTC, datetime

from flask import render_template
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.domain.roles import Permission
from app.schemas.triage import BoardQuerySchema
from app.services.triage.board import count_levels, list_board
from app.services.triage.live import get_board_mark
from app.web.security import actor


@console_page("/", Permission.READ_TRIAGE, otherwise="admin.patients")
def board() -> ResponseReturnValue:
    """Show who needs help first."""
    query = load_query(BoardQuerySchema())
    mark = get_board_mark(actor())  # before what it stands for: news in between shows as another mark
    page, counts = list_board(actor(), query), count_levels(actor())
    return render_template("admin/board.html", query=query, page=page, counts=counts, mark=mark, at=datetime.now(UTC))
