"""The lines of an application while people write it: added, changed, removed one by one (table: `applications`)."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from portal.records.applications import ApplicationLine, application_lines
from portal.records.base import Db, fetch_one


async def add(db: Db, rows: list[dict[str, Any]], *, application_id: UUID, subscriber_id: UUID) -> None:
    """Put these rows behind the lines that an application has."""
    if not rows:
        return
    last = await db.scalar(
        select(func.coalesce(func.max(application_lines.c.position), 0)).where(*_own(application_id, subscriber_id))
    )
    whose = {"subscriber_id": subscriber_id, "application_id": application_id}
    await db.execute(
        application_lines.insert(),
        [{**whose, **row, "position": place} for place, row in enumerate(rows, start=(last or 0) + 1)],
    )


async def change(db: Db, line_id: int, row: dict[str, Any], *, application_id: UUID, subscriber_id: UUID) -> None:
    await db.execute(
        application_lines.update()
        .where(application_lines.c.id == line_id, *_own(application_id, subscriber_id))
        .values(row)
    )


async def remove(db: Db, line_ids: Collection[int], *, application_id: UUID, subscriber_id: UUID) -> None:
    """Take rows away; those behind them move up, so that a row's number is its place."""
    whose = _own(application_id, subscriber_id)
    removed = await db.execute(application_lines.delete().where(application_lines.c.id.in_(line_ids), *whose))
    if not removed.rowcount:
        return
    places = (
        select(application_lines.c.id, func.row_number().over(order_by=application_lines.c.position).label("place"))
        .where(*whose)
        .subquery()
    )
    await db.execute(
        application_lines.update()
        .where(application_lines.c.id == places.c.id, application_lines.c.position != places.c.place, *whose)
        .values(position=places.c.place)
    )


async def want_on(db: Db, day: date | None, *, application_id: UUID, subscriber_id: UUID) -> None:
    """Set the wanted day of the lines whose row names none of its own."""
    names_none = func.coalesce(application_lines.c.given["開通希望日"].astext, "") == ""
    await db.execute(
        application_lines.update().where(names_none, *_own(application_id, subscriber_id)).values(wanted_on=day)
    )


async def get(db: Db, line_id: int, *, application_id: UUID, subscriber_id: UUID) -> ApplicationLine | None:
    statement = select(application_lines).where(application_lines.c.id == line_id, *_own(application_id, subscriber_id))
    return await fetch_one(db, ApplicationLine, statement)


async def named_twice(db: Db, application_id: UUID, *, subscriber_id: UUID, limit: int = 4) -> list[str]:
    """The access-line ids that more than one line of the application names, the first few."""
    statement = (
        select(application_lines.c.access_line_id)
        .where(application_lines.c.access_line_id.is_not(None), *_own(application_id, subscriber_id))
        .group_by(application_lines.c.access_line_id)
        .having(func.count() > 1)
        .order_by(application_lines.c.access_line_id)
        .limit(limit)
    )
    return list((await db.execute(statement)).scalars())


async def access_line_ids(db: Db, application_id: UUID, *, subscriber_id: UUID) -> set[str]:
    statement = select(application_lines.c.access_line_id).where(
        application_lines.c.access_line_id.is_not(None), *_own(application_id, subscriber_id)
    )
    return set((await db.execute(statement)).scalars())


def _own(application_id: UUID, subscriber_id: UUID) -> "tuple[ColumnElement[bool], ColumnElement[bool]]":
    return (
        application_lines.c.application_id == application_id,
        application_lines.c.subscriber_id == subscriber_id,
    )
