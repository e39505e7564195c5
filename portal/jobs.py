"""What the worker runs: it sends the letters of the outbox.

Three steps a letter, and no call to the outside inside a transaction: claim it for a while (commit), send it, mark it
(commit). A worker that is killed leaves a claim that ends by itself; the letter then goes out again, once more, under
the same Message-ID. Any number of workers may run.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.clock import Clock, SystemClock
from portal.gateways.mail import Message, NotSent, Smtp, message_id
from portal.records import database, outbox
from portal.records.outbox import Letter
from portal.settings import Settings
from portal.terms.periods import shift
from portal.usecases import mail

# Longer than a sending can take (gateways.mail.SECONDS for each answer of the server).
CLAIM_MINUTES = 10
# Minutes from one try to the next: nearly three days in all, as mail servers have it. Then it is given up.
BACK_OFF = (1, 5, 15, 60, 240, 720, 1440, 1440)
TRIES = len(BACK_OFF) + 1
POLL_SECONDS = 2.0
log = logging.getLogger(__name__)


class Post(Protocol):
    """Where mail is handed over: `gateways.mail.Smtp` or `Folder`."""

    sender: str

    async def send(self, message: Message) -> None:
        """Hand a message over. Raises NotSent."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """What the worker is built from."""

    pool: AsyncEngine
    clock: Clock
    settings: Settings
    post: Post

    async def run_once(self) -> bool:
        """Send the letter that is due longest; False when none is."""
        at = self.clock.now()
        async with database.transaction(self.pool, "worker") as db:
            letter = await outbox.claim(db, at=at, until=shift(at, minutes=CLAIM_MINUTES))
        if letter is None:
            return False
        try:
            if letter.attempts > TRIES:
                raise NotSent("the worker ended in the middle of every try", for_good=True)
            await self.post.send(self._message(letter))
        except NotSent as error:
            await self._not_sent(letter, error)
        else:
            async with database.transaction(self.pool, "worker") as db:
                await outbox.mark_sent(db, letter, at=self.clock.now())
        return True

    def _message(self, letter: Letter) -> Message:
        subject, text = mail.whole(letter, self.settings)
        number = message_id(letter.id, letter.at, sender=self.post.sender)
        return Message(id=number, at=letter.at, to=letter.to_address, subject=subject, text=text)

    async def _not_sent(self, letter: Letter, error: NotSent) -> None:
        at = self.clock.now()
        async with database.transaction(self.pool, "worker") as db:
            if error.for_good or letter.attempts >= TRIES:
                log.error("letter %d is given up after %d tries: %s", letter.id, letter.attempts, error)
                await outbox.give_up(db, letter, at=at, error=str(error))
            else:
                log.warning("letter %d was not sent (try %d): %s", letter.id, letter.attempts, error)
                again = shift(at, minutes=BACK_OFF[letter.attempts - 1])
                await outbox.put_back(db, letter, next_try_at=again, error=str(error))

    async def run(self, stop: asyncio.Event, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Send what is due and look again, until it is told to stop; the letter in hand is finished first."""
        while not stop.is_set():
            try:
                busy = await self.run_once()
            except (DBAPIError, OSError, NoConnectionFree) as error:
                log.warning("the database does not answer: %s", error)
                busy = False
            if not busy:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), poll_seconds)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The worker beside something else, in the same event loop; stopped at its end."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task


async def serve(settings: Settings) -> None:
    """`portal worker`: until SIGTERM or Ctrl-C, each letter in hand finished first."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pool = database.engine(settings.database_url, pool_size=1)
    post = Smtp(settings.smtp_url, sender=settings.mail_from)
    try:
        await Worker(pool=pool, clock=SystemClock(), settings=settings, post=post).run(stop)
    finally:
        await pool.dispose()
