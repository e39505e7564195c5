"""Who may come in: companies with a right number, people by their own company's provider only."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, events, members, subscribers
from portal.usecases import people
from portal.usecases.outcomes import Conflict, Refused
from tests.builders import World
from tests.conftest import NOON

COMPANY: dict[str, Any] = {
    "name": "架空商事株式会社",
    "name_kana": "カクウショウジ",
    "postal_code": "100-0000",
    "address": "東京都架空区架空町3番3号",
    "billing_contact": "経理部",
    "resale_number": "A-99-00003",
}


async def registered(pool: AsyncEngine, corporate_number: str, **changed: Any) -> UUID:
    async with database.transaction(pool, "staff") as db:
        return await people.register_subscriber(
            db, by=people.SETUP, at=NOON, corporate_number=corporate_number, **{**COMPANY, **changed}
        )


async def invited(pool: AsyncEngine, world: World, **changed: Any) -> UUID:
    person: dict[str, Any] = {
        "subscriber_id": world.ours.id,
        "connection_id": world.ours.connection_id,
        "subject": "new",
        "name": "見習 五月",
        "email": "new@example-a.example",
        "roles": ("viewer",),
        **changed,
    }
    async with database.transaction(pool, "staff") as db:
        return await people.invite_member(db, by=people.SETUP, at=NOON, **person)


async def enrolled(pool: AsyncEngine, connection_id: UUID, *, roles: tuple[str, ...] = ("clerk",)) -> UUID:
    async with database.transaction(pool, "staff") as db:
        return await people.enrol_staff(
            db,
            by=people.SETUP,
            at=NOON,
            connection_id=connection_id,
            subject="new-staff",
            name="審査 五郎",
            email="new@provider.example",
            roles=roles,
        )


@pytest.mark.clause("A4-1", "holds")
async def test_a_corporation_is_registered_and_told_of(pool: AsyncEngine, world: World) -> None:
    # 12 digits 999999999990 behind the check digit: 9 − ((6×9×2 + 5×9) mod 9 = 0) = 9
    subscriber_id = await registered(pool, "9999999999990")
    async with database.transaction(pool, "staff") as db:
        found = await subscribers.get(db, subscriber_id)
        told = await events.of_object(db, "subscriber", subscriber_id)
    assert found is not None
    assert (found.name, found.corporate_number) == ("架空商事株式会社", "9999999999990")
    assert (found.payment_months, found.payment_day) == (1, 31)
    assert [(one.verb, one.at, one.clauses) for one in told] == [("subscriber_registered", NOON, ("A4-1", "A5-1"))]


@pytest.mark.clause("A4-1", "refused")
@pytest.mark.parametrize(
    "corporate_number",
    [
        "9999999999991",
        "0999999999990",
        "999999999999",
        "99999999999990",
        "",
        "９９９９９９９９９９９９０",
        "999999999999X",
    ],
)
async def test_a_wrong_number_is_no_corporation(pool: AsyncEngine, world: World, corporate_number: str) -> None:
    with pytest.raises(Refused) as refusal:
        await registered(pool, corporate_number)
    assert [violation.clause for violation in refusal.value.violations] == ["A4-1"]


async def test_a_corporation_is_registered_once(pool: AsyncEngine, world: World) -> None:
    with pytest.raises(IntegrityError, match="subscribers_corporate_number_key"):
        await registered(pool, "8999999999991")


@pytest.mark.parametrize(("name", "value"), [("payment_months", 7), ("payment_months", -1), ("payment_day", 0)])
async def test_terms_of_payment_have_bounds(pool: AsyncEngine, world: World, name: str, value: int) -> None:
    with pytest.raises(IntegrityError, match=f"subscribers_{name}_check"):
        await registered(pool, "7999999999992", **{name: value})


async def test_a_member_is_invited(pool: AsyncEngine, world: World) -> None:
    member_id = await invited(pool, world, subject="invited", roles=("operator", "viewer"))
    async with database.transaction(pool, "staff") as db:
        found = await members.person(db, "subscriber", member_id)
        told = await events.of_object(db, "member", member_id)
    assert found is not None
    assert (found.subscriber_id, found.roles, found.authority) == (world.ours.id, ("operator", "viewer"), None)
    assert [(one.verb, one.details) for one in told] == [("member_invited", {"roles": ["operator", "viewer"]})]


async def test_nobody_comes_in_by_another_companys_provider(pool: AsyncEngine, world: World) -> None:
    """Otherwise their provider would decide who acts as our member, or as staff."""
    for connection_id in (world.theirs.connection_id, world.desk.connection_id, UUID(int=7)):
        with pytest.raises(Conflict, match="この会社の認証サーバーではありません"):
            await invited(pool, world, connection_id=connection_id)
    for connection_id in (world.ours.connection_id, UUID(int=7)):
        with pytest.raises(Conflict, match="この会社の認証サーバーではありません"):
            await enrolled(pool, connection_id)


async def test_control_the_database_itself_would_let_them_in(owner_pool: AsyncEngine, world: World) -> None:
    statement = text("UPDATE members SET connection_id = :theirs, subject = 'theirs' WHERE id = :id")
    async with owner_pool.connect() as db:
        await db.execute(statement, {"theirs": world.theirs.connection_id, "id": world.ours.viewer.id})
        await db.rollback()


@pytest.mark.parametrize("authority", [None, ""])
async def test_a_signatory_needs_the_authority_it_rests_on(
    pool: AsyncEngine, world: World, authority: str | None
) -> None:
    with pytest.raises(Conflict, match="権限の根拠"):
        await invited(pool, world, roles=("signatory",), authority=authority)


async def test_roles_are_those_of_the_realm(pool: AsyncEngine, world: World) -> None:
    with pytest.raises(IntegrityError, match="members_roles_check"):
        await invited(pool, world, roles=("clerk",))
    with pytest.raises(IntegrityError, match="staff_roles_check"):
        await enrolled(pool, world.desk.connection_id, roles=("signatory",))


async def test_one_person_of_a_provider_is_one_member(pool: AsyncEngine, world: World) -> None:
    with pytest.raises(IntegrityError, match="members_connection_id_subject_key"):
        await invited(pool, world, subject="operator")
    # The same subject at another company's provider is somebody else.
    other = await invited(
        pool, world, subscriber_id=world.theirs.id, connection_id=world.theirs.connection_id, subject="invited-there"
    )
    assert other not in {person.id for person in world.ours.people}


async def test_staff_are_enrolled(pool: AsyncEngine, world: World) -> None:
    staff_id = await enrolled(pool, world.desk.connection_id)
    async with database.transaction(pool, "staff") as db:
        found = await members.person(db, "staff", staff_id)
    assert found is not None
    assert (found.realm, found.subscriber_id, found.roles) == ("staff", None, ("clerk",))
