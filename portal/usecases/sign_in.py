"""Signing in: an attempt is kept while the browser is at its company's provider, used once, and becomes a session."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from portal.records import events, members
from portal.records.base import Db
from portal.records.members import Connection, Person, Realm, SignInAttempt
from portal.terms.periods import shift
from portal.usecases import sessions

ATTEMPT_MINUTES = 30


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A person has come in; `token` goes to the browser and is kept nowhere else."""

    person: Person
    token: str


async def remember(
    db: Db,
    *,
    at: datetime,
    connection_id: UUID,
    state: str,
    nonce: str,
    code_verifier: str,
    browser: str,
    return_to: str,
) -> None:
    """Keep an attempt until its answer comes; those that were left longer than `ATTEMPT_MINUTES` ago are forgotten.

    `browser`: the secret that only the browser which began holds; we keep its hash.
    """
    await members.forget_attempts(db, before=shift(at, minutes=-ATTEMPT_MINUTES))
    await db.execute(
        insert(members.sign_in_attempts).values(
            state=state,
            connection_id=connection_id,
            browser_hash=_hash(browser),
            nonce=nonce,
            code_verifier=code_verifier,
            return_to=return_to,
            started_at=at,
        )
    )


async def take(db: Db, *, at: datetime, state: str, browser: str) -> tuple[SignInAttempt, Connection] | None:
    """The attempt of a state, used up by this. None for an unknown, used or old one, and in another browser."""
    attempt = await members.take_attempt(db, state)
    if attempt is None:
        return None
    connection = await members.connection(db, attempt.connection_id)
    if connection is None or attempt.started_at < shift(at, minutes=-ATTEMPT_MINUTES):
        return None
    if attempt.browser_hash != _hash(browser):
        await refuse(db, at=at, connection=connection, reason="another_browser", reference="")
        return None
    return attempt, connection


async def enter(
    db: Db,
    *,
    at: datetime,
    connection: Connection,
    subject: str,
    id_token: str,
    provider_session: str | None,
    former_token: str,
) -> SignedIn | None:
    """Let the person (connection, subject) in with a new session, in place of the browser's former one.

    None when nobody of that connection was invited under this subject; e-mail and name are never matched.
    """
    found = await members.by_subject(db, connection_id=connection.id, subject=subject)
    person = None if found is None else await members.person(db, *found)
    if person is None:
        return None
    await sessions.end(db, at=at, token=former_token)
    token = await sessions.start(
        db,
        at=at,
        realm=person.realm,
        person_id=person.id,
        connection_id=connection.id,
        id_token=id_token,
        provider_session=provider_session,
    )
    await events.record(
        db,
        by=person,
        at=at,
        verb="signed_in",
        object_kind="connection",
        object_id=connection.id,
        subscriber_id=person.subscriber_id,
    )
    return SignedIn(person=person, token=token)


async def refuse(db: Db, *, at: datetime, connection: Connection, reason: str, reference: str) -> None:
    """Write down that somebody did not get in, and why. Nothing that came from outside is repeated."""
    realm: Realm = "staff" if connection.subscriber_id is None else "subscriber"
    nobody = Person(UUID(int=0), realm, connection.subscriber_id, "（未確認の人）", "", (), None, connection.label)
    await events.record(
        db,
        by=nobody,
        at=at,
        verb="sign_in_refused",
        object_kind="connection",
        object_id=connection.id,
        subscriber_id=connection.subscriber_id,
        reason=reason,
        details={"reference": reference},
    )


def _hash(browser: str) -> bytes:
    return hashlib.sha256(browser.encode()).digest()
