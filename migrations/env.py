"""Runs migrations as the owner role; the application's role owns nothing and is granted what it needs."""

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, make_url, pool

from app.models import Base

settings = current_app.config["SETTINGS"]
_NOT_OURS = ("procrastinate_", "audit_events_")


def is_ours(name: str | None, kind: str) -> bool:
    """Leave the queue's own tables and the monthly partitions out of comparisons."""
    return kind != "table" or not str(name).startswith(_NOT_OURS)


def run() -> None:
    """Migrate in one transaction, waiting at most two seconds for any lock."""
    engine = create_engine(settings.migration_database_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=lambda _object, name, kind, _reflected, _other: is_ours(name, kind),
            compare_type=True,
            app_role=make_url(settings.database_url).username,
            sealer_role=make_url(settings.audit_database_url).username,
        )
        with context.begin_transaction():
            connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
            context.run_migrations()


run()
