"""提供条件 (traffic policies): versions, and which subscriber agreed to which (A5-6-1)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Table, Text, UniqueConstraint, Uuid, select

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, text_column
from portal.records.subscribers import subscribers

policies = Table(
    "policies",
    metadata,
    key(),
    Column("version", Text, nullable=False, unique=True),
    text_column("title"),
    text_column("body"),
    text_column("sha256"),
    # 実質: end users must consent again; 軽微: earlier consents stay valid.
    Column("material", Boolean, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("agree_by", Date, nullable=False),
    Column("prepared_by", Uuid, ForeignKey("staff.id"), nullable=False),
    moment("prepared_at"),
    Column("published_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("published_at", nullable=True),
    CheckConstraint("agree_by >= effective_on", name="agree_by"),
    CheckConstraint("published_by <> prepared_by", name="two_people"),
    CheckConstraint("(published_by IS NULL) = (published_at IS NULL)", name="published"),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
)

agreements = Table(
    "policy_agreements",
    metadata,
    key(),
    owner(),
    Column("number", Text, nullable=False, unique=True),
    Column("policy_id", Uuid, ForeignKey("policies.id"), nullable=False),
    Column("member_id", Uuid, ForeignKey("members.id"), nullable=False),
    text_column("member_name"),
    text_column("authority"),
    text_column("sha256"),
    moment("agreed_at"),
    UniqueConstraint("subscriber_id", "policy_id"),
)


@dataclass(frozen=True, slots=True)
class Policy:
    id: UUID
    version: str
    title: str
    body: str
    sha256: str
    material: bool
    effective_on: date
    agree_by: date
    prepared_by: UUID
    prepared_at: datetime
    published_by: UUID | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Agreement:
    id: UUID
    subscriber_id: UUID
    number: str
    policy_id: UUID
    member_name: str
    authority: str
    sha256: str
    agreed_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """One subscriber and its agreement to a version; the last four are None while there is none."""

    company: str
    number: str | None
    member_name: str | None
    authority: str | None
    agreed_at: datetime | None


async def get(db: Db, version: str, *, for_update: bool = False) -> Policy | None:
    statement = select(policies).where(policies.c.version == version)
    return await fetch_one(db, Policy, statement.with_for_update() if for_update else statement)


async def published(db: Db) -> list[Policy]:
    """Versions shown to subscribers, the newest first."""
    newest_first = (policies.c.published_at.desc(), policies.c.effective_on.desc())
    statement = select(policies).where(policies.c.published_at.is_not(None)).order_by(*newest_first)
    return list(await fetch_all(db, Policy, statement))


async def everything(db: Db) -> list[Policy]:
    return list(await fetch_all(db, Policy, select(policies).order_by(policies.c.prepared_at.desc())))


async def agreed(db: Db, *, subscriber_id: UUID) -> list[Agreement]:
    statement = (
        select(agreements).where(agreements.c.subscriber_id == subscriber_id).order_by(agreements.c.agreed_at.desc())
    )
    return list(await fetch_all(db, Agreement, statement))


async def agreement(db: Db, *, subscriber_id: UUID, policy_id: UUID) -> Agreement | None:
    statement = select(agreements).where(
        agreements.c.subscriber_id == subscriber_id, agreements.c.policy_id == policy_id
    )
    return await fetch_one(db, Agreement, statement)


async def answers(db: Db, policy_id: UUID) -> list[Answer]:
    """Every subscriber with its agreement to this version, those without one first."""
    mine = (agreements.c.subscriber_id == subscribers.c.id) & (agreements.c.policy_id == policy_id)
    statement = (
        select(
            subscribers.c.name.label("company"),
            agreements.c.number,
            agreements.c.member_name,
            agreements.c.authority,
            agreements.c.agreed_at,
        )
        .outerjoin(agreements, mine)
        .order_by(agreements.c.agreed_at.is_not(None), subscribers.c.name_kana)
    )
    return list(await fetch_all(db, Answer, statement))
