"""解約申込書: what has arrived, of a contract or of options on chosen lines, with its day, fixed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
)

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, row_key, text_column
from portal.records.contracts import contracts
from portal.records.lines import line_options, lines
from portal.records.members import members
from portal.records.subscribers import subscribers

notices = Table(
    "notices",
    metadata,
    key(),
    owner(),
    Column("number", Text, nullable=False, unique=True),
    Column("contract_id", Uuid, nullable=False),
    text_column("kind"),
    # 到達: the one reading of the clock when the complete request had been received (A9).
    moment("received_at"),
    text_column("received_by"),
    Column("requested_on", Date, nullable=True),
    # Fixed by the arrival and the request alone: computed once, never again.
    Column("effective_on", Date, nullable=False),
    Column("given_by", Uuid, ForeignKey("members.id"), nullable=True),
    text_column("authority", nullable=True),
    text_column("remarks", nullable=True),
    # 補正 keeps the first arrival: the notice that this one puts right.
    Column("corrects_id", Uuid, nullable=True),
    Column("acknowledged_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("acknowledged_at", nullable=True),
    Column("void_prepared_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("void_prepared_at", nullable=True),
    text_column("void_code", nullable=True),
    text_column("void_reason", nullable=True),
    Column("voided_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("voided_at", nullable=True),
    UniqueConstraint("subscriber_id", "id"),
    ForeignKeyConstraint(["subscriber_id", "contract_id"], ["contracts.subscriber_id", "contracts.id"]),
    ForeignKeyConstraint(["subscriber_id", "corrects_id"], ["notices.subscriber_id", "notices.id"]),
    CheckConstraint("kind IN ('contract', 'options')", name="kind"),
    CheckConstraint("received_by IN ('web', 'paper')", name="received_by"),
    CheckConstraint(
        "received_by <> 'web' OR (given_by IS NOT NULL AND authority IS NOT NULL)", name="given_with_authority"
    ),
    CheckConstraint("effective_on >= requested_on", name="effective_on"),
    CheckConstraint("(acknowledged_by IS NULL) = (acknowledged_at IS NULL)", name="acknowledged"),
    CheckConstraint(
        "(void_prepared_at IS NULL) = (void_prepared_by IS NULL) AND (void_prepared_at IS NULL) = (void_code IS NULL)"
        " AND (void_prepared_at IS NULL) = (void_reason IS NULL)",
        name="void_prepared",
    ),
    CheckConstraint(
        "(voided_at IS NULL) = (voided_by IS NULL) AND (voided_at IS NULL OR void_prepared_at IS NOT NULL)",
        name="voided",
    ),
    CheckConstraint("voided_by <> void_prepared_by", name="two_people"),
    CheckConstraint("void_code IN ('no_authority', 'unknown_object')", name="void_code"),
    Index("notices_contract_idx", "contract_id", "effective_on"),
    Index("notices_received_idx", "received_at"),
)

notice_options = Table(
    "notice_options",
    metadata,
    row_key(),
    owner(),
    Column("notice_id", Uuid, nullable=False),
    Column("line_option_id", BigInteger, nullable=False),
    ForeignKeyConstraint(["subscriber_id", "notice_id"], ["notices.subscriber_id", "notices.id"]),
    ForeignKeyConstraint(["subscriber_id", "line_option_id"], ["line_options.subscriber_id", "line_options.id"]),
    UniqueConstraint("notice_id", "line_option_id"),
    Index("notice_options_option_idx", "line_option_id"),
)


@dataclass(frozen=True, slots=True)
class Notice:
    id: UUID
    subscriber_id: UUID
    company: str
    number: str
    contract_id: UUID
    contract_number: str
    kind: str
    received_at: datetime
    received_by: str
    requested_on: date | None
    effective_on: date
    given_by_name: str | None
    authority: str | None
    remarks: str | None
    acknowledged_at: datetime | None
    void_prepared_by: UUID | None
    void_prepared_at: datetime | None
    void_code: str | None
    void_reason: str | None
    voided_at: datetime | None


@dataclass(frozen=True, slots=True)
class LivingNotice:
    """What still counts of a notice: its kind, its day, and the options it stops."""

    id: UUID
    number: str
    kind: str
    effective_on: date
    option_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One option on one line, with the day of its earliest living stop."""

    id: int
    option: str
    access_line_id: str
    own_reference: str | None
    starts_on: date
    stops_on: date | None


_NOTICE = (
    select(
        *(notices.c[name] for name in Notice.__dataclass_fields__ if name in notices.c),
        subscribers.c.name.label("company"),
        contracts.c.number.label("contract_number"),
        members.c.name.label("given_by_name"),
    )
    .join(subscribers, subscribers.c.id == notices.c.subscriber_id)
    .join(contracts, contracts.c.id == notices.c.contract_id)
    .outerjoin(members, members.c.id == notices.c.given_by)
)


