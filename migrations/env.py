"""Runs migrations as the owner role; the application's role owns nothing and is granted what it needs."""

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, make_url, pool

from app.models import Base
from migrations.walls import is_ours

settings = current_app.config["SETTINGS"]


def run() -> None:
    """Migrate in one transaction, waiting at most two seconds for any lock."""
    engine = create_engine(settings.migration_database_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=is_ours,
            compare_type=True,
            app_role=make_url(settings.database_url).username,
            sealer_role=make_url(settings.audit_database_url).username,
        )
        with context.begin_transaction():
            connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
            context.run_migrations()


run()
