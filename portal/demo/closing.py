"""Every month is closed by two people; last month's is tried and waits for the second."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from portal.demo import texts
from portal.demo.cast import PROVIDER
from portal.demo.stage import Stage
from portal.demo.stories import Story
from portal.records import closings
from portal.usecases import closings as closing_acts


def months_of(stage: Stage) -> Iterator[Story]:
    """The closes of the last six months."""
    for months in range(-6, -1):
        yield _month(stage, months, issued=True)
    yield _month(stage, -1, issued=False)


async def _month(stage: Stage, months: int, *, issued: bool) -> Story:
    """On the third of the next month: one person tries it and settles what is unusual, another issues it."""
    at = yield stage.days.at(months + 1, 3)
    closing_id = await _try(stage, months, at=at)
    if not issued:
        return
    at = yield stage.days.at(months + 1, 3, hour=14)
    await _settle(stage, closing_id, at=at)
    at = yield stage.days.at(months + 1, 3, hour=16)
    async with stage.desk() as db:
        tried = await closings.get(db, closing_id)
        seen = tried.digest if tried else ""
        await closing_acts.issue(db, by=stage.staff["billing2"], at=at, closing_id=closing_id, seen=seen)


async def _try(stage: Stage, months: int, *, at: datetime) -> UUID:
    async with stage.desk() as db:
        return await closing_acts.try_month(
            db, by=stage.staff["billing"], at=at, month=stage.days.month(months), issuer=asdict(PROVIDER)
        )


async def _settle(stage: Stage, closing_id: UUID, *, at: datetime) -> None:
    async with stage.desk() as db:
        for one in await closings.exceptions(db, closing_id):
            await closing_acts.settle_exception(
                db,
                by=stage.staff["billing"],
                at=at,
                exception_id=one.id,
                closing_id=closing_id,
                reason=texts.REASONS.get(one.code, texts.GROWTH),
            )
