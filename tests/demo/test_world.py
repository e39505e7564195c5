"""The demo's world, played by the same function as in the demo with fewer lines: whole, and work for everybody."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from starlette.applications import Starlette
from stdnum.jp import cn

from portal.app import create_app
from portal.demo import cast, world
from portal.demo.days import Calendar
from portal.gateways.cipher import Cipher
from portal.gateways.postgres import EmbeddedPostgres
from portal.records import applications, closings, database, members, policies
from portal.records.base import Db
from portal.records.contracts import contracts
from portal.records.events import events
from portal.records.invoices import invoices
from portal.records.lines import lines
from portal.records.members import Person
from portal.usecases import closings as closing_acts
from portal.usecases import policies as policy_acts
from portal.usecases import reviews, sessions
from portal.web.transaction import COOKIE
from tests.conftest import LOGIN, administer
from tests.portals import BASE_URL, HandClock, settings_for, text_of

NOW = datetime(2026, 11, 10, 3, 0, tzinfo=UTC)
LINES = 70
ISSUERS = {company.slug: f"http://127.0.0.1:1/{company.slug}" for company in cast.EVERYBODY}


async def build(pool: AsyncEngine, now: datetime, *, count: int = LINES) -> None:
    key = settings_for("").sealing_key
    await world.build(pool, now=now, cipher=Cipher(key), issuers=ISSUERS, client_secret="secret", lines=count)


@dataclass
class Played:
    """The portal over the demo's world."""

    app: Starlette
    pool: AsyncEngine

    async def read(self, slug: str, subject: str, path: str) -> httpx2.Response:
        """A page, as one of the cast reads it."""
        async with database.transaction(self.pool, "signin") as db:
            connection = await members.connection_by_slug(db, slug)
            assert connection is not None
            found = await members.by_subject(db, connection_id=connection.id, subject=subject)
            assert found is not None
            token = await sessions.start(
                db,
                at=NOW,
                realm=found[0],
                person_id=found[1],
                connection_id=connection.id,
                id_token="",
                provider_session=None,
            )
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL, cookies={COOKIE: token}) as browser:
            return await browser.get(path)

    async def words(self, slug: str, subject: str, path: str) -> str:
        page = await self.read(slug, subject, path)
        assert page.status_code == 200, (subject, path)
        return text_of(page)


@pytest.fixture(scope="module")
async def played(pool: AsyncEngine, database_url: str) -> AsyncIterator[Played]:
    await build(pool, NOW)
    app = create_app(replace(settings_for(database_url), demo=True), clock=HandClock(NOW))
    async with app.router.lifespan_context(app):
        yield Played(app, pool)


def test_the_companies_are_well_formed_and_invented() -> None:
    for company in cast.COMPANIES:
        assert cn.is_valid(company.corporate_number)
        assert company.corporate_number[1:5] == "9999"
    assert cn.is_valid(cast.PROVIDER.registration_number.removeprefix("T"))


async def test_both_large_and_small_contracts_stand(played: Played, owner_pool: AsyncEngine) -> None:
    async with owner_pool.begin() as db:
        numbers = (
            await db.execute(
                select(func.count(lines.c.id))
                .join_from(contracts, lines, lines.c.contract_id == contracts.c.id)
                .group_by(contracts.c.id)
                .order_by(contracts.c.accepted_at)
            )
        ).scalars()
        assert list(numbers) == [70, 60, 30, 20]
        starts = (await db.execute(select(contracts.c.billing_starts_on).order_by(contracts.c.accepted_at))).scalars()
        assert list(starts) == [date(2026, 6, 11), date(2026, 8, 1), None, None]


async def test_every_state_of_an_application_is_there(played: Played, owner_pool: AsyncEngine) -> None:
    table = applications.applications
    async with owner_pool.begin() as db:
        rows = await db.execute(select(table.c.state, func.count().label("applications")).group_by(table.c.state))
        assert {row.state: row.applications for row in rows} == {
            "draft": 1,
            "submitted": 2,
            "in_review": 2,
            "returned": 1,
            "accepted": 1,
            "provisioning": 1,
            "in_service": 2,
            "declined": 1,
            "withdrawn": 1,
        }


