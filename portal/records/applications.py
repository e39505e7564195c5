"""申込: what a subscriber asks for, with its lines, its returns (差戻し) and its decision."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, row_key, text_column
from portal.records.subscribers import subscribers

applications = Table(
    "applications",
    metadata,
    key(),
    owner(),
    Column("number", Text, nullable=True, unique=True),
    text_column("kind"),
    text_column("state"),
    text_column("offering", nullable=True),
    Column("contract_id", Uuid, nullable=True),
    # What this kind asks besides its lines, as typed: kept whole even while it does not hold.
    Column("answers", JSONB, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("drafted_by", Uuid, ForeignKey("members.id"), nullable=False),
    moment("drafted_at"),
    moment("changed_at"),
    Column("submitted_by", Uuid, ForeignKey("members.id"), nullable=True),
    moment("submitted_at", nullable=True),
    Column("reviewed_by", Uuid, ForeignKey("staff.id"), nullable=True),
    # The clerk who finished the review; the one who decides is another person (職務分掌).
    Column("prepared_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("prepared_at", nullable=True),
    text_column("prepared_note", nullable=True),
    Column("return_by", Date, nullable=True),
    Column("decided_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("decided_at", nullable=True),
    text_column("decision_code", nullable=True),
    text_column("decision_reason", nullable=True),
    UniqueConstraint("subscriber_id", "id"),
    CheckConstraint("decided_by <> prepared_by", name="two_people"),
    CheckConstraint("(number IS NULL) = (submitted_at IS NULL)", name="number"),
    CheckConstraint("jsonb_typeof(answers) = 'object'", name="answers"),
    Index("applications_queue_idx", "state", "submitted_at"),
)

application_lines = Table(
    "application_lines",
    metadata,
    row_key(),
    owner(),
    Column("application_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    # The row as given, by the column names of the file, without the access key.
    Column("given", JSONB, nullable=False),
    Column("access_key_sealed", LargeBinary, nullable=True),
    Column("whole", Boolean, nullable=False),
    text_column("access_line_id", nullable=True),
    text_column("dwelling", nullable=True),
    text_column("prefecture", nullable=True),
    text_column("area", nullable=True),
    text_column("own_reference", nullable=True),
    text_column("partner_code", nullable=True),
    Column("wanted_on", Date, nullable=True),
    Column("options", ARRAY(Text), nullable=False, server_default="{}"),
    text_column("end_user_ref", nullable=True),
    moment("consented_at", nullable=True),
    Column("consent_has_time", Boolean, nullable=True),
    text_column("consent_method", nullable=True),
    text_column("policy_version", nullable=True),
    text_column("evidence_file", nullable=True),
    text_column("evidence_sha256", nullable=True),
    text_column("collector", nullable=True),
    ForeignKeyConstraint(
        ["subscriber_id", "application_id"], ["applications.subscriber_id", "applications.id"], ondelete="CASCADE"
    ),
    UniqueConstraint("application_id", "position", deferrable=True, initially="DEFERRED"),
    CheckConstraint(
        "NOT whole OR (access_line_id IS NOT NULL AND access_key_sealed IS NOT NULL AND dwelling IS NOT NULL"
        " AND prefecture IS NOT NULL)",
        name="whole",
    ),
    Index("application_lines_line_idx", "access_line_id"),
)

application_returns = Table(
    "application_returns",
    metadata,
    row_key(),
    owner(),
    Column("application_id", Uuid, nullable=False),
    Column("round", Integer, nullable=False),
    text_column("field"),
    text_column("label"),
    text_column("reason"),
    Column("returned_by", Uuid, ForeignKey("staff.id"), nullable=False),
    moment("returned_at"),
    ForeignKeyConstraint(["subscriber_id", "application_id"], ["applications.subscriber_id", "applications.id"]),
)


@dataclass(frozen=True, slots=True)
class Application:
    id: UUID
    subscriber_id: UUID
    company: str
    number: str | None
    kind: str
    state: str
    offering: str | None
    contract_id: UUID | None
    answers: dict[str, str]
    revision: int
    drafted_by: UUID
    drafted_at: datetime
    changed_at: datetime
    submitted_by: UUID | None
    submitted_at: datetime | None
    reviewed_by: UUID | None
    prepared_by: UUID | None
    prepared_at: datetime | None
    prepared_note: str | None
    return_by: date | None
    decided_by: UUID | None
    decided_at: datetime | None
    decision_code: str | None
    decision_reason: str | None


@dataclass(frozen=True, slots=True)
class ApplicationLine:
    id: int
    position: int
    given: dict[str, str]
    access_key_sealed: bytes | None
    whole: bool
    access_line_id: str | None
    dwelling: str | None
    prefecture: str | None
    area: str | None
    own_reference: str | None
    partner_code: str | None
    wanted_on: date | None
    options: tuple[str, ...]
    end_user_ref: str | None
    consented_at: datetime | None
    consent_has_time: bool | None
    consent_method: str | None
    policy_version: str | None
    evidence_file: str | None
    evidence_sha256: str | None
    collector: str | None


@dataclass(frozen=True, slots=True)
class ApplicationReturn:
    round: int
    field: str
    label: str
    reason: str
    returned_at: datetime


@dataclass(frozen=True, slots=True)
class ListedApplication:
    id: UUID
    company: str
    number: str | None
    kind: str
    state: str
    offering: str | None
    changed_at: datetime
    submitted_at: datetime | None
    return_by: date | None
    prepared_by: UUID | None


_APPLICATION = select(applications, subscribers.c.name.label("company")).join(
    subscribers, subscribers.c.id == applications.c.subscriber_id
)


async def get(
    db: Db, application_id: UUID, *, subscriber_id: UUID | None = None, for_update: bool = False
) -> Application | None:
    """One application; with `subscriber_id`, only that subscriber's (staff read every one)."""
    statement = _APPLICATION.where(applications.c.id == application_id)
    if subscriber_id is not None:
        statement = statement.where(applications.c.subscriber_id == subscriber_id)
    if for_update:
        statement = statement.with_for_update(of=applications)
    return await fetch_one(db, Application, statement)


