"""A worker in a process of its own that is killed (kill -9) at one point of sending its first letter."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime

from portal.gateways.mail import Message, Smtp
from portal.jobs import Worker
from portal.records import database
from tests.portals import HandClock, settings_for


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Killed:
    """A way out that ends the process before, or after, the message is handed over."""

    sender: str
    real: Smtp
    point: str

    async def send(self, message: Message) -> None:
        if self.point == "claimed":
            die()
        await self.real.send(message)
        if self.point == "sent":
            die()


async def main(url: str, smtp_url: str, at: str, point: str) -> None:
    sender = "portal@provider.example"
    post = Killed(sender, Smtp(smtp_url, sender=sender), point)
    pool = database.engine(url, pool_size=1)
    clock = HandClock(datetime.fromisoformat(at))
    await Worker(pool=pool, clock=clock, settings=settings_for(url), post=post).run_once()
    die()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
