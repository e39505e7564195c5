"""ホーム after a month was issued: the statement stands among what is to be done for a fortnight, and the news."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import closings, database, events, invoices
from tests.builders import World
from tests.makers_reviews import accepted, made_lines, ready, submitted
from tests.portals import Portal, text_of

TRIED_AT = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
STATEMENT = "2026年10月分の請求書を確認する"


@pytest.fixture(scope="module")
async def issued(pool: AsyncEngine, owner_pool: AsyncEngine, world: World) -> None:
    """October of a contract of ours, issued on 2026-11-02, to be paid by 2026-12-31."""
    await ready(pool, world)
    contract_id = await accepted(pool, world, await submitted(pool, world.ours, made_lines(1)))
    closing_id, invoice_id = uuid4(), uuid4()
    async with owner_pool.begin() as db:
        await db.execute(
            insert(closings.closings).values(
                id=closing_id,
                month=date(2026, 10, 1),
                cut_off_at=TRIED_AT,
                prepared_by=world.desk.billing.id,
                tried_at=TRIED_AT,
                digest="",
            )
        )
        await db.execute(
            insert(invoices.invoices).values(
                id=invoice_id,
                subscriber_id=world.ours.id,
                contract_id=contract_id,
                closing_id=closing_id,
                month=date(2026, 10, 1),
                issuer={},
                addressee={"name": world.ours.name},
                offering="ipoe_shared",
                standard=60_500,
                out_of_scope=0,
                tax_percent=10,
                tax=6_050,
                total=66_550,
            )
        )
        await db.execute(
            text(
                "UPDATE invoices SET number = 'S-MIHON-1', issued_on = '2026-11-02', due_on = '2026-12-31',"
                " issued_at = '2026-11-02 01:00Z' WHERE id = :id"
            ),
            {"id": invoice_id},
        )


@pytest.mark.parametrize(
    ("at", "stands"),
    [
        (datetime(2026, 11, 2, 3, 0, tzinfo=UTC), True),
        # 2026-11-16 23:59:59 and 2026-11-17 00:00:00 in Tokyo.
        (datetime(2026, 11, 16, 14, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 16, 15, 0, 0, tzinfo=UTC), False),
    ],
)
async def test_a_statement_stands_for_a_fortnight_with_its_day_of_payment(
    portal: Portal, issued: None, at: datetime, stands: bool
) -> None:
    portal.clock.at = at
    words = text_of(await portal.get(portal.world.ours.viewer, "/"))
    assert (STATEMENT in words) is stands
    assert ("S-MIHON-1 ご請求金額 66,550円（税込） お支払期限 2026年12月31日（木）" in words) is stands
    assert STATEMENT not in text_of(await portal.get(portal.world.theirs.viewer, "/"))


async def test_news_say_each_thing_once(portal: Portal, issued: None) -> None:
    portal.clock.at = TRIED_AT
    desk = portal.world.desk
    async with database.transaction(portal.pool, "staff") as db:
        await events.record(
            db,
            by=desk.clerk,
            at=portal.clock.at,
            verb="month_issued",
            object_kind="closing",
            object_id=uuid4(),
            subscriber_id=None,
            details={"month": "2026-10", "invoices": 1},
        )
    words = text_of(await portal.get(desk.clerk, "/desk"))
    assert "月締め 2026年10月：請求書を発行しました" in words
    assert "料金表を提示しました" in words
    assert "料金表：料金表" not in words
    # The kind stays where the act alone does not say it.
    assert "申込 A-20261005-00001-" in words
    assert "：承諾しました" in words
