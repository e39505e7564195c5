"""再販先 (A5-6-3): a tree, duties on every edge, no circle."""

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, partners
from portal.terms import eligibility
from portal.usecases import facts
from portal.usecases import partners as acts
from portal.usecases.outcomes import Conflict, NotFound, Refused
from tests.builders import Company, World
from tests.makers_terms import publish_policy
from tests.weakened import copy_without

# 2026-10-15 12:00 in Tokyo.
NOON = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
async def policy(pool: AsyncEngine, world: World) -> None:
    await publish_policy(pool, world)


async def added(pool: AsyncEngine, company: Company, code: str, parent_id: UUID | None = None) -> UUID:
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        return await acts.add(
            db,
            by=company.operator,
            at=NOON,
            subscriber_id=company.id,
            code=code,
            name=f"例示販売{code}",
            parent_id=parent_id,
        )


def move(company: Company, partner_id: UUID, parent_id: UUID | None, **other: Any) -> dict[str, Any]:
    """The arguments of duties imposed in good order."""
    return {
        "by": company.operator,
        "at": NOON,
        "subscriber_id": company.id,
        "partner_id": partner_id,
        "parent_id": parent_id,
        "contracted_on": date(2026, 10, 1),
        "clause_confirmed": True,
        "version": "2026-04",
        **other,
    }


async def imposed(
    pool: AsyncEngine,
    company: Company,
    partner_id: UUID,
    parent_id: UUID | None = None,
    *,
    acts: ModuleType = acts,
    **other: Any,
) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        await acts.impose_duties(db, **move(company, partner_id, parent_id, **other))


async def gap(pool: AsyncEngine, company: Company, code: str) -> str | None:
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        return eligibility.partner_gap(code, await facts.partner_edges(db, subscriber_id=company.id))


@pytest.mark.clause("A5-6-3", "holds")
async def test_a_partner_is_a_gap_until_duties_are_imposed(pool: AsyncEngine, world: World) -> None:
    top = await added(pool, world.ours, "A1")
    below = await added(pool, world.ours, "A2", top)
    assert await gap(pool, world.ours, "A2") == "A2"
    await imposed(pool, world.ours, below, top)
    assert await gap(pool, world.ours, "A2") == "A1"
    await imposed(pool, world.ours, top)
    assert await gap(pool, world.ours, "A2") is None


async def test_moving_a_partner_needs_duties_on_the_new_edge(pool: AsyncEngine, world: World) -> None:
    first = await added(pool, world.ours, "B1")
    second = await added(pool, world.ours, "B2")
    moving = await added(pool, world.ours, "B3", first)
    for partner_id in (first, second):
        await imposed(pool, world.ours, partner_id)
    await imposed(pool, world.ours, moving, first)
    await imposed(pool, world.ours, moving, second, contracted_on=date(2026, 10, 2))
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        found = await partners.get(db, moving, subscriber_id=world.ours.id)
        told = await partners.imposed(db, moving, subscriber_id=world.ours.id)
    assert found is not None
    assert (found.parent_id, found.contracted_on) == (second, date(2026, 10, 2))
    assert [(row.parent_code, row.contracted_on) for row in told] == [
        ("B2", date(2026, 10, 2)),
        ("B1", date(2026, 10, 1)),
    ]


@pytest.mark.clause("A5-6-3", "boundary")
async def test_the_contract_date_is_today_at_the_latest(pool: AsyncEngine, world: World) -> None:
    partner = await added(pool, world.ours, "C1")
    with pytest.raises(Refused):
        await imposed(pool, world.ours, partner, contracted_on=date(2026, 10, 16))
    await imposed(pool, world.ours, partner, contracted_on=date(2026, 10, 15))


@pytest.mark.clause("A5-6-3", "refused")
async def test_every_reason_is_told_at_once(pool: AsyncEngine, world: World) -> None:
    partner = await added(pool, world.ours, "D1")
    with pytest.raises(Refused) as refused:
        await imposed(
            pool, world.ours, partner, contracted_on=date(2027, 1, 1), clause_confirmed=False, version="unknown"
        )
    assert [violation.clause for violation in refused.value.violations] == ["A5-6-3", "A5-6-3", "A5-6-3"]
    assert await gap(pool, world.ours, "D1") == "D1"


async def test_a_circle_is_refused(pool: AsyncEngine, world: World) -> None:
    top = await added(pool, world.ours, "E1")
    below = await added(pool, world.ours, "E2", top)
    bottom = await added(pool, world.ours, "E3", below)
    for parent in (bottom, top):
        with pytest.raises(Refused, match="A5-6-3"):
            await imposed(pool, world.ours, top, parent)
    assert await gap(pool, world.ours, "E1") == "E1"


async def closes_a_circle(
    pool: AsyncEngine, company: Company, series: str, impose: ModuleType, *, patience: float
) -> bool:
    """Two moves at once, each below the other; whether both went through."""
    one, other = await added(pool, company, f"{series}1"), await added(pool, company, f"{series}2")
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        await impose.impose_duties(db, **move(company, one, other))
        second = asyncio.create_task(imposed(pool, company, other, one, acts=impose))
        # Until it has finished, or for as long as we believe that it might.
        await asyncio.wait({second}, timeout=patience)
    with suppress(Refused):
        await second
        return True
    return False


async def test_two_moves_at_once_close_no_circle(pool: AsyncEngine, world: World) -> None:
    assert not await closes_a_circle(pool, world.ours, "F", acts, patience=0.5)


async def test_without_the_lock_the_circle_would_be_found(pool: AsyncEngine, world: World, tmp_path: Path) -> None:
    lock = "    await partners.lock_tree(db, subscriber_id=subscriber_id)\n"
    assert await closes_a_circle(pool, world.ours, "L", copy_without(acts, lock, tmp_path), patience=30)


async def test_a_code_is_used_once_in_a_company(pool: AsyncEngine, world: World) -> None:
    await added(pool, world.ours, "G1")
    with pytest.raises(Conflict, match="G1"):
        await added(pool, world.ours, "G1")
    await added(pool, world.theirs, "G1")


async def test_anothers_partner_does_not_exist(pool: AsyncEngine, world: World) -> None:
    theirs = await added(pool, world.theirs, "H1")
    with pytest.raises(NotFound):
        await added(pool, world.ours, "H2", theirs)
    with pytest.raises(NotFound):
        await imposed(pool, world.ours, theirs)
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        assert await db.scalar(text("SELECT count(*) FROM partners WHERE code = 'H1'")) == 0
