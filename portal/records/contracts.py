"""契約: what acceptance of a 新規 application brought into being, and the facts that hold for it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    case,
    func,
    literal_column,
    select,
    text,
)

from portal.records.applications import applications
from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, text_column
from portal.records.lines import lines
from portal.records.subscribers import subscribers

contracts = Table(
    "contracts",
    metadata,
    key(),
    owner(),
    Column("number", Text, nullable=False, unique=True),
    Column("application_id", Uuid, nullable=True, unique=True),
    text_column("offering"),
    # Only a contract formed under the terms to 2024-11-30 has a bandwidth without areas (F-2).
    Column("bandwidth_mbps", Integer, nullable=True),
    text_column("purpose"),
    moment("accepted_at"),
    Column("terms_revision_on", Date, nullable=False),
    Column("billing_starts_on", Date, nullable=True),
    Column("billing_start_set_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("billing_start_set_at", nullable=True),
    UniqueConstraint("subscriber_id", "id"),
    ForeignKeyConstraint(["subscriber_id", "application_id"], ["applications.subscriber_id", "applications.id"]),
    CheckConstraint("offering IN ('ipoe', 'ipoe_shared', 'ipoe_capped')", name="offering"),
    CheckConstraint("purpose IN ('resale', 'own_use')", name="purpose"),
    CheckConstraint("bandwidth_mbps > 0", name="bandwidth"),
)


@dataclass(frozen=True, slots=True)
class Contract:
    id: UUID
    subscriber_id: UUID
    company: str
    number: str
    application_id: UUID | None
    offering: str
    bandwidth_mbps: int | None
    purpose: str
    accepted_at: datetime
    terms_revision_on: date
    billing_starts_on: date | None
    billing_start_set_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedContract:
    id: UUID
    company: str
    number: str
    offering: str
    accepted_at: datetime
    billing_starts_on: date | None
    last_on: date | None
    """The last day that the earliest living notice brings, if there is one."""
    line_count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A contract with its price sheet in force: what the page of a contract asks in one query."""

    id: UUID
    subscriber_id: UUID
    company: str
    awaits_service: bool
    """Accepted, and 開通 is not recorded yet."""
    number: str
    application_id: UUID | None
    offering: str
    bandwidth_mbps: int | None
    purpose: str
    accepted_at: datetime
    terms_revision_on: date
    billing_starts_on: date | None
    billing_start_set_at: datetime | None
    sheet_id: UUID | None
    sheet_from: date | None
    initial_fee: int | None
    base_capped: int | None
    line_maintenance_ipoe: int | None
    line_maintenance_shared: int | None
    bandwidth_per_100mbps: int | None
    bands: list[tuple[int | None, int]]
    """Of the contract's offering: (up to so many lines, yen a month)."""
    last_on: date | None
    notice_id: UUID | None
    notice_number: str | None
    """The notice that ends the contract: the one with the earliest last day, of two the first to arrive."""


_CONTRACT = select(contracts, subscribers.c.name.label("company")).join(
    subscribers, subscribers.c.id == contracts.c.subscriber_id
)


# A9: of several notices the earliest last day counts; void ones do not.
_LAST_ON: ColumnElement[date | None] = literal_column(
    "(SELECT min(n.effective_on) FROM notices n"
    " WHERE n.contract_id = contracts.id AND n.kind = 'contract' AND n.voided_at IS NULL)",
    Date,
)
_OVERVIEW = """
    SELECT c.*, o.name AS company, coalesce(a.state IN ('accepted', 'provisioning'), false) AS awaits_service,
           s.id AS sheet_id, s.effective_from AS sheet_from, s.initial_fee, s.base_capped,
           s.line_maintenance_ipoe, s.line_maintenance_shared, s.bandwidth_per_100mbps,
           coalesce((
               SELECT jsonb_agg(jsonb_build_array(b.up_to, b.amount) ORDER BY b.position) FROM price_sheet_bands b
               WHERE b.sheet_id = s.id AND b.offering = c.offering
           ), '[]') AS bands, e.effective_on AS last_on, e.id AS notice_id, e.number AS notice_number
    FROM contracts c
    JOIN subscribers o ON o.id = c.subscriber_id
    LEFT JOIN applications a ON a.id = c.application_id
    LEFT JOIN LATERAL (
        SELECT * FROM price_sheets p
        WHERE p.subscriber_id = c.subscriber_id AND p.contract_id = c.id AND p.shown_at IS NOT NULL
          AND p.effective_from <= :on
        ORDER BY p.effective_from DESC LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT * FROM notices n WHERE n.contract_id = c.id AND n.kind = 'contract' AND n.voided_at IS NULL
        ORDER BY n.effective_on, n.received_at, n.number LIMIT 1
    ) e ON true
    WHERE c.id = :contract
"""


