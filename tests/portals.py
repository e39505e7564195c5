"""The portal in a test: the real application over ASGI, a clock that the test moves, and people who are signed in."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from portal.app import create_app
from portal.records import database
from portal.records.members import Person
from portal.settings import Provider, Settings
from portal.usecases import sessions
from portal.web.transaction import COOKIE
from tests.builders import World

BASE_URL = "http://portal.example"
PROVIDER = Provider(
    name="架空ネットワーク株式会社",
    postal_code="999-9999",
    address="東京都架空区架空町9番9号",
    registration_number="T6999999999993",
    bank_account="架空銀行 本店営業部 普通 0000000 カクウネットワーク（カ",
)


@dataclass
class HandClock:
    """A clock that stands until a test moves it."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def settings_for(database_url: str, *, base_url: str = BASE_URL) -> Settings:
    return Settings(
        database_url=database_url,
        base_url=base_url,
        sealing_key=bytes(range(32)),
        provider=PROVIDER,
        allow_internal_issuers=True,
    )


@dataclass
class Portal:
    """The application and everything a test needs to act in it."""

    app: Starlette
    clock: HandClock
    world: World
    pool: AsyncEngine

    async def client(self, person: Person | None) -> httpx2.AsyncClient:
        """A browser without scripts: signed in as a person, or nobody. Redirects are not followed."""
        headers = {"Sec-Fetch-Site": "same-origin"}
        cookies = {} if person is None else {COOKIE: await self.token(person)}
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers, cookies=cookies)

    async def token(self, person: Person) -> str:
        """A session token of the person, alive at the clock's moment."""
        companies = [c for c in (self.world.ours, self.world.theirs) if c.id == person.subscriber_id]
        connection_id = companies[0].connection_id if companies else self.world.desk.connection_id
        async with database.transaction(self.pool, "signin") as db:
            return await sessions.start(
                db,
                at=self.clock.at,
                realm=person.realm,
                person_id=person.id,
                connection_id=connection_id,
                id_token="",
                provider_session=None,
            )

    async def get(self, person: Person | None, path: str) -> httpx2.Response:
        async with await self.client(person) as browser:
            return await browser.get(path)

    async def post(
        self, person: Person | None, path: str, data: dict[str, str | list[str]], *, files: object = None
    ) -> httpx2.Response:
        """Send a form; a fresh submission key unless the data bring one."""
        async with await self.client(person) as browser:
            return await browser.post(path, data={"submission_key": str(uuid4()), **data}, files=files)


@asynccontextmanager
async def portal_in(database_url: str, pool: AsyncEngine, world: World, *, at: datetime) -> AsyncIterator[Portal]:
    clock = HandClock(at)
    app = create_app(settings_for(database_url), clock=clock)
    async with app.router.lifespan_context(app):
        yield Portal(app, clock, world, pool)


def text_of(response: httpx2.Response) -> str:
    """The words of a page: tags and runs of space removed."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))
