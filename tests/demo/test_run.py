"""`portal demo` as a program: whole or not at all, the same data the next time, and nothing left running behind it."""

import os
import select
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from portal.demo import run
from portal.gateways.postgres import EmbeddedPostgres, free_port
from portal.records import server
from portal.settings import ROOT

MAKING = "見本のデータを作っています"
READY = "終えるには"
STOPPED = "停止しました"
SECONDS = 120


class Demo:
    """A running `portal demo`, and what it says."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal", "demo", "--directory", str(directory), "--port", str(port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
        )

    def until(self, word: str) -> None:
        """Wait until it has said this."""
        assert self.process.stdout is not None
        while word not in self.said:
            assert select.select([self.process.stdout], [], [], SECONDS)[0], self.said
            more = os.read(self.process.stdout.fileno(), 65_536)
            assert more, self.said
            self.said += more.decode()

    @property
    def url(self) -> str:
        return self.said.split("ポータルのデモ: ")[1].split("\n")[0].rstrip("/")

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait; the exit status."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=SECONDS)
        self.said += rest.decode()
        return self.process.returncode

    def left_behind(self) -> list[str]:
        """What still runs with this directory in its command line."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if str(self.directory) in command:
                    found.append(command)
        return found


@contextmanager
def demo(directory: Path, port: int) -> Iterator[Demo]:
    running = Demo(directory, port)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGTERM)
        if running.process.stdout is not None:
            running.process.stdout.close()


def listening_openid(url: str) -> str:
    """Where a company's people are sent to sign in."""
    answer = httpx2.get(f"{url}/sign-in/reiji")
    assert answer.status_code == 303
    return answer.headers["location"].split("/reiji/")[0]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


async def test_the_demo_from_first_run_to_last(directory: Path) -> None:
    port = free_port()
    with demo(directory, port) as killed:
        killed.until(MAKING)
        killed.end(signal.SIGKILL)
    # Control: there is half a world by now, which a run that looked only for a database would serve.
    with EmbeddedPostgres(directory / "postgres") as cluster:
        assert await server.exists(cluster.url(), run.MAKING)
        assert not await server.exists(cluster.url(), run.DATABASE)
    # A first run that was cut off is begun again.
    with demo(directory, port) as first:
        first.until(MAKING)
        first.until(READY)
        assert all(name in first.said for name in ("署名 花子", "管理 桃子", "決裁 二葉", "監査 花", "請求担当"))
        page = httpx2.get(f"{first.url}/sign-in")
        assert page.status_code == 200
        assert "例示通信株式会社" in page.text
        provider = listening_openid(first.url)
        with demo(directory, port) as second:
            second.until("すでに動いています")
            assert second.process.wait(timeout=SECONDS) == 1
        assert httpx2.get(f"{first.url}/sign-in").status_code == 200  # the second one has not harmed the first
        assert first.end(signal.SIGTERM) == 0
        assert STOPPED in first.said
        assert first.left_behind() == []
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(provider)
    for secret in ("secrets.json", "openid-keys.json", "postgres/password"):
        assert stat.S_IMODE((directory / secret).stat().st_mode) == 0o600, secret
    with demo(directory, port) as again:
        again.until(READY)
        assert MAKING not in again.said
        assert listening_openid(again.url) == provider
        assert again.end(signal.SIGINT) == 0
        assert again.left_behind() == []


def test_a_port_in_use_is_stepped_over(directory: Path) -> None:
    """The portal takes the next free port; the address it prints is the one that answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(directory, port) as running:
            running.until(READY)
            assert running.url != f"http://127.0.0.1:{port}"
            assert httpx2.get(f"{running.url}/sign-in").status_code == 200
