"""The demo's worker: it runs beside the portal, and its mail becomes files that stay on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from portal.clock import SystemClock
from portal.gateways.mail import Folder
from portal.jobs import Worker
from portal.records import database
from portal.settings import Settings

SENDER = "portal@kakuu.example"


def with_worker(app: Starlette, settings: Settings, directory: Path) -> Starlette:
    """The same application; from its start to its end the worker sends what the outbox holds into the directory."""
    serve = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: Starlette) -> AsyncIterator[None]:
        pool = database.engine(settings.database_url, pool_size=1)
        post = Folder(directory, sender=SENDER)
        worker = Worker(pool=pool, clock=SystemClock(), settings=settings, post=post)
        try:
            async with serve(started), worker.running():
                yield
        finally:
            await pool.dispose()

    app.router.lifespan_context = lifespan
    return app
