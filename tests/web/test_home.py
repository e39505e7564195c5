"""ホーム: what waits for whom, since when and until when; what is empty says how to begin."""

from datetime import UTC, date, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database
from portal.records.members import Person
from portal.terms.applications import ApplicationKind
from portal.terms.offerings import Offering
from portal.usecases import drafts, partners, policies, prices, reviews
from portal.usecases.policies import Draft
from portal.usecases.reviews import Return
from tests.builders import World
from tests.makers_reviews import accepted, made_lines, prepared, submitted
from tests.makers_terms import BODY, agree, price_sheet, publish_policy, quote
from tests.portals import Portal, text_of

NOW = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
OTHERS = "ほかの担当者の対応を待っているもの"


async def mine(portal: Portal, person: Person) -> str:
    """The words of 要対応, without what waits for others."""
    page = text_of(await portal.get(person, "/desk" if person.realm == "staff" else "/"))
    following = "進行中の件数" if person.realm == "staff" else OTHERS if OTHERS in page else "契約 "
    return page.split(" 要対応 ", 1)[1].split(following, 1)[0]


async def others(portal: Portal, person: Person) -> str:
    page = text_of(await portal.get(person, "/desk" if person.realm == "staff" else "/"))
    return page.split(OTHERS, 1)[1].split("最近の動き", 1)[0] if OTHERS in page else ""


async def test_a_new_company_is_told_how_to_begin(portal: Portal) -> None:
    page = await portal.get(portal.world.theirs.operator, "/")
    assert page.status_code == 200
    assert "いま対応が必要なものはありません。" in text_of(page)
    assert "契約はまだありません" in text_of(page)
    assert 'href="/applications/new"' in page.text
    assert 'href="/applications/new"' not in (await portal.get(portal.world.theirs.viewer, "/")).text


