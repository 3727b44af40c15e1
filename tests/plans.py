"""PostgreSQL's own account of a statement: how many rows it looked at to answer."""

import json
import re
from collections.abc import Sequence
from typing import Any

from app.database.wire import Ready
from app.domain.actor import Actor
from app.services.transaction import transaction
from tests.builders import in_house

Asked = tuple[str, Any]  # a statement and its parameters, as the driver takes them


def rows_looked_at(actor: Actor, asked: Sequence[Asked]) -> int:
    """Run statements as somebody and return how many rows their scans saw, taken or passed over."""
    with in_house(actor), transaction() as session:
        explained = [
            session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            for statement, parameters in asked
        ]
    return sum(_rows(plan[0]["Plan"]) for plan in map(_parsed, explained))


def of_driver(ready: Ready) -> Asked:
    """Return a statement with numbered places as one with named ones, which is what the driver takes."""
    text, values = ready
    return re.sub(r"\$(\d+)", r"%(p\1)s", text), {f"p{number}": value for number, value in enumerate(values, start=1)}


def _parsed(plan: Any) -> Any:
    return json.loads(plan) if isinstance(plan, str) else plan


def _rows(node: dict[str, Any]) -> int:
    below = sum(map(_rows, node.get("Plans", ())))
    if "Scan" not in node["Node Type"]:
        return below
    seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return below + round(seen * node["Actual Loops"])
