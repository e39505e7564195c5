"""Another company's things, by every address and every form field: not there for us, really there for their owner.

The route table is the list. A route with an id in its address makes its thing in `makers_other_company`, or the test
of its name fails. What is visited is real: its owner visits the same address in the same test, and is answered.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import applications, contracts, database, invoices, prices
from portal.records.base import metadata
from portal.records.members import Person
from portal.web.routes import ENTRIES, Entry
from tests.makers_applications import cells, csv_file, drafted, ready, submitted
from tests.makers_other_company import (
    SAVED,
    TYPED,
    VISITS,
    Holdings,
    Visit,
    contract_and_invoice,
    draft_line,
    partner,
    sheet,
    uploaded,
    waiting,
)
from tests.makers_terms import agree, publish_policy
from tests.portals import Portal

AT = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
# What these addresses name is the same for everybody.
SHARED = {
    "/clauses/{clause}": "/clauses/A9",
    "/policies/{version}": "/policies/2026-04",
    "/policies/{version}/text": "/policies/2026-04/text",
    "/policies/{version}/agree": "/policies/2026-04/agree",
    "/policies/{version}/agree/confirm": "/policies/2026-04/agree/confirm?read=yes",
}
# Everything that names a company or a thing of it.
WORDS = """
    SELECT name FROM subscribers WHERE id = :id
    UNION SELECT email FROM members WHERE subscriber_id = :id
    UNION SELECT number FROM applications WHERE subscriber_id = :id
    UNION SELECT access_line_id FROM application_lines WHERE subscriber_id = :id
    UNION SELECT own_reference FROM application_lines WHERE subscriber_id = :id
    UNION SELECT number FROM contracts WHERE subscriber_id = :id
    UNION SELECT access_line_id FROM lines WHERE subscriber_id = :id
    UNION SELECT code FROM partners WHERE subscriber_id = :id
    UNION SELECT name FROM partners WHERE subscriber_id = :id
    UNION SELECT file_name FROM uploads WHERE subscriber_id = :id
    UNION SELECT number FROM policy_agreements WHERE subscriber_id = :id
    UNION SELECT number FROM invoices WHERE subscriber_id = :id
    UNION SELECT number FROM notices WHERE subscriber_id = :id
