"""Assembles the application."""

import multiprocessing
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from portal.clock import Clock, SystemClock
from portal.gateways.cipher import Cipher
from portal.gateways.oidc import OpenIDConnect
from portal.records import database
from portal.settings import Settings
from portal.web import errors
from portal.web.origin import Origin
from portal.web.rendering import Pages
from portal.web.routes import routes
from portal.web.services import Services

BODY_BYTES = 25 * 1024 * 1024


def create_app(settings: Settings, *, clock: Clock | None = None, pool_size: int = 10) -> Starlette:
    """The portal. Tests hand it a clock of their own; everything else is real."""
    clock = clock or SystemClock()
    services = Services(
        settings=settings,
        clock=clock,
        pool=database.engine(settings.database_url, pool_size=pool_size),
        pages=Pages(),
        cipher=Cipher(settings.sealing_key),
        oidc=OpenIDConnect(now=clock.now, allow_loopback=settings.allow_internal_issuers),
        # Ctrl-C reaches the whole group of processes; only this one decides what it means.
        processes=ProcessPoolExecutor(
            2,
            mp_context=multiprocessing.get_context("forkserver"),
            initializer=signal.signal,
            initargs=(signal.SIGINT, signal.SIG_IGN),
        ),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await services.pool.dispose()
        await services.oidc.aclose()
        services.processes.shutdown(cancel_futures=True)

    app = Starlette(
        routes=routes(),
        middleware=[Middleware(Origin, base_url=settings.base_url, body_bytes=BODY_BYTES)],
        exception_handlers={HTTPException: errors.on_http_exception, Exception: errors.on_exception},
        lifespan=lifespan,
    )
    app.state.services = services
    return app
