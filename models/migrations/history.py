"""What needs alembic: applying the schema's history, comparing it with the code, and writing on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, pool

from models import tables
from models.migrations.rendering import comparable

_FOLDER = Path(__file__).parent


def upgrade(connection: Connection) -> None:
    """Apply what the database has not had yet."""
    command.upgrade(_config(connection), "head")


def differences(connection: Connection) -> Sequence[Any]:
    """Compare a migrated database with the tables in code."""
    context = MigrationContext.configure(connection, opts={"compare_type": comparable})
    return list(compare_metadata(context, tables.metadata))


def write_migration(title: str, *, number: int) -> None:
    """Write the next migration from what the tables in code have that the newest schema has not."""
    engine = create_engine("sqlite://", poolclass=pool.StaticPool)
    with engine.begin() as connection:
        upgrade(connection)
        command.revision(_config(connection), title, autogenerate=True, rev_id=f"{number:04d}")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
