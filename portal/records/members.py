"""People who sign in, the connections they come by, their sessions (担当者 and 当社担当者)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    case,
    func,
    literal,
    null,
    select,
    text,
    update,
)

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, text_column
from portal.records.subscribers import subscribers

Realm = Literal["subscriber", "staff"]

MEMBER_ROLES = ("admin", "signatory", "operator", "viewer")
STAFF_ROLES = ("clerk", "approver", "billing", "auditor")

connections = Table(
    "identity_connections",
    metadata,
    key(),
    # Null: the provider's own issuer, by which staff come.
    Column("subscriber_id", Uuid, ForeignKey("subscribers.id"), nullable=True),
    Column("slug", Text, nullable=False, unique=True),
    text_column("label"),
    text_column("issuer"),
    text_column("client_id"),
    Column("client_secret_sealed", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{1,40}$'", name="slug"),
)

members = Table(
    "members",
    metadata,
    key(),
    owner(),
    Column("connection_id", Uuid, ForeignKey("identity_connections.id"), nullable=False),
    text_column("subject"),
    text_column("name"),
    text_column("email"),
    Column("roles", ARRAY(Text), nullable=False),
    # What the person's power to bind the company rests on (A5-6-1: the authority is part of an agreement).
    text_column("authority", nullable=True),
    moment("invited_at"),
    UniqueConstraint("connection_id", "subject"),
    CheckConstraint("roles <@ ARRAY['admin','signatory','operator','viewer']::text[]", name="roles"),
    CheckConstraint("NOT ('signatory' = ANY (roles)) OR authority IS NOT NULL", name="authority"),
)

staff = Table(
    "staff",
    metadata,
    key(),
    Column("connection_id", Uuid, ForeignKey("identity_connections.id"), nullable=False),
    text_column("subject"),
    text_column("name"),
    text_column("email"),
    Column("roles", ARRAY(Text), nullable=False),
    moment("invited_at"),
    UniqueConstraint("connection_id", "subject"),
    CheckConstraint("roles <@ ARRAY['clerk','approver','billing','auditor']::text[]", name="roles"),
)

sessions = Table(
    "sessions",
    metadata,
    key(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("member_id", Uuid, ForeignKey("members.id"), nullable=True),
    Column("staff_id", Uuid, ForeignKey("staff.id"), nullable=True),
    Column("connection_id", Uuid, ForeignKey("identity_connections.id"), nullable=False),
    text_column("provider_session", nullable=True),
    text_column("id_token"),
    moment("started_at"),
    moment("last_seen_at"),
    moment("ends_at"),
    moment("ended_at", nullable=True),
    CheckConstraint("num_nonnulls(member_id, staff_id) = 1", name="one_person"),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("state", Text, primary_key=True),
    Column("connection_id", Uuid, ForeignKey("identity_connections.id"), nullable=False),
    # Binds the attempt to the browser that began it, so that nobody can be signed in by somebody else's link.
    Column("browser_hash", LargeBinary, nullable=False),
    text_column("nonce"),
    text_column("code_verifier"),
    text_column("return_to"),
    moment("started_at"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: resolved by the database from the session, never from what the browser says."""

    id: UUID
    realm: Realm
    subscriber_id: UUID | None
    name: str
    email: str
    roles: tuple[str, ...]
    authority: str | None
    company: str
    session_id: UUID | None = None

    def may(self, *roles: str) -> bool:
        return any(role in self.roles for role in roles)


@dataclass(frozen=True, slots=True)
class Connection:
    id: UUID
    subscriber_id: UUID | None
    slug: str
    label: str
    issuer: str
    client_id: str
    client_secret_sealed: bytes
    version: int


@dataclass(frozen=True, slots=True)
class EndedSession:
    id: UUID
    realm: Realm
    person_id: UUID
    connection_id: UUID
    id_token: str


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    state: str
    connection_id: UUID
    browser_hash: bytes
    nonce: str
    code_verifier: str
    return_to: str
    started_at: datetime


