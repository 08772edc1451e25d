"""Alembic's entry: it runs only on a connection that models.migrations hands over."""

from alembic import context

from models import tables
from models.migrations.rendering import comparable, render_type

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_item=render_type,
    compare_type=comparable,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
