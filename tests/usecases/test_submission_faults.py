"""A submission struck at every statement, and around its COMMIT: all of it is there, or nothing; sent again, once.

The wire to the database is cut, the database process is killed, the web process is killed. The controls run the same
acts, committed statement by statement, under the same strikes and before the same inspection.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from portal.gateways.postgres import EmbeddedPostgres, free_port
from portal.records import database, submissions
from portal.settings import ROOT
from portal.usecases import applications
from portal.web.transaction import COOKIE
from tests.builders import World, build_world
from tests.conftest import LOGIN
from tests.makers_applications import cells, drafted, ready
from tests.portals import Portal, portal_in
from tests.stubs.wire import When, Wire, wire_to

NOON = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
RETRIES = 2_000
BUSY = 503
# What a client meets when the other end is gone.
GONE = (httpx2.TransportError, DBAPIError, InterfaceError, OSError)


Submit = Callable[["Sent", Callable[[], None]], Awaitable[None]]


@dataclass
class Scene:
    """A durable cluster of this module's own, a wire to it, and a healthy portal that does not use the wire."""

    cluster: EmbeddedPostgres
    wire: Wire
    url: str
    wired_url: str
    pool: AsyncEngine
    owner: AsyncEngine
    portal: Portal

    @property
    def world(self) -> World:
        return self.portal.world


@pytest.fixture(scope="module")
async def scene() -> AsyncIterator[Scene]:
    with (
        tempfile.TemporaryDirectory(prefix="portal-faults-") as directory,
        EmbeddedPostgres(Path(directory)) as cluster,
    ):
        url = cluster.url(**LOGIN)
        await database.migrate(cluster.url(), login_url=url)
        pool, owner = (create_async_engine(one, poolclass=NullPool) for one in (url, cluster.url()))
        world = await build_world(pool)
        await ready(pool, world)
        async with portal_in(url, pool, world, at=NOON) as portal, wire_to(cluster.port) as wire:
            wired = url.replace(f":{cluster.port}/", f":{wire.port}/")
            yield Scene(cluster, wire, url, wired, pool, owner, portal)