async def get(
    db: Db, contract_id: UUID, *, subscriber_id: UUID | None = None, for_update: bool = False
) -> Contract | None:
    """One contract; with `subscriber_id`, only that subscriber's."""
    statement = _CONTRACT.where(contracts.c.id == contract_id)
    if subscriber_id is not None:
        statement = statement.where(contracts.c.subscriber_id == subscriber_id)
    if for_update:
        statement = statement.with_for_update(of=contracts)
    return await fetch_one(db, Contract, statement)


async def by_application(db: Db, application_id: UUID, *, subscriber_id: UUID) -> Contract | None:
    statement = _CONTRACT.where(
        contracts.c.application_id == application_id, contracts.c.subscriber_id == subscriber_id
    )
    return await fetch_one(db, Contract, statement)


async def overview(db: Db, contract_id: UUID, *, on: date, subscriber_id: UUID | None = None) -> Overview | None:
    """A contract with the price sheet that is in force on a day; with `subscriber_id`, only that subscriber's."""
    statement = text(_OVERVIEW + (" AND c.subscriber_id = :subscriber" if subscriber_id else ""))
    values = {"contract": contract_id, "on": on, **({"subscriber": subscriber_id} if subscriber_id else {})}
    return await fetch_one(db, Overview, statement, values)


async def listed(
    db: Db,
    *,
    on: date,
    subscriber_id: UUID | None = None,
    search: str = "",
    without_billing_start: bool = False,
    offset: int = 0,
    limit: int = 51,
) -> list[ListedContract]:
    """Contracts with the number of lines in service on a day (none before 開通 is recorded), the newest first.

    `search` finds a number with or without its hyphens, and part of a company's name.
    """
    in_service = (
        select(func.count())
        .where(
            lines.c.contract_id == contracts.c.id,
            lines.c.starts_on <= on,
            func.coalesce(lines.c.last_on, date.max) >= on,
        )
        .correlate(contracts)
        .scalar_subquery()
    )
    statement = select(
        contracts.c.id,
        subscribers.c.name.label("company"),
        contracts.c.number,
        contracts.c.offering,
        contracts.c.accepted_at,
        contracts.c.billing_starts_on,
        _LAST_ON.label("last_on"),
        case(
            (applications.c.state.in_(("accepted", "provisioning")), 0),
            (on <= _LAST_ON, in_service),
            (_LAST_ON.is_(None), in_service),
            else_=0,
        ).label("line_count"),
    )
    statement = statement.join(subscribers, subscribers.c.id == contracts.c.subscriber_id)
    statement = statement.outerjoin(applications, applications.c.id == contracts.c.application_id)
    if subscriber_id is not None:
        statement = statement.where(contracts.c.subscriber_id == subscriber_id)
    if search:
        bare = func.replace(contracts.c.number, "-", "")
        statement = statement.where(
            bare.icontains(search.replace("-", ""), autoescape=True)
            | subscribers.c.name.icontains(search, autoescape=True)
        )
    if without_billing_start:
        statement = statement.where(contracts.c.billing_starts_on.is_(None))
    statement = statement.order_by(contracts.c.accepted_at.desc(), contracts.c.id).offset(offset).limit(limit)
    return list(await fetch_all(db, ListedContract, statement))


async def without_billing_start(db: Db) -> list[Contract]:
    """Accepted, but staff have not set the 課金開始日 yet (A10)."""
    statement = _CONTRACT.where(contracts.c.billing_starts_on.is_(None)).order_by(contracts.c.accepted_at)
    return list(await fetch_all(db, Contract, statement))


async def all_formed_before(db: Db, moment_: datetime) -> list[Contract]:
    statement = _CONTRACT.where(contracts.c.accepted_at < moment_).order_by(contracts.c.accepted_at)
    return list(await fetch_all(db, Contract, statement))
