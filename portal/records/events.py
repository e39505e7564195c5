"""The append-only log: every act with who, when, the roles held, the clauses and the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, ForeignKey, Index, Table, Text, Uuid, insert, select
from sqlalchemy.dialects.postgresql import JSONB

from portal.records.base import Db, fetch_all, metadata, moment, row_key, text_column
from portal.records.members import Person

events = Table(
    "events",
    metadata,
    row_key(),
    moment("at"),
    Column("subscriber_id", Uuid, ForeignKey("subscribers.id"), nullable=True),
    text_column("realm"),
    Column("person_id", Uuid, nullable=True),
    text_column("person_name"),
    text_column("company"),
    Column("roles", ARRAY(Text), nullable=False),
    text_column("object_kind"),
    Column("object_id", Uuid, nullable=False),
    text_column("verb"),
    Column("clauses", ARRAY(Text), nullable=False),
    text_column("reason", nullable=True),
    Column("details", JSONB, nullable=False),
    CheckConstraint("realm IN ('subscriber', 'staff', 'worker')", name="realm"),
    Index("events_object_idx", "object_kind", "object_id"),
    Index("events_at_idx", "at"),
    Index("events_subscriber_idx", "subscriber_id", "at"),
)


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    at: datetime
    realm: str
    person_name: str
    company: str
    roles: tuple[str, ...]
    object_kind: str
    object_id: UUID
    verb: str
    clauses: tuple[str, ...]
    reason: str | None
    details: dict[str, Any]


async def record(
    db: Db,
    *,
    by: Person,
    at: datetime,
    verb: str,
    object_kind: str,
    object_id: UUID,
    subscriber_id: UUID | None,
    clauses: tuple[str, ...] = (),
    reason: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write one act down, in the transaction of the act itself."""
    await db.execute(
        insert(events)
        .values(
            at=at,
            subscriber_id=subscriber_id,
            realm=by.realm,
            person_id=by.id,
            person_name=by.name,
            company=by.company,
            roles=list(by.roles),
            object_kind=object_kind,
            object_id=object_id,
            verb=verb,
            clauses=list(clauses),
            reason=reason,
            details=details or {},
        )
        # Nothing is read back: sign-in and worker may write the log, not read it.
        .inline()
    )


async def of_object(db: Db, object_kind: str, object_id: UUID) -> Sequence[Event]:
    statement = (
        select(events)
        .where(events.c.object_kind == object_kind, events.c.object_id == object_id)
        .order_by(events.c.at, events.c.id)
    )
    return await fetch_all(db, Event, statement)


async def latest(
    db: Db,
    *,
    verb: str = "",
    object_kind: str = "",
    object_id: UUID | None = None,
    before: int | None = None,
    after: int | None = None,
    limit: int = 51,
) -> Sequence[Event]:
    """The log, newest first: the part older than `before`, or, with `after`, the part just newer than that."""
    statement = select(events)
    if verb:
        statement = statement.where(events.c.verb == verb)
    if object_kind:
        statement = statement.where(events.c.object_kind == object_kind)
    if object_id is not None:
        statement = statement.where(events.c.object_id == object_id)
    if after is not None:
        found = await fetch_all(db, Event, statement.where(events.c.id > after).order_by(events.c.id).limit(limit))
        return found[::-1]
    if before is not None:
        statement = statement.where(events.c.id < before)
    return await fetch_all(db, Event, statement.order_by(events.c.id.desc()).limit(limit))
