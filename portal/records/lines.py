"""回線 and the options on them, with the days on which they are in service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from portal.records.base import Db, fetch_all, metadata, moment, owner, row_key, text_column

OPTIONS = "('router_rental', 'ipv4_ports_12800', 'ipv4_ports_64000', 'ipv4_fixed', 'dslite_bundle')"

lines = Table(
    "lines",
    metadata,
    row_key(),
    owner(),
    Column("contract_id", Uuid, nullable=False),
    Column("application_id", Uuid, nullable=True),
    text_column("access_line_id"),
    Column("access_key_sealed", LargeBinary, nullable=False),
    text_column("dwelling"),
    text_column("prefecture"),
    text_column("area", nullable=True),
    text_column("own_reference", nullable=True),
    Column("partner_id", Uuid, nullable=True),
    Column("starts_on", Date, nullable=False),
    Column("last_on", Date, nullable=True),
    UniqueConstraint("subscriber_id", "id"),
    ForeignKeyConstraint(["subscriber_id", "contract_id"], ["contracts.subscriber_id", "contracts.id"]),
    ForeignKeyConstraint(["subscriber_id", "partner_id"], ["partners.subscriber_id", "partners.id"]),
    CheckConstraint(r"access_line_id ~ '^(CAF[0-9]{10}|COP[0-9]{8})$'", name="access_line_id"),
    CheckConstraint("dwelling IN ('detached', 'multi_unit')", name="dwelling"),
    CheckConstraint("last_on >= starts_on", name="last_on"),
    # One living line per access-line id, over all subscribers.
    ExcludeConstraint(
        (Column("access_line_id", Text), "="),
        (text("daterange(starts_on, last_on, '[]')"), "&&"),
        using="gist",
        name="lines_living_once",
    ),
)

line_options = Table(
    "line_options",
    metadata,
    row_key(),
    owner(),
    Column("contract_id", Uuid, nullable=False),
    Column("line_id", BigInteger, nullable=False),
    text_column("option"),
    moment("accepted_at"),
    Column("starts_on", Date, nullable=False),
    Column("last_on", Date, nullable=True),
    ForeignKeyConstraint(["subscriber_id", "contract_id"], ["contracts.subscriber_id", "contracts.id"]),
    ForeignKeyConstraint(["subscriber_id", "line_id"], ["lines.subscriber_id", "lines.id"]),
    CheckConstraint(f"option IN {OPTIONS}", name="option"),
    CheckConstraint("last_on >= starts_on", name="last_on"),
    # A7-2: one port type per line at a time.
    ExcludeConstraint(
        (Column("line_id", BigInteger), "="),
        (text("daterange(starts_on, last_on, '[]')"), "&&"),
        where=text("option IN ('ipv4_ports_12800', 'ipv4_ports_64000')"),
        using="gist",
        name="line_options_one_port_type",
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    id: int
    access_line_id: str
    dwelling: str
    prefecture: str
    area: str | None
    own_reference: str | None
    partner_id: UUID | None
    starts_on: date
    last_on: date | None


@dataclass(frozen=True, slots=True)
class LineOption:
    id: int
    line_id: int
    option: str
    accepted_at: datetime
    starts_on: date
    last_on: date | None


@dataclass(frozen=True, slots=True)
class PrefectureCount:
    prefecture: str
    lines: int


async def of_contract(
    db: Db,
    contract_id: UUID,
    *,
    subscriber_id: UUID,
    search: str = "",
    offset: int = 0,
    limit: int | None = None,
) -> Sequence[Line]:
    statement = (
        select(lines)
        .where(lines.c.contract_id == contract_id, lines.c.subscriber_id == subscriber_id)
        .order_by(lines.c.access_line_id, lines.c.starts_on)
        .offset(offset)
    )
    if search:
        statement = statement.where(
            lines.c.access_line_id.icontains(search, autoescape=True)
            | lines.c.own_reference.icontains(search, autoescape=True)
        )
    if limit is not None:
        statement = statement.limit(limit)
    return await fetch_all(db, Line, statement)


async def options_of_contract(db: Db, contract_id: UUID, *, subscriber_id: UUID) -> Sequence[LineOption]:
    statement = (
        select(line_options)
        .where(line_options.c.contract_id == contract_id, line_options.c.subscriber_id == subscriber_id)
        .order_by(line_options.c.id)
    )
    return await fetch_all(db, LineOption, statement)


async def options_of_lines(db: Db, line_ids: Sequence[int], *, subscriber_id: UUID) -> Sequence[LineOption]:
    statement = (
        select(line_options)
        .where(line_options.c.line_id.in_(line_ids), line_options.c.subscriber_id == subscriber_id)
        .order_by(line_options.c.id)
    )
    return await fetch_all(db, LineOption, statement)


async def count_by_prefecture(db: Db, contract_id: UUID, *, subscriber_id: UUID, on: date) -> Sequence[PrefectureCount]:
    statement = (
        select(lines.c.prefecture, func.count().label("lines"))
        .where(
            lines.c.contract_id == contract_id,
            lines.c.subscriber_id == subscriber_id,
            lines.c.starts_on <= on,
            func.coalesce(lines.c.last_on, date.max) >= on,
        )
        .group_by(lines.c.prefecture)
        .order_by(func.count().desc(), lines.c.prefecture)
    )
    return await fetch_all(db, PrefectureCount, statement)


async def claimed(db: Db, access_line_ids: Sequence[str], *, from_: date) -> set[str]:
    """Which of these access-line ids a living line of any subscriber holds on or after a day (staff only)."""
    found: set[str] = set()
    for start in range(0, len(access_line_ids), 10_000):
        statement = select(lines.c.access_line_id).where(
            lines.c.access_line_id.in_(access_line_ids[start : start + 10_000]),
            func.coalesce(lines.c.last_on, date.max) >= from_,
        )
        found.update((await db.execute(statement)).scalars())
    return found