async def test_the_way_home_of_staff_leads_to_the_desk(portal: Portal) -> None:
    for person in portal.world.desk.people:
        answer = await portal.get(person, "/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
        assert (await portal.get(person, "/desk")).status_code == 200
    assert (await portal.get(portal.world.ours.signatory, "/desk")).status_code == 404


async def test_an_agreement_waits_for_who_may_bind(pool: AsyncEngine, portal: Portal, world: World) -> None:
    """Published 2026-04-01, to be agreed to by 2026-04-30: on 2026-10-15 it is late."""
    await publish_policy(pool, world)
    words = await mine(portal, world.ours.signatory)
    assert "提供条件 2026-04版に同意する" in words
    assert "2026/04/01" in words
    assert "期限超過 2026/04/30" in words
    assert "提供条件" not in await mine(portal, world.ours.operator)
    assert "署名権限者の対応待ちです" in await others(portal, world.ours.operator)
    await agree(pool, world.ours)
    assert "提供条件" not in await mine(portal, world.ours.signatory)
    assert "提供条件 2026-04版に同意する" in await mine(portal, world.theirs.signatory)


async def test_a_price_sheet_waits_to_be_shown_and_to_be_acknowledged(
    pool: AsyncEngine, portal: Portal, world: World
) -> None:
    async with database.transaction(pool, "staff") as db:
        sheet_id = await prices.prepare(
            db, by=world.desk.billing, at=NOW, subscriber_id=world.theirs.id, contract_id=None, sheet=price_sheet()
        )
    assert "料金表を確かめて提示する 1件" in await mine(portal, world.desk.second_billing)
    assert "料金表" not in await mine(portal, world.desk.billing)  # who prepared it does not show it
    assert "料金表を確かめて提示する 1件" in await others(portal, world.desk.billing)
    assert "料金表" not in await mine(portal, world.theirs.signatory)
    # Another one, of no use: discarded, it waits no longer.
    async with database.transaction(pool, "staff") as db:
        other = await prices.prepare(
            db,
            by=world.desk.billing,
            at=NOW,
            subscriber_id=world.theirs.id,
            contract_id=None,
            sheet=price_sheet(date(2026, 5, 1)),
        )
    assert "料金表を確かめて提示する 2件" in await mine(portal, world.desk.second_billing)
    async with database.transaction(pool, "staff") as db:
        await prices.discard(db, by=world.desk.second_billing, at=NOW, sheet_id=other)
    assert "料金表を確かめて提示する 1件" in await mine(portal, world.desk.second_billing)
    async with database.transaction(pool, "staff") as db:
        await prices.show(db, by=world.desk.second_billing, at=NOW, sheet_id=sheet_id)
    assert "料金表（2026年4月から）の受領を確認する" in await mine(portal, world.theirs.signatory)
    async with database.transaction(pool, "subscriber", subscriber_id=world.theirs.id) as db:
        await prices.acknowledge(
            db, by=world.theirs.signatory, at=NOW, subscriber_id=world.theirs.id, sheet_id=sheet_id
        )
    assert "料金表" not in await mine(portal, world.theirs.signatory)


async def test_a_policy_waits_for_an_approver(pool: AsyncEngine, portal: Portal, world: World) -> None:
    async with database.transaction(pool, "staff") as db:
        draft = Draft(
            version="2027-01",
            title="帯域共有 提供条件",
            body=BODY,
            material=False,
            effective_on=date(2027, 1, 1),
            agree_by=date(2027, 1, 31),
        )
        await policies.prepare(db, by=world.desk.clerk, at=NOW, draft=draft)
    assert "提供条件を確かめて公表する 1件" in await mine(portal, world.desk.approver)
    assert "提供条件を確かめて公表する" in await others(portal, world.desk.clerk)


async def test_a_partner_without_duties_waits(pool: AsyncEngine, portal: Portal, world: World) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await partners.add(
            db,
            by=world.ours.operator,
            at=datetime(2026, 10, 2, 1, 0, tzinfo=UTC),
            subscriber_id=world.ours.id,
            code="P-1",
            name="見本代理店合同会社",
            parent_id=None,
        )
    words = await mine(portal, world.ours.operator)
    assert "再販先に義務を負わせた契約を登録する 1件" in words
    assert "見本代理店合同会社" in words
    assert "2026/10/02" in words
    assert "見本代理店" not in await mine(portal, world.theirs.operator)


async def test_drafts_and_returns_wait_for_the_company(pool: AsyncEngine, portal: Portal, world: World) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=world.theirs.id) as db:
        await drafts.begin(
            db,
            by=world.theirs.operator,
            at=datetime(2026, 10, 12, 1, 0, tzinfo=UTC),
            kind=ApplicationKind.NEW_CONTRACT,
            offering=Offering.IPOE_SHARED,
        )
    words = await mine(portal, world.theirs.signatory)
    assert "の下書きを仕上げる" in words
    assert "2026/10/12" in words
    application_id = await submitted(pool, world.theirs, made_lines(1, first=900))
    async with database.transaction(pool, "staff") as db:
        at = datetime(2026, 10, 6, 1, 0, tzinfo=UTC)
        await reviews.take(db, by=world.desk.clerk, at=at, application_id=application_id)
        await reviews.send_back(
            db,
            by=world.desk.clerk,
            at=at,
            application_id=application_id,
            returns=(Return("purpose", "利用の目的を確かめてください。"),),
            return_by=date(2026, 10, 14),
        )
    words = await mine(portal, world.theirs.operator)
    assert "を補正する" in words
    assert "期限超過 2026/10/14" in words
    assert "を補正する" not in await mine(portal, world.theirs.viewer)
    assert "作業担当者か署名権限者の対応待ちです" in await others(portal, world.theirs.viewer)


async def test_applications_wait_for_each_duty_in_turn(pool: AsyncEngine, portal: Portal, world: World) -> None:
    desk = world.desk
    await agree(pool, world.ours)
    await quote(pool, world, world.ours)
    application_id = await submitted(pool, world.ours, made_lines(2, first=1))
    assert "届いた申込の審査を始める 1件 まだ誰も審査を始めていません。 いつから 2026/10/05" in await mine(
        portal, desk.clerk
    )
    assert "届いた申込" not in await mine(portal, desk.approver)
    await prepared(pool, world, application_id)
    assert "届いた申込" not in await mine(portal, desk.clerk)
    assert "審査の済んだ申込を決裁する 1件" in await mine(portal, desk.approver)
    assert "決裁待ち 1件" in text_of(await portal.get(desk.auditor, "/desk"))
    assert "監査担当は閲覧のみです" in await mine(portal, desk.auditor)
    second = await submitted(pool, world.ours, made_lines(2, first=11))
    await accepted(pool, world, second)
    assert "契約の課金開始日を設定する 1件" in await mine(portal, desk.clerk)
    assert "承諾した申込の手配を始める 1件" in await mine(portal, desk.clerk)
    home = text_of(await portal.get(world.ours.viewer, "/"))
    assert "課金開始前" in home
    assert "承諾しました" in home
    assert "決裁 一郎" not in home  # a subscriber reads the provider's name, not its people's
    assert "決裁 一郎" in text_of(await portal.get(desk.clerk, "/desk"))
    assert "承諾しました" not in text_of(await portal.get(world.theirs.viewer, "/"))
