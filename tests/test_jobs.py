"""The worker: every letter leaves once, none of an act that did not happen, none is lost when the worker is killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal import jobs
from portal.gateways.mail import Message, NotSent, Smtp, message_id
from portal.jobs import Worker
from portal.records import database, outbox
from portal.records.base import fetch_all
from portal.records.outbox import Letter, NewLetter
from tests.portals import HandClock, settings_for
from tests.stubs.mail_server import MailServer, mail_server
from tests.weakened import copy_without

ROOT = Path(__file__).parent.parent
AT = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
SENDER = "portal@provider.example"
THING = UUID(int=7)


@pytest.fixture
async def server(owner_pool: AsyncEngine) -> AsyncIterator[MailServer]:
    """A mail server, and an empty outbox."""
    async with owner_pool.begin() as db:
        await db.execute(text("DELETE FROM outbox"))
    async with mail_server() as running:
        yield running


def worker(pool: AsyncEngine, post: jobs.Post, at: datetime = AT) -> Worker:
    return Worker(pool=pool, clock=HandClock(at), settings=settings_for(""), post=post)


def smtp(server: MailServer) -> Smtp:
    return Smtp(server.url, sender=SENDER, seconds=5)


async def leave(db: database.Db, *names: str, at: datetime = AT) -> None:
    letters = [
        NewLetter(
            subscriber_id=None,
            to_address=f"{name}@example-a.example",
            subject=f"件名 {name}",
            body="本文",
            path=f"/applications/{name}",
        )
        for name in names
    ]
    await outbox.put(db, letters, at=at, verb="application_submitted", object_kind="application", object_id=THING)


async def left(pool: AsyncEngine, *names: str, at: datetime = AT) -> None:
    async with database.transaction(pool, "staff") as db:
        await leave(db, *names, at=at)


async def letters(pool: AsyncEngine) -> list[Letter]:
    async with database.transaction(pool, "staff") as db:
        return list(await fetch_all(db, Letter, select(outbox.outbox).order_by(outbox.outbox.c.id)))


async def drain(one: Worker) -> int:
    count = 0
    while await one.run_once():
        count += 1
    return count


async def test_letters_leave_in_the_order_of_the_acts_and_once(pool: AsyncEngine, server: MailServer) -> None:
    await left(pool, "c", at=AT)
    await left(pool, "a", "b", at=AT - timedelta(hours=1))
    assert await drain(worker(pool, smtp(server))) == 3
    assert [str(one["To"]) for one in server.taken] == [f"{name}@example-a.example" for name in "abc"]
    assert await drain(worker(pool, smtp(server), AT + timedelta(days=30))) == 0
    assert [(one.attempts, one.sent_at, one.last_error) for one in await letters(pool)] == [(1, AT, None)] * 3
    first = server.taken[0]
    assert str(first["Subject"]) == "【IPoE再販ポータル】件名 a"
    assert str(first["From"]) == SENDER
    assert str(first["Auto-Submitted"]) == "auto-generated"
    assert first["Date"].datetime == AT - timedelta(hours=1)
    words = first.get_content().replace("\r\n", "\n")
    assert words.startswith("本文\n\n画面を開く")
    assert "\nhttp://portal.example/applications/a\n" in words
    assert "架空ネットワーク株式会社" in words


async def test_a_letter_that_is_not_due_waits(pool: AsyncEngine, server: MailServer) -> None:
    await left(pool, "a", at=AT + timedelta(minutes=1))
    assert await drain(worker(pool, smtp(server))) == 0
    assert await drain(worker(pool, smtp(server), AT + timedelta(minutes=1))) == 1


async def test_nothing_leaves_of_an_act_that_did_not_happen(pool: AsyncEngine, server: MailServer) -> None:
    with pytest.raises(ZeroDivisionError):
        await _act_that_fails(pool)
    assert await drain(worker(pool, smtp(server))) == 0
    assert server.taken == []


async def test_control_a_copy_that_sends_inside_the_transaction_is_found(pool: AsyncEngine, server: MailServer) -> None:
    """CONTROL of the test above: the same act, its letter sent from inside, has told of what did not happen."""
    with pytest.raises(ZeroDivisionError):
        await _act_that_fails(pool, inside=smtp(server))
    assert await letters(pool) == []
    assert len(server.taken) == 1


async def _act_that_fails(pool: AsyncEngine, *, inside: Smtp | None = None) -> None:
    async with database.transaction(pool, "staff") as db:
        await leave(db, "a")
        if inside:
            await inside.send(Message(id="<1@x.example>", at=AT, to="a@example-a.example", subject="x", text="x"))
        raise ZeroDivisionError


@dataclass
class Looking:
    """A way out that looks, while it sends, at what the database holds of the sender's transactions."""

    watching: AsyncEngine
    sender: str = SENDER
    open_transactions: list[int] = field(default_factory=list)

    async def send(self, _: Message) -> None:
        async with self.watching.connect() as db:
            count = await db.scalar(
                text("""
                    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND usename = 'portal_web' AND state LIKE 'idle in transaction%'
                """)
            )
        self.open_transactions.append(int(count or 0))


