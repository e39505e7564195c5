"""提供条件 (A5-6-1): two people bring a version out, a signatory agrees to its very text, once."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, events, policies
from portal.records.policies import Agreement
from portal.usecases import policies as acts
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused
from portal.usecases.policies import Draft
from tests.builders import World
from tests.makers_terms import agree, publish_policy

MAY = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)


def draft(version: str, **other: object) -> Draft:
    base = Draft(
        version=version,
        title="帯域共有 提供条件",
        body="# 帯域の制御\r\n混雑時に制御します。",
        material=True,
        effective_on=date(2026, 5, 1),
        agree_by=date(2026, 5, 31),
    )
    return replace(base, **other)


async def prepared(pool: AsyncEngine, world: World, version: str, **other: object) -> policies.Policy:
    async with database.transaction(pool, "staff") as db:
        return await acts.prepare(db, by=world.desk.clerk, at=MAY, draft=draft(version, **other))


async def effective(
    pool: AsyncEngine, world: World, version: str, on: date, *, at: datetime | None = None
) -> policies.Policy:
    """A version published at `at`, or in the first hour of the day from which it is in effect."""
    return await publish_policy(
        pool,
        world,
        version=version,
        effective_on=on,
        agree_by=date(2026, 12, 31),
        at=at or datetime(on.year, on.month, on.day, tzinfo=UTC),
    )


async def test_the_fingerprint_is_of_the_text_as_shown(pool: AsyncEngine, world: World) -> None:
    made = await prepared(pool, world, "1.0", title="か\u3099", body="一行\r\n二行\n")
    assert (made.title, made.body) == ("が", "一行\n二行")
    # printf 'が\n1.0\n\n一行\n二行\n' | sha256sum
    assert made.sha256 == "7792311716c0a24267b75995814908ae141c2c0aecd3d8081ead6456a776748e"


async def test_a_version_cannot_be_prepared_twice(pool: AsyncEngine, world: World) -> None:
    await prepared(pool, world, "2.0")
    with pytest.raises(Conflict, match="版はすでにあります"):
        await prepared(pool, world, "2.0")


async def test_a_deadline_before_the_effect_is_refused(pool: AsyncEngine, world: World) -> None:
    with pytest.raises(Conflict, match="同意の期限"):
        await prepared(pool, world, "2.1", agree_by=date(2026, 4, 30))


async def test_the_preparer_does_not_publish(pool: AsyncEngine, world: World) -> None:
    made = await prepared(pool, world, "3.0")
    both = replace(world.desk.clerk, roles=("clerk", "approver"))
    with pytest.raises(Forbidden, match="自分が準備した"):
        async with database.transaction(pool, "staff") as db:
            await acts.publish(db, by=both, at=MAY, version="3.0", sha256=made.sha256)


async def test_what_was_revised_since_it_was_read_is_not_published(pool: AsyncEngine, world: World) -> None:
    read = await prepared(pool, world, "4.0")
    async with database.transaction(pool, "staff") as db:
        await acts.revise(db, by=world.desk.second_clerk, at=MAY, draft=draft("4.0", body="別の本文"))
    with pytest.raises(Conflict, match="下書きが直されました"):
        async with database.transaction(pool, "staff") as db:
            await acts.publish(db, by=world.desk.approver, at=MAY, version="4.0", sha256=read.sha256)


async def test_who_revises_is_the_preparer(pool: AsyncEngine, world: World) -> None:
    await prepared(pool, world, "4.1")
    async with database.transaction(pool, "staff") as db:
        revised = await acts.revise(db, by=world.desk.second_clerk, at=MAY, draft=draft("4.1", body="別の本文"))
    with pytest.raises(Forbidden):
        async with database.transaction(pool, "staff") as db:
            await acts.publish(db, by=world.desk.second_clerk, at=MAY, version="4.1", sha256=revised.sha256)


@pytest.mark.parametrize(("effective_on", "holds"), [(date(2026, 4, 30), False), (date(2026, 5, 1), True)])
async def test_no_version_takes_effect_before_it_is_published(
    pool: AsyncEngine, world: World, effective_on: date, holds: bool
) -> None:
    made = await prepared(pool, world, f"5.{effective_on.day}", effective_on=effective_on)
    async with database.transaction(pool, "staff") as db:
        publication = acts.publish(db, by=world.desk.approver, at=MAY, version=made.version, sha256=made.sha256)
        if holds:
            assert (await publication).published_at == MAY
        else:
            with pytest.raises(Conflict, match="効力発生日を過ぎています"):
                await publication


async def test_a_published_version_stays_as_it_is(pool: AsyncEngine, owner_pool: AsyncEngine, world: World) -> None:
    await publish_policy(pool, world, version="6.0")
    with pytest.raises(Conflict, match="公表されています"):
        async with database.transaction(pool, "staff") as db:
            await acts.revise(db, by=world.desk.clerk, at=MAY, draft=draft("6.0"))
    async with database.transaction(pool, "staff") as db:
        changed = await db.execute(text("UPDATE policies SET body = '' WHERE version = '6.0'"))
        assert changed.rowcount == 0
    async with owner_pool.connect() as db:
        with pytest.raises(IntegrityError, match="never changed"):
            await db.execute(text("UPDATE policies SET body = '' WHERE version = '6.0'"))


async def test_a_draft_is_nothing_to_subscribers(pool: AsyncEngine, world: World) -> None:
    made = await prepared(pool, world, "7.0")
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        assert await policies.get(db, "7.0") is None
        with pytest.raises(NotFound):
            await acts.agree(db, by=world.ours.signatory, at=MAY, version="7.0", sha256=made.sha256)


@pytest.mark.clause("A5-6-1", "holds")
async def test_an_agreement_keeps_person_authority_text_and_time(pool: AsyncEngine, world: World) -> None:
    policy = await effective(pool, world, "10.1", date(2026, 6, 1))
    made = await agree(pool, world.ours, "10.1", at=datetime(2026, 6, 10, 5, 0, tzinfo=UTC))
    assert made.member_name == "署名 花子"
    assert made.authority == "代表取締役"
    assert made.sha256 == policy.sha256
    assert made.agreed_at == datetime(2026, 6, 10, 5, 0, tzinfo=UTC)
    assert made.number.startswith("G-20260610-00001-")


@pytest.mark.clause("A5-6-1", "boundary")
async def test_only_the_version_in_effect_can_be_agreed_to(pool: AsyncEngine, world: World) -> None:
    for version, effective_on in (("11.1", date(2026, 6, 11)), ("11.2", date(2026, 7, 1))):
        await effective(pool, world, version, effective_on, at=datetime(2026, 6, 11, 1, 0, tzinfo=UTC))
    # 2026-06-30 23:59:59 and 2026-07-01 00:00:00 in Tokyo.
    last_second = datetime(2026, 6, 30, 14, 59, 59, tzinfo=UTC)
    midnight = datetime(2026, 6, 30, 15, 0, 0, tzinfo=UTC)
    with pytest.raises(Refused, match="A5-6-1"):
        await agree(pool, world.theirs, "11.2", at=last_second)
    assert (await agree(pool, world.theirs, "11.1", at=last_second)).agreed_at == last_second
    with pytest.raises(Refused, match="A5-6-1"):
        await agree(pool, world.ours, "11.1", at=midnight)
    assert (await agree(pool, world.ours, "11.2", at=midnight)).agreed_at == midnight


async def test_another_text_than_the_stored_one_is_not_agreed_to(pool: AsyncEngine, world: World) -> None:
    await effective(pool, world, "15.0", date(2026, 8, 1))
    with pytest.raises(Conflict, match="一致しません"):
        async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
            await acts.agree(
                db, by=world.ours.signatory, at=datetime(2026, 8, 2, tzinfo=UTC), version="15.0", sha256="0" * 64
            )


async def test_who_has_no_authority_does_not_agree(pool: AsyncEngine, world: World) -> None:
    policy = await effective(pool, world, "15.1", date(2026, 8, 3))
    with pytest.raises(Forbidden):
        async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
            await acts.agree(
                db,
                by=world.ours.operator,
                at=datetime(2026, 8, 4, tzinfo=UTC),
                version="15.1",
                sha256=policy.sha256,
            )


async def test_two_at_once_make_one_agreement(pool: AsyncEngine, world: World) -> None:
    policy = await effective(pool, world, "13.0", date(2026, 9, 1))
    at = datetime(2026, 9, 2, tzinfo=UTC)

    async def once() -> Agreement:
        return await agree(pool, world.ours, "13.0", at=at)

    first, second = await asyncio.gather(once(), once())
    assert first == second
    again = await agree(pool, world.ours, "13.0", at=datetime(2026, 9, 3, tzinfo=UTC))
    assert again == first
    async with database.transaction(pool, "staff") as db:
        told = await events.of_object(db, "policy", policy.id)
    assert [event.verb for event in told] == ["policy_prepared", "policy_published", "policy_agreed"]


async def test_agreements_are_their_own_companys(pool: AsyncEngine, world: World) -> None:
    await effective(pool, world, "14.0", date(2026, 10, 1))
    made = await agree(pool, world.ours, "14.0", at=datetime(2026, 10, 2, tzinfo=UTC))
    async with database.transaction(pool, "subscriber", subscriber_id=world.theirs.id) as db:
        found = await policies.agreement(db, subscriber_id=world.ours.id, policy_id=made.policy_id)
        unfiltered = await db.scalar(
            text("SELECT count(*) FROM policy_agreements WHERE policy_id = :id"), {"id": made.policy_id}
        )
    assert found is None
    assert unfiltered == 0
    async with database.transaction(pool, "staff") as db:
        shown = await policies.answers(db, made.policy_id)
    assert [(answer.company, answer.member_name) for answer in shown] == [
        ("見本ネット株式会社", None),
        ("例示通信株式会社", "署名 花子"),
    ]
