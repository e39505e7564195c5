"""料金表 of a contract that is invoiced already (A10): a month that was issued keeps its prices."""

import asyncio
import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import closings, database, invoices
from portal.terms.offerings import Offering
from portal.terms.periods import Month, months, tokyo_midnight
from portal.usecases import closings as closing_acts
from portal.usecases import prices as acts
from portal.usecases.outcomes import Conflict, Refused
from tests import makers_closings
from tests.builders import World
from tests.makers_reviews import accepted, in_billing, made_lines, ready, submitted
from tests.makers_terms import price_sheet
from tests.weakened import copy_without

NOVEMBER_1 = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
PRICES = itertools.count(201)
ISSUER = {"name": "架空ネットワーク株式会社"}


@pytest.fixture(scope="module")
async def contract_id(pool: AsyncEngine, world: World) -> UUID:
    """帯域共有, in billing from 2026-10-20, with October issued."""
    await ready(pool, world)
    made = await accepted(pool, world, await submitted(pool, world.ours, made_lines(2)))
    await in_billing(pool, world, made, date(2026, 10, 20))
    await issued_through(pool, world, Month(2026, 10))
    return made


async def tried(pool: AsyncEngine, world: World, month: Month, *, at: datetime) -> UUID:
    async with database.transaction(pool, "staff") as db:
        closing_id = await closing_acts.try_month(db, by=world.desk.billing, at=at, month=month, issuer=ISSUER)
        for one in await closings.exceptions(db, closing_id):
            await closing_acts.settle_exception(
                db, by=world.desk.billing, at=at, exception_id=one.id, closing_id=closing_id, reason="確認した"
            )
    return closing_id


async def issued(pool: AsyncEngine, world: World, closing_id: UUID, *, at: datetime) -> None:
    async with database.transaction(pool, "staff") as db:
        seen = await makers_closings.shown(db, closing_id)
        await closing_acts.issue(db, by=world.desk.second_billing, at=at, closing_id=closing_id, seen=seen)


async def issued_through(pool: AsyncEngine, world: World, last: Month) -> None:
    """Every month up to this one, each on the first of the next, unless it is issued already."""
    for month in months(Month(2026, 10), last):
        async with database.transaction(pool, "staff") as db:
            closing = await closings.of_month(db, month.first)
        if closing is None or closing.issued_at is None:
            at = tokyo_midnight(month.plus(1).first)
            await issued(pool, world, await tried(pool, world, month, at=at), at=at)


async def prepared(pool: AsyncEngine, world: World, contract_id: UUID, begins: date) -> UUID:
    """A sheet that is dearer than each one before it."""
    dearer = replace(price_sheet(begins), line_maintenance={Offering.IPOE: 300, Offering.IPOE_SHARED: next(PRICES)})
    async with database.transaction(pool, "staff") as db:
        return await acts.prepare(
            db,
            by=world.desk.clerk,
            at=NOVEMBER_1,
            subscriber_id=world.ours.id,
            contract_id=contract_id,
            sheet=dearer,
        )


async def shown(pool: AsyncEngine, world: World, sheet_id: UUID) -> None:
    async with database.transaction(pool, "staff") as db:
        await acts.show(db, by=world.desk.approver, at=NOVEMBER_1, sheet_id=sheet_id)


@pytest.mark.clause("A10", "boundary")
async def test_prices_of_an_issued_month_do_not_change(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    october = await prepared(pool, world, contract_id, date(2026, 10, 1))
    with pytest.raises(Refused, match="A10") as refused:
        await shown(pool, world, october)
    assert "2026年10月以後の請求書が発行済みです" in refused.value.violations[0].reason
    await shown(pool, world, await prepared(pool, world, contract_id, date(2026, 11, 1)))


async def both_win(
    pool: AsyncEngine, world: World, contract_id: UUID, month: Month, acts: ModuleType, *, patience: float
) -> bool:
    """A month is issued while a sheet from that month is being shown; whether both went through."""
    at = tokyo_midnight(month.plus(1).first)
    sheet_id = await prepared(pool, world, contract_id, month.first)
    closing_id = await tried(pool, world, month, at=at)
    async with database.transaction(pool, "staff") as db:
        await acts.show(db, by=world.desk.approver, at=at, sheet_id=sheet_id)
        issuing = asyncio.create_task(issued(pool, world, closing_id, at=at))
        # Until it has finished, or for as long as we believe that it might.
        await asyncio.wait({issuing}, timeout=patience)
    try:
        await issuing
    except Conflict:
        return False
    async with database.transaction(pool, "staff") as db:
        return await invoices.issued_from(db, contract_id, month.first)


async def test_a_month_is_not_issued_beside_a_new_price(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    await issued_through(pool, world, Month(2026, 11))
    assert not await both_win(pool, world, contract_id, Month(2026, 12), acts, patience=1)


async def test_without_the_hold_both_would_be_found(
    pool: AsyncEngine, world: World, contract_id: UUID, tmp_path: Path
) -> None:
    await issued_through(pool, world, Month(2026, 12))
    weakened = copy_without(acts, "        await prices.hold_closings(db, sheet.effective_from)\n", tmp_path)
    assert await both_win(pool, world, contract_id, Month(2027, 1), weakened, patience=30)
