"""The contract page and the list of contracts, against bare pages with the same queries, rows and templates.

The bare page is the limit: the same handler and template on the same server, but no session, no row-level security (the
owner of the schema asks), no access check and no security headers. Everything the house adds is in the difference.
"""

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.load import Load, run
from portal.app import create_app
from portal.gateways.postgres import EmbeddedPostgres, free_port
from portal.records import database
from portal.records.members import Person
from portal.web import contracts
from portal.web.services import Services
from portal.web.site import site_for
from portal.web.transaction import COOKIE, Call, Handler
from tests.builders import World, build_world
from tests.makers_reviews import accepted, in_billing, made_lines, ready, submitted
from tests.portals import HandClock, Portal, settings_for
from tests.serving import serving

LINES = 3_000
SECONDS = 6.0
RUNS = 3
NOON = datetime(2026, 10, 25, 3, 0, tzinfo=UTC)


def bare(services: Services, pool: AsyncEngine, person: Person) -> Starlette:
    """The same handlers with nothing around them."""

    def endpoint(handler: Handler) -> object:
        async def handle(request: Request) -> Response:
            async with pool.connect() as db:
                site = site_for(services, person, path=request.url.path, at=NOON)
                return await handler(Call(request, services, db, person, NOON, site))

        return handle

    return Starlette(
        routes=[
            Route("/contracts", endpoint(contracts.index)),
            Route("/contracts/{id:uuid}", endpoint(contracts.show)),
        ]
    )


async def world_in(cluster: EmbeddedPostgres) -> tuple[AsyncEngine, AsyncEngine, World, str]:
    login = cluster.url(user="portal_web", password="portal-web-of-the-benchmarks")
    await database.migrate(cluster.url(), login_url=login)
    pool = database.engine(login)
    world = await build_world(pool)
    await ready(pool, world)
    contract_id = await accepted(pool, world, await submitted(pool, world.ours, made_lines(LINES)))
    await in_billing(pool, world, contract_id, date(2026, 10, 20))
    for first in range(10_000, 10_000 + 40 * 10, 10):
        await accepted(pool, world, await submitted(pool, world.ours, made_lines(2, first=first)))
    return pool, database.engine(cluster.url()), world, f"/contracts/{contract_id}"


async def measure() -> None:
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory)) as cluster:
        pool, owner_pool, world, contract = await world_in(cluster)
        port, bare_port = free_port(), free_port()
        url = f"http://127.0.0.1:{port}"
        app = create_app(settings_for(cluster_login(pool), base_url=url), clock=HandClock(NOON))
        token = await Portal(app, HandClock(NOON), world, pool).token(world.ours.viewer)
        limit = bare(app.state.services, owner_pool, world.ours.viewer)
        async with serving(app, port), serving(limit, bare_port):
            for path in ("/contracts", contract):
                for number in range(RUNS):
                    theirs = await run(bare_port, path, seconds=SECONDS, headers={})
                    ours = await run(port, path, seconds=SECONDS, headers={"Cookie": f"{COOKIE}={token}"})
                    report("list" if path == "/contracts" else "contract", number, ours, theirs)
        await owner_pool.dispose()
        await pool.dispose()


def cluster_login(pool: AsyncEngine) -> str:
    return pool.url.render_as_string(hide_password=False)


def report(name: str, number: int, ours: Load, limit: Load) -> None:
    print(
        f"{name} page, run {number + 1}: bare {limit.per_second:,.0f}/s (p99 {limit.p99:.0f} ms)"
        f" · portal {ours.per_second:,.0f}/s (p99 {ours.p99:.0f} ms, {ours.size:,} bytes)"
        f" · {ours.per_second / limit.per_second:.2f} of the limit"
    )
