"""What the two home pages ask: what waits, how much of it and since when, and the latest of a company's own log."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, text

from portal.records.applications import applications
from portal.records.base import Db, fetch_all
from portal.records.contracts import contracts
from portal.records.events import Event, events
from portal.records.partners import partners


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many of a kind wait; `mine`: prepared by the person who asks, who may therefore not finish them."""

    what: str
    mine: bool
    count: int
    since: datetime
    until: date | None


# Only what is open is counted, by the index on state: what is done grows without limit, what is open does not.
_AT_THE_DESK = text("""
    SELECT CASE WHEN state = 'in_review' AND prepared_by IS NOT NULL THEN 'prepared' ELSE state END AS what,
           state = 'in_review' AND coalesce(prepared_by = :me, false) AS mine,
           count(*) AS count, min(changed_at) AS since, min(return_by) AS until
    FROM applications
    WHERE state IN ('submitted', 'in_review', 'returned', 'accepted', 'provisioning') AND submitted_at IS NOT NULL
    GROUP BY 1, 2
    UNION ALL
    SELECT 'billing_start', false, count(*), min(c.accepted_at), NULL
    FROM contracts c LEFT JOIN applications a ON a.id = c.application_id
    WHERE c.billing_starts_on IS NULL AND a.state IS DISTINCT FROM 'infeasible'
    HAVING count(*) > 0
    UNION ALL
    SELECT 'notice', false, count(*), min(received_at), min(effective_on)
    FROM notices WHERE acknowledged_at IS NULL AND voided_at IS NULL HAVING count(*) > 0
    UNION ALL
    SELECT 'notice_void', void_prepared_by = :me, count(*), min(void_prepared_at), NULL
    FROM notices WHERE void_prepared_at IS NOT NULL AND voided_at IS NULL GROUP BY 2
    UNION ALL
    SELECT 'price_sheet', prepared_by = :me, count(*), min(prepared_at), min(effective_from)
    FROM price_sheets WHERE shown_at IS NULL GROUP BY 2
    UNION ALL
    SELECT 'policy', prepared_by = :me, count(*), min(prepared_at), min(effective_on)
    FROM policies WHERE published_at IS NULL GROUP BY 2
    UNION ALL
    SELECT 'closing', prepared_by = :me, count(*), min(tried_at), NULL
    FROM closings WHERE issued_at IS NULL GROUP BY 2
""")


async def at_the_desk(db: Db, *, person_id: UUID) -> Sequence[Waiting]:
    """Everything that waits for the staff."""
    return await fetch_all(db, Waiting, _AT_THE_DESK, {"me": person_id})


async def month_untried(db: Db, month: date, *, until: date) -> int:
    """How many contracts are in billing in a month (to its last day) whose close nobody has begun."""
    statement = text("""
        SELECT count(*) FROM contracts c
        WHERE billing_starts_on <= :until AND NOT EXISTS (SELECT FROM closings WHERE closings.month = :month)
          AND NOT EXISTS (
              SELECT FROM notices n WHERE n.contract_id = c.id AND n.kind = 'contract' AND n.voided_at IS NULL
                AND n.effective_on < :month
          )
    """)
    return int(await db.scalar(statement, {"month": month, "until": until}) or 0)


async def first_recorded(db: Db, partner_ids: Collection[UUID], *, subscriber_id: UUID) -> datetime | None:
    """When the first of these partners was recorded."""
    found: datetime | None = await db.scalar(
        select(func.min(partners.c.recorded_at)).where(
            partners.c.id.in_(partner_ids), partners.c.subscriber_id == subscriber_id
        )
    )
    return found


async def news(db: Db, verbs: Collection[str], *, subscriber_id: UUID | None, limit: int = 8) -> Sequence[Event]:
    """The latest acts of these kinds, of one subscriber or (None, for staff) of all."""
    newest_first = (events.c.at.desc(), events.c.id.desc())
    statement = select(events).where(events.c.verb.in_(verbs)).order_by(*newest_first).limit(limit)
    if subscriber_id is not None:
        statement = statement.where(events.c.subscriber_id == subscriber_id)
    return await fetch_all(db, Event, statement)


async def numbers_of(
    db: Db, application_ids: Collection[UUID], contract_ids: Collection[UUID], *, subscriber_id: UUID | None
) -> dict[UUID, str]:
    """受付番号 and 契約番号 of these, of one subscriber or (None, for staff) of all; drafts have none."""
    found: dict[UUID, str] = {}
    for table, ids in ((applications, application_ids), (contracts, contract_ids)):
        statement = select(table.c.id, table.c.number).where(table.c.id.in_(ids), table.c.number.is_not(None))
        if subscriber_id is not None:
            statement = statement.where(table.c.subscriber_id == subscriber_id)
        found |= {row.id: row.number for row in await db.execute(statement)}
    return found
