"""解約申込書: its day by arrival and request, what the close makes of it, who may do what about it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import contracts, database, invoices, notices
from portal.records.base import Db
from portal.records.notices import LivingNotice
from portal.terms import standing, statements
from portal.terms.contract import Contract, End, EndCause
from portal.terms.fees import ChargeCode
from portal.terms.notices import VoidCode
from portal.terms.periods import Month
from portal.usecases import closings, facts, notice_outlook
from portal.usecases import notices as acts
from portal.usecases.invoice_drafts import Result, Work, unusual_findings
from portal.usecases.outcomes import Conflict, Forbidden, NotFound
from tests.builders import World
from tests.makers_notices import ARRIVED_AT, contract_in_billing, given, stopped, unit_ids, voided
from tests.makers_reviews import MadeLine, made_lines, ready
from tests.portals import PROVIDER

ISSUER = {"name": PROVIDER.name, "postal_code": "", "address": "", "registration_number": "T1", "bank_account": ""}
SERIAL = count(1, step=10)


@pytest.fixture(scope="module", autouse=True)
async def begun(pool: AsyncEngine, world: World) -> None:
    await ready(pool, world)


@pytest.fixture
def lines() -> tuple[MadeLine, ...]:
    return made_lines(2, first=next(SERIAL))


@pytest.fixture
async def contract_id(pool: AsyncEngine, world: World, lines: tuple[MadeLine, ...]) -> UUID:
    """帯域共有 with two lines, in billing from 2026-10-20."""
    return await contract_in_billing(pool, world, world.ours, lines)


@pytest.fixture
async def with_routers(pool: AsyncEngine, world: World) -> UUID:
    """IPoE接続: two lines with a router each, the second with a fixed address too."""
    first = next(SERIAL)
    options = (("router_rental",), ("router_rental", "ipv4_fixed"))
    rows = tuple(MadeLine(access_line_id=f"CAF{first + place:010}", options=some) for place, some in enumerate(options))
    return await contract_in_billing(pool, world, world.ours, rows, offering="ipoe")


async def loaded(db: Db, contract_id: UUID) -> Contract:
    record = await contracts.get(db, contract_id)
    assert record is not None
    return await facts.contract(db, record)


async def known(pool: AsyncEngine, contract_id: UUID) -> Contract:
    async with database.transaction(pool, "staff") as db:
        return await loaded(db, contract_id)


@pytest.mark.clause("A9", "boundary")
@pytest.mark.parametrize(
    ("at", "requested_on", "last_on"),
    [
        # The last second of a day in Tokyo, and the first of the next.
        (datetime(2026, 11, 5, 14, 59, 59, tzinfo=UTC), None, date(2026, 12, 5)),
        (datetime(2026, 11, 5, 15, 0, 0, tzinfo=UTC), None, date(2026, 12, 6)),
        # Over the end of February, plain and leap.
        (datetime(2027, 1, 31, 3, 0, tzinfo=UTC), None, date(2027, 3, 2)),
        (datetime(2028, 1, 31, 3, 0, tzinfo=UTC), None, date(2028, 3, 1)),
        (datetime(2028, 1, 30, 3, 0, tzinfo=UTC), None, date(2028, 2, 29)),
        (datetime(2026, 12, 31, 3, 0, tzinfo=UTC), None, date(2027, 1, 30)),
        # Asked for too early (also in the past), on the very day, one day later, much later.
        (datetime(2026, 11, 5, 3, 0, tzinfo=UTC), date(2026, 11, 6), date(2026, 12, 5)),
        (datetime(2026, 11, 5, 3, 0, tzinfo=UTC), date(2020, 1, 1), date(2026, 12, 5)),
        (datetime(2026, 11, 5, 3, 0, tzinfo=UTC), date(2026, 12, 4), date(2026, 12, 5)),
        (datetime(2026, 11, 5, 3, 0, tzinfo=UTC), date(2026, 12, 5), date(2026, 12, 5)),
        (datetime(2026, 11, 5, 3, 0, tzinfo=UTC), date(2026, 12, 6), date(2026, 12, 6)),
        (datetime(2026, 11, 5, 3, 0, tzinfo=UTC), date(2028, 2, 29), date(2028, 2, 29)),
    ],
)
async def test_the_later_of_arrival_and_request(
    pool: AsyncEngine, world: World, contract_id: UUID, *, at: datetime, requested_on: date | None, last_on: date
) -> None:
    notice = await given(pool, world.ours, contract_id, at=at, requested_on=requested_on)
    assert (notice.received_at, notice.requested_on, notice.effective_on) == (at, requested_on, last_on)
    assert standing.last_on(await known(pool, contract_id)) == last_on


@pytest.mark.clause("A9", "holds")
async def test_2025_01_31_gives_2025_03_02(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    """The rule's own example; a contract of 2026 may be given notice of in a test's 2025."""
    at = datetime(2025, 1, 31, 3, 0, tzinfo=UTC)
    assert (await given(pool, world.ours, contract_id, at=at)).effective_on == date(2025, 3, 2)


async def test_of_several_notices_the_earliest_day_counts_and_void_ones_never(
    pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    later = await given(pool, world.ours, contract_id, requested_on=date(2027, 3, 31))
    earlier = await given(pool, world.ours, contract_id, at=datetime(2026, 11, 6, 3, 0, tzinfo=UTC))
    assert (later.effective_on, earlier.effective_on) == (date(2027, 3, 31), date(2026, 12, 6))
    assert later.number.startswith("N-20261105-")
    found = await known(pool, contract_id)
    assert [end.last_on for end in found.ends] == [date(2027, 3, 31), date(2026, 12, 6)]
    assert {end.cause for end in found.ends} == {EndCause.TERMINATION_NOTICE}
    assert standing.last_on(found) == date(2026, 12, 6)
    await voided(pool, world, earlier.id)
    assert standing.last_on(await known(pool, contract_id)) == date(2027, 3, 31)
    await voided(pool, world, later.id)
    assert (await known(pool, contract_id)).ends == ()


def test_the_mapping_from_notices_to_the_facts() -> None:
    """One mapping, by hand: ends of the contract in their order, and of each option the earliest stop."""

    def notice(kind: str, on: date, *option_ids: int) -> LivingNotice:
        return LivingNotice(UUID(int=0), "N", kind, on, option_ids)

    arrived = [
        notice("options", date(2026, 12, 20), 1, 2),
        notice("contract", date(2027, 1, 31)),
        notice("options", date(2026, 12, 10), 2, 3),
        notice("contract", date(2027, 1, 15)),
    ]
    assert facts.ends_from(arrived) == (
        End(cause=EndCause.TERMINATION_NOTICE, last_on=date(2027, 1, 31)),
        End(cause=EndCause.TERMINATION_NOTICE, last_on=date(2027, 1, 15)),
    )
    assert facts.stops_from(arrived) == {1: date(2026, 12, 20), 2: date(2026, 12, 10), 3: date(2026, 12, 10)}


async def closed(pool: AsyncEngine, world: World, contract_id: UUID, month: Month) -> dict[str, int] | None:
    """The charges of a month as the close drafts them; None: no invoice."""
    at = datetime(2027, 6, 1, 1, 0, tzinfo=UTC)
    async with database.transaction(pool, "staff") as db:
        closing_id = await closings.try_month(db, by=world.desk.billing, at=at, month=month, issuer=ISSUER)
        drafted = [one for one in await invoices.of_closing(db, closing_id) if one.contract_id == contract_id]
        if not drafted:
            return None
        rows = await invoices.rows(db, drafted[0].id, subscriber_id=drafted[0].subscriber_id)
        return {row.code: row.amount for row in rows}


@pytest.mark.clause("B2-1-i", "boundary")
async def test_the_close_charges_the_last_month_in_full_and_nothing_after_it(
    pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    notice = await given(pool, world.ours, contract_id, requested_on=date(2027, 1, 1))
    assert notice.effective_on == date(2027, 1, 1)
    # One day of January costs all of it: 40,000 and 200 for each of two lines; no early-termination charge.
    assert await closed(pool, world, contract_id, Month(2027, 1)) == {
        "base": 40_000,
        "line_maintenance": 400,
        "bandwidth": 0,
    }
    assert await closed(pool, world, contract_id, Month(2027, 2)) is None
    # CONTROL: without the notice February is charged.
    await voided(pool, world, notice.id)
    february = await closed(pool, world, contract_id, Month(2027, 2))
    assert february is not None
    assert february["base"] == 40_000


async def test_the_close_finds_nothing_unusual_in_a_contract_that_is_over(
    pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    """In its last month the lines count on the last day; after it nobody is asked why nothing is charged."""
    await given(pool, world.ours, contract_id, requested_on=date(2027, 1, 10))
    async with database.transaction(pool, "staff") as db:
        record = await contracts.get(db, contract_id)
        assert record is not None
        found = await facts.contract(db, record)

    def unusual(contract: Contract, month: Month) -> list[str]:
        work = Work(record, contract, month)
        result = Result(contract_id, statements.month(contract, month))
        return [one.code for one in unusual_findings(work, result, previous_monthly=40_400, on=date(2027, 6, 1))]

    assert unusual(found, Month(2027, 1)) == []
    assert unusual(found, Month(2027, 2)) == []
    # CONTROL: the same contract without its lines, and without its notice, is looked at.
    assert unusual(replace(found, lines={}), Month(2027, 1)) == ["no_lines"]
    assert unusual(replace(found, lines={}, ends=()), Month(2027, 2)) == ["no_lines"]


@pytest.mark.clause("A7-9", "holds")
@pytest.mark.clause("B3-3", "boundary")
async def test_a_stop_of_one_router_is_charged_by_the_day_with_its_fee(
    pool: AsyncEngine, world: World, with_routers: UUID
) -> None:
    first, second, fixed = await unit_ids(pool, world.ours, with_routers)
    notice = await stopped(pool, world.ours, with_routers, (first,))
    assert notice.effective_on == date(2026, 12, 5)
    found = await known(pool, with_routers)
    assert {key: unit.last_on for key, unit in found.units.items()} == {
        str(first): date(2026, 12, 5),
        str(second): None,
        str(fixed): None,
    }
    assert found.ends == ()
    december = await closed(pool, world, with_routers, Month(2026, 12))
    assert december is not None
    # Two rows of option_monthly share a code here: the router's 500 × 5 ÷ 31 = 80 and 500, the address's 1,000.
    charges = statements.month(found, Month(2026, 12)).charges
    monthly = sorted(charge.amount for charge in charges if charge.code is ChargeCode.OPTION_MONTHLY)
    assert monthly == [580, 1_000]
    assert december["option_stop_fee"] == 3_000
    # Of several stops the earliest counts; a void one does not.
    await stopped(pool, world.ours, with_routers, (first, second), requested_on=date(2027, 2, 10))
    found = await known(pool, with_routers)
    assert found.units[str(first)].last_on == date(2026, 12, 5)
    assert found.units[str(second)].last_on == date(2027, 2, 10)
    await voided(pool, world, notice.id)
    assert (await known(pool, with_routers)).units[str(first)].last_on == date(2027, 2, 10)


async def test_what_follows_in_yen_and_days(pool: AsyncEngine, world: World, with_routers: UUID) -> None:
    found = await known(pool, with_routers)
    first, second, fixed = (str(one) for one in await unit_ids(pool, world.ours, with_routers))
    stop = notice_outlook.of_options(found, (first, second, fixed), received_on=date(2026, 11, 5), requested_on=None)
    assert (stop.last_on, stop.cost, stop.last_month) == (date(2026, 12, 5), 6_000, Month(2026, 12))
    assert stop.return_days == (date(2026, 12, 6),) * 2
    end = notice_outlook.of_contract(found, received_on=date(2026, 11, 1), requested_on=None)
    assert (end.last_on, end.warning is not None) == (date(2026, 12, 1), True)
    assert (end.cost, end.return_days) == (0, (date(2026, 12, 2),) * 2)
    assert end.term_last_on == date(2026, 11, 19)
    later = notice_outlook.a_day_later(found, None, end)
    assert (later.last_on, later.last_month, later.warning) == (date(2026, 12, 2), Month(2026, 12), None)
    before = notice_outlook.of_contract(found, received_on=date(2026, 10, 31), requested_on=None)
    assert (before.last_on, before.last_month) == (date(2026, 11, 30), Month(2026, 11))


@pytest.mark.clause("A11", "boundary")
async def test_a_notice_before_billing_begins_can_owe_the_charge(
    pool: AsyncEngine, world: World, lines: tuple[MadeLine, ...]
) -> None:
    """In billing from 10-25 to 11-24 at least; arrived on 10-01, ended on 10-31: November is still owed, once."""
    contract_id = await contract_in_billing(pool, world, world.ours, lines, billing_starts_on=date(2026, 10, 25))
    found = await known(pool, contract_id)
    outlook = notice_outlook.of_contract(found, received_on=date(2026, 10, 1), requested_on=None)
    assert (outlook.last_on, outlook.term_last_on, outlook.cost) == (date(2026, 10, 31), date(2026, 11, 24), 40_400)
    # Arrived on the first day of billing: 11-24 is the last day of the term itself.
    outlook = notice_outlook.of_contract(found, received_on=date(2026, 10, 25), requested_on=None)
    assert (outlook.last_on, outlook.cost) == (date(2026, 11, 24), 0)


async def test_the_day_is_stored_once_whatever_is_done_later(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    notice = await given(pool, world.ours, contract_id)
    for change in ("received_at = received_at + interval '1 day'", "requested_on = '2026-12-01'", "remarks = '—'"):
        async with owner_pool.connect() as db:
            with pytest.raises(IntegrityError, match="never"):
                await db.execute(text(f"UPDATE notices SET {change} WHERE id = :id"), {"id": notice.id})
    async with owner_pool.connect() as db:
        with pytest.raises(IntegrityError, match="never"):
            await db.execute(text("DELETE FROM notices WHERE id = :id"), {"id": notice.id})
    # CONTROL: without the trigger the day moves.
    async with owner_pool.connect() as db:
        await db.execute(text("ALTER TABLE notices DISABLE TRIGGER notices_immutable"))
        await db.execute(text("UPDATE notices SET effective_on = '2027-01-01' WHERE id = :id"), {"id": notice.id})
        await db.rollback()


async def test_staff_may_write_only_what_the_desk_does(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    notice = await given(pool, world.ours, contract_id)
    async with database.transaction(pool, "staff") as db:
        with pytest.raises(DBAPIError, match="permission denied"):
            await db.execute(text("UPDATE notices SET effective_on = '2027-01-01' WHERE id = :id"), {"id": notice.id})


async def test_acknowledged_once_and_it_changes_nothing(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    notice = await given(pool, world.ours, contract_id)
    async with database.transaction(pool, "staff") as db:
        await acts.acknowledge(db, by=world.desk.clerk, at=ARRIVED_AT, notice_id=notice.id)
    async with database.transaction(pool, "staff") as db:
        stored = await notices.get(db, notice.id)
        assert stored is not None
        assert (stored.acknowledged_at, stored.effective_on) == (ARRIVED_AT, notice.effective_on)
        with pytest.raises(Conflict, match="確認済み"):
            await acts.acknowledge(db, by=world.desk.second_clerk, at=ARRIVED_AT, notice_id=notice.id)


async def test_void_takes_two_people_and_is_for_good(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    notice, desk = await given(pool, world.ours, contract_id), world.desk
    async with database.transaction(pool, "staff") as db:
        with pytest.raises(Conflict, match="準備"):
            await acts.void(db, by=desk.approver, at=ARRIVED_AT, notice_id=notice.id)
        await acts.prepare_void(
            db, by=desk.clerk, at=ARRIVED_AT, notice_id=notice.id, code=VoidCode.UNKNOWN_OBJECT, reason="番号違い"
        )
        # Prepared is not void: it still ends the contract.
        assert standing.last_on(await loaded(db, contract_id)) == date(2026, 12, 5)
        with pytest.raises(Forbidden, match="職務分掌"):
            await acts.void(db, by=desk.clerk, at=ARRIVED_AT, notice_id=notice.id)
        other = datetime(2026, 11, 4, 3, 0, tzinfo=UTC)
        with pytest.raises(Conflict, match="書き直され"):
            await acts.void(db, by=desk.approver, at=ARRIVED_AT, notice_id=notice.id, seen_prepared_at=other)
    async with database.transaction(pool, "staff") as db:
        await acts.void(db, by=desk.approver, at=ARRIVED_AT, notice_id=notice.id)
    async with database.transaction(pool, "staff") as db:
        with pytest.raises(Conflict, match="既に無効"):
            await acts.acknowledge(db, by=desk.clerk, at=ARRIVED_AT, notice_id=notice.id)


async def test_the_database_itself_wants_two_people(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    notice = await given(pool, world.ours, contract_id)
    act = text("""
        UPDATE notices SET void_prepared_by = :one, void_prepared_at = received_at, void_code = 'no_authority',
               void_reason = '—', voided_by = :other, voided_at = received_at WHERE id = :id
    """)
    one, other = world.desk.clerk.id, world.desk.approver.id
    async with owner_pool.connect() as db:
        with pytest.raises(IntegrityError, match="two_people"):
            await db.execute(act, {"one": one, "other": one, "id": notice.id})
        await db.rollback()
        # CONTROL
        assert (await db.execute(act, {"one": one, "other": other, "id": notice.id})).rowcount == 1
        await db.rollback()


async def test_who_may_not_and_of_what_not(pool: AsyncEngine, world: World, with_routers: UUID) -> None:
    ours, theirs = world.ours, world.theirs
    unit = (await unit_ids(pool, ours, with_routers))[0]
    async with database.transaction(pool, "subscriber", subscriber_id=theirs.id) as db:
        with pytest.raises(NotFound):
            await acts.give(db, by=theirs.signatory, at=ARRIVED_AT, contract_id=with_routers, requested_on=None)
    async with database.transaction(pool, "subscriber", subscriber_id=ours.id) as db:
        with pytest.raises(Forbidden, match="権限"):
            await acts.give(db, by=ours.operator, at=ARRIVED_AT, contract_id=with_routers, requested_on=None)
        for units, refusal in (((), Conflict), ((unit, 999_999), NotFound)):
            with pytest.raises(refusal):
                await acts.stop_options(
                    db, by=ours.signatory, at=ARRIVED_AT, contract_id=with_routers, units=units, requested_on=None
                )


async def test_what_has_ended_needs_no_notice(pool: AsyncEngine, world: World, with_routers: UUID) -> None:
    unit = (await unit_ids(pool, world.ours, with_routers))[0]
    await stopped(pool, world.ours, with_routers, (unit,))
    last_day, day_after = datetime(2026, 12, 5, 14, 59, 59, tzinfo=UTC), datetime(2026, 12, 5, 15, 0, tzinfo=UTC)
    await stopped(pool, world.ours, with_routers, (unit,), at=last_day)
    with pytest.raises(Conflict, match="既に終了したオプション"):
        await stopped(pool, world.ours, with_routers, (unit,), at=day_after)
    await given(pool, world.ours, with_routers)
    await given(pool, world.ours, with_routers, at=last_day)
    with pytest.raises(Conflict, match="2026年12月5日に終了"):
        await given(pool, world.ours, with_routers, at=day_after)
