"""The mailbox: in the demo the staff read its mail; elsewhere there is no such page."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.app import create_app
from portal.records import database, outbox
from portal.records.outbox import NewLetter
from tests.builders import World
from tests.conftest import NOON
from tests.portals import HandClock, Portal, settings_for, text_of

AT = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
async def demo(database_url: str, pool: AsyncEngine, world: World) -> AsyncIterator[Portal]:
    """The portal as the demo runs it, with sixty letters."""
    clock = HandClock(NOON)
    app = create_app(replace(settings_for(database_url), demo=True), clock=clock)
    async with app.router.lifespan_context(app):
        yield Portal(app, clock, world, pool)


@pytest.fixture(scope="module")
async def letters(pool: AsyncEngine) -> list[int]:
    """Ids of sixty letters, oldest first: the oldest sent, the next given up."""
    made = [
        NewLetter(
            subscriber_id=None,
            to_address=f"n{number:02}@example-a.example",
            subject=f"件名 <b>{number:02}</b>",
            body="一行目\n二行目\n\n<script>",
            path="/applications",
        )
        for number in range(60)
    ]
    async with database.transaction(pool, "staff") as db:
        await outbox.put(
            db, made, at=AT, verb="application_submitted", object_kind="application", object_id=UUID(int=1)
        )
    async with database.transaction(pool, "worker") as db:
        for end in ("sent", "given up"):
            letter = await outbox.claim(db, at=AT, until=AT)
            assert letter is not None
            if end == "sent":
                await outbox.mark_sent(db, letter, at=AT)
            else:
                await outbox.give_up(db, letter, at=AT, error="550")
    async with database.transaction(pool, "staff") as db:
        return sorted(one.id for one in await outbox.latest(db, limit=60))


async def test_staff_read_the_mail_of_the_demo(demo: Portal, letters: list[int]) -> None:
    first = await demo.get(demo.world.desk.auditor, "/desk/mailbox")
    assert first.status_code == 200
    words = text_of(first)
    assert words.index("n59@example-a.example") < words.index("n10@example-a.example")
    assert "n09@example-a.example" not in words
    assert "送信待ち" in words
    second = text_of(await demo.get(demo.world.desk.auditor, f"/desk/mailbox?before={letters[10]}"))
    assert "n09@example-a.example" in second
    assert "送信済み" in second
    assert "送信できません" in second
    assert (await demo.get(demo.world.desk.auditor, "/desk/mailbox?before=x")).status_code == 200


async def test_a_letter_is_shown_as_it_leaves(demo: Portal, letters: list[int]) -> None:
    page = await demo.get(demo.world.desk.clerk, f"/desk/mailbox/{letters[0]}")
    assert page.status_code == 200
    assert "一行目<br>二行目" in page.text
    assert "http://portal.example/applications" in page.text
    assert "&lt;script&gt;" in page.text
    assert "申込を受け付けました" in text_of(page)
    for number in (letters[-1] + 1, 10**30):
        assert (await demo.get(demo.world.desk.clerk, f"/desk/mailbox/{number}")).status_code == 404


async def test_only_the_demo_has_it(portal: Portal, demo: Portal, letters: list[int]) -> None:
    clerk = portal.world.desk.clerk
    for path in ("/desk/mailbox", f"/desk/mailbox/{letters[0]}"):
        assert (await portal.get(clerk, path)).status_code == 404
        assert (await demo.get(clerk, path)).status_code == 200
        assert (await demo.get(demo.world.ours.signatory, path)).status_code == 404
    assert "/desk/mailbox" not in (await portal.get(clerk, "/desk")).text
    assert "/desk/mailbox" in (await demo.get(clerk, "/desk")).text
    assert "/desk/mailbox" not in (await demo.get(demo.world.ours.signatory, "/")).text


async def test_an_empty_mailbox_says_how_it_fills(demo: Portal, letters: list[int]) -> None:
    page = text_of(await demo.get(demo.world.desk.clerk, "/desk/mailbox?before=1"))
    assert "メールはまだありません" in page
