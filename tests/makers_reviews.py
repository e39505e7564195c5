"""Applications that have arrived, and contracts formed from them, to begin a test with."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import applications, database, numbers
from portal.terms.applications import Move
from portal.terms.references import reference
from portal.usecases import contracts as contract_acts
from portal.usecases import reviews
from portal.usecases.reviews import Recommendation
from tests.builders import Company, World
from tests.makers_terms import agree, publish_policy, quote

SUBMITTED_AT = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)
TAKEN_AT = datetime(2026, 10, 6, 1, 0, tzinfo=UTC)
PREPARED_AT = datetime(2026, 10, 7, 1, 0, tzinfo=UTC)
ACCEPTED_AT = datetime(2026, 10, 8, 1, 0, tzinfo=UTC)
STARTS_ON = date(2026, 10, 20)


@dataclass(frozen=True, kw_only=True)
class MadeLine:
    """One row of an application; `position` is given by its place."""

    access_line_id: str
    dwelling: str = "detached"
    prefecture: str = "東京都"
    own_reference: str | None = None
    partner_code: str | None = None
    wanted_on: date | None = None
    options: tuple[str, ...] = ()
    consented_at: datetime | None = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
    consent_method: str = "web"
    policy_version: str = "2026-04"
    whole: bool = True


def made_lines(count: int, *, first: int = 1, prefecture: str = "東京都") -> tuple[MadeLine, ...]:
    """Detached homes with a consent each: CAF0000000001 and on."""
    return tuple(
        MadeLine(access_line_id=f"CAF{first + place:010}", own_reference=f"R-{first + place}", prefecture=prefecture)
        for place in range(count)
    )


async def ready(pool: AsyncEngine, world: World) -> None:
    """Policy published and agreed to, prices quoted, for both companies."""
    await publish_policy(pool, world)
    for company in (world.ours, world.theirs):
        await agree(pool, company)
        await quote(pool, world, company)


async def submitted(
    pool: AsyncEngine,
    company: Company,
    lines: tuple[MadeLine, ...] = made_lines(2),
    *,
    offering: str = "ipoe_shared",
    purpose: str = "resale",
    at: datetime = SUBMITTED_AT,
) -> UUID:
    """A 新規 application that has arrived."""
    application_id, day = uuid4(), at.date()
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        number = reference("A", day, await numbers.next_serial(db, "A", day))
        await db.execute(
            insert(applications.applications).values(
                id=application_id,
                subscriber_id=company.id,
                number=number,
                kind="new_contract",
                state="submitted",
                offering=offering,
                answers={"purpose": purpose},
                drafted_by=company.operator.id,
                drafted_at=at,
                changed_at=at,
                submitted_by=company.signatory.id,
                submitted_at=at,
            )
        )
        rows = [_row(line, place) for place, line in enumerate(lines, start=1)]
        await applications.put_lines(db, rows, application_id=application_id, subscriber_id=company.id)
    return application_id


def _row(line: MadeLine, place: int) -> dict[str, object]:
    return {
        "position": place,
        "given": {"回線ID": line.access_line_id},
        "access_key_sealed": b"sealed",
        "whole": line.whole,
        "access_line_id": line.access_line_id,
        "dwelling": line.dwelling,
        "prefecture": line.prefecture,
        "own_reference": line.own_reference,
        "partner_code": line.partner_code,
        "wanted_on": line.wanted_on,
        "options": list(line.options),
        "end_user_ref": f"U-{place}" if line.consented_at else None,
        "consented_at": line.consented_at,
        "consent_has_time": line.consented_at is not None,
        "consent_method": line.consent_method if line.consented_at else None,
        "policy_version": line.policy_version if line.consented_at else None,
    }


async def prepared(pool: AsyncEngine, world: World, application_id: UUID) -> None:
    """Taken and reviewed by the clerk, ready for an approver."""
    async with database.transaction(pool, "staff") as db:
        await reviews.take(db, by=world.desk.clerk, at=TAKEN_AT, application_id=application_id)
    async with database.transaction(pool, "staff") as db:
        await reviews.prepare(
            db,
            by=world.desk.clerk,
            at=PREPARED_AT,
            application_id=application_id,
            recommendation=Recommendation.ACCEPT,
            note="記載に不備なし",
        )


async def accepted(
    pool: AsyncEngine, world: World, application_id: UUID, *, starts_on: date = STARTS_ON, at: datetime = ACCEPTED_AT
) -> UUID:
    """Prepared by the clerk and accepted by the approver: the id of the contract."""
    await prepared(pool, world, application_id)
    async with database.transaction(pool, "staff") as db:
        return await reviews.accept(
            db,
            by=world.desk.approver,
            at=at,
            application_id=application_id,
            starts_on=starts_on,
            seen_prepared_at=PREPARED_AT,
        )


async def opened(pool: AsyncEngine, world: World, application_id: UUID, *, on: date, at: datetime) -> None:
    """手配 and 開通 of an accepted application, recorded by the clerk."""
    async with database.transaction(pool, "staff") as db:
        await reviews.advance(db, by=world.desk.clerk, at=at, application_id=application_id, move=Move.PROVISION)
    async with database.transaction(pool, "staff") as db:
        await reviews.put_in_service(db, by=world.desk.clerk, at=at, application_id=application_id, on=on)


async def in_billing(
    pool: AsyncEngine, world: World, contract_id: UUID, on: date, *, at: datetime = ACCEPTED_AT
) -> None:
    """The clerk has set the 課金開始日."""
    async with database.transaction(pool, "staff") as db:
        await contract_acts.set_billing_start(db, by=world.desk.clerk, at=at, contract_id=contract_id, on=on)
