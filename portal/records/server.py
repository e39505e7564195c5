"""The databases of a PostgreSQL server: made, renamed and dropped by its owner (first run of the demo)."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


async def exists(owner_url: str, name: str) -> bool:
    """Whether the server has a database of this name."""
    pool = create_async_engine(owner_url)
    try:
        async with pool.connect() as db:
            found = await db.scalar(text("SELECT true FROM pg_database WHERE datname = :name"), {"name": name})
            return found is not None
    finally:
        await pool.dispose()


async def make_anew(owner_url: str, name: str) -> None:
    """Make an empty database; what an interrupted run left under this name is dropped."""
    await _run(owner_url, "DROP DATABASE IF EXISTS %I WITH (FORCE)", name)
    await _run(owner_url, "CREATE DATABASE %I", name)


async def rename(owner_url: str, name: str, *, to: str) -> None:
    """Give a finished database its name, in one step. Nobody may be connected to it."""
    await _run(owner_url, "ALTER DATABASE %I RENAME TO %I", name, to)


async def _run(owner_url: str, pattern: str, *names: str) -> None:
    pool = create_async_engine(owner_url, isolation_level="AUTOCOMMIT")
    try:
        async with pool.connect() as db:
            # Names cannot be bound as parameters: PostgreSQL quotes them for us.
            bound = {f"name{place}": name for place, name in enumerate(names)}
            quoted = ", ".join(f"CAST(:{name} AS text)" for name in bound)
            statement = await db.scalar(text(f"SELECT format(:pattern, {quoted})"), {"pattern": pattern, **bound})
            await db.exec_driver_sql(str(statement))
    finally:
        await pool.dispose()
