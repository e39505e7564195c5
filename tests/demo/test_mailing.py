"""The demo's worker: while the portal serves, what the outbox holds becomes files; then it stops."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.app import create_app
from portal.demo import mailing
from portal.records import database, outbox
from portal.records.outbox import Letter, NewLetter
from tests.portals import settings_for

LONG_AGO = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
LOOKS = 5_000


async def left(pool: AsyncEngine, one: NewLetter) -> None:
    async with database.transaction(pool, "staff") as db:
        await outbox.put(
            db, [one], at=LONG_AGO, verb="application_submitted", object_kind="application", object_id=UUID(int=1)
        )


async def newest(pool: AsyncEngine) -> Letter:
    async with database.transaction(pool, "staff") as db:
        return (await outbox.latest(db, limit=1))[0]


def in_folder(folder: Path) -> list[EmailMessage]:
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in sorted(folder.glob("*.eml"))]


async def test_letters_become_files_while_the_portal_serves(
    pool: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    one = NewLetter(subscriber_id=None, to_address="a@staff.example", subject="件名", body="本文", path="/desk")
    await left(pool, one)
    settings = settings_for(database_url)
    app = mailing.with_worker(create_app(settings), settings, tmp_path / "mail")
    async with app.router.lifespan_context(app):
        for _ in range(LOOKS):
            if (letter := await newest(pool)).sent_at is not None:
                break
    assert letter.sent_at is not None
    (made,) = in_folder(tmp_path / "mail")
    assert str(made["To"]) == "a@staff.example"
    assert made["Date"].datetime == LONG_AGO
    # Control: nothing is sent any more once the portal has stopped.
    await left(pool, one)
    for _ in range(50):
        assert (await newest(pool)).attempts == 0
