"""料金表 (A10, 別紙1): prepared by one, shown by another, acknowledged as evidence, carried into the contract."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import contracts, database, prices
from portal.terms.fees import Band, LineCountBasis, PriceSheet
from portal.terms.offerings import Offering
from portal.terms.option_kinds import OptionKind
from portal.usecases import facts
from portal.usecases import prices as acts
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused
from tests.builders import Company, World
from tests.makers_terms import price_sheet, quote

NOON = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)


async def prepared(pool: AsyncEngine, world: World, company: Company, sheet: PriceSheet) -> UUID:
    async with database.transaction(pool, "staff") as db:
        return await acts.prepare(
            db, by=world.desk.billing, at=NOON, subscriber_id=company.id, contract_id=None, sheet=sheet
        )


async def contract_of(pool: AsyncEngine, company: Company, number: str) -> UUID:
    """A bare contract: these tests ask nothing of it but its sheets and invoices."""
    contract_id = uuid4()
    async with database.transaction(pool, "staff") as db:
        await db.execute(
            insert(contracts.contracts).values(
                id=contract_id,
                subscriber_id=company.id,
                number=number,
                offering="ipoe",
                purpose="resale",
                accepted_at=NOON,
                terms_revision_on=date(2024, 12, 1),
            )
        )
    return contract_id


async def test_what_was_prepared_is_what_is_charged_by(pool: AsyncEngine, world: World) -> None:
    sheet = price_sheet(date(2025, 1, 1), line_count_basis=LineCountBasis.MONTH_END)
    await quote(pool, world, world.ours, sheet=sheet)
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        read = await facts.price_sheets(db, subscriber_id=world.ours.id, contract_id=None)
    assert [one for one in read if one.effective_on == date(2025, 1, 1)] == [sheet]


@pytest.mark.clause("A10", "refused")
async def test_every_fault_is_told_at_once(pool: AsyncEngine, world: World) -> None:
    wrong = replace(
        price_sheet(date(2026, 10, 2)),
        initial_fee=-1,
        base={
            Offering.IPOE: (Band(100, 1), Band(100, 2), Band(None, 3)),
            Offering.IPOE_SHARED: (Band(50, 1),),
            Offering.IPOE_CAPPED: (Band(None, 1),),
        },
        option_monthly={OptionKind.ROUTER_RENTAL: 1},
    )
    with pytest.raises(Refused) as refused:
        await prepared(pool, world, world.ours, wrong)
    assert [violation.clause for violation in refused.value.violations] == ["A10", "B2-1-i", "B2-1-i", "B2-2", "A10"]


@pytest.mark.parametrize(
    ("bands", "holds"),
    [
        ((Band(None, 1),), True),
        ((Band(1, 1), Band(2, 1), Band(None, 1)), True),
        ((), False),
        ((Band(0, 1), Band(None, 1)), False),
        ((Band(2, 1), Band(1, 1), Band(None, 1)), False),
        ((Band(2, 1), Band(2, 1), Band(None, 1)), False),
        ((Band(None, 1), Band(None, 1)), False),
        ((Band(None, 1), Band(2, 1)), False),
        ((Band(2, 1),), False),
    ],
)
@pytest.mark.clause("B2-1-i", "boundary")
def test_bands_rise_to_one_without_limit(bands: tuple[Band, ...], holds: bool) -> None:
    sheet = price_sheet()
    found = acts.faults(replace(sheet, base={**sheet.base, Offering.IPOE: bands}))
    assert [violation.clause for violation in found] == ([] if holds else ["B2-1-i"])


async def test_one_sheet_for_a_first_day(pool: AsyncEngine, world: World) -> None:
    await prepared(pool, world, world.ours, price_sheet(date(2025, 3, 1)))
    with pytest.raises(Conflict, match="2025年3月からの料金表がすでにあります"):
        await prepared(pool, world, world.ours, price_sheet(date(2025, 3, 1)))
    await prepared(pool, world, world.theirs, price_sheet(date(2025, 3, 1)))


async def test_another_companys_contract_takes_no_sheet(pool: AsyncEngine, world: World) -> None:
    contract_id = await contract_of(pool, world.theirs, "C-TEST-1")
    with pytest.raises(NotFound):
        await quote(pool, world, world.ours, contract_id=contract_id)


async def test_the_preparer_does_not_show(pool: AsyncEngine, world: World) -> None:
    sheet_id = await prepared(pool, world, world.ours, price_sheet(date(2025, 4, 1)))
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        assert await prices.get(db, sheet_id, subscriber_id=world.ours.id) is None
        assert await db.scalar(text("SELECT count(*) FROM price_sheets WHERE id = :id"), {"id": sheet_id}) == 0
    with pytest.raises(Forbidden):
        async with database.transaction(pool, "staff") as db:
            await acts.show(db, by=world.desk.billing, at=NOON, sheet_id=sheet_id)
    async with database.transaction(pool, "staff") as db:
        await acts.show(db, by=world.desk.approver, at=NOON, sheet_id=sheet_id)
    with pytest.raises(Conflict, match="すでに提示されています"):
        async with database.transaction(pool, "staff") as db:
            await acts.show(db, by=world.desk.second_billing, at=NOON, sheet_id=sheet_id)


async def test_acknowledgement_is_given_once_and_touches_nothing_else(pool: AsyncEngine, world: World) -> None:
    sheet_id = await quote(pool, world, world.ours, sheet=price_sheet(date(2025, 5, 1)))
    ours = {"role": "subscriber", "subscriber_id": world.ours.id}
    for at in (NOON, datetime(2026, 10, 16, 3, 0, tzinfo=UTC)):
        async with database.transaction(pool, **ours) as db:
            await acts.acknowledge(db, by=world.ours.signatory, at=at, subscriber_id=world.ours.id, sheet_id=sheet_id)
    async with database.transaction(pool, **ours) as db:
        sheet = await prices.get(db, sheet_id, subscriber_id=world.ours.id)
    assert sheet is not None
    assert (sheet.acknowledged_by, sheet.acknowledged_at) == (world.ours.signatory.id, NOON)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.transaction(pool, **ours) as db:
            await db.execute(text("UPDATE price_sheets SET initial_fee = 0 WHERE id = :id"), {"id": sheet_id})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE price_sheets SET initial_fee = 0 WHERE id = :id",
        "UPDATE price_sheets SET acknowledged_at = NULL, acknowledged_by = NULL WHERE id = :id",
        "DELETE FROM price_sheets WHERE id = :id",
        "UPDATE price_sheet_bands SET amount = 0 WHERE sheet_id = :id",
        "DELETE FROM price_sheet_options WHERE sheet_id = :id",
    ],
)
async def test_nobody_changes_what_was_shown(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, statement: str
) -> None:
    async with database.transaction(pool, "staff") as db:
        known = await prices.taken(db, subscriber_id=world.ours.id, contract_id=None, effective_from=date(2025, 9, 1))
    if not known:
        sheet_id = await quote(pool, world, world.ours, sheet=price_sheet(date(2025, 9, 1)))
        async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
            await acts.acknowledge(db, by=world.ours.signatory, at=NOON, subscriber_id=world.ours.id, sheet_id=sheet_id)
    async with owner_pool.connect() as db:
        sheet_id = await db.scalar(text("SELECT id FROM price_sheets WHERE effective_from = '2025-09-01'"))
        with pytest.raises(DBAPIError, match="never change"):
            await db.execute(text(statement), {"id": sheet_id})


async def test_row_security_alone_keeps_anothers_acknowledgement_out(pool: AsyncEngine, world: World) -> None:
    sheet_id = await quote(pool, world, world.theirs, sheet=price_sheet(date(2025, 6, 1)))
    by = {"role": "subscriber", "subscriber_id": world.ours.id}
    with pytest.raises(NotFound):
        async with database.transaction(pool, **by) as db:
            await acts.acknowledge(db, by=world.ours.signatory, at=NOON, subscriber_id=world.ours.id, sheet_id=sheet_id)
    acknowledge = text("UPDATE price_sheets SET acknowledged_at = now() WHERE id = :id")
    async with database.transaction(pool, **by) as db:
        assert (await db.execute(acknowledge, {"id": sheet_id})).rowcount == 0
    # The control: the owner's own transaction may.
    async with database.transaction(pool, "subscriber", subscriber_id=world.theirs.id) as db:
        assert (await db.execute(acknowledge, {"id": sheet_id})).rowcount == 1


@pytest.mark.clause("A10", "holds")
async def test_a_contract_takes_the_sheet_in_force_and_later_ones(pool: AsyncEngine, world: World) -> None:
    for first, fee in ((date(2026, 8, 1), 1), (date(2026, 10, 1), 2), (date(2026, 12, 1), 3)):
        await quote(pool, world, world.theirs, sheet=replace(price_sheet(first), initial_fee=fee))
    await prepared(pool, world, world.theirs, price_sheet(date(2027, 1, 1)))
    contract_id = await contract_of(pool, world.theirs, "C-TEST-2")
    async with database.transaction(pool, "staff") as db:
        carried = await acts.carry_into_contract(db, subscriber_id=world.theirs.id, contract_id=contract_id, at=NOON)
        read = await facts.price_sheets(db, subscriber_id=world.theirs.id, contract_id=contract_id)
    assert carried == 2
    assert read == (
        replace(price_sheet(date(2026, 10, 1)), initial_fee=2),
        replace(price_sheet(date(2026, 12, 1)), initial_fee=3),
    )


@pytest.mark.clause("A10", "boundary")
@pytest.mark.parametrize(
    ("at", "holds"),
    [
        # 2024-01-31 23:59:59 and 2024-02-01 00:00:00 in Tokyo.
        (datetime(2024, 1, 31, 14, 59, 59, tzinfo=UTC), False),
        (datetime(2024, 1, 31, 15, 0, 0, tzinfo=UTC), True),
    ],
)
async def test_no_contract_without_a_price(pool: AsyncEngine, world: World, at: datetime, holds: bool) -> None:
    async with database.transaction(pool, "staff") as db:
        known = await prices.taken(db, subscriber_id=world.ours.id, contract_id=None, effective_from=date(2024, 2, 1))
    if not known:
        await quote(pool, world, world.ours, sheet=price_sheet(date(2024, 2, 1)))
    contract_id = await contract_of(pool, world.ours, f"C-TEST-{at:%H%M%S}")
    async with database.transaction(pool, "staff") as db:
        carrying = acts.carry_into_contract(db, subscriber_id=world.ours.id, contract_id=contract_id, at=at)
        if holds:
            assert await carrying > 0
        else:
            with pytest.raises(Refused, match="A10"):
                await carrying
