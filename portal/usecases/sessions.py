"""Sessions on our side: started after a sign-in, found by a token that only the browser keeps, ended at once."""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert

from portal.records import events, members
from portal.records.base import Db
from portal.records.members import EndedSession, Realm
from portal.terms.periods import shift

LONGEST_HOURS = 12


async def start(
    db: Db,
    *,
    at: datetime,
    realm: Realm,
    person_id: UUID,
    connection_id: UUID,
    id_token: str,
    provider_session: str | None,
) -> str:
    """Start a session of a person (role `signin`); the token for the browser, of which we keep only the hash.

    It ends after two idle hours or `LONGEST_HOURS`, whichever comes first.
    """
    token = secrets.token_urlsafe(32)
    await db.execute(
        insert(members.sessions).values(
            id=uuid4(),
            token_hash=hashlib.sha256(token.encode()).digest(),
            member_id=person_id if realm == "subscriber" else None,
            staff_id=person_id if realm == "staff" else None,
            connection_id=connection_id,
            provider_session=provider_session,
            id_token=id_token,
            started_at=at,
            last_seen_at=at,
            ends_at=shift(at, hours=LONGEST_HOURS),
        )
    )
    return token


async def end(db: Db, *, at: datetime, token: str) -> EndedSession | None:
    """End the session of a browser's token at once (role `signin`); None when there is none alive."""
    ended = await members.end_session(db, hashlib.sha256(token.encode()).digest(), at=at)
    person = None if ended is None else await members.person(db, ended.realm, ended.person_id)
    if ended is not None and person is not None:
        await events.record(
            db,
            by=person,
            at=at,
            verb="signed_out",
            object_kind="session",
            object_id=ended.id,
            subscriber_id=person.subscriber_id,
        )
    return ended
