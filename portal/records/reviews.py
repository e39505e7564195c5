"""審査: what the staff's queue shows of the applications that have arrived."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from portal.records.applications import applications
from portal.records.base import Db, fetch_all
from portal.records.members import staff
from portal.records.subscribers import subscribers


@dataclass(frozen=True, slots=True)
class QueuedApplication:
    """`changed_at`: since when it has been waiting in its state. `reviewer`: the clerk who took it."""

    id: UUID
    company: str
    number: str
    kind: str
    state: str
    offering: str | None
    submitted_at: datetime
    changed_at: datetime
    return_by: date | None
    reviewer: str | None
    prepared_at: datetime | None


async def queue(
    db: Db,
    *,
    states: tuple[str, ...] = (),
    subscriber_id: UUID | None = None,
    search: str = "",
    offset: int = 0,
    limit: int = 51,
) -> list[QueuedApplication]:
    """Applications that have arrived, the oldest first.

    `search` finds a 受付番号 with or without its hyphens, and part of a company's name.
    """
    statement = (
        select(
            applications.c.id,
            subscribers.c.name.label("company"),
            applications.c.number,
            applications.c.kind,
            applications.c.state,
            applications.c.offering,
            applications.c.submitted_at,
            applications.c.changed_at,
            applications.c.return_by,
            staff.c.name.label("reviewer"),
            applications.c.prepared_at,
        )
        .join(subscribers, subscribers.c.id == applications.c.subscriber_id)
        .outerjoin(staff, staff.c.id == applications.c.reviewed_by)
        .where(applications.c.submitted_at.is_not(None))
    )
    if states:
        statement = statement.where(applications.c.state.in_(states))
    if subscriber_id is not None:
        statement = statement.where(applications.c.subscriber_id == subscriber_id)
    if search:
        bare = func.replace(applications.c.number, "-", "")
        statement = statement.where(
            bare.icontains(search.replace("-", ""), autoescape=True)
            | subscribers.c.name.icontains(search, autoescape=True)
        )
    statement = statement.order_by(applications.c.submitted_at, applications.c.id).offset(offset).limit(limit)
    return list(await fetch_all(db, QueuedApplication, statement))
