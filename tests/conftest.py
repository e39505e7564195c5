"""One PostgreSQL per test process, one template database, a copy for each module that asks."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from portal.gateways.postgres import EmbeddedPostgres
from portal.records import database
from tests.builders import World, build_world
from tests.portals import Portal, portal_in

NOON = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
LOGIN = {"user": "portal_web", "password": "portal-web-of-the-tests"}


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with (
        tempfile.TemporaryDirectory(prefix="portal-tests-") as directory,
        EmbeddedPostgres(Path(directory), durable=False) as cluster,
    ):
        yield cluster


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated, empty database to copy from."""
    await administer(postgres, "CREATE DATABASE portal_template")
    await database.migrate(postgres.url("portal_template"), login_url=postgres.url("portal_template", **LOGIN))
    return "portal_template"


async def administer(postgres: EmbeddedPostgres, statement: str) -> None:
    """Run one statement as the owner of the cluster, outside any transaction."""
    pool = create_async_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    async with pool.connect() as db:
        await db.execute(text(statement))
    await pool.dispose()


@pytest.fixture(scope="module")
async def database_name(postgres: EmbeddedPostgres, template: str) -> str:
    """A fresh database of this module's own."""
    name = f"test_{uuid4().hex[:12]}"
    await administer(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return name


@pytest.fixture(scope="module")
def database_url(postgres: EmbeddedPostgres, database_name: str) -> str:
    """Where the portal connects: the login role, which is not the owner."""
    return postgres.url(database_name, **LOGIN)


@pytest.fixture(scope="module")
def owner_url(postgres: EmbeddedPostgres, database_name: str) -> str:
    return postgres.url(database_name)


@pytest.fixture(scope="module")
async def pool(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = database.engine(database_url)
    yield made
    await made.dispose()


@pytest.fixture(scope="module")
async def owner_pool(owner_url: str) -> AsyncIterator[AsyncEngine]:
    """The owner of the schema, for arranging and looking, never for acting."""
    made = create_async_engine(owner_url)
    yield made
    await made.dispose()


@pytest.fixture(scope="module")
async def world(pool: AsyncEngine) -> World:
    """Two subscribers and the staff, in this module's own database."""
    return await build_world(pool)


@pytest.fixture(scope="module")
async def portal(database_url: str, pool: AsyncEngine, world: World) -> AsyncIterator[Portal]:
    """The portal at noon of 2026-10-15 in Tokyo; tests may move its clock."""
    async with portal_in(database_url, pool, world, at=NOON) as running:
        yield running