async def get(db: Db, notice_id: UUID, *, subscriber_id: UUID | None = None, for_update: bool = False) -> Notice | None:
    """One notice; with `subscriber_id`, only that subscriber's. A void one is never locked: it does not change."""
    statement = _NOTICE.where(notices.c.id == notice_id)
    if subscriber_id is not None:
        statement = statement.where(notices.c.subscriber_id == subscriber_id)
    if for_update:
        statement = statement.with_for_update(of=notices)
    return await fetch_one(db, Notice, statement)


async def living(db: Db, contract_id: UUID, *, subscriber_id: UUID) -> Sequence[LivingNotice]:
    """The notices of a contract that are not void, in the order of their arrival."""
    options = func.array_remove(func.array_agg(notice_options.c.line_option_id), None)
    statement = (
        select(notices.c.id, notices.c.number, notices.c.kind, notices.c.effective_on, options.label("option_ids"))
        .outerjoin(notice_options, notice_options.c.notice_id == notices.c.id)
        .where(
            notices.c.contract_id == contract_id,
            notices.c.subscriber_id == subscriber_id,
            notices.c.voided_at.is_(None),
        )
        .group_by(notices.c.id)
        .order_by(notices.c.received_at, notices.c.number)
    )
    return await fetch_all(db, LivingNotice, statement)


async def listed(
    db: Db,
    *,
    subscriber_id: UUID | None = None,
    search: str = "",
    waiting: bool = False,
    waiting_first: bool = False,
    offset: int = 0,
    limit: int = 51,
) -> Sequence[Notice]:
    """Notices, the newest arrival first; `waiting`: only those not yet acknowledged, or at least before the others.

    `search` finds a 受付番号 or a 契約番号 with or without hyphens, and part of a company's name.
    """
    unacknowledged = notices.c.acknowledged_at.is_(None) & notices.c.voided_at.is_(None)
    statement = _NOTICE
    if subscriber_id is not None:
        statement = statement.where(notices.c.subscriber_id == subscriber_id)
    if search:
        bare = search.replace("-", "")
        statement = statement.where(
            func.replace(notices.c.number, "-", "").icontains(bare, autoescape=True)
            | func.replace(contracts.c.number, "-", "").icontains(bare, autoescape=True)
            | subscribers.c.name.icontains(search, autoescape=True)
        )
    if waiting:
        statement = statement.where(unacknowledged)
    if waiting_first:
        statement = statement.order_by(unacknowledged.desc())
    statement = statement.order_by(notices.c.received_at.desc(), notices.c.number.desc())
    return await fetch_all(db, Notice, statement.offset(offset).limit(limit))


async def units(
    db: Db,
    *,
    contract_id: UUID | None = None,
    notice_id: UUID | None = None,
    subscriber_id: UUID,
    running_on: date | None = None,
    search: str = "",
    limit: int | None = None,
) -> Sequence[Unit]:
    """The options of a contract, or those that a notice names, by line; `running_on`: only what no stop ended before.

    `search`: part of a line's id or of the subscriber's own reference.
    """
    stops = (
        select(func.min(notices.c.effective_on))
        .join(notice_options, notice_options.c.notice_id == notices.c.id)
        .where(notice_options.c.line_option_id == line_options.c.id, notices.c.voided_at.is_(None))
        .correlate(line_options)
        .scalar_subquery()
    )
    stops_on = func.least(line_options.c.last_on, stops)
    statement = (
        select(
            line_options.c.id,
            line_options.c.option,
            lines.c.access_line_id,
            lines.c.own_reference,
            line_options.c.starts_on,
            stops_on.label("stops_on"),
        )
        .join(lines, lines.c.id == line_options.c.line_id)
        .where(line_options.c.subscriber_id == subscriber_id)
        .order_by(lines.c.access_line_id, line_options.c.id)
        .limit(limit)
    )
    if contract_id is not None:
        statement = statement.where(line_options.c.contract_id == contract_id)
    if notice_id is not None:
        named = select(notice_options.c.line_option_id).where(notice_options.c.notice_id == notice_id)
        statement = statement.where(line_options.c.id.in_(named))
    if running_on is not None:
        statement = statement.where(func.coalesce(stops_on, running_on) >= running_on)
    if search:
        statement = statement.where(
            lines.c.access_line_id.icontains(search, autoescape=True)
            | lines.c.own_reference.icontains(search, autoescape=True)
        )
    return await fetch_all(db, Unit, statement)
