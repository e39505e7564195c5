"""Every page that has a fixed address, seen by somebody who may see it."""

from datetime import UTC, datetime

import pytest

from portal.records.members import Person
from portal.web.routes import ENTRIES, Entry
from tests.journeys.conftest import Site, looks_right
from tests.makers_applications import cells, drafted, ready, submitted

AT = datetime(2026, 10, 14, 3, 0, tzinfo=UTC)
# No installation but the demo has it (tests/web/test_mailbox.py).
DEMO_ONLY = "/desk/mailbox"
PAGES = [
    entry
    for entry in ENTRIES
    if entry.method == "GET" and entry.who and "{" not in entry.path and entry.path != DEMO_ONLY
]


def reader(site: Site, entry: Entry) -> Person:
    """Somebody whom the table lets in, a subscriber's first."""
    everybody = (site.world.ours.signatory, site.world.ours.operator, *site.world.desk.people)
    return next(person for person in everybody if entry.who and entry.who.admits(person))


@pytest.fixture(scope="module")
async def peopled(site: Site) -> None:
    await ready(site.pool, site.world)
    await drafted(site.pool, site.world.ours, [cells(1)], at=AT)
    await submitted(site.pool, site.world.ours, [cells(2)], at=AT)


@pytest.mark.usefixtures("peopled")
@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.path)
async def test_a_page_looks_right(site: Site, entry: Entry) -> None:
    async with site.signed_in(reader(site, entry)) as page:
        answer = await page.goto(site.url + entry.path)
        assert answer is not None
        assert answer.status == 200
        await looks_right(page)
