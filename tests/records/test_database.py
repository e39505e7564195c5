"""Transactions that know whose they are, sessions resolved in the database, migrations by any owner."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from portal.gateways.postgres import EmbeddedPostgres
from portal.records import database, members, schema
from portal.records.members import Person
from portal.usecases import sessions
from tests.builders import World
from tests.conftest import LOGIN, administer

WHO = """
    SELECT current_user, session_user,
           current_setting('portal.subscriber', true), current_setting('portal.person', true)
"""
STARTED = datetime(2026, 10, 15, 0, 0, tzinfo=UTC)


@pytest.fixture
async def one_connection(database_url: str, world: World) -> AsyncIterator[AsyncEngine]:
    """A pool that has one connection only: whoever comes next gets the same."""
    made = database.engine(database_url, pool_size=1)
    yield made
    await made.dispose()


async def who(db: database.Db) -> tuple[object, ...]:
    return tuple((await db.execute(text(WHO))).one())


async def backend(pool: AsyncEngine) -> int:
    async with pool.connect() as db:
        return int(await db.scalar(text("SELECT pg_backend_pid()")) or 0)


async def test_role_and_tenancy_end_with_the_transaction(one_connection: AsyncEngine, world: World) -> None:
    before = await backend(one_connection)
    async with database.transaction(one_connection, "subscriber", subscriber_id=world.ours.id) as db:
        assert await who(db) == ("portal_subscriber", "portal_web", str(world.ours.id), "")
        assert await db.scalar(text("SELECT count(*) FROM subscribers")) == 1
    async with one_connection.connect() as db:
        assert await who(db) == ("portal_web", "portal_web", "", "")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(one_connection, "staff") as db:
            raise ZeroDivisionError
    async with one_connection.connect() as db:
        assert await who(db) == ("portal_web", "portal_web", "", "")
    assert await backend(one_connection) == before


async def test_control_a_setting_of_the_session_would_stay(one_connection: AsyncEngine, world: World) -> None:
    async with one_connection.begin() as db:
        await db.execute(text("SELECT set_config('portal.subscriber', :id, false)"), {"id": str(world.ours.id)})
    async with one_connection.connect() as db:
        assert (await who(db))[2] == str(world.ours.id)


async def test_without_a_tenancy_nothing_is_shown(pool: AsyncEngine, world: World) -> None:
    async with database.transaction(pool, "subscriber") as db:
        for table in ("subscribers", "members", "events", "contracts", "applications"):
            assert await db.scalar(text(f"SELECT count(*) FROM {table}")) == 0


@pytest.mark.parametrize("table", sorted(schema.metadata.tables))
async def test_the_login_role_alone_reads_nothing(pool: AsyncEngine, world: World, table: str) -> None:
    for statement in (f"SELECT FROM {table}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with pool.begin() as db:
                await db.execute(text(statement))


async def test_the_login_role_becomes_no_owner(pool: AsyncEngine, world: World) -> None:
    for role in ("postgres", "portal_keeper"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with pool.begin() as db:
                await db.execute(text("SELECT set_config('role', :role, true)"), {"role": role})


# Sessions


async def session(pool: AsyncEngine, world: World, person: Person) -> bytes:
    connection_id = world.ours.connection_id if person.realm == "subscriber" else world.desk.connection_id
    async with database.transaction(pool, "signin") as db:
        token = await sessions.start(
            db,
            at=STARTED,
            realm=person.realm,
            person_id=person.id,
            connection_id=connection_id,
            id_token="",
            provider_session=None,
        )
    return hashlib.sha256(token.encode()).digest()


async def entered(pool: AsyncEngine, token_hash: bytes, at: datetime) -> Person | None:
    async with pool.begin() as db:
        return await members.enter(db, token_hash=token_hash, at=at)


async def test_entering_puts_the_persons_own_role_and_tenancy_on_the_transaction(
    pool: AsyncEngine, world: World
) -> None:
    for person, role, company in (
        (world.ours.operator, "portal_subscriber", str(world.ours.id)),
        (world.desk.clerk, "portal_staff", ""),
    ):
        token_hash = await session(pool, world, person)
        async with pool.begin() as db:
            found = await members.enter(db, token_hash=token_hash, at=STARTED)
            assert found is not None
            assert (found.id, found.roles, found.company) == (person.id, person.roles, person.company)
            assert await who(db) == (role, "portal_web", company, str(person.id))


async def test_an_unknown_token_enters_nothing_and_changes_nothing(pool: AsyncEngine, world: World) -> None:
    async with pool.begin() as db:
        for unknown in (b"", b"\0", b"\xff" * 32):
            assert await members.enter(db, token_hash=unknown, at=STARTED) is None
        assert await who(db) == ("portal_web", "portal_web", "", "")


@pytest.mark.parametrize(
    ("idle", "alive"), [("1:59:59", True), ("2:00:00", False), ("2:00:01", False)], ids=["before", "at", "after"]
)
async def test_two_idle_hours_end_a_session(pool: AsyncEngine, world: World, idle: str, alive: bool) -> None:
    hours, minutes, seconds = map(int, idle.split(":"))
    token_hash = await session(pool, world, world.ours.operator)
    found = await entered(pool, token_hash, STARTED + timedelta(hours=hours, minutes=minutes, seconds=seconds))
    assert (found is not None) is alive


async def test_a_session_that_is_used_lives_on_but_not_beyond_twelve_hours(pool: AsyncEngine, world: World) -> None:
    token_hash = await session(pool, world, world.ours.operator)
    for hour in range(1, 12):
        assert await entered(pool, token_hash, STARTED + timedelta(hours=hour)) is not None
    assert await entered(pool, token_hash, datetime(2026, 10, 15, 11, 59, 59, tzinfo=UTC)) is not None
    assert await entered(pool, token_hash, datetime(2026, 10, 15, 12, 0, 0, tzinfo=UTC)) is None


async def test_use_is_written_down_every_five_minutes_only(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    token_hash = await session(pool, world, world.ours.operator)
    seen = []
    for minutes in (1, 5, 6, 10, 12):
        await entered(pool, token_hash, STARTED + timedelta(minutes=minutes))
        async with owner_pool.connect() as db:
            last = text("SELECT last_seen_at FROM sessions WHERE token_hash = :hash")
            seen.append((await db.scalar(last, {"hash": token_hash}) - STARTED).total_seconds() / 60)
    assert seen == [0, 0, 6, 6, 12]


async def test_no_request_waits_for_a_slow_one_of_the_same_session(pool: AsyncEngine, world: World) -> None:
    token_hash, at = await session(pool, world, world.ours.operator), STARTED + timedelta(minutes=6)
    async with pool.begin() as slow, pool.begin() as quick:
        assert await members.enter(slow, token_hash=token_hash, at=at) is not None
        await quick.execute(text("SET LOCAL lock_timeout = '20ms'"))
        assert await members.enter(quick, token_hash=token_hash, at=at) is not None


async def test_a_session_that_was_ended_is_dead_at_once(pool: AsyncEngine, world: World) -> None:
    token_hash = await session(pool, world, world.desk.clerk)
    async with database.transaction(pool, "signin") as db:
        assert await members.end_session(db, token_hash, at=STARTED) is not None
    assert await entered(pool, token_hash, STARTED) is None


# Evidence and migrations


@pytest.mark.parametrize("table", ["events", "policies", "policy_agreements", "invoices", "invoice_rows"])
async def test_evidence_is_never_emptied_not_even_by_the_owner(
    owner_pool: AsyncEngine, world: World, table: str
) -> None:
    with pytest.raises(IntegrityError, match="never changed or deleted"):
        async with owner_pool.begin() as db:
            await db.execute(text(f"TRUNCATE {table} CASCADE"))


async def test_migrating_again_changes_nothing_but_the_password(postgres: EmbeddedPostgres, template: str) -> None:
    await administer(postgres, "CREATE DATABASE migrated_twice")
    url = postgres.url("migrated_twice")
    for password in ("first", 'it\'s; "%s" :x @/ 二つ目'):
        login = {"user": "portal_other_web", "password": password}
        await database.migrate(url, login_url=postgres.url("migrated_twice", **login))
        pool = create_async_engine(postgres.url("migrated_twice", **login))
        async with database.transaction(pool, "staff") as db:
            assert await db.scalar(text("SELECT count(*) FROM subscribers")) == 0
        await pool.dispose()


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS"])
async def test_a_login_that_passes_by_row_level_security_is_refused(
    postgres: EmbeddedPostgres, template: str, power: str
) -> None:
    await administer(postgres, f"CREATE ROLE mighty_{power} LOGIN {power}")
    await administer(postgres, f"CREATE DATABASE of_{power}")
    url = postgres.url(f"of_{power.lower()}")
    for user in (f"mighty_{power.lower()}", "postgres"):
        login_url = postgres.url(f"of_{power.lower()}", user=user, password=postgres.password)
        with pytest.raises(database.UnfitLogin, match=user):
            await database.migrate(url, login_url=login_url)
    await administer(postgres, f"DROP ROLE mighty_{power}")


async def test_an_owner_who_is_no_superuser_can_migrate(tmp_path: Path) -> None:
    """A server by URL: the owner of the database may make roles, and is nothing more."""
    with EmbeddedPostgres(tmp_path / "cluster", durable=False) as fresh:
        await administer(fresh, "CREATE ROLE plain LOGIN CREATEROLE NOSUPERUSER PASSWORD 'plain'")
        await administer(fresh, "CREATE DATABASE portal OWNER plain")
        owner = fresh.url("portal", user="plain", password="plain")
        for _ in range(2):
            await database.migrate(owner, login_url=fresh.url("portal", **LOGIN))
        pool = create_async_engine(fresh.url("portal", **LOGIN))
        async with database.transaction(pool, "staff") as db:
            assert await db.scalar(text("SELECT count(*) FROM subscribers")) == 0
            assert await db.scalar(text("SELECT next_serial('A', '2026-11-22')")) == 1
        await pool.dispose()