async def test_no_transaction_is_open_while_a_letter_is_sent(
    pool: AsyncEngine, owner_pool: AsyncEngine, server: MailServer
) -> None:
    await left(pool, "a")
    looking = Looking(owner_pool)
    await worker(pool, looking).run_once()
    assert looking.open_transactions == [0]
    # CONTROL: one that is open is seen.
    async with database.transaction(pool, "worker"):
        await looking.send(Message(id="", at=AT, to="", subject="", text=""))
    assert looking.open_transactions == [0, 1]


@pytest.mark.parametrize("answer", ["451 try again later", "421 closing"])
@pytest.mark.parametrize("where", ["to_recipient", "to_content"])
async def test_a_passing_refusal_is_tried_again_later(
    pool: AsyncEngine, server: MailServer, where: str, answer: str
) -> None:
    await left(pool, "a")
    getattr(server, where).extend([answer, answer])
    assert await drain(worker(pool, smtp(server))) == 1
    (first,) = await letters(pool)
    assert (first.next_try_at, first.failed_at, first.attempts) == (AT + timedelta(minutes=1), None, 1)
    assert answer[:3] in str(first.last_error)
    assert await drain(worker(pool, smtp(server), AT + timedelta(seconds=59))) == 0
    assert await drain(worker(pool, smtp(server), AT + timedelta(minutes=1))) == 1
    (second,) = await letters(pool)
    assert (second.next_try_at, second.attempts) == (AT + timedelta(minutes=6), 2)
    assert await drain(worker(pool, smtp(server), AT + timedelta(minutes=6))) == 1
    (third,) = await letters(pool)
    assert (third.sent_at, third.attempts, third.last_error) == (AT + timedelta(minutes=6), 3, None)
    assert len(server.taken) == 1


@pytest.mark.parametrize("where", ["to_recipient", "to_content"])
async def test_a_refusal_for_good_is_not_tried_again(pool: AsyncEngine, server: MailServer, where: str) -> None:
    await left(pool, "a", "b")
    getattr(server, where).append("550 no such person")
    assert await drain(worker(pool, smtp(server))) == 2
    first, second = await letters(pool)
    assert (first.failed_at, first.sent_at, first.last_error) == (AT, None, "550 no such person")
    assert second.sent_at == AT
    assert await drain(worker(pool, smtp(server), AT + timedelta(days=9))) == 0


async def test_a_server_that_is_away_is_waited_for_nearly_three_days(pool: AsyncEngine, server: MailServer) -> None:
    await left(pool, "a")
    gone = Smtp("smtp://127.0.0.1:9", sender=SENDER, seconds=1)
    at, tries = AT, 0
    while (letter := (await letters(pool))[0]).failed_at is None:
        at = letter.next_try_at
        assert await drain(worker(pool, gone, at)) == 1
        tries += 1
    assert tries == 9
    assert at == AT + timedelta(minutes=1 + 5 + 15 + 60 + 240 + 720 + 1440 + 1440)
    assert "refused" in str(letter.last_error).lower()


async def test_a_letter_that_ends_every_worker_is_given_up(
    pool: AsyncEngine, owner_pool: AsyncEngine, server: MailServer
) -> None:
    await left(pool, "a")
    async with owner_pool.begin() as db:
        await db.execute(text("UPDATE outbox SET attempts = 9"))
    assert await drain(worker(pool, smtp(server))) == 1
    assert server.taken == []
    assert (await letters(pool))[0].failed_at == AT


async def killed_at(point: str, database_url: str, server: MailServer) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.stubs.worker_process", database_url, server.url, AT.isoformat(), point, cwd=ROOT
    )
    assert await process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("point", "times"), [("claimed", 1), ("sent", 2), ("marked", 1)])
async def test_a_killed_worker_loses_no_letter_and_repeats_at_most_one(
    pool: AsyncEngine, database_url: str, server: MailServer, point: str, times: int
) -> None:
    await left(pool, "a", "b")
    await killed_at(point, database_url, server)
    # Its claim holds: nobody sends the same letter while it may still be on its way.
    assert await drain(worker(pool, smtp(server), AT + timedelta(minutes=9))) == 1
    await drain(worker(pool, smtp(server), AT + timedelta(minutes=10)))
    to = [str(one["To"]) for one in server.taken]
    assert to.count("a@example-a.example") == times
    assert to.count("b@example-a.example") == 1
    assert len(set(server.ids)) == 2, "the repeated one has the same Message-ID"
    assert all(one.sent_at for one in await letters(pool))


async def test_control_a_copy_that_marks_before_it_sends_loses_a_letter(pool: AsyncEngine, server: MailServer) -> None:
    """CONTROL of the test above: the same checks see a letter lost by a worker that marks first."""
    await left(pool, "a")
    async with database.transaction(pool, "worker") as db:
        letter = await outbox.claim(db, at=AT, until=AT + timedelta(minutes=10))
        assert letter is not None
        await outbox.mark_sent(db, letter, at=AT)
    # Here the worker is killed.
    assert await drain(worker(pool, smtp(server), AT + timedelta(days=1))) == 0
    assert server.taken == []


