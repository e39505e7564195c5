"""月締め: a month tried, looked at, issued by a second person; what is issued never changes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import closings, database, invoices
from portal.records.contracts import Contract as ContractRecord
from portal.records.members import Person
from portal.terms.contract import Contract, Line
from portal.terms.offerings import Dwelling, Offering
from portal.terms.periods import Month
from portal.terms.statements import month
from portal.usecases import closings as acts
from portal.usecases.invoice_drafts import Result, Work, unusual_findings
from portal.usecases.outcomes import Conflict, Forbidden, NotFound
from tests.builders import World
from tests.makers_closings import shown
from tests.makers_reviews import accepted, in_billing, made_lines, ready, submitted
from tests.makers_terms import price_sheet
from tests.portals import PROVIDER

ISSUER = {"name": PROVIDER.name, "postal_code": "", "address": "", "registration_number": "T1", "bank_account": ""}
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
NOVEMBER_2 = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
DECEMBER_1 = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
async def contract_id(pool: AsyncEngine, world: World) -> UUID:
    """帯域共有, two lines from 2026-10-20, one with DS-Lite, in billing from that day."""
    await ready(pool, world)
    first, second = made_lines(2)
    lines = (replace(first, options=("dslite_bundle",)), second)
    made = await accepted(pool, world, await submitted(pool, world.ours, lines))
    await in_billing(pool, world, made, date(2026, 10, 20))
    return made


async def tried(pool: AsyncEngine, by: Person, month: Month, *, at: datetime) -> UUID:
    async with database.transaction(pool, "staff") as db:
        return await acts.try_month(db, by=by, at=at, month=month, issuer=ISSUER)


async def issued(pool: AsyncEngine, by: Person, closing_id: UUID, *, at: datetime, seen: str | None = None) -> int:
    async with database.transaction(pool, "staff") as db:
        return await acts.issue(db, by=by, at=at, closing_id=closing_id, seen=seen or await shown(db, closing_id))


async def settle_all(pool: AsyncEngine, by: Person, closing_id: UUID) -> list[str]:
    async with database.transaction(pool, "staff") as db:
        found = await closings.exceptions(db, closing_id)
        for one in found:
            await acts.settle_exception(
                db, by=by, at=NOVEMBER_2, exception_id=one.id, closing_id=closing_id, reason="確認した"
            )
    return [one.code for one in found]


async def only_draft(pool: AsyncEngine, closing_id: UUID) -> invoices.Invoice:
    async with database.transaction(pool, "staff") as db:
        (draft,) = await invoices.of_closing(db, closing_id)
    return draft


async def test_two_months_to_the_yen(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    desk = world.desk
    closing_id = await tried(pool, desk.billing, OCTOBER, at=NOVEMBER_2)
    draft = await only_draft(pool, closing_id)
    # 100,000 + 40,000 + 2 × 200 + 100 × 12 ÷ 31 = 140,438; × 10 % = 14,043.8
    assert (draft.standard, draft.tax, draft.out_of_scope, draft.total) == (140_438, 14_043, 0, 154_481)
    assert (draft.number, draft.issued_at) == (None, None)
    async with database.transaction(pool, "staff") as db:
        rows = [
            (row.code, row.clause, row.quantity, row.amount)
            for row in await invoices.rows(db, draft.id, subscriber_id=draft.subscriber_id)
        ]
    assert rows == [
        ("initial_fee", "B1-1", 1, 100_000),
        ("option_initial", "B1-2", 1, 0),
        ("base", "B2-1-i", 1, 40_000),
        ("line_maintenance", "B2-1-ii", 2, 400),
        ("bandwidth", "B2-1-iii", 0, 0),
        ("option_monthly", "B2-2", 1, 38),
    ]

    with pytest.raises(Forbidden, match="職務分掌"):
        await issued(pool, desk.billing, closing_id, at=NOVEMBER_2)
    assert await issued(pool, desk.second_billing, closing_id, at=NOVEMBER_2) == 1
    issued_one = await only_draft(pool, closing_id)
    assert issued_one.number is not None
    assert issued_one.number.startswith("S-20261102-00001-")
    assert (issued_one.issued_on, issued_one.due_on) == (date(2026, 11, 2), date(2026, 12, 31))

    november = await tried(pool, desk.billing, NOVEMBER, at=DECEMBER_1)
    # 40,000 + 400 + 100 = 40,500; the initial fee of October does not make this month unusual
    assert (await only_draft(pool, november)).total == 44_550
    assert await issued(pool, desk.second_billing, november, at=DECEMBER_1) == 1


async def test_an_issued_month_is_neither_tried_nor_issued_again(
    pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    async with database.transaction(pool, "staff") as db:
        closing = await closings.of_month(db, OCTOBER.first)
    assert closing is not None
    with pytest.raises(Conflict, match="発行済み"):
        await tried(pool, world.desk.billing, OCTOBER, at=DECEMBER_1)
    with pytest.raises(Conflict, match="発行済み"):
        await issued(pool, world.desk.second_billing, closing.id, at=DECEMBER_1)


async def test_an_issued_invoice_cannot_be_changed_by_anybody(
    pool: AsyncEngine, owner_pool: AsyncEngine, contract_id: UUID
) -> None:
    for statement in (
        "UPDATE invoices SET total = total WHERE issued_at IS NOT NULL",
        "DELETE FROM invoices WHERE issued_at IS NOT NULL",
        "UPDATE invoice_rows SET label = 'x' WHERE invoice_id IN (SELECT id FROM invoices WHERE issued_at IS NOT NULL)",
        "DELETE FROM invoice_rows WHERE invoice_id IN (SELECT id FROM invoices WHERE issued_at IS NOT NULL)",
    ):
        with pytest.raises(DBAPIError, match="never"):
            async with owner_pool.begin() as db:
                await db.execute(text(statement))


async def test_a_month_is_issued_only_when_it_is_over(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    desk = world.desk
    last_second = datetime(2026, 12, 31, 14, 59, 59, tzinfo=UTC)
    december = await tried(pool, desk.billing, Month(2026, 12), at=last_second)
    with pytest.raises(Conflict, match="まだ終わっていません"):
        await issued(pool, desk.second_billing, december, at=last_second)
    midnight = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
    assert await issued(pool, desk.second_billing, december, at=midnight) == 1


async def test_a_month_that_has_not_begun_is_refused(pool: AsyncEngine, world: World) -> None:
    with pytest.raises(Conflict, match="まだ始まっていません"):
        await tried(pool, world.desk.billing, Month(2027, 6), at=datetime(2027, 5, 31, 14, 59, 59, tzinfo=UTC))


async def test_months_are_issued_in_order(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    late = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
    february = await tried(pool, world.desk.billing, Month(2027, 2), at=late)
    with pytest.raises(Conflict, match="先に2027年1月を発行"):
        await issued(pool, world.desk.second_billing, february, at=late)


async def test_facts_that_changed_after_the_trial_stop_the_issue(
    pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    desk, at = world.desk, datetime(2027, 2, 1, 1, 0, tzinfo=UTC)
    january = await tried(pool, desk.billing, Month(2027, 1), at=at)
    other = await accepted(
        pool, world, await submitted(pool, world.theirs, made_lines(1, first=9000)), starts_on=date(2026, 10, 20)
    )
    await in_billing(pool, world, other, date(2027, 1, 10))
    with pytest.raises(Conflict, match="試算のあとに"):
        await issued(pool, desk.second_billing, january, at=at)
    assert await tried(pool, desk.billing, Month(2027, 1), at=at) == january
    assert await issued(pool, desk.second_billing, january, at=at) == 2


async def test_what_is_unusual_needs_a_reason_that_is_kept(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    at, desk = datetime(2027, 3, 1, 1, 0, tzinfo=UTC), world.desk
    forgotten = await accepted(pool, world, await submitted(pool, world.theirs, made_lines(1, first=9500)))
    february = await tried(pool, desk.billing, Month(2027, 2), at=at)
    with pytest.raises(Conflict, match="確認していない項目が1件"):
        await issued(pool, desk.second_billing, february, at=at)
    assert await settle_all(pool, desk.billing, february) == ["no_billing_start"]
    await tried(pool, desk.billing, Month(2027, 2), at=at)
    async with database.transaction(pool, "staff") as db:
        (kept,) = await closings.exceptions(db, february)
    assert (kept.contract_id, kept.reason) == (forgotten, "確認した")
    assert await issued(pool, desk.second_billing, february, at=at) == 2


async def test_a_trial_made_after_the_one_that_was_shown_is_not_issued(
    pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    """The second person issues the sums they saw: another trial in between, with other sums, is refused."""
    at, desk = datetime(2027, 4, 1, 1, 0, tzinfo=UTC), world.desk
    march = await tried(pool, desk.billing, Month(2027, 3), at=at)
    async with database.transaction(pool, "staff") as db:
        seen = await shown(db, march)
    late = await accepted(pool, world, await submitted(pool, world.theirs, made_lines(1, first=9700)))
    await in_billing(pool, world, late, date(2027, 3, 1))
    await tried(pool, desk.billing, Month(2027, 3), at=at)
    await settle_all(pool, desk.billing, march)
    with pytest.raises(Conflict, match="試算がやり直されました"):
        await issued(pool, desk.second_billing, march, at=at, seen=seen)
    assert await issued(pool, desk.second_billing, march, at=at) == 3


async def test_what_is_not_there_is_not_settled(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    later = datetime(2027, 5, 1, 1, 0, tzinfo=UTC)
    april = await tried(pool, world.desk.billing, Month(2027, 4), at=later)
    with pytest.raises(NotFound):
        async with database.transaction(pool, "staff") as db:
            await acts.settle_exception(
                db, by=world.desk.billing, at=later, exception_id=999_999, closing_id=april, reason="x"
            )


def test_a_great_change_of_the_monthly_fees_is_unusual() -> None:
    """40,200 in November: 30 % more or less than October passes, one yen more does not."""
    record = SimpleNamespace(offering="ipoe_shared")
    line = Line(id="1", dwelling=Dwelling.DETACHED, starts_on=date(2026, 10, 1))
    contract = Contract(
        offering=Offering.IPOE_SHARED,
        accepted_on=date(2026, 10, 1),
        billing_starts_on=date(2026, 10, 1),
        price_sheets=(price_sheet(),),
        lines={"1": line},
    )
    work = Work(cast("ContractRecord", record), contract, NOVEMBER)
    result = Result(uuid4(), month(contract, NOVEMBER))

    def found(previous: int) -> list[str]:
        findings = unusual_findings(work, result, previous_monthly=previous, on=date(2026, 12, 1))
        return [one.code for one in findings]

    # 30,923 × 1.3 = 40,199.9; 30,924 × 1.3 = 40,201.2; 57,428 × 0.7 = 40,199.6; 57,429 × 0.7 = 40,200.3
    assert found(30_924) == []
    assert found(30_923) == ["unusual_monthly"]
    assert found(57_428) == []
    assert found(57_429) == ["unusual_monthly"]