@asynccontextmanager
async def web_processes(scene: Scene) -> AsyncIterator[Submit]:
    """Portals that are processes of their own, a new one for each form; the strike is the end of the process."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.stubs.web_process"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    orders, ready_ones = parent.stdin, parent.stdout

    async def submit(form: Sent, arm: Callable[[], None]) -> None:
        port = free_port()
        base_url = f"http://127.0.0.1:{port}"
        order = {"database_url": scene.wired_url, "base_url": base_url, "port": str(port), "at": NOON.isoformat()}
        orders.write(json.dumps(order).encode() + b"\n")
        process = int(await ready_ones.readline())
        scene.wire.doomed = process
        headers = {"Sec-Fetch-Site": "same-origin"}
        cookies = {COOKIE: await scene.portal.token(scene.world.ours.signatory)}
        async with httpx2.AsyncClient(base_url=base_url, headers=headers, cookies=cookies) as browser:
            assert await seen(browser, form) == "200"
            arm()
            try:
                await browser.post(form.path, data=form.data)
            except GONE:
                return
            os.kill(process, signal.SIGKILL)

    try:
        yield submit
    finally:
        with suppress(ProcessLookupError):
            os.kill(scene.wire.doomed, signal.SIGKILL)
        orders.close()
        await parent.wait()


@dataclass(frozen=True)
class Sent:
    """One form: the application it submits, and its key."""

    application_id: UUID
    key: UUID

    @property
    def path(self) -> str:
        return f"/applications/{self.application_id}/confirm"

    @property
    def data(self) -> dict[str, str]:
        return {"submission_key": str(self.key), "revision": "2"}


async def sent(scene: Scene) -> Sent:
    return Sent(await drafted(scene.pool, scene.world.ours, [cells(1), cells(2)]), uuid4())


async def again_until_up(act: Callable[[], Awaitable[str]]) -> str:
    """The answer of a database that may be recovering from the death of one of its processes."""
    for _ in range(RETRIES):
        try:
            return await act()
        except (DBAPIError, OSError):
            continue
    raise AssertionError("the database did not come back")


async def inspected(scene: Scene, form: Sent) -> str:
    """`none`, `whole` or `half`: what the database holds of a submission, its number series included."""

    async def look() -> str:
        async with scene.owner.connect() as db:
            return await _inspected(db, form)

    return await again_until_up(look)


async def _inspected(db: AsyncConnection, form: Sent) -> str:
    row = (
        await db.execute(
            text("""
                SELECT a.state = 'submitted' AS moved, a.number IS NOT NULL AS numbered,
                       a.submitted_by IS NOT NULL AS signed,
                       (SELECT count(*) FROM events e
                        WHERE e.object_id = a.id AND e.verb = 'application_submitted') AS told,
                       (SELECT count(*) FROM submissions s WHERE s.key = :key AND s.location IS NOT NULL) AS settled,
                       (SELECT count(*) FROM submissions s WHERE s.key = :key) AS claimed,
                       (SELECT count(*) FROM outbox o WHERE o.object_id = a.id) AS letters,
                       (SELECT count(*) FROM application_lines l WHERE l.application_id = a.id AND l.whole) AS lines,
                       (SELECT coalesce(max(last), 0) FROM number_series WHERE series = 'A') AS given,
                       (SELECT count(*) FROM applications b WHERE b.number IS NOT NULL) AS used
                FROM applications a WHERE a.id = :id
            """),
            {"id": form.application_id, "key": form.key},
        )
    ).one()
    # The letters of a submission: to the signatory, the operator and both clerks.
    if row.lines != 2 or row.given != row.used or row.letters not in {0, 4}:
        return "half"
    mailed = int(row.letters == 4)
    parts = (int(row.moved), int(row.numbered), int(row.signed), row.told, row.settled, row.claimed, mailed)
    return {(0,) * 7: "none", (1,) * 7: "whole"}.get(parts, "half")


async def sent_again(scene: Scene, form: Sent) -> None:
    """The same form, sent to a healthy portal twice more: one submission, one number, one place to go."""

    async def send() -> str:
        answer = await scene.portal.post(scene.world.ours.signatory, form.path, dict(form.data))
        if answer.status_code == BUSY:
            raise OSError("the portal asks to try again")
        assert answer.status_code == 303
        return str(answer.headers["location"])

    for _ in range(2):
        assert await again_until_up(send) == f"/applications/{form.application_id}/receipt"
        assert await inspected(scene, form) == "whole"


@asynccontextmanager
async def wired_portal(scene: Scene) -> AsyncIterator[Submit]:
    """A portal in this process, whose database hangs on the wire: submits a form, whatever comes of it."""
    async with portal_in(scene.wired_url, scene.pool, scene.world, at=NOON) as portal:

        async def submit(form: Sent, arm: Callable[[], None]) -> None:
            async with await portal.client(scene.world.ours.signatory) as browser:
                assert await again_until_up(lambda: seen(browser, form)) == "200"
                arm()
                try:
                    await browser.post(form.path, data=form.data)
                except GONE:
                    return

        yield submit


async def seen(browser: httpx2.AsyncClient, form: Sent) -> str:
    answer = await browser.get(form.path)
    if answer.status_code == BUSY:
        raise OSError("the portal asks to try again")
    return str(answer.status_code)


async def count_statements(scene: Scene, submit: Submit) -> int:
    form = await sent(scene)
    await submit(form, scene.wire.arm)
    assert await inspected(scene, form) == "whole"
    return scene.wire.count


def places(statements: int) -> list[tuple[int, When]]:
    """Before each statement, and after the last one, which is the COMMIT, when its answer is on its way."""
    return [*((place, "before") for place in range(1, statements + 1)), (statements, "after")]


async def outcomes_of(
    scene: Scene, submit: Submit, strike: Callable[[], None] | None, statements: int
) -> dict[tuple[int, When], str]:
    found = {}
    for place, when in places(statements):
        form = await sent(scene)
        await submit(form, partial(scene.wire.arm, place, when=when, strike=strike))
        found[place, when] = await inspected(scene, form)
        await sent_again(scene, form)
    return found


def expected(statements: int) -> dict[tuple[int, When], str]:
    return {place: "whole" if place[1] == "after" else "none" for place in places(statements)}


async def test_the_wire_is_cut_at_every_statement(scene: Scene) -> None:
    async with wired_portal(scene) as submit:
        statements = await count_statements(scene, submit)
        assert statements > 10
        assert await outcomes_of(scene, submit, None, statements) == expected(statements)


async def test_the_database_process_is_killed_at_every_statement(scene: Scene) -> None:
    async with wired_portal(scene) as submit:
        statements = await count_statements(scene, submit)
        assert await outcomes_of(scene, submit, scene.wire.kill_backend, statements) == expected(statements)


async def test_the_web_process_is_killed_at_every_statement(scene: Scene) -> None:
    async with web_processes(scene) as submit:
        statements = await count_statements(scene, submit)
        assert await outcomes_of(scene, submit, scene.wire.kill_client, statements) == expected(statements)


async def test_control_committing_each_statement_leaves_halves(scene: Scene) -> None:
    """The same acts, each statement committed by itself, under the same strikes."""
    wired_owner = scene.cluster.url().replace(f":{scene.cluster.port}/", f":{scene.wire.port}/")
    careless = create_async_engine(wired_owner, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    async def submit(form: Sent, arm: Callable[[], None]) -> None:
        by = scene.world.ours.signatory
        try:
            async with careless.connect() as db:
                await db.execute(text("SELECT 'warm'"))
                arm()
                await submissions.claim(db, form.key, person_id=by.id, path="/submit", at=NOON)
                await applications.submit(db, by=by, at=NOON, application_id=form.application_id, revision=2)
                location = f"/applications/{form.application_id}/receipt"
                await submissions.settle(db, form.key, person_id=by.id, path="/submit", location=location)
        except GONE:
            return

    statements = await count_statements(scene, submit)
    found = set()
    for place, when in places(statements):
        form = await sent(scene)
        await submit(form, partial(scene.wire.arm, place, when=when))
        found.add(await inspected(scene, form))
    assert "half" in found