async def listed(
    db: Db,
    *,
    subscriber_id: UUID | None = None,
    states: tuple[str, ...] = (),
    search: str = "",
    oldest_first: bool = False,
    offset: int = 0,
    limit: int = 51,
) -> list[ListedApplication]:
    statement = select(
        applications.c.id,
        subscribers.c.name.label("company"),
        applications.c.number,
        applications.c.kind,
        applications.c.state,
        applications.c.offering,
        applications.c.changed_at,
        applications.c.submitted_at,
        applications.c.return_by,
        applications.c.prepared_by,
    ).join(subscribers, subscribers.c.id == applications.c.subscriber_id)
    if subscriber_id is not None:
        statement = statement.where(applications.c.subscriber_id == subscriber_id)
    if states:
        statement = statement.where(applications.c.state.in_(states))
    if search:
        # A number is found as it is read aloud: without its hyphens.
        bare = search.replace("-", "")
        statement = statement.where(
            func.replace(applications.c.number, "-", "").icontains(bare, autoescape=True)
            | subscribers.c.name.icontains(search, autoescape=True)
        )
    by = applications.c.changed_at
    order = (by.asc(), applications.c.id) if oldest_first else (by.desc(), applications.c.id)
    return list(await fetch_all(db, ListedApplication, statement.order_by(*order).offset(offset).limit(limit)))


async def counts(db: Db, *, subscriber_id: UUID | None = None) -> dict[str, int]:
    """How many applications stand in each state."""
    statement = select(applications.c.state, func.count().label("applications")).group_by(applications.c.state)
    if subscriber_id is not None:
        statement = statement.where(applications.c.subscriber_id == subscriber_id)
    return {row.state: row.applications for row in await db.execute(statement)}


async def lines(
    db: Db, application_id: UUID, *, subscriber_id: UUID, offset: int = 0, limit: int | None = None
) -> list[ApplicationLine]:
    statement = (
        select(application_lines)
        .where(application_lines.c.application_id == application_id, application_lines.c.subscriber_id == subscriber_id)
        .order_by(application_lines.c.position)
        .offset(offset)
    )
    if limit is not None:
        statement = statement.limit(limit)
    return list(await fetch_all(db, ApplicationLine, statement))


async def line_counts(db: Db, application_id: UUID, *, subscriber_id: UUID) -> tuple[int, int]:
    """How many lines an application holds, and how many of them are not whole yet."""
    statement = select(func.count(), func.count().filter(~application_lines.c.whole)).where(
        application_lines.c.application_id == application_id, application_lines.c.subscriber_id == subscriber_id
    )
    total, broken = (await db.execute(statement)).one()
    return total, broken


async def put_lines(db: Db, rows: list[dict[str, Any]], *, application_id: UUID, subscriber_id: UUID) -> None:
    """Replace the lines of an application by these rows, in one set."""
    await db.execute(
        application_lines.delete().where(
            application_lines.c.application_id == application_id, application_lines.c.subscriber_id == subscriber_id
        )
    )
    if rows:
        await db.execute(
            application_lines.insert(),
            [{"subscriber_id": subscriber_id, "application_id": application_id, **row} for row in rows],
        )


async def returns(db: Db, application_id: UUID, *, subscriber_id: UUID) -> list[ApplicationReturn]:
    """What staff sent back, the newest round first."""
    statement = (
        select(application_returns)
        .where(
            application_returns.c.application_id == application_id,
            application_returns.c.subscriber_id == subscriber_id,
        )
        .order_by(application_returns.c.round.desc(), application_returns.c.id)
    )
    return list(await fetch_all(db, ApplicationReturn, statement))
