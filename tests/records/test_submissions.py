"""Submission keys: one claim a person and key; a second waits for the first and learns where it led."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, submissions
from portal.records.base import Db
from tests.conftest import NOON

ME, ANOTHER = UUID(int=1), UUID(int=2)
HERE = "/partners"


@asynccontextmanager
async def acting(pool: AsyncEngine, person_id: UUID = ME) -> AsyncIterator[Db]:
    async with pool.begin() as db:
        await database.become(db, "staff", person_id=person_id)
        yield db


async def claimed(db: Db, key: UUID, person_id: UUID = ME, *, path: str = HERE) -> tuple[bool, str | None]:
    return await submissions.claim(db, key, person_id=person_id, path=path, at=NOON)


async def test_the_first_claim_is_new_and_the_second_knows_where_it_led(pool: AsyncEngine) -> None:
    key = uuid4()
    async with acting(pool) as db:
        assert await claimed(db, key) == (True, None)
        assert await claimed(db, key) == (False, None)
        await submissions.settle(db, key, person_id=ME, path=HERE, location="/there")
    async with acting(pool) as db:
        assert await claimed(db, key) == (False, "/there")


async def test_a_claim_that_is_rolled_back_is_free(pool: AsyncEngine) -> None:
    key = uuid4()
    async with pool.connect() as db:
        await database.become(db, "staff", person_id=ME)
        assert await claimed(db, key) == (True, None)
        await db.rollback()
    async with acting(pool) as db:
        assert await claimed(db, key) == (True, None)


async def test_a_second_claim_waits_for_the_first(pool: AsyncEngine) -> None:
    key = uuid4()
    async with acting(pool) as first:
        await claimed(first, key)
        async with pool.connect() as second:
            await database.become(second, "staff", person_id=ME)
            await second.execute(text("SET LOCAL lock_timeout = '20ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await claimed(second, key)
        waiting = asyncio.create_task(later(pool, key))
        await submissions.settle(first, key, person_id=ME, path=HERE, location="/there")
    assert await waiting == (False, "/there")


async def later(pool: AsyncEngine, key: UUID) -> tuple[bool, str | None]:
    async with acting(pool) as db:
        return await claimed(db, key)


async def test_the_same_key_of_another_person_is_another(pool: AsyncEngine) -> None:
    key = uuid4()
    async with acting(pool) as mine, acting(pool, ANOTHER) as theirs:
        assert await claimed(mine, key) == (True, None)
        assert await claimed(theirs, key, ANOTHER) == (True, None)
        await submissions.settle(mine, key, person_id=ME, path=HERE, location="/mine")
    async with acting(pool, ANOTHER) as db:
        assert await claimed(db, key, ANOTHER) == (False, None)


async def test_nobody_claims_or_settles_for_another(pool: AsyncEngine) -> None:
    key = uuid4()
    async with acting(pool) as db:
        await claimed(db, key)
        await submissions.settle(db, key, person_id=ME, path=HERE, location="/mine")
    with pytest.raises(DBAPIError, match="row-level security"):
        async with acting(pool, ANOTHER) as db:
            await claimed(db, uuid4(), ME)
    async with acting(pool, ANOTHER) as db:
        await submissions.settle(db, key, person_id=ME, path=HERE, location="/elsewhere")
    async with acting(pool) as db:
        assert await claimed(db, key) == (False, "/mine")


async def test_the_same_key_sent_to_another_address_is_another_act(pool: AsyncEngine) -> None:
    key = uuid4()
    async with acting(pool) as db:
        assert await claimed(db, key) == (True, None)
        assert await claimed(db, key, path="/policies") == (True, None)
        assert await claimed(db, key, path="/policies") == (False, None)
