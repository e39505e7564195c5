"""The outbox: who may leave letters, who may read them, and that the worker changes nothing but how it went."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, outbox
from portal.records.database import Role
from portal.records.outbox import NewLetter
from tests.builders import Company, World

AT = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
NO_PRIVILEGE = "42501"
SET = {
    "to_address": "'x'",
    "subject": "'x'",
    "body": "'x'",
    "path": "'x'",
    "verb": "'x'",
    "subscriber_id": "NULL",
    "at": "at",
}
HOW_IT_WENT = ("attempts", "next_try_at", "sent_at", "failed_at", "last_error")


def letter(company: Company | None, address: str = "a@example-a.example") -> NewLetter:
    owner = company.id if company else None
    return NewLetter(subscriber_id=owner, to_address=address, subject="件名", body="本文", path="/")


async def put(pool: AsyncEngine, role: Role, one: NewLetter, *, subscriber_id: UUID | None = None) -> None:
    async with database.transaction(pool, role, subscriber_id=subscriber_id) as db:
        await outbox.put(db, [one], at=AT, verb="policy_agreed", object_kind="policy", object_id=UUID(int=1))


async def state(pool: AsyncEngine, role: Role, statement: str, *, subscriber_id: UUID | None = None) -> str | None:
    """The SQLSTATE with which a statement is refused; None where it is not. Nothing of it stays."""
    async with pool.connect() as db:
        await database.become(db, role, subscriber_id=subscriber_id)
        try:
            await db.execute(text(statement))
        except DBAPIError as error:
            return str(getattr(error.orig, "sqlstate", ""))
        finally:
            await db.rollback()
    return None


async def test_a_company_leaves_letters_of_its_own_affairs_only(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    await put(pool, "subscriber", letter(world.ours, "own@x.example"), subscriber_id=world.ours.id)
    for whose in (world.theirs, None):
        with pytest.raises(DBAPIError, match="row-level security"):
            await put(pool, "subscriber", letter(whose, "other@x.example"), subscriber_id=world.ours.id)
    with pytest.raises(DBAPIError, match="row-level security"):
        await put(pool, "subscriber", letter(world.ours, "nobody@x.example"))
    async with owner_pool.connect() as db:
        found = set((await db.execute(text("SELECT to_address FROM outbox WHERE subject = '件名'"))).scalars())
    assert "own@x.example" in found
    assert not found & {"other@x.example", "nobody@x.example"}


async def test_staff_leave_letters_to_anybody_and_read_them(pool: AsyncEngine, world: World) -> None:
    for whose in (world.ours, world.theirs, None):
        await put(pool, "staff", letter(whose, "staff@x.example"))
    async with database.transaction(pool, "staff") as db:
        assert len([one for one in await outbox.latest(db) if one.to_address == "staff@x.example"]) == 3
    assert await state(pool, "staff", "UPDATE outbox SET sent_at = at") == NO_PRIVILEGE
    assert await state(pool, "staff", "DELETE FROM outbox") == NO_PRIVILEGE


@pytest.mark.parametrize("role", ["signin", "subscriber"])
async def test_nobody_else_reads_letters(pool: AsyncEngine, world: World, role: Role) -> None:
    for statement in ("SELECT FROM outbox", "UPDATE outbox SET sent_at = at", "DELETE FROM outbox"):
        assert await state(pool, role, statement, subscriber_id=world.ours.id) == NO_PRIVILEGE


async def test_the_worker_says_how_it_went_and_changes_nothing_else(pool: AsyncEngine, world: World) -> None:
    await put(pool, "staff", letter(world.ours))
    for column, value in SET.items():
        assert await state(pool, "worker", f"UPDATE outbox SET {column} = {value}") == NO_PRIVILEGE, column
    for statement in ("DELETE FROM outbox", "INSERT INTO outbox (at) VALUES (now())", "SELECT FROM members"):
        assert await state(pool, "worker", statement) == NO_PRIVILEGE, statement
    # CONTROL: what it may change, it can.
    for column in HOW_IT_WENT:
        assert await state(pool, "worker", f"UPDATE outbox SET {column} = {column}") is None, column


async def test_the_desk_is_written_to_without_its_list_being_open(pool: AsyncEngine, world: World) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        found = await outbox.desk(db, "clerk", subscriber_id=world.ours.id)
        assert [one.address for one in found] == ["clerk2@provider.example", "clerk@provider.example"]
        assert {one.subscriber_id for one in found} == {world.ours.id}
    assert await state(pool, "subscriber", "SELECT email FROM staff") == NO_PRIVILEGE
    assert await state(pool, "signin", "SELECT desk_addresses('clerk')") == NO_PRIVILEGE


async def test_a_company_finds_its_own_people_only(pool: AsyncEngine, world: World) -> None:
    roles = ("signatory", "operator")
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        mine = await outbox.people_of(db, world.ours.id, roles)
        assert [one.address for one in mine] == ["operator@example-a.example", "signatory@example-a.example"]
        assert await outbox.people_of(db, world.theirs.id, roles) == []
    async with database.transaction(pool, "staff") as db:
        theirs = await outbox.people_of(db, world.theirs.id, roles)
    assert [(one.address, one.company) for one in theirs] == [
        ("operator@example-b.example", "見本ネット株式会社"),
        ("signatory@example-b.example", "見本ネット株式会社"),
    ]


async def test_two_people_with_one_address_get_one_letter(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    async with owner_pool.begin() as db:
        await db.execute(
            text("UPDATE members SET email = 'shared@example-b.example' WHERE subscriber_id = :id"),
            {"id": world.theirs.id},
        )
        await db.execute(text("UPDATE members SET email = '' WHERE id = :id"), {"id": world.theirs.operator.id})
    async with database.transaction(pool, "staff") as db:
        found = await outbox.people_of(db, world.theirs.id, ("signatory", "operator", "viewer"))
    assert [one.address for one in found] == ["shared@example-b.example"]
