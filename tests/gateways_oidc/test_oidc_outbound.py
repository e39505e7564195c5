"""Where requests may go that customers' settings cause, and how much may come back."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from starlette.responses import PlainTextResponse, Response

from portal.gateways.oidc import OpenIDConnect, Reason, SignInFailed
from portal.gateways.outbound import LARGEST_ANSWER, AddressRefused, Outbound
from tests.gateways_oidc.oidc_kit import BACK, Clock, connection_to
from tests.gateways_oidc.oidc_misbehaving import never


class Listener:
    """A server on this machine that counts who connects."""

    def __init__(self) -> None:
        self.connected = 0
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    async with await asyncio.start_server(made.answer, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


async def get(outbound: Outbound, url: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=outbound) as client:
        return await client.get(url)


async def test_this_machine_is_reached_only_where_it_is_allowed(listener: Listener) -> None:
    strict, lenient = (Outbound(allow_loopback=allowed, seconds=5) for allowed in (False, True))
    for url in (f"http://127.0.0.1:{listener.port}/", f"https://localhost:{listener.port}/"):
        with pytest.raises(AddressRefused):
            await get(strict, url)
    assert listener.connected == 0
    assert (await get(lenient, f"http://127.0.0.1:{listener.port}/")).text == "{}"
    assert listener.connected == 1
    await strict.close()
    await lenient.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://[64:ff9b::7f00:1]/",
        "http://provider.example/",
        "ftp://provider.example/",
        "javascript:alert(1)",
        "https://user:pass@provider.example/",
        "https://provider.example/#part",
        "https:///",
        "//provider.example/",
        "",
        None,
        7,
    ],
)
def test_addresses_that_are_refused(url: object) -> None:
    assert not Outbound(allow_loopback=False, seconds=5).permits(url)


@pytest.mark.parametrize(
    "url",
    ["https://provider.example/a?b=c", "https://203.0.114.1/", "https://[2606:4700::1111]/", "https://認証.example/"],
)
def test_addresses_that_are_permitted(url: str) -> None:
    assert Outbound(allow_loopback=False, seconds=5).permits(url)


def test_loopback_opens_nothing_else() -> None:
    lenient = Outbound(allow_loopback=True, seconds=5)
    assert lenient.permits("http://127.0.0.1:9400/example-a")
    assert not lenient.permits("http://192.168.1.1/")
    assert not lenient.permits("http://127.0.0.1.provider.example/")


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (lambda: PlainTextResponse("x" * LARGEST_ANSWER), False),
        (lambda: PlainTextResponse("x" * (LARGEST_ANSWER + 1)), True),
        (lambda: Response(gzip.compress(b"x"), headers={"Content-Encoding": "gzip"}), True),
    ],
)
async def test_answers_are_bounded(answer: Callable[[], Response], refused: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert dict(scope["headers"])[b"accept-encoding"] == b"identity"
        await answer()(scope, receive, send)

    outbound = Outbound(allow_loopback=False, seconds=5, inner=httpx2.ASGITransport(app=app))
    if refused:
        with pytest.raises(httpx2.RemoteProtocolError):
            await get(outbound, "https://provider.example/")
    else:
        assert len((await get(outbound, "https://provider.example/")).content) == LARGEST_ANSWER
    await outbound.close()


async def test_a_provider_that_never_answers_is_unreachable(clock: Clock) -> None:
    ours = OpenIDConnect(now=clock.now, transport=httpx2.ASGITransport(app=never), seconds=0.01)
    with pytest.raises(SignInFailed) as failure:
        await ours.start(connection_to("https://provider.example"), redirect_uri=BACK)
    assert failure.value.reason is Reason.PROVIDER_UNREACHABLE
    await ours.aclose()


@pytest.mark.parametrize(
    "issuer",
    ["http://127.0.0.1:9400/example-a", "https://localhost/a", "https://127.1", "https://10.0.0.1", "no address"],
)
async def test_an_issuer_inside_is_refused_by_name(clock: Clock, issuer: str) -> None:
    ours = OpenIDConnect(now=clock.now)
    with pytest.raises(SignInFailed) as failure:
        await ours.start(connection_to(issuer), redirect_uri=BACK)
    assert failure.value.reason is Reason.PROVIDER_ADDRESS
    await ours.aclose()
