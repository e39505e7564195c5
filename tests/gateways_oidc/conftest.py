import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from oidc_misbehaving import CLIENT_ID, ISSUER, Misbehaving
from oidc_walk import Walker

from portal.demo import openid
from portal.gateways.oidc import Connection, OpenIDConnect

BACK = "http://127.0.0.1:8000/sign-in/callback"
SIGNED_OUT = "http://127.0.0.1:8000/signed-out"
SECRET = "p%s w:rd+/="  # every character that careless client authentication gets wrong


def people(company: str) -> list[dict[str, Any]]:
    return [
        {
            "sub": f"{company}-1",
            "name": "例示 花子",
            "email": f"hanako@{company}.example",
            "title": "管理者",
            "groups": ["admins"],
        },
        {"sub": f"{company}-2", "name": "見本 <太郎>", "title": "署名者"},
    ]


def configuration(**more: Any) -> dict[str, Any]:
    client = {
        "client_id": "portal",
        "client_secret": SECRET,
        "redirect_uris": [BACK],
        "post_logout_redirect_uris": [SIGNED_OUT],
        "backchannel_logout_uri": "http://127.0.0.1:9/nobody-listens",
    }
    issuers = {
        company: {"name": f"{company} 株式会社", "clients": [client], "people": people(company)}
        for company in ("example-a", "example-b")
    }
    return {"port": 0, "control": True, "issuers": issuers} | more


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self, start: datetime) -> None:
        self.moment = start

    def now(self) -> datetime:
        return self.moment

    def forward(self, seconds: int) -> None:
        self.moment = datetime.fromtimestamp(self.moment.timestamp() + seconds, UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 10, 15, 0, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def keys_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openid") / "keys.json"


@pytest.fixture(scope="session")
def provider(keys_path: Path) -> Iterator[openid.DemoProvider]:
    with openid.start(configuration(keys=str(keys_path))) as running:
        yield running


def connection_to(issuer: str, **changed: Any) -> Connection:
    given = {"id": UUID(int=1), "version": 1, "issuer": issuer, "client_id": "portal", "client_secret": SECRET}
    return Connection(**(given | changed))


@pytest.fixture
def company_a(provider: openid.DemoProvider) -> Connection:
    return connection_to(provider.issuers["example-a"])


@pytest.fixture
async def gateway() -> AsyncIterator[OpenIDConnect]:
    made = OpenIDConnect(now=lambda: datetime.now(UTC), allow_loopback=True)
    yield made
    await made.aclose()


@pytest.fixture
async def walker() -> AsyncIterator[Walker]:
    async with Walker() as made:
        yield made


async def switch(provider: openid.DemoProvider, **what: Any) -> None:
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{provider.port}/control", content=json.dumps(what))
    assert answer.status_code == 204


@pytest.fixture
def misbehaving(clock: Clock) -> Misbehaving:
    return Misbehaving(seconds=lambda: int(clock.now().timestamp()))


@pytest.fixture
def connection() -> Connection:
    return connection_to(ISSUER, client_id=CLIENT_ID)


@pytest.fixture
async def ours(misbehaving: Misbehaving, clock: Clock) -> AsyncIterator[OpenIDConnect]:
    made = OpenIDConnect(now=clock.now, transport=misbehaving.transport())
    yield made
    await made.aclose()
