"""Alembic's entry. `timebank.migrating` hands in a connection; nothing here reads settings."""

from alembic import context

from ledger.tables import metadata as ledger_metadata
from timebank.tables import metadata as app_metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=[ledger_metadata, app_metadata],
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
