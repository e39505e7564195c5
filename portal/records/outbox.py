"""What is to be told to the outside, written in the transaction of the act; the worker sends it afterwards."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Select,
    Table,
    Update,
    Uuid,
    any_,
    func,
    insert,
    or_,
    select,
    update,
)

from portal.records.base import Db, fetch_all, fetch_one, metadata, moment, row_key, text_column
from portal.records.contracts import contracts
from portal.records.members import members
from portal.records.policies import agreements
from portal.records.subscribers import subscribers

MAIL = "mail"

outbox = Table(
    "outbox",
    metadata,
    row_key(),
    moment("at"),
    text_column("kind"),
    # Whose affair it is, not who gets it; null: the provider's own.
    Column("subscriber_id", Uuid, ForeignKey("subscribers.id"), nullable=True, index=True),
    text_column("to_address"),
    text_column("subject"),
    text_column("body"),
    # The page that it is about; the worker puts the address of the portal before it.
    text_column("path"),
    # The act that it tells of.
    text_column("verb"),
    text_column("object_kind"),
    Column("object_id", Uuid, nullable=False),
    Column("attempts", Integer, nullable=False),
    moment("next_try_at"),
    moment("sent_at", nullable=True),
    moment("failed_at", nullable=True),
    text_column("last_error", nullable=True),
    CheckConstraint("kind IN ('mail')", name="kind"),
    CheckConstraint("num_nonnulls(sent_at, failed_at) <= 1", name="one_end"),
)
_open = outbox.c.sent_at.is_(None) & outbox.c.failed_at.is_(None)
Index("outbox_due_idx", outbox.c.next_try_at, outbox.c.id, postgresql_where=_open)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is told, and the company whose affair it is."""

    address: str
    subscriber_id: UUID | None
    company: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLetter:
    """A letter (plain text) to one person."""

    subscriber_id: UUID | None
    to_address: str
    subject: str
    body: str
    path: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A row of the outbox. `attempts`: how often it has been claimed, this time included."""

    id: int
    at: datetime
    subscriber_id: UUID | None
    to_address: str
    subject: str
    body: str
    path: str
    verb: str
    attempts: int
    next_try_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    last_error: str | None


async def put(
    db: Db, letters: Sequence[NewLetter], *, at: datetime, verb: str, object_kind: str, object_id: UUID
) -> None:
    """Leave letters of one act, in its transaction: they go out when it commits, never when it does not."""
    if not letters:
        return
    act = {"at": at, "next_try_at": at, "verb": verb, "object_kind": object_kind, "object_id": object_id}
    rows = [{"kind": MAIL, "attempts": 0, **act, **asdict(letter)} for letter in letters]
    # Nothing is read back: a subscriber's transaction may leave letters, not read them.
    await db.execute(insert(outbox).values(rows).inline())


async def claim(db: Db, *, at: datetime, until: datetime) -> Letter | None:
    """The letter that is due longest, held until a moment for the one who asks; what others claim now is passed over.

    A claim that is neither marked nor put back by then (a killed worker) falls due again.
    """
    due = (
        select(outbox.c.id)
        .where(_open, outbox.c.next_try_at <= at)
        .order_by(outbox.c.next_try_at, outbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(outbox)
        .where(outbox.c.id == due.scalar_subquery())
        .values(attempts=outbox.c.attempts + 1, next_try_at=until)
        .returning(outbox)
    )
    return await fetch_one(db, Letter, statement)


async def mark_sent(db: Db, letter: Letter, *, at: datetime) -> None:
    """It has been handed over. True whoever's claim it was."""
    await db.execute(update(outbox).where(outbox.c.id == letter.id, _open).values(sent_at=at, last_error=None))


async def put_back(db: Db, letter: Letter, *, next_try_at: datetime, error: str) -> None:
    """It could not be handed over now. Says nothing where another has claimed it meanwhile."""
    await db.execute(_claimed(letter).values(next_try_at=next_try_at, last_error=error))


async def give_up(db: Db, letter: Letter, *, at: datetime, error: str) -> None:
    """It will not be tried again. Says nothing where another has claimed it meanwhile."""
    await db.execute(_claimed(letter).values(failed_at=at, last_error=error))


def _claimed(letter: Letter) -> Update:
    return update(outbox).where(outbox.c.id == letter.id, outbox.c.attempts == letter.attempts, _open)


async def get(db: Db, letter_id: int) -> Letter | None:
    return await fetch_one(db, Letter, select(outbox).where(outbox.c.id == letter_id))


async def latest(db: Db, *, before: int | None = None, limit: int = 51) -> Sequence[Letter]:
    """Letters, newest first, optionally only those older than one."""
    statement = select(outbox).order_by(outbox.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(outbox.c.id < before)
    return await fetch_all(db, Letter, statement)


async def people_of(db: Db, subscriber_id: UUID, roles: Sequence[str]) -> Sequence[Recipient]:
    """The members of a company who hold one of these roles."""
    return await fetch_all(db, Recipient, _members(roles).where(members.c.subscriber_id == subscriber_id))


async def people_with_shared_lines(db: Db, roles: Sequence[str]) -> Sequence[Recipient]:
    """A5-6-1: of every company that has a contract of `ipoe_shared`, or has agreed to a traffic policy before."""
    shared = select(contracts.c.subscriber_id).where(contracts.c.offering == "ipoe_shared")
    agreed = select(agreements.c.subscriber_id)
    owner = members.c.subscriber_id
    return await fetch_all(db, Recipient, _members(roles).where(or_(owner.in_(shared), owner.in_(agreed))))


async def desk(db: Db, role: str, *, subscriber_id: UUID | None) -> Sequence[Recipient]:
    """The provider's staff of a role. A subscriber's transaction may write to them without reading who they are."""
    found = await db.execute(select(func.desk_addresses(role).column_valued("address")).order_by("address"))
    return [Recipient(address, subscriber_id, "") for address in found.scalars()]


def _members(roles: Sequence[str]) -> Select[tuple[str, UUID, str]]:
    """One row an address, though two people of a company may share it."""
    return (
        select(members.c.email.label("address"), members.c.subscriber_id, subscribers.c.name.label("company"))
        .join(subscribers, subscribers.c.id == members.c.subscriber_id)
        .where(or_(*(any_(members.c.roles) == role for role in roles)), members.c.email != "")
        .distinct()
        .order_by(subscribers.c.name, members.c.subscriber_id, "address")
    )