async def test_the_statements_are_what_the_prices_say(played: Played, owner_pool: AsyncEngine) -> None:
    """By hand, for the large contract of 70 lines (30 from June, 20 from July, 10 each from August and September).

    May: 300,000 on acceptance, and 100 for each of the 11 DS-Lite bundles (every sixth line): 301,100 + 30,110.
    June, charged from the 11th: 40,000 + 30 × 200, and 5 bundles × 150 × 20/30: 46,500 + 4,650.
    September: 40,000 + 70 × 200 + 11 × 150: 55,650 + 5,565.
    """
    async with owner_pool.begin() as db:
        large = await db.scalar(select(contracts.c.id).order_by(contracts.c.accepted_at).limit(1))
        rows = await db.execute(
            select(invoices.c.month, invoices.c.total, invoices.c.issued_on)
            .where(invoices.c.contract_id == large, invoices.c.issued_at.is_not(None))
            .order_by(invoices.c.month)
        )
        issued = {row.month: (row.total, row.issued_on) for row in rows}
        assert list(issued) == [date(2026, month, 1) for month in (5, 6, 7, 8, 9)]
        assert issued[date(2026, 5, 1)] == (331_210, date(2026, 6, 3))
        assert issued[date(2026, 6, 1)] == (51_150, date(2026, 7, 3))
        assert issued[date(2026, 9, 1)] == (61_215, date(2026, 10, 3))
        waiting = select(func.count()).select_from(invoices).where(invoices.c.issued_at.is_(None))
        assert await db.scalar(waiting) == 3  # October, tried and not issued: large, small, and one accepted then


async def test_nothing_happened_after_the_first_run(played: Played, owner_pool: AsyncEngine) -> None:
    async with owner_pool.begin() as db:
        assert await db.scalar(select(func.max(events.c.at)).where(events.c.verb != "signed_in")) <= NOW
        ordered = select(events.c.at).where(events.c.verb.not_like("%registered")).order_by(events.c.id)
        moments = list((await db.execute(ordered)).scalars())
    assert moments[20:] == sorted(moments[20:])


@pytest.mark.parametrize(
    ("subject", "waits"),
    [
        (
            "signatory",
            ["提供条件 2026-11版に同意する", "を補正する", "料金表（2026年12月から）"],
        ),
        ("operator", ["の下書きを仕上げる", "を補正する", "再販先に義務を負わせた契約を登録する 1件"]),
        ("viewer", ["作業担当者か署名権限者の対応待ちです"]),
        ("admin", ["署名権限者の対応待ちです", "提供条件 2026-11版に同意する"]),
    ],
)
async def test_members_have_something_to_do(played: Played, subject: str, waits: list[str]) -> None:
    words = await played.words("reiji", subject, "/")
    assert [wait for wait in waits if wait not in words] == []
    # Issued more than a fortnight ago: read, or to be found under 請求・明細.
    assert "2026年9月分の請求書を確認する" not in words


@pytest.mark.parametrize(
    ("subject", "waits"),
    [
        ("clerk", ["届いた申込の審査を始める 2件", "申込を審査する 1件", "契約の課金開始日を設定する 2件"]),
        ("approver", ["審査の済んだ申込を決裁する 1件", "提供条件を確かめて公表する 1件"]),
        ("approver2", ["審査の済んだ申込を決裁する 1件", "試算した月の請求書を発行する 1件"]),
        ("billing", ["料金表を確かめて提示する 1件"]),
        ("billing2", ["料金表を確かめて提示する 1件", "試算した月の請求書を発行する 1件"]),
    ],
)
async def test_staff_have_something_to_do(played: Played, subject: str, waits: list[str]) -> None:
    words = (await played.words("staff", subject, "/desk")).split("進行中の件数")[0]
    assert [wait for wait in waits if wait not in words] == []


async def test_the_new_company_begins(played: Played) -> None:
    words = await played.words("mihon", "signatory", "/")
    assert "契約はまだありません" in words
    assert "提供条件 2026-11版に同意する" in words
    assert "料金表（2026年11月から）の受領を確認する" in words
    for path, empty in (("/statements", "請求書はまだありません"), ("/contracts", "契約はまだありません")):
        assert empty in await played.words("mihon", "viewer", path)


