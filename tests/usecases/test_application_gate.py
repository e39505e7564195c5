"""The gate of 帯域共有, opened step by step: policy published and agreed to, prices shown, a new version's deadline."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import applications, database
from portal.usecases import applications as acts
from portal.usecases.applications import Examined
from tests.builders import World
from tests.makers_applications import cells, drafted
from tests.makers_terms import agree, publish_policy, quote

pytestmark = [pytest.mark.clause("A5-6-1", "refused"), pytest.mark.clause("A10", "refused")]


async def test_nothing_opens_before_all_of_it_is_there(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(1)])

    async def examined(on: date = date(2026, 10, 15)) -> Examined:
        async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
            application = await applications.get(db, application_id, subscriber_id=world.ours.id)
            assert application is not None
            return await acts.examine(db, application, on=on)

    async def refused(on: date = date(2026, 10, 15)) -> list[str]:
        return [violation.clause for violation in (await examined(on)).violations]

    assert await refused() == ["A5-6-1", "A5-6-2", "A10"]
    await publish_policy(pool, world)
    assert await refused() == ["A5-6-1", "A10"]
    await agree(pool, world.ours)
    assert await refused() == ["A10"]
    await quote(pool, world, world.ours)
    assert await refused() == []

    await publish_policy(
        pool,
        world,
        version="2026-10",
        material=False,
        effective_on=date(2026, 10, 20),
        agree_by=date(2026, 10, 31),
        at=datetime(2026, 10, 16, 1, 0, tzinfo=UTC),
    )
    assert await refused(date(2026, 10, 19)) == []
    # The deadline itself still serves; the day after does not.
    last = await examined(date(2026, 10, 31))
    assert (last.violations, [one.clause for one in last.warnings]) == ((), ["A5-6-1"])
    assert last.policy is not None
    assert last.policy.version == "2026-04"
    assert await refused(date(2026, 11, 1)) == ["A5-6-1"]
    await agree(pool, world.ours, "2026-10", at=datetime(2026, 11, 1, 1, 0, tzinfo=UTC))
    # A slight change (軽微): the end users' consents to the version before still count.
    after = await examined(date(2026, 11, 1))
    assert (after.violations, after.warnings) == ((), ())
