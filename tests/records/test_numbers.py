"""Serial numbers: no gap and no double, whatever happens beside them."""

import asyncio
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, numbers

DAY = date(2026, 11, 22)


class Undone(Exception):
    """An act that fails after it took its number."""


async def taken(pool: AsyncEngine, series: str, *, fails: bool = False, day: date = DAY) -> int:
    async with database.transaction(pool, "staff") as db:
        serial = await numbers.next_serial(db, series, day)
        if fails:
            raise Undone
    return serial


async def test_they_count_from_one_in_each_series_and_on_each_day(pool: AsyncEngine) -> None:
    assert [await taken(pool, "A") for _ in range(3)] == [1, 2, 3]
    assert await taken(pool, "B") == 1
    assert await taken(pool, "A", day=date(2026, 11, 23)) == 1
    assert await taken(pool, "A") == 4


async def test_two_of_one_transaction_follow_each_other(pool: AsyncEngine) -> None:
    async with database.transaction(pool, "staff") as db:
        assert [await numbers.next_serial(db, "two", DAY) for _ in range(2)] == [1, 2]


async def test_what_is_rolled_back_leaves_no_gap(pool: AsyncEngine) -> None:
    assert await taken(pool, "rollback") == 1
    for _ in range(3):
        with pytest.raises(Undone):
            await taken(pool, "rollback", fails=True)
    assert await taken(pool, "rollback") == 2


async def test_many_at_once_and_failures_among_them(pool: AsyncEngine) -> None:
    tries = [taken(pool, "crowd", fails=place % 3 == 0) for place in range(30)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Undone) for one in found) == 10
    assert sorted(one for one in found if isinstance(one, int)) == list(range(1, 21))


async def test_control_a_sequence_leaves_a_gap(pool: AsyncEngine, owner_pool: AsyncEngine) -> None:
    async with owner_pool.begin() as db:
        await db.execute(text("CREATE SEQUENCE with_gaps"))
    async with owner_pool.connect() as db:
        assert await db.scalar(text("SELECT nextval('with_gaps')")) == 1
        await db.rollback()
    async with owner_pool.begin() as db:
        assert await db.scalar(text("SELECT nextval('with_gaps')")) == 2
