"""The migrations and the tables of the code say the same."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database
from portal.records.schema import metadata


async def test_migrations_make_the_tables_of_the_code(owner_pool: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with owner_pool.connect() as db:
        assert await db.run_sync(differences) == []


async def test_migrating_again_changes_nothing(owner_url: str, database_url: str, owner_pool: AsyncEngine) -> None:
    await database.migrate(owner_url, login_url=database_url)
    async with owner_pool.connect() as db:
        version = (await db.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar_one()
    assert version == max(path.name[:4] for path in (database.MIGRATIONS / "versions").glob("0*.py"))
