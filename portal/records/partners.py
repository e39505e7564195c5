"""再販先 (partners): a tree per subscriber, and the duties imposed on each of its edges (A5-6-3)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql import Select

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, row_key, text_column
from portal.records.members import members
from portal.records.policies import policies

partners = Table(
    "partners",
    metadata,
    key(),
    owner(),
    text_column("code"),
    text_column("name"),
    Column("parent_id", Uuid, nullable=True),
    moment("recorded_at"),
    UniqueConstraint("subscriber_id", "code"),
    UniqueConstraint("subscriber_id", "id"),
    ForeignKeyConstraint(["subscriber_id", "parent_id"], ["partners.subscriber_id", "partners.id"]),
    CheckConstraint("parent_id <> id", name="not_own_parent"),
)

duties = Table(
    "partner_duties",
    metadata,
    row_key(),
    owner(),
    Column("partner_id", Uuid, nullable=False),
    # The edge on which the duties lie: null is the subscriber itself.
    Column("parent_id", Uuid, nullable=True),
    Column("contracted_on", Date, nullable=False),
    Column("clause_confirmed", Boolean, nullable=False),
    Column("policy_id", Uuid, ForeignKey("policies.id"), nullable=False),
    Column("recorded_by", Uuid, ForeignKey("members.id"), nullable=False),
    moment("recorded_at"),
    ForeignKeyConstraint(["subscriber_id", "partner_id"], ["partners.subscriber_id", "partners.id"]),
    CheckConstraint("clause_confirmed", name="clause_confirmed"),
)


@dataclass(frozen=True, slots=True)
class Partner:
    id: UUID
    subscriber_id: UUID
    code: str
    name: str
    parent_id: UUID | None
    contracted_on: date | None
    policy_version: str | None
    imposed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Imposed:
    """Duties once imposed on one edge (`parent_code` None: by the subscriber itself), and who recorded it."""

    parent_code: str | None
    contracted_on: date
    policy_version: str
    member_name: str
    recorded_at: datetime


def _partners() -> "Select[Any]":
    newest = (
        select(
            duties.c.partner_id,
            duties.c.parent_id,
            duties.c.contracted_on,
            duties.c.recorded_at,
            policies.c.version,
        )
        .join(policies, policies.c.id == duties.c.policy_id)
        .ext(distinct_on(duties.c.partner_id))
        .order_by(duties.c.partner_id, duties.c.recorded_at.desc(), duties.c.id.desc())
        .subquery()
    )
    on_present_edge = (newest.c.partner_id == partners.c.id) & newest.c.parent_id.is_not_distinct_from(
        partners.c.parent_id
    )
    return (
        select(
            partners,
            newest.c.contracted_on,
            newest.c.version.label("policy_version"),
            newest.c.recorded_at.label("imposed_at"),
        )
        .outerjoin(newest, on_present_edge)
        .order_by(partners.c.code)
    )


async def of_subscriber(db: Db, *, subscriber_id: UUID) -> list[Partner]:
    """The subscriber's partners with the newest duties on their present edge; no duties on it is a gap (A5-6-3)."""
    return list(await fetch_all(db, Partner, _partners().where(partners.c.subscriber_id == subscriber_id)))


async def by_code(db: Db, code: str, *, subscriber_id: UUID) -> Partner | None:
    statement = _partners().where(partners.c.subscriber_id == subscriber_id, partners.c.code == code)
    return await fetch_one(db, Partner, statement)


async def get(db: Db, partner_id: UUID, *, subscriber_id: UUID) -> Partner | None:
    statement = _partners().where(partners.c.subscriber_id == subscriber_id, partners.c.id == partner_id)
    return await fetch_one(db, Partner, statement)


async def lock_tree(db: Db, *, subscriber_id: UUID) -> None:
    """Hold the whole tree to the end of the transaction: two moves at once could close a circle that neither sees."""
    whose = partners.c.subscriber_id == subscriber_id
    await db.execute(select(partners.c.id).where(whose).order_by(partners.c.id).with_for_update())


async def imposed(db: Db, partner_id: UUID, *, subscriber_id: UUID) -> list[Imposed]:
    """Every record of duties imposed on a partner, the newest first."""
    parent = partners.alias("parent")
    statement = (
        select(
            parent.c.code.label("parent_code"),
            duties.c.contracted_on,
            policies.c.version.label("policy_version"),
            members.c.name.label("member_name"),
            duties.c.recorded_at,
        )
        .join(policies, policies.c.id == duties.c.policy_id)
        .join(members, members.c.id == duties.c.recorded_by)
        .outerjoin(parent, parent.c.id == duties.c.parent_id)
        .where(duties.c.subscriber_id == subscriber_id, duties.c.partner_id == partner_id)
        .order_by(duties.c.recorded_at.desc(), duties.c.id.desc())
    )
    return list(await fetch_all(db, Imposed, statement))
