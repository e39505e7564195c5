"""Contracts to give notice of, and notices given, made by the use-cases."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, notices
from portal.records.base import Db
from portal.records.notices import Notice
from portal.terms.notices import VoidCode
from portal.usecases import notices as acts
from tests.builders import Company, World
from tests.makers_reviews import MadeLine, accepted, in_billing, submitted

ARRIVED_AT = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
BILLING_STARTS_ON = date(2026, 10, 20)


async def contract_in_billing(
    pool: AsyncEngine,
    world: World,
    company: Company,
    lines: tuple[MadeLine, ...],
    *,
    offering: str = "ipoe_shared",
    billing_starts_on: date | None = BILLING_STARTS_ON,
) -> UUID:
    """Accepted on 2026-10-08, its lines from 2026-10-20, in billing from that day unless another, or none, is said."""
    contract_id = await accepted(pool, world, await submitted(pool, company, lines, offering=offering))
    if billing_starts_on is not None:
        await in_billing(pool, world, contract_id, billing_starts_on)
    return contract_id


async def given(
    pool: AsyncEngine,
    company: Company,
    contract_id: UUID,
    *,
    at: datetime = ARRIVED_AT,
    requested_on: date | None = None,
) -> Notice:
    """A notice for the whole contract by the signatory."""
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        notice_id = await acts.give(db, by=company.signatory, at=at, contract_id=contract_id, requested_on=requested_on)
        return await _stored(db, notice_id)


async def stopped(
    pool: AsyncEngine,
    company: Company,
    contract_id: UUID,
    units: tuple[int, ...],
    *,
    at: datetime = ARRIVED_AT,
    requested_on: date | None = None,
) -> Notice:
    """A notice for options by the signatory."""
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        notice_id = await acts.stop_options(
            db, by=company.signatory, at=at, contract_id=contract_id, units=units, requested_on=requested_on
        )
        return await _stored(db, notice_id)


async def _stored(db: Db, notice_id: UUID) -> Notice:
    found = await notices.get(db, notice_id)
    assert found is not None
    return found


async def voided(pool: AsyncEngine, world: World, notice_id: UUID, *, at: datetime = ARRIVED_AT) -> None:
    """Prepared by the clerk, made void by the approver."""
    async with database.transaction(pool, "staff") as db:
        await acts.prepare_void(
            db,
            by=world.desk.clerk,
            at=at,
            notice_id=notice_id,
            code=VoidCode.NO_AUTHORITY,
            reason="代表者に電話で確かめた",
        )
    async with database.transaction(pool, "staff") as db:
        await acts.void(db, by=world.desk.approver, at=at, notice_id=notice_id)


async def unit_ids(pool: AsyncEngine, company: Company, contract_id: UUID) -> tuple[int, ...]:
    """The options of a contract, by line."""
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        found = await notices.units(db, contract_id=contract_id, subscriber_id=company.id)
    return tuple(unit.id for unit in found)
