"""Background work: the procrastinate application and its tasks. Thin: each task calls one service."""

from app.jobs.queue import init_app

__all__ = ["init_app"]
