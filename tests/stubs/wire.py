"""The wire between a portal and its PostgreSQL, which a test cuts at a chosen statement, before it or after its answer.

It reads the messages of the protocol, so a statement is what the database executes: BEGIN and COMMIT are among them.
"""

import asyncio
import os
import signal
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

SSL_REQUEST = 80877103
EXECUTES = b"QE"
When = Literal["before", "after"]


class Wire:
    """Counts statements from `arm` on; at the chosen one it strikes, and both ends hear nothing more."""

    def __init__(self, port: int) -> None:
        self._to_port = port
        self.port = 0
        self.count = 0
        self.backend_pid = 0
        self.doomed = 0
        self._at: int | None = None
        self._when: When = "before"
        self._strike: Callable[[], None] | None = None
        self._armed = False

    def arm(self, at: int | None = None, *, when: When = "before", strike: Callable[[], None] | None = None) -> None:
        """Count from one again; at statement `at` (None: never) call `strike`, then close both ends."""
        self.count, self._armed = 0, True
        self._at, self._when, self._strike = at, when, strike

    def kill_backend(self) -> None:
        """End the database process that serves the last connection, as the machine would."""
        os.kill(self.backend_pid, signal.SIGKILL)

    def kill_client(self) -> None:
        """End the process (`doomed`) that asks over this wire."""
        os.kill(self.doomed, signal.SIGKILL)

    async def serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        server, requests = await asyncio.open_connection("127.0.0.1", self._to_port)
        struck = asyncio.Event()
        try:
            await self._greet(client, answers, server, requests)
            pumps = [
                asyncio.ensure_future(self._to_server(client, requests, struck)),
                asyncio.ensure_future(self._to_client(server, answers, struck)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in (answers, requests):
                with suppress(OSError):
                    end.close()

    async def _greet(
        self,
        client: asyncio.StreamReader,
        answers: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        requests: asyncio.StreamWriter,
    ) -> None:
        """The first messages have no type; a request for TLS is answered with one byte."""
        while True:
            head = await client.readexactly(8)
            length, code = struct.unpack("!ii", head)
            requests.write(head + await client.readexactly(length - 8))
            if code != SSL_REQUEST:
                return
            answers.write(await server.readexactly(1))

    async def _to_server(
        self, client: asyncio.StreamReader, requests: asyncio.StreamWriter, struck: asyncio.Event
    ) -> None:
        while True:
            kind, message = await _message(client)
            if self._armed and kind in EXECUTES:
                self.count += 1
                if self.count == self._at:
                    if self._when == "before":
                        self._hit()
                        return
                    struck.set()
            requests.write(message)

    async def _to_client(
        self, server: asyncio.StreamReader, answers: asyncio.StreamWriter, struck: asyncio.Event
    ) -> None:
        while True:
            kind, message = await _message(server)
            if kind == b"K":
                self.backend_pid = struct.unpack("!i", message[5:9])[0]
            if not struck.is_set():
                answers.write(message)
            elif kind == b"Z":
                self._hit()
                return

    def _hit(self) -> None:
        self._armed = False
        if self._strike is not None:
            self._strike()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """A wire to the database on a port."""
    wire = Wire(port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
