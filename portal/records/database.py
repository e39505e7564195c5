"""The database: engines, migrations, and transactions that know whose they are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from portal.records.base import Db

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"
Role = Literal["subscriber", "staff", "signin", "worker"]
SERVER_SETTINGS = {
    "application_name": "portal",
    "jit": "off",
    "timezone": "UTC",
    "statement_timeout": "60s",
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "120s",
}


def engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine of the web's or the worker's login role."""
    return create_async_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=15, connect_args={"server_settings": SERVER_SETTINGS}
    )


class UnfitLogin(Exception):
    """The login role would pass by row-level security; the message names it."""


@asynccontextmanager
async def transaction(pool: AsyncEngine, role: Role, *, subscriber_id: UUID | None = None) -> AsyncIterator[Db]:
    """A transaction of a role, for those without a session (sign-in, worker, command line). Commits on a clean exit."""
    async with pool.begin() as db:
        await become(db, role, subscriber_id=subscriber_id)
        yield db


async def become(db: Db, role: Role, *, subscriber_id: UUID | None = None, person_id: UUID | None = None) -> None:
    """Put a role and a tenancy on the running transaction; they end with it."""
    statement = text(
        """
        SELECT set_config('portal.subscriber', :subscriber, true), set_config('portal.person', :person, true),
               set_config('role', :role, true)
        """
    )
    await db.execute(
        statement,
        {"subscriber": str(subscriber_id or ""), "person": str(person_id or ""), "role": f"portal_{role}"},
    )


async def migrate(owner_url: str, *, login_url: str) -> None:
    """Bring the schema to its newest revision and let the login role of `login_url` act in every role. Repeatable.

    The owner may make roles; it need not be a superuser. Raises UnfitLogin for a login that is one, or is the owner.
    """
    pool = create_async_engine(owner_url)
    try:
        async with pool.connect() as db:
            await db.execute(text("CREATE EXTENSION IF NOT EXISTS btree_gist"))
            await db.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            await db.commit()
            await db.run_sync(_upgrade)
            await db.commit()
        async with pool.begin() as db:
            await _allow_login(db, login_url)
    finally:
        await pool.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _allow_login(db: Db, login_url: str) -> None:
    login = make_url(login_url)
    name, password = login.username or "", login.password or ""
    unfit = await db.scalar(
        text("SELECT rolsuper OR rolbypassrls OR rolname = current_user FROM pg_roles WHERE rolname = :name"),
        {"name": name},
    )
    if unfit:
        raise UnfitLogin(f"{name} passes by row-level security: the portal needs a login role of its own")
    # A role's name and password cannot be bound as parameters: PostgreSQL quotes them for us.
    make = "CREATE" if unfit is None else "ALTER"
    quoted = await db.scalar(
        text(
            "SELECT format('%s ROLE %I LOGIN NOINHERIT PASSWORD %L',"
            " CAST(:make AS text), CAST(:name AS text), CAST(:secret AS text))"
        ),
        {"make": make, "name": name, "secret": password},
    )
    await db.exec_driver_sql(str(quoted))
    login_role = await db.scalar(text("SELECT quote_ident(:name)"), {"name": name})
    for statement in (
        f"GRANT portal_subscriber, portal_staff, portal_signin, portal_worker TO {login_role}",
        # The function is the keeper's: only a member grants it on.
        "GRANT portal_keeper TO CURRENT_USER",
        f"GRANT EXECUTE ON FUNCTION enter_session(bytea, timestamptz) TO {login_role}",
        "REVOKE portal_keeper FROM CURRENT_USER",
    ):
        await db.exec_driver_sql(statement)
