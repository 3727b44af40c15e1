"""The triage board."""

from datetime import UTC, datetime

from flask import render_template
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.domain.roles import Permission
from app.schemas.triage import BoardQuerySchema
from app.services.triage.board import count_levels, list_board
from app.web.security import actor


@console_page("/", Permission.READ_TRIAGE, otherwise="admin.patients")
def board() -> ResponseReturnValue:
    """Show who needs help first."""
    query = load_query(BoardQuerySchema())
    page, counts = list_board(actor(), query), count_levels(actor())
    return render_template("admin/board.html", query=query, page=page, counts=counts, at=datetime.now(UTC))
