"""料金表 before it is shown: discarded, corrected by another, and the months that a sheet may begin in (A10)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import contracts, database, events, prices
from portal.records.members import Person
from portal.terms.fees import PriceSheet
from portal.usecases import prices as acts
from portal.usecases.outcomes import Conflict, NotFound, Refused
from tests.builders import Company, World
from tests.makers_terms import price_sheet, quote

NOON = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
PARTS = ("price_sheets WHERE id", "price_sheet_bands WHERE sheet_id", "price_sheet_options WHERE sheet_id")


async def prepared(
    pool: AsyncEngine,
    by: Person,
    company: Company,
    sheet: PriceSheet,
    *,
    contract_id: UUID | None = None,
    instead_of: UUID | None = None,
    at: datetime = NOON,
) -> UUID:
    async with database.transaction(pool, "staff") as db:
        return await acts.prepare(
            db,
            by=by,
            at=at,
            subscriber_id=company.id,
            contract_id=contract_id,
            sheet=sheet,
            instead_of=instead_of,
        )


async def rows_of(pool: AsyncEngine, sheet_id: UUID) -> list[int]:
    """How many rows a sheet has: its own, its bands, its options."""
    async with database.transaction(pool, "staff") as db:
        return [await db.scalar(text(f"SELECT count(*) FROM {part} = :id"), {"id": sheet_id}) or 0 for part in PARTS]


async def verbs_of(pool: AsyncEngine, sheet_id: UUID) -> list[str]:
    async with database.transaction(pool, "staff") as db:
        return [event.verb for event in await events.of_object(db, "price_sheet", sheet_id)]


async def test_a_sheet_that_was_not_shown_is_discarded_whole(pool: AsyncEngine, world: World) -> None:
    sheet_id = await prepared(pool, world.desk.billing, world.ours, price_sheet(date(2025, 1, 1)))
    assert await rows_of(pool, sheet_id) == [1, 5, 5]
    async with database.transaction(pool, "staff") as db:
        await acts.discard(db, by=world.desk.billing, at=NOON, sheet_id=sheet_id)
    assert await rows_of(pool, sheet_id) == [0, 0, 0]
    assert await verbs_of(pool, sheet_id) == ["price_sheet_prepared", "price_sheet_discarded"]
    async with database.transaction(pool, "staff") as db:
        with pytest.raises(NotFound):
            await acts.discard(db, by=world.desk.billing, at=NOON, sheet_id=sheet_id)
    # The month is free again.
    await prepared(pool, world.desk.billing, world.ours, price_sheet(date(2025, 1, 1)))


async def test_what_was_shown_is_not_discarded(pool: AsyncEngine, world: World) -> None:
    sheet_id = await quote(pool, world, world.ours, sheet=price_sheet(date(2025, 2, 1)))
    async with database.transaction(pool, "staff") as db:
        with pytest.raises(Conflict, match="すでに提示されています"):
            await acts.discard(db, by=world.desk.billing, at=NOON, sheet_id=sheet_id)
        # Nor past the use-case: row security gives the staff no shown sheet to delete, and no part of any sheet.
        assert (await db.execute(text("DELETE FROM price_sheets WHERE id = :id"), {"id": sheet_id})).rowcount == 0
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.transaction(pool, "staff") as db:
            await db.execute(text("DELETE FROM price_sheet_bands WHERE sheet_id = :id"), {"id": sheet_id})
    assert await rows_of(pool, sheet_id) == [1, 5, 5]


@pytest.mark.parametrize("table", ["price_sheet_bands", "price_sheet_options"])
async def test_parts_go_with_their_sheet_only(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, table: str
) -> None:
    begins = date(2025, 3, 1) if table == "price_sheet_bands" else date(2025, 4, 1)
    sheet_id = await prepared(pool, world.desk.billing, world.ours, price_sheet(begins))
    delete = text(f"DELETE FROM {table} WHERE sheet_id = :id")
    async with owner_pool.connect() as db:
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            await db.execute(delete, {"id": sheet_id})
    # The control: without the trigger the owner would take them.
    async with owner_pool.connect() as db:
        await db.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only"))
        assert (await db.execute(delete, {"id": sheet_id})).rowcount == 5
        await db.rollback()


async def test_who_corrects_becomes_the_preparer(pool: AsyncEngine, world: World) -> None:
    wrong = replace(price_sheet(date(2025, 5, 1)), initial_fee=1_000_000)
    old = await prepared(pool, world.desk.billing, world.ours, wrong)
    with pytest.raises(Conflict, match="この内容を直す"):
        await prepared(pool, world.desk.clerk, world.ours, price_sheet(date(2025, 5, 1)))
    new = await prepared(pool, world.desk.clerk, world.ours, price_sheet(date(2025, 5, 1)), instead_of=old)
    assert await rows_of(pool, old) == [0, 0, 0]
    assert (await verbs_of(pool, old))[-1] == "price_sheet_discarded"
    async with database.transaction(pool, "staff") as db:
        await acts.show(db, by=world.desk.billing, at=NOON, sheet_id=new)
        sheet = await prices.get(db, new)
    assert sheet is not None
    assert (sheet.initial_fee, sheet.prepared_by, sheet.shown_by) == (
        100_000,
        world.desk.clerk.id,
        world.desk.billing.id,
    )


async def test_a_correction_that_does_not_hold_discards_nothing(pool: AsyncEngine, world: World) -> None:
    old = await prepared(pool, world.desk.billing, world.ours, price_sheet(date(2025, 6, 1)))
    with pytest.raises(Refused):
        await prepared(pool, world.desk.clerk, world.ours, price_sheet(date(2025, 6, 2)), instead_of=old)
    assert await rows_of(pool, old) == [1, 5, 5]
    # Shown meanwhile: it stays, and the correction needs a month of its own.
    async with database.transaction(pool, "staff") as db:
        await acts.show(db, by=world.desk.clerk, at=NOON, sheet_id=old)
    with pytest.raises(Conflict, match="2025年6月からの料金表がすでにあります"):
        await prepared(pool, world.desk.clerk, world.ours, price_sheet(date(2025, 6, 1)), instead_of=old)
    await prepared(pool, world.desk.clerk, world.ours, price_sheet(date(2025, 7, 1)), instead_of=old)
    assert await rows_of(pool, old) == [1, 5, 5]


@pytest.mark.clause("A10", "boundary")
@pytest.mark.parametrize(
    ("at", "begins", "reason"),
    [
        (NOON, date(2016, 5, 1), "2016年6月より前"),
        (NOON, date(2016, 6, 1), None),
        (NOON, date(2029, 10, 1), None),
        (NOON, date(2029, 11, 1), "2029年10月（今月から36か月後）まで"),
        # 2026-10-31 23:59:59 and 2026-11-01 00:00:00 in Tokyo.
        (datetime(2026, 10, 31, 14, 59, 59, tzinfo=UTC), date(2029, 11, 1), "2029年10月（今月から36か月後）まで"),
        (datetime(2026, 10, 31, 15, 0, 0, tzinfo=UTC), date(2029, 11, 1), None),
        (NOON, date(1, 1, 1), "2016年6月より前"),
        (NOON, date(9999, 12, 1), "2029年10月（今月から36か月後）まで"),
    ],
)
async def test_a_sheet_begins_in_a_month_that_can_be_meant(
    pool: AsyncEngine, world: World, at: datetime, begins: date, reason: str | None
) -> None:
    preparing = prepared(pool, world.desk.billing, world.theirs, price_sheet(begins), at=at)
    if reason is None:
        assert await preparing
        return
    with pytest.raises(Refused) as refused:
        await preparing
    assert [violation.clause for violation in refused.value.violations] == ["A10"]
    assert reason in refused.value.violations[0].reason


@pytest.mark.clause("A10", "boundary")
async def test_a_contract_has_no_price_from_before_its_month(pool: AsyncEngine, world: World) -> None:
    contract_id = uuid4()
    async with database.transaction(pool, "staff") as db:
        await db.execute(
            insert(contracts.contracts).values(
                id=contract_id,
                subscriber_id=world.ours.id,
                number="C-TEST-CORRECTED",
                offering="ipoe",
                purpose="resale",
                # 2026-10-01 00:00:00 in Tokyo.
                accepted_at=datetime(2026, 9, 30, 15, 0, tzinfo=UTC),
                terms_revision_on=date(2024, 12, 1),
            )
        )
    with pytest.raises(Refused, match="A10") as refused:
        await prepared(pool, world.desk.billing, world.ours, price_sheet(date(2026, 9, 1)), contract_id=contract_id)
    assert "契約を承諾した2026年10月より前" in refused.value.violations[0].reason
    await prepared(pool, world.desk.billing, world.ours, price_sheet(date(2026, 10, 1)), contract_id=contract_id)
