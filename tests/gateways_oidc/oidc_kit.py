"""What the tests of sign-in share: addresses, a clock to move by hand, and whole attempts in one call."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest

from portal.demo import openid
from portal.gateways.oidc import Connection, Identity, OpenIDConnect, SignInFailed
from tests.gateways_oidc.oidc_misbehaving import Misbehaving

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


def connection_to(issuer: str, **changed: Any) -> Connection:
    given = {"id": UUID(int=1), "version": 1, "issuer": issuer, "client_id": "portal", "client_secret": SECRET}
    return Connection(**(given | changed))


async def switch(provider: openid.DemoProvider, **what: Any) -> None:
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{provider.port}/control", content=json.dumps(what))
    assert answer.status_code == 204


async def sign_in(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, **query: str | None
) -> Identity:
    started = await ours.start(connection, redirect_uri=BACK)
    came_back = misbehaving.authorize(started.url) | query
    given = {key: value for key, value in came_back.items() if value is not None}
    return await ours.finish(connection, started=started, redirect_uri=BACK, query=given)


async def refusal(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, **query: str | None
) -> SignInFailed:
    with pytest.raises(SignInFailed) as refused:
        await sign_in(ours, connection, misbehaving, **query)
    return refused.value