@pytest.mark.parametrize(
    "path", ["/applications", "/contracts", "/policies", "/partners", "/price-sheets", "/statements"]
)
async def test_no_list_of_the_grown_company_is_empty(played: Played, path: str) -> None:
    page = await played.read("reiji", "viewer", path)
    assert page.status_code == 200
    assert 'class="empty"' not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/desk/applications",
        "/desk/contracts",
        "/desk/price-sheets",
        "/desk/policies",
        "/desk/closings",
        "/desk/invoices",
        "/desk/events",
    ],
)
async def test_no_list_of_the_desk_is_empty(played: Played, path: str) -> None:
    page = await played.read("staff", "auditor", path)
    assert page.status_code == 200
    assert 'class="empty"' not in page.text


async def person(db: Db, slug: str, subject: str) -> Person:
    connection = await members.connection_by_slug(db, slug)
    assert connection is not None
    found = await members.by_subject(db, connection_id=connection.id, subject=subject)
    assert found is not None
    known = await members.person(db, *found)
    assert known is not None
    return known


async def do_what_waits(pool: AsyncEngine, now: datetime) -> int:
    """Agree, accept, settle and issue, each by whose turn it is: no list is a dead end. The invoices issued."""
    days = Calendar(now)
    async with database.transaction(pool, "staff") as db:
        signatory = await person(db, "reiji", "signatory")
        approver, clerk = await person(db, "staff", "approver"), await person(db, "staff", "clerk")
        second, third = await person(db, "staff", "billing2"), await person(db, "staff", "approver2")
    async with database.transaction(pool, "subscriber", subscriber_id=signatory.subscriber_id) as db:
        shown = await policies.get(db, str(days.month(0)))
        assert shown is not None
        await policy_acts.agree(db, by=signatory, at=now, version=shown.version, sha256=shown.sha256)
    async with database.transaction(pool, "staff") as db:
        await reviews.take(db, by=clerk, at=now, application_id=(await waiting(db, "submitted"))[0].id)
        (ready,) = [one for one in await waiting(db, "in_review") if one.prepared_at]
        await reviews.accept(
            db,
            by=approver,
            at=now,
            application_id=ready.id,
            starts_on=days.ahead(10),
            seen_prepared_at=ready.prepared_at,
        )
        closing = await closings.of_month(db, days.month(-1).first)
        assert closing is not None
        unusual = await closings.exceptions(db, closing.id)
        assert unusual
        for one in unusual:
            await closing_acts.settle_exception(
                db, by=second, at=now, exception_id=one.id, closing_id=closing.id, reason="確認した。"
            )
        return await closing_acts.issue(db, by=third, at=now, closing_id=closing.id, seen=closing.digest)


async def waiting(db: Db, state: str) -> list[applications.Application]:
    found = [await applications.get(db, one.id) for one in await applications.listed(db, states=(state,))]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("now", "last_month"),
    [
        # 00:30 on 1 March in Tokyo, before anything of the day; what was accepted yesterday is last month's, too.
        (datetime(2026, 2, 28, 15, 30, tzinfo=UTC), 4),
        (datetime(2026, 3, 3, 0, 30, tzinfo=UTC), 3),  # the third, before the hour of the close
        (datetime(2028, 2, 29, 3, 0, tzinfo=UTC), 3),
        (datetime(2026, 12, 31, 14, 59, tzinfo=UTC), 3),  # a minute before the new year
    ],
    ids=["first", "third", "leap-day", "year-end"],
)
async def test_the_world_can_be_made_on_any_day_and_its_work_be_done(
    postgres: EmbeddedPostgres, template: str, now: datetime, last_month: int
) -> None:
    name = f"demo_{uuid4().hex[:12]}"
    await administer(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    pool, owner = database.engine(postgres.url(name, **LOGIN)), create_async_engine(postgres.url(name))
    try:
        await build(pool, now, count=14)
        async with owner.begin() as db:
            issued = select(func.count()).select_from(invoices).where(invoices.c.issued_at.is_not(None))
            assert await db.scalar(issued) == 8  # five months of the large contract, three of the small one
            assert await db.scalar(select(func.max(events.c.at))) <= now
        assert await do_what_waits(pool, now) == last_month
    finally:
        await pool.dispose()
        await owner.dispose()


def test_moments_still_to_come_are_now() -> None:
    days = Calendar(datetime(2026, 3, 2, 15, 30, tzinfo=UTC))  # 00:30 on the third in Tokyo
    assert days.today == date(2026, 3, 3)
    assert days.at(0, 3) == days.now
    assert days.at(0, 2) == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    assert days.day(-1, 28) == date(2026, 2, 28)
    assert days.ago(3) == datetime(2026, 2, 28, 1, 0, tzinfo=UTC)
