"""One act per form: the key a form carries, written in the transaction of the act it makes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, Text, Uuid, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.records.base import Db, metadata, moment, text_column

submissions = Table(
    "submissions",
    metadata,
    Column("key", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    # Where the form was sent: a key used for one act says nothing about another.
    Column("path", Text, primary_key=True),
    moment("at"),
    text_column("location", nullable=True),
)


async def claim(db: Db, key: UUID, *, person_id: UUID, path: str, at: datetime) -> tuple[bool, str | None]:
    """Claim a key for this transaction: (True, None) when it is new, (False, where the first one led) when it was used.

    A second, simultaneous claim waits until the first transaction ends, so two clicks can never both act.
    """
    statement = (
        insert(submissions)
        .values(key=key, person_id=person_id, path=path, at=at)
        .on_conflict_do_nothing()
        .returning(submissions.c.key)
    )
    if (await db.execute(statement)).scalar_one_or_none() is not None:
        return True, None
    return False, await db.scalar(select(submissions.c.location).where(_same(key, person_id, path)))


async def settle(db: Db, key: UUID, *, person_id: UUID, path: str, location: str) -> None:
    """Remember where the act led, for those who send the same form again."""
    await db.execute(update(submissions).where(_same(key, person_id, path)).values(location=location))


def _same(key: UUID, person_id: UUID, path: str) -> ColumnElement[bool]:
    return and_(submissions.c.key == key, submissions.c.person_id == person_id, submissions.c.path == path)
