from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.demo import openid
from portal.gateways.oidc import Connection, OpenIDConnect
from tests.gateways_oidc.oidc_kit import Clock, configuration, connection_to
from tests.gateways_oidc.oidc_misbehaving import CLIENT_ID, ISSUER, Misbehaving
from tests.gateways_oidc.oidc_walk import Walker


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
