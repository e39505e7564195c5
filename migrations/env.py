"""Alembic's entry: the connection is handed over, so there is no ini file and no second place for URLs."""

from alembic import context

from portal.records import schema

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=schema.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
