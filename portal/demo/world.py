"""The demo's world: a company that has grown for half a year, one that has just come, and work for everybody today."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.demo import applying, closing, offers, stories
from portal.demo.days import Calendar
from portal.demo.stage import raise_curtain
from portal.gateways.cipher import Cipher

LINES = 2_900


async def build(
    pool: AsyncEngine,
    *,
    now: datetime,
    cipher: Cipher,
    issuers: Mapping[str, str],
    client_secret: str,
    lines: int = LINES,
) -> None:
    """Play everything that has happened by `now`, through the use-cases, each act at its own moment.

    `lines`: how many the large contract has. `issuers`: where the people of each slug sign in.
    """
    stage, grown, new = await raise_curtain(
        pool, cipher=cipher, days=Calendar(now), issuers=issuers, client_secret=client_secret
    )
    await stories.play(
        (
            *offers.policies_of(stage, grown),
            *offers.prices_of(stage, grown, new),
            offers.partners_of(stage, grown),
            *applying.contracts_of(stage, grown, lines=lines),
            *applying.applications_of(stage, grown),
            *closing.months_of(stage),
        )
    )
