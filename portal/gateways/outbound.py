"""Requests to addresses that customers configure: public https only, small answers, bounded time."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterable
from typing import Any

import httpcore2
import httpx2

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LARGEST_ANSWER = 256 * 1024  # bytes; metadata, keys and tokens are a few kilobytes
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(httpx2.TransportError):
    """The address is not one that the portal may call: not https, or inside a private network."""


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None or address in _NAT64:
            return False  # an IPv4 address in disguise
    return address.is_global and not address.is_multicast


class _Network(httpcore2.AsyncNetworkBackend):
    """Resolves, checks and connects to the very address it checked, so that a name cannot change in between."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        self._backend = httpcore2.AnyIOBackend()

    def permits(self, address: Address) -> bool:
        return _is_public(address) or (self._allow_loopback and address.is_loopback)

    async def connect_tcp(self, host: str, port: int, *rest: Any, **named: Any) -> httpcore2.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError("the name does not resolve") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not all(self.permits(ipaddress.ip_address(address)) for address in addresses):
            raise AddressRefused("the name leads to an address that is not public")
        failure = httpcore2.ConnectError("the name has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(address, port, *rest, **named)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = httpcore2.ConnectError(str(error))
        raise failure


class Outbound(httpx2.AsyncBaseTransport):
    """A transport that many short-lived clients share; `close` ends it, the clients' own `aclose` does not.

    Refused: anything but https to public addresses (with `allow_loopback` also http to this machine), answers above
    256 KiB, compressed answers (their size cannot be bounded), exchanges longer than `seconds`.
    """

    def __init__(self, *, allow_loopback: bool, seconds: float, inner: httpx2.AsyncBaseTransport | None = None) -> None:
        self._allow_loopback = allow_loopback
        self._seconds = seconds
        self._inner = inner
        self._network = _Network(allow_loopback=allow_loopback)
        self._pool = httpcore2.AsyncConnectionPool(network_backend=self._network, keepalive_expiry=30)

    def permits(self, url: object) -> bool:
        """Whether the text of `url` allows calling it or sending a browser there; names are checked on connecting."""
        try:
            parts = httpx2.URL(url) if isinstance(url, str) else httpx2.URL("")
        except httpx2.InvalidURL:
            return False
        if parts.userinfo or parts.fragment or not parts.host:
            return False
        if parts.scheme != "https":
            return parts.scheme == "http" and self._allow_loopback and parts.host in _LOOPBACK_HOSTS
        try:
            return self._network.permits(ipaddress.ip_address(parts.host))
        except ValueError:
            return True

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry one request and read its whole answer."""
        if not self.permits(str(request.url)):
            raise AddressRefused("not a public https address", request=request)
        request.headers["Accept-Encoding"] = "identity"
        try:
            async with asyncio.timeout(self._seconds):
                answer = await (self._exchange(request) if self._inner is None else self._pass_on(request, self._inner))
        except TimeoutError as error:
            raise httpx2.ReadTimeout("no complete answer in time", request=request) from error
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise httpx2.RemoteProtocolError("compressed against our wish", request=request)
        return answer

    async def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        asked = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=await request.aread(),
            extensions=request.extensions,
        )
        try:
            answer = await self._pool.handle_async_request(asked)
            try:
                content = await _bounded(answer.stream, request)
            finally:
                await answer.aclose()
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
            raise httpx2.NetworkError(type(error).__name__, request=request) from error
        return httpx2.Response(answer.status, headers=answer.headers, content=content)

    @staticmethod
    async def _pass_on(request: httpx2.Request, inner: httpx2.AsyncBaseTransport) -> httpx2.Response:
        answer = await inner.handle_async_request(request)
        try:
            content = await _bounded(answer.stream, request)
        finally:
            await answer.aclose()
        return httpx2.Response(answer.status_code, headers=answer.headers, content=content)

    async def aclose(self) -> None:
        """Nothing: called by each client that ends."""

    async def close(self) -> None:
        """Close the connections that are kept open."""
        await self._pool.aclose()
        if self._inner is not None:
            await self._inner.aclose()


async def _bounded(stream: object, request: httpx2.Request) -> bytes:
    content = bytearray()
    if isinstance(stream, AsyncIterable):
        async for chunk in stream:
            content += chunk
            if len(content) > LARGEST_ANSWER:
                raise httpx2.RemoteProtocolError("the answer is too large", request=request)
    return bytes(content)