async def connection_by_slug(db: Db, slug: str) -> Connection | None:
    return await fetch_one(db, Connection, select(connections).where(connections.c.slug == slug))


async def connection(db: Db, connection_id: UUID) -> Connection | None:
    return await fetch_one(db, Connection, select(connections).where(connections.c.id == connection_id))


async def connections_to_sign_in(db: Db) -> list[Connection]:
    return list(await fetch_all(db, Connection, select(connections).order_by(connections.c.slug)))


async def take_attempt(db: Db, state: str) -> SignInAttempt | None:
    """The attempt of this state, removed: a state is good for one answer only."""
    statement = sign_in_attempts.delete().where(sign_in_attempts.c.state == state).returning(*sign_in_attempts.c)
    return await fetch_one(db, SignInAttempt, statement)


async def forget_attempts(db: Db, *, before: datetime) -> None:
    await db.execute(sign_in_attempts.delete().where(sign_in_attempts.c.started_at < before))


async def enter(db: Db, *, token_hash: bytes, at: datetime) -> Person | None:
    """Resolve a session inside the database and put its tenancy and role on the transaction; None when it is not alive.

    One round trip: `enter_session` is the only function that may look a token up, and what it finds becomes the
    transaction's role and subscriber before any other statement runs.
    """
    statement = text(
        """
        SELECT id, realm, subscriber_id, name, email, roles, authority, company, session_id,
               set_config('portal.subscriber', coalesce(subscriber_id::text, ''), true),
               set_config('portal.person', id::text, true),
               set_config('role', 'portal_' || realm, true)
        FROM enter_session(:token_hash, :at)
        """
    )
    return await fetch_one(db, Person, statement, {"token_hash": token_hash, "at": at})


async def by_subject(db: Db, *, connection_id: UUID, subject: str) -> tuple[Realm, UUID] | None:
    """Which person of this connection has this subject."""
    for realm, table in (("subscriber", members), ("staff", staff)):
        found = await db.scalar(
            select(table.c.id).where(table.c.connection_id == connection_id, table.c.subject == subject)
        )
        if found:
            return ("subscriber" if realm == "subscriber" else "staff"), found
    return None


async def person(db: Db, realm: Realm, person_id: UUID) -> Person | None:
    """A person as acts are told of them; their session is not known here."""
    return await fetch_one(db, Person, (_MEMBER if realm == "subscriber" else _STAFF).where(_whose(realm) == person_id))


async def end_session(db: Db, token_hash: bytes, *, at: datetime) -> EndedSession | None:
    """End the session of a token; None when there is none, or it has ended before."""
    statement = (
        update(sessions)
        .where(sessions.c.token_hash == token_hash, sessions.c.ended_at.is_(None))
        .values(ended_at=at)
        .returning(
            sessions.c.id,
            case((sessions.c.member_id.is_not(None), "subscriber"), else_="staff").label("realm"),
            func.coalesce(sessions.c.member_id, sessions.c.staff_id).label("person_id"),
            sessions.c.connection_id,
            sessions.c.id_token,
        )
    )
    return await fetch_one(db, EndedSession, statement)


def _whose(realm: Realm) -> "Column[UUID]":
    return members.c.id if realm == "subscriber" else staff.c.id


_MEMBER = select(
    members.c.id,
    literal("subscriber").label("realm"),
    members.c.subscriber_id,
    members.c.name,
    members.c.email,
    members.c.roles,
    members.c.authority,
    subscribers.c.name.label("company"),
    null().label("session_id"),
).join(subscribers, subscribers.c.id == members.c.subscriber_id)
_STAFF = select(
    staff.c.id,
    literal("staff").label("realm"),
    null().label("subscriber_id"),
    staff.c.name,
    staff.c.email,
    staff.c.roles,
    null().label("authority"),
    connections.c.label.label("company"),
    null().label("session_id"),
).join(connections, connections.c.id == staff.c.connection_id)