"""
OURS = [entry for entry in ENTRIES if entry.who is not None and entry.who.subscriber]
WITH_ID = [entry for entry in OURS if "{" in entry.path]
LISTS = [entry for entry in OURS if "{" not in entry.path and entry.method == "GET"]


Sent = dict[str, str | list[str]]


def name(entry: Entry) -> str:
    return f"{entry.method} {entry.path}"


@pytest.fixture(scope="module")
async def theirs(portal: Portal) -> Holdings:
    """Both companies can work; theirs has everything, and has agreed to a version to which ours has not."""
    pool, world = portal.pool, portal.world
    await ready(pool, world)
    await publish_policy(
        pool,
        world,
        version="2026-10",
        material=False,
        effective_on=date(2026, 10, 1),
        agree_by=date(2026, 12, 31),
        at=datetime(2026, 9, 30, 1, 0, tzinfo=UTC),
    )
    await agree(pool, world.theirs, "2026-10", at=AT)
    return await contract_and_invoice(portal, world.theirs)


async def words_of(owner_pool: AsyncEngine, subscriber_id: UUID) -> set[str]:
    async with owner_pool.connect() as db:
        found = set((await db.execute(text(WORDS), {"id": subscriber_id})).scalars())
    return found - {None}


async def rows_of(owner_pool: AsyncEngine, subscriber_id: UUID) -> dict[str, str | None]:
    """A fingerprint of every row of a company, by table."""
    owned = sorted(table.name for table in metadata.tables.values() if "subscriber_id" in table.c)
    async with owner_pool.connect() as db:
        return {
            table: await db.scalar(
                text(f"SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {table} t WHERE subscriber_id = :id"),
                {"id": subscriber_id},
            )
            for table in owned
        }


async def go(portal: Portal, person: Person, entry: Entry, visit: Visit) -> httpx2.Response:
    if entry.method == "GET":
        return await portal.get(person, visit.address)
    return await portal.post(person, visit.address, dict(visit.form), files=visit.files)


def told(answer: httpx2.Response, words: set[str]) -> set[str]:
    """Which of the words stand in the answer, its headers included."""
    whole = f"{answer.headers!r} {answer.text}"
    return {word for word in words if word in whole}


@pytest.mark.parametrize("entry", WITH_ID, ids=name)
async def test_what_is_theirs_is_not_there_for_us(
    portal: Portal, owner_pool: AsyncEngine, theirs: Holdings, entry: Entry
) -> None:
    if entry.path in SHARED:
        await visit_shared(portal, owner_pool, theirs, entry)
        return
    assert name(entry) in VISITS, "a route with an id in its address: say in makers_other_company how its thing is made"
    visit = await VISITS[name(entry)](theirs)
    words = await words_of(owner_pool, theirs.company.id)
    before = await rows_of(owner_pool, theirs.company.id)
    for person in portal.world.ours.people:
        answer = await go(portal, person, entry, visit)
        admitted = entry.who is not None and entry.who.admits(person)
        assert answer.status_code == (404 if admitted else 403), person.roles
        assert told(answer, words) == set(), person.roles
    assert await rows_of(owner_pool, theirs.company.id) == before
    # CONTROL: the thing is there, and the form does something to it.
    own = await go(portal, theirs.company.signatory, entry, visit)
    assert own.status_code == (visit.answer or (200 if entry.method == "GET" else 303)), own.text
    if own.status_code == 303:
        assert await rows_of(owner_pool, theirs.company.id) != before


async def visit_shared(portal: Portal, owner_pool: AsyncEngine, theirs: Holdings, entry: Entry) -> None:
    """Everybody reads the same text; what theirs has done about it is not told, and not done again."""
    words = await words_of(owner_pool, theirs.company.id)
    before = await rows_of(owner_pool, theirs.company.id)
    for person in portal.world.ours.people:
        for address in (SHARED[entry.path], SHARED[entry.path].replace("2026-04", "2026-10")):
            answer = await go(portal, person, entry, Visit(address))
            assert answer.status_code in {200, 403, 409, 422}
            assert told(answer, words) == set()
    assert await rows_of(owner_pool, theirs.company.id) == before


def test_no_way_leads_to_a_route_that_is_gone() -> None:
    assert set(VISITS) <= {name(entry) for entry in WITH_ID}
    assert set(SHARED) <= {entry.path for entry in WITH_ID}


@pytest.mark.parametrize("entry", LISTS, ids=name)
async def test_lists_tell_nothing_of_theirs(
    portal: Portal, owner_pool: AsyncEngine, theirs: Holdings, entry: Entry
) -> None:
    words = await words_of(owner_pool, theirs.company.id)
    for person in portal.world.ours.people:
        for query in ("", "?q=CAF000777&state=&page=1"):
            assert told(await portal.get(person, entry.path + query), words) == set()


async def test_control_the_same_lists_do_tell_their_owner(
    portal: Portal, owner_pool: AsyncEngine, theirs: Holdings
) -> None:
    number = await waiting(theirs)
    await partner(theirs)
    words = await words_of(owner_pool, theirs.company.id)
    for path in ("/applications", "/contracts", "/notices", "/partners", "/statements", f"/applications/{number}"):
        # The head of each page names the company; the list must name something of it besides.
        assert told(await portal.get(theirs.company.viewer, path), words - {theirs.company.name}) != set(), path


@pytest.fixture
async def draft(portal: Portal, theirs: Holdings) -> UUID:
    """A draft of ours to put their ids into."""
    return await drafted(portal.pool, portal.world.ours, [cells(1)])


@pytest.fixture
async def unchanged(portal: Portal, owner_pool: AsyncEngine, theirs: Holdings, draft: UUID) -> "Unchanged":
    return Unchanged(owner_pool, (portal.world.ours.id, theirs.company.id))


class Unchanged:
    """`async with` a refusal: every row of both companies is as it was."""

    def __init__(self, owner_pool: AsyncEngine, companies: tuple[UUID, UUID]) -> None:
        self.owner_pool, self.companies = owner_pool, companies
        self.before: list[dict[str, str | None]] = []

    async def _all(self) -> list[dict[str, str | None]]:
        return [await rows_of(self.owner_pool, one) for one in self.companies]

    async def __aenter__(self) -> None:
        self.before = await self._all()

    async def __aexit__(self, *_: object) -> None:
        assert await self._all() == self.before


async def test_their_line_and_upload_under_our_application(
    portal: Portal, theirs: Holdings, draft: UUID, unchanged: Unchanged
) -> None:
    ours = portal.world.ours
    their_draft, line_id = await draft_line(theirs)
    other_draft, upload_id = await uploaded(theirs)
    row = {f"lines-{line_id}-{key}": value for key, value in TYPED.items()}
    async with unchanged:
        for home in (f"/applications/{draft}", f"/applications/{their_draft}", f"/applications/{other_draft}"):
            for act in ("", "save", "remove"):
                form: Sent = {"revision": "2", "act": act, **row}
                assert (await portal.post(ours.signatory, f"{home}/lines/{line_id}", form)).status_code == 404
            assert (await portal.get(ours.operator, f"{home}/lines/{line_id}")).status_code == 404
            file = f"{home}/uploads/{upload_id}"
            for path in (file, f"{file}/errors.csv"):
                assert (await portal.get(ours.operator, path)).status_code == 404
            assert (await portal.post(ours.operator, f"{file}/apply", {"mode": "append"})).status_code == 404
            assert (await portal.post(ours.operator, f"{file}/discard", {})).status_code == 404


async def test_their_line_as_a_row_of_our_form_brings_nothing_of_it(
    portal: Portal, owner_pool: AsyncEngine, theirs: Holdings, draft: UUID, unchanged: Unchanged
) -> None:
    ours = portal.world.ours
    _, line_id = await draft_line(theirs)
    typed = {**TYPED, "access_line_id": "CAF0000000002", "access_key": "********"}
    form: Sent = {**SAVED, "rows": "typed", **{f"lines-{line_id}-{key}": value for key, value in typed.items()}}
    async with unchanged:
        refused = await portal.post(ours.operator, f"/applications/{draft}/edit", {**form, "act": "confirm"})
        assert refused.status_code == 422
        assert "アクセスキーが空です" in refused.text
    # Kept as a draft it is a new row of ours, without their key; theirs stays as it was.
    before = await rows_of(owner_pool, theirs.company.id)
    saved = await portal.post(ours.operator, f"/applications/{draft}/edit", {**form, "act": "save"})
    assert saved.status_code == 303
    assert await rows_of(owner_pool, theirs.company.id) == before
    async with database.transaction(portal.pool, "subscriber", subscriber_id=ours.id) as db:
        (line,) = await applications.lines(db, draft, subscriber_id=ours.id)
    assert (line.id == line_id, line.access_key_sealed, line.whole) == (False, None, False)


async def test_their_partner_in_our_rows_and_files(
    portal: Portal, owner_pool: AsyncEngine, theirs: Holdings, draft: UUID, unchanged: Unchanged
) -> None:
    ours = portal.world.ours
    await partner(theirs)
    async with owner_pool.connect() as db:
        code = await db.scalar(
            text("SELECT code FROM partners WHERE subscriber_id = :id LIMIT 1"), {"id": theirs.company.id}
        )
    row = {f"lines-n1-{key}": value for key, value in {**TYPED, "partner_code": str(code)}.items()}
    async with unchanged:
        form: Sent = {**SAVED, "rows": "typed", "act": "confirm", **row}
        refused = await portal.post(ours.operator, f"/applications/{draft}/edit", form)
        assert refused.status_code == 422
        assert "登録のない再販先コードです" in refused.text
        assert "見本再販" not in refused.text
    content = csv_file([cells(2, 再販先コード=str(code))])
    files = {"file": ("回線.csv", content, "text/csv")}
    answer = await portal.post(ours.operator, f"/applications/{draft}/uploads", {"whole": "1"}, files=files)
    found = await portal.get(ours.operator, answer.headers["location"])
    assert "登録のない再販先コードです" in found.text
    assert "見本再販" not in found.text
    apply = await portal.post(ours.operator, f"{answer.headers['location']}/apply", {"mode": "replace"})
    assert apply.status_code == 409


async def test_their_partner_above_ours(portal: Portal, theirs: Holdings, unchanged: Unchanged) -> None:
    ours = portal.world.ours
    above = str(await partner(theirs))
    mine = await partner(Holdings(portal, ours, uuid4(), uuid4()))
    duties: Sent = {"version": "2026-04", "contracted_on": "2026/10/01", "clause_confirmed": "yes", "parent": above}
    async with unchanged:
        added = await portal.post(ours.operator, "/partners", {"code": "R-1", "name": "例示再販", "parent": above})
        assert added.status_code == 404
        assert (await portal.post(ours.operator, f"/partners/{mine}/duties", duties)).status_code == 404
    # CONTROL: without their id the same forms hold.
    added = await portal.post(ours.operator, "/partners", {"code": "R-1", "name": "例示再販", "parent": str(mine)})
    assert added.status_code == 303
    assert (await portal.post(ours.operator, f"/partners/{mine}/duties", {**duties, "parent": ""})).status_code == 303


async def test_a_key_that_their_form_used_leads_us_nowhere_of_theirs(portal: Portal, theirs: Holdings) -> None:
    key = str(uuid4())
    kind: Sent = {"submission_key": key, "kind": "new_contract:ipoe_shared"}
    first = await portal.post(theirs.company.operator, "/applications/new", kind)
    second = await portal.post(portal.world.ours.operator, "/applications/new", kind)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] != second.headers["location"]
    assert (await portal.get(portal.world.ours.operator, second.headers["location"])).status_code == 200


async def test_row_level_security_alone_hides_what_the_pages_hide(
    database_url: str, portal: Portal, theirs: Holdings
) -> None:
    """The queries of the pages without their own filter, on one connection that serves both companies in turn."""
    application_id, sheet_id = await waiting(theirs), await sheet(theirs)
    one_connection = database.engine(database_url, pool_size=1)

    async def found_by(subscriber_id: UUID | None) -> tuple[int, list[bool]]:
        role: database.Role = "staff" if subscriber_id is None else "subscriber"
        async with database.transaction(one_connection, role, subscriber_id=subscriber_id) as db:
            pid = int(await db.scalar(text("SELECT pg_backend_pid()")) or 0)
            found = (
                await applications.get(db, application_id),
                await contracts.get(db, theirs.contract_id),
                await invoices.get(db, theirs.invoice_id),
                await prices.get(db, sheet_id),
            )
        return pid, [one is not None for one in found]

    # CONTROL in the middle: the same queries on the same connection do find them for their owner, and for staff.
    seen = [await found_by(who) for who in (portal.world.ours.id, theirs.company.id, None, portal.world.ours.id)]
    await one_connection.dispose()
    assert len({pid for pid, _ in seen}) == 1
    assert [found for _, found in seen] == [[False] * 4, [True] * 4, [True] * 4, [False] * 4]


async def test_an_unfiltered_listing_on_the_pool_of_the_portal_shows_only_ours(
    portal: Portal, owner_pool: AsyncEngine, theirs: Holdings
) -> None:
    await submitted(portal.pool, portal.world.ours, [cells(31)])
    statement = text("SELECT DISTINCT subscriber_id FROM applications")
    pool: AsyncEngine = portal.app.state.services.pool
    for company in (theirs.company, portal.world.ours):
        assert (await portal.get(company.viewer, "/applications")).status_code == 200
        async with database.transaction(pool, "subscriber", subscriber_id=portal.world.ours.id) as db:
            assert set((await db.execute(statement)).scalars()) == {portal.world.ours.id}
    async with owner_pool.connect() as db:
        assert set((await db.execute(statement)).scalars()) == {portal.world.ours.id, theirs.company.id}


@pytest.fixture
async def unguarded(owner_pool: AsyncEngine) -> AsyncIterator[None]:
    """Row-level security switched off on every table, for the length of a test."""
    tables = [table.name for table in metadata.sorted_tables]

    async def switch(how: str) -> None:
        async with owner_pool.begin() as db:
            for table in tables:
                await db.execute(text(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY"))

    await switch("DISABLE")
    yield
    await switch("ENABLE")


async def test_the_filters_of_the_pages_alone_hide_it_too(
    portal: Portal, owner_pool: AsyncEngine, theirs: Holdings, unguarded: None
) -> None:
    """The other of the two locks: without row-level security, every page still asks whose it is."""
    ours = portal.world.ours.signatory
    for entry in WITH_ID:
        if entry.path not in SHARED:
            visit = await VISITS[name(entry)](theirs)
            before = await rows_of(owner_pool, theirs.company.id)
            assert (await go(portal, ours, entry, visit)).status_code == 404, name(entry)
            assert await rows_of(owner_pool, theirs.company.id) == before, name(entry)
    words = await words_of(owner_pool, theirs.company.id)
    for entry in LISTS:
        assert told(await portal.get(ours, entry.path), words) == set(), name(entry)
    # CONTROL: it is off; a query without a filter shows everybody's rows.
    async with database.transaction(portal.pool, "subscriber", subscriber_id=ours.subscriber_id) as db:
        shown = set((await db.execute(text("SELECT DISTINCT subscriber_id FROM applications"))).scalars())
    assert shown == {portal.world.ours.id, theirs.company.id}
