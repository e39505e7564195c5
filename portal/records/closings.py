"""月締め: the close of a month: cut-off, trial run, exceptions, issue by a second person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Table, Uuid, select

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, row_key, text_column
from portal.records.contracts import contracts
from portal.records.members import staff
from portal.records.subscribers import subscribers

closings = Table(
    "closings",
    metadata,
    key(),
    Column("month", Date, nullable=False, unique=True),
    # Facts that became known up to this moment are in; later ones become adjustments of the next month.
    moment("cut_off_at"),
    Column("prepared_by", Uuid, ForeignKey("staff.id"), nullable=False),
    moment("tried_at"),
    # What the trial run saw; issuing refuses when the facts have changed since.
    text_column("digest"),
    Column("issued_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("issued_at", nullable=True),
    CheckConstraint("extract(day FROM month) = 1", name="month"),
    CheckConstraint("issued_by <> prepared_by", name="two_people"),
    CheckConstraint("(issued_by IS NULL) = (issued_at IS NULL)", name="issued"),
)

closing_exceptions = Table(
    "closing_exceptions",
    metadata,
    row_key(),
    Column("closing_id", Uuid, ForeignKey("closings.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("subscriber_id", Uuid, ForeignKey("subscribers.id"), nullable=False),
    Column("contract_id", Uuid, ForeignKey("contracts.id"), nullable=False),
    text_column("code"),
    text_column("message"),
    Column("blocking", Boolean, nullable=False),
    Column("settled_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("settled_at", nullable=True),
    text_column("reason", nullable=True),
    CheckConstraint("(settled_by IS NULL) = (reason IS NULL)", name="settled"),
    CheckConstraint("NOT (blocking AND settled_by IS NOT NULL)", name="blocking_stays"),
)


@dataclass(frozen=True, slots=True)
class Closing:
    id: UUID
    month: date
    cut_off_at: datetime
    prepared_by: UUID
    tried_at: datetime
    digest: str
    issued_by: UUID | None
    issued_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClosingException:
    id: int
    closing_id: UUID
    subscriber_id: UUID
    contract_id: UUID
    company: str
    contract_number: str
    code: str
    message: str
    blocking: bool
    settled_at: datetime | None
    settled_by_name: str | None
    reason: str | None


async def get(db: Db, closing_id: UUID, *, for_update: bool = False) -> Closing | None:
    statement = select(closings).where(closings.c.id == closing_id)
    return await fetch_one(db, Closing, statement.with_for_update() if for_update else statement)


async def of_month(db: Db, month: date, *, for_update: bool = False) -> Closing | None:
    statement = select(closings).where(closings.c.month == month)
    return await fetch_one(db, Closing, statement.with_for_update() if for_update else statement)


async def listed(db: Db) -> Sequence[Closing]:
    return await fetch_all(db, Closing, select(closings).order_by(closings.c.month.desc()))


async def exceptions(db: Db, closing_id: UUID) -> Sequence[ClosingException]:
    statement = (
        select(
            closing_exceptions,
            subscribers.c.name.label("company"),
            contracts.c.number.label("contract_number"),
            staff.c.name.label("settled_by_name"),
        )
        .join(subscribers, subscribers.c.id == closing_exceptions.c.subscriber_id)
        .join(contracts, contracts.c.id == closing_exceptions.c.contract_id)
        .outerjoin(staff, staff.c.id == closing_exceptions.c.settled_by)
        .where(closing_exceptions.c.closing_id == closing_id)
        .order_by(closing_exceptions.c.blocking.desc(), closing_exceptions.c.id)
    )
    return await fetch_all(db, ClosingException, statement)