@dataclass
class Overlapping:
    """A way out during which another worker looks for letters, as one does that runs beside it."""

    other: Worker
    sender: str = SENDER
    sent: int = 0

    async def send(self, _: Message) -> None:
        self.sent += 1
        if self.sent == 1:
            await drain(self.other)


async def test_what_is_on_its_way_is_nobody_elses(pool: AsyncEngine, server: MailServer) -> None:
    assert await _sent_twice(pool, server, jobs.Worker) is False


async def test_control_without_the_claim_it_is_sent_twice(
    pool: AsyncEngine, server: MailServer, tmp_path: Path
) -> None:
    weak = copy_without(jobs, ", minutes=CLAIM_MINUTES", tmp_path)
    assert await _sent_twice(pool, server, weak.Worker) is True


async def _sent_twice(pool: AsyncEngine, server: MailServer, kind: type[Worker]) -> bool:
    await left(pool, "a")
    other = worker(pool, smtp(server))
    post = Overlapping(other)
    await kind(pool=pool, clock=HandClock(AT), settings=settings_for(""), post=post).run_once()
    return post.sent + len(server.taken) > 1


async def test_many_workers_send_every_letter_once(pool: AsyncEngine, server: MailServer) -> None:
    await left(pool, *(f"n{number}" for number in range(40)))
    counts = await asyncio.gather(*(drain(worker(pool, smtp(server))) for _ in range(4)))
    assert sum(counts) == 40
    assert len(server.taken) == len(set(server.ids)) == 40


async def test_what_came_too_late_does_not_undo_what_another_did(pool: AsyncEngine, server: MailServer) -> None:
    await left(pool, "a")
    async with database.transaction(pool, "worker") as db:
        slow = await outbox.claim(db, at=AT, until=AT + timedelta(minutes=10))
    later = AT + timedelta(minutes=10)
    async with database.transaction(pool, "worker") as db:
        quick = await outbox.claim(db, at=later, until=later + timedelta(minutes=10))
        assert slow is not None
        assert quick is not None
        await outbox.give_up(db, slow, at=later, error="late")
        await outbox.put_back(db, slow, next_try_at=AT, error="late")
    assert ((await letters(pool))[0].failed_at, (await letters(pool))[0].last_error) == (None, None)
    async with database.transaction(pool, "worker") as db:
        await outbox.mark_sent(db, quick, at=later)
        await outbox.give_up(db, quick, at=later, error="late")
    assert ((await letters(pool))[0].sent_at, (await letters(pool))[0].failed_at) == (later, None)


async def test_the_loop_sends_what_comes_and_stops_when_told(pool: AsyncEngine, server: MailServer) -> None:
    arrived, stop = asyncio.Event(), asyncio.Event()

    @dataclass
    class Telling:
        sender: str = SENDER

        async def send(self, _: Message) -> None:
            arrived.set()
            if stop.is_set():
                raise NotSent("stopped")

    task = asyncio.create_task(worker(pool, Telling()).run(stop, poll_seconds=0.01))
    await left(pool, "a")
    await asyncio.wait_for(arrived.wait(), 10)
    stop.set()
    await asyncio.wait_for(task, 10)
    assert (await letters(pool))[0].sent_at == AT


async def test_the_command_sends_until_it_is_told_to_stop(
    pool: AsyncEngine, database_url: str, owner_url: str, server: MailServer
) -> None:
    async with database.transaction(pool, "staff") as db:
        await leave(db, "a")
    settings = {
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_OWNER_URL": owner_url,
        "PORTAL_BASE_URL": "https://portal.example",
        "PORTAL_SEALING_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "PORTAL_PROVIDER_NAME": "架空ネットワーク株式会社",
        "PORTAL_PROVIDER_POSTAL_CODE": "999-9999",
        "PORTAL_PROVIDER_ADDRESS": "東京都架空区架空町9番9号",
        "PORTAL_PROVIDER_REGISTRATION_NUMBER": "T6999999999993",
        "PORTAL_PROVIDER_BANK_ACCOUNT": "架空銀行 本店営業部 普通 0000000",
        "PORTAL_SMTP_URL": server.url,
        "PORTAL_MAIL_FROM": SENDER,
    }
    command = (sys.executable, "-m", "portal", "worker")
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env={**os.environ, **settings})
    await asyncio.wait_for(server.first.wait(), 30)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert "https://portal.example/applications/a" in server.taken[0].get_content()
    assert (await letters(pool))[0].sent_at is not None
    del settings["PORTAL_MAIL_FROM"]
    refused = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **settings}, stderr=asyncio.subprocess.PIPE
    )
    _, words = await refused.communicate()
    assert refused.returncode == 1
    assert b"PORTAL_MAIL_FROM is not set" in words


def test_a_message_id_is_the_rows_own() -> None:
    assert message_id(7, AT, sender=SENDER) == "<7.20261015030000000000@provider.example>"
    assert message_id(8, AT, sender=SENDER) != message_id(7, AT, sender=SENDER)
    assert message_id(7, AT + timedelta(seconds=1), sender=SENDER) != message_id(7, AT, sender=SENDER)
