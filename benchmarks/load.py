"""A small closed-loop HTTP load on the loopback address: bounded in time, in a process of its own."""

import asyncio
import sys
import time
from dataclasses import dataclass
from json import dumps, loads

CONNECTIONS = 6


@dataclass(frozen=True)
class Load:
    """What came of it: answers per second, and the slowest one in a hundred, in milliseconds."""

    per_second: float
    p50: float
    p99: float
    size: int


async def run(port: int, path: str, *, seconds: float, headers: dict[str, str]) -> Load:
    """Ask for a page again and again on a few connections, from another process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", str(port), path, str(seconds), dumps(headers), stdout=-1
    )
    out, _ = await process.communicate()
    return Load(**loads(out))


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = head.split(b" ", 2)[1]
    if status != b"200":
        raise SystemExit(f"answered {status.decode()}")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    size = int(length.split(b":")[1])
    await reader.readexactly(size)
    return size


async def _loop(port: int, request: bytes, until: float, times: list[float]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    size = 0
    while time.perf_counter() < until:
        started = time.perf_counter()
        size = await _ask(reader, writer, request)
        times.append(time.perf_counter() - started)
    writer.close()
    return size


async def _main(port: int, path: str, seconds: float, headers: dict[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n".encode()
    times: list[float] = []
    started = time.perf_counter()
    sizes = await asyncio.gather(*(_loop(port, request, started + seconds, times) for _ in range(CONNECTIONS)))
    took = time.perf_counter() - started
    times.sort()
    slow = {f"p{share}": times[len(times) * share // 100] * 1000 for share in (50, 99)}
    print(dumps({"per_second": len(times) / took, "size": sizes[0], **slow}))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), loads(sys.argv[4])))
