"""Probes (`/health/`): open, not counted, and without detail for strangers beyond what a load balancer needs."""

from typing import Any

from flask import Blueprint, current_app

from app.services.health import (
    Part,
    check_audit,
    check_database,
    check_disk,
    check_fhir,
    check_inbox,
    check_integrity,
    check_jobs,
    check_partitions,
    overall,
)
from app.web.security import public

health = Blueprint("health", __name__, url_prefix="/health")


@health.get("/live")
@public
def live() -> Any:
    """Say that the process answers."""
    return {"status": "healthy"}


@health.get("/ready")
@public
def ready() -> Any:
    """Say whether requests can be served now."""
    state = overall(_parts())
    return {"status": state}, 503 if state == "down" else 200


@health.get("/")
@public
def report() -> Any:
    """Report each part: healthy, degraded or down, with its latency."""
    parts = _parts()
    body = {part.name: _told(part) for part in parts}
    state = overall(parts)
    return {"status": state, "parts": body}, 503 if state == "down" else 200


def _told(part: Part) -> dict[str, Any]:
    told: dict[str, Any] = {"status": part.state, "latency_ms": part.latency_ms}
    numbers = {"count": part.count, "oldest_seconds": part.oldest_seconds}
    return told | {name: number for name, number in numbers.items() if number is not None}


def _parts() -> list[Part]:
    settings = current_app.config["SETTINGS"]
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    return [
        *check_database(current_app.config["SCHEMA_REVISION"]),
        check_jobs(),
        check_inbox(),
        check_partitions(),
        check_integrity(),
        check_audit(),
        check_fhir(),
        check_disk(settings.var_dir),
    ]
