"""The embedded PostgreSQL: made once, whole or not at all, never with a root's power, found again after a kill."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from portal.gateways.postgres import EmbeddedPostgres, PostgresFailed

START = "import sys, pathlib; from portal.gateways.postgres import EmbeddedPostgres, PostgresFailed"


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="portal-postgres-") as made:
        yield Path(made) / "cluster"


def run(cluster: EmbeddedPostgres, *statements: str, password: str | None = None) -> object:
    """Run statements as the owner; the first value of the last."""

    async def there() -> object:
        pool = create_async_engine(cluster.url(password=password), poolclass=NullPool)
        async with pool.begin() as db:
            for statement in statements:
                found = await db.execute(text(statement))
            value = found.scalar() if found.returns_rows else None
        await pool.dispose()
        return value

    return asyncio.run(there())


def postmaster(directory: Path) -> int:
    return int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])


def status(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}


def elsewhere(directory: Path, then: str) -> subprocess.Popen[bytes]:
    """Another process of the portal that starts the cluster, says so, and goes on as told."""
    script = f"{START}; p = EmbeddedPostgres(pathlib.Path(sys.argv[1])); p.start(); print('up', flush=True); {then}"
    started = subprocess.Popen(
        [sys.executable, "-c", script, str(directory)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"up\n"
    return started


def test_it_starts_and_knows_japanese(directory: Path) -> None:
    with EmbeddedPostgres(directory) as cluster:
        assert run(cluster, "SHOW server_encoding") == "UTF8"
        assert run(cluster, "CREATE EXTENSION pg_trgm", "SELECT similarity('東京都架空区', '東京都') > 0") is True
        assert run(cluster, "SELECT upper('ａé') || lower('Ａ')") == "ＡÉａ"
        assert run(cluster, "SHOW fsync") == "on"
        assert run(cluster, "SHOW listen_addresses") == "127.0.0.1"


def test_only_its_password_opens_it_and_only_its_owner_reads_that(directory: Path) -> None:
    with EmbeddedPostgres(directory) as cluster:
        assert len(cluster.password) >= 24
        assert run(cluster, "SELECT 1") == 1
        for wrong in ("postgres", "wrong", cluster.password[:-1]):
            with pytest.raises(DBAPIError, match="password authentication failed"):
                run(cluster, "SELECT 1", password=wrong)
    assert (directory / "password").stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_password_of_any_characters_is_part_of_the_url(directory: Path) -> None:
    assert EmbeddedPostgres(directory).url("portal", user="a b", password="p@ss:/w") == (
        "postgresql+asyncpg://a%20b:p%40ss%3A%2Fw@127.0.0.1:0/portal"
    )


def test_a_restart_keeps_data_and_password(directory: Path) -> None:
    with EmbeddedPostgres(directory) as cluster:
        run(cluster, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('例示')")
        password = cluster.password
    with EmbeddedPostgres(directory) as cluster:
        assert cluster.password == password
        assert run(cluster, "SELECT word FROM kept") == "例示"


def test_a_kill_of_the_postmaster_loses_nothing_committed(directory: Path) -> None:
    cluster = EmbeddedPostgres(directory)
    cluster.start()
    run(cluster, "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 1000)")
    os.kill(postmaster(directory), signal.SIGKILL)
    cluster.kill()
    with EmbeddedPostgres(directory) as again:
        assert run(again, "SELECT count(*) FROM kept") == 1000


def test_what_a_killed_process_left_running_is_ended_first(directory: Path) -> None:
    other = elsewhere(directory, "sys.stdin.read()")
    left = postmaster(directory)
    other.kill()
    other.communicate()
    assert Path(f"/proc/{left}").exists()
    with EmbeddedPostgres(directory) as cluster:
        assert run(cluster, "SELECT 1") == 1
        assert postmaster(directory) != left


def test_a_directory_in_use_is_left_to_its_user(directory: Path) -> None:
    with EmbeddedPostgres(directory) as cluster:
        with pytest.raises(PostgresFailed, match="in use by another process"):
            EmbeddedPostgres(directory).start()
        script = f"{START}; EmbeddedPostgres(pathlib.Path(sys.argv[1])).start()"
        other = subprocess.run([sys.executable, "-c", script, str(directory)], capture_output=True, check=False)
        assert b"in use by another process" in other.stderr
        assert run(cluster, "SELECT 1") == 1
    with EmbeddedPostgres(directory) as cluster:
        assert run(cluster, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_anew(directory: Path) -> None:
    making = directory / "making"
    making.mkdir(parents=True)
    (making / "PG_VERSION").write_text("18\n")
    (making / "base").mkdir()
    with EmbeddedPostgres(directory) as cluster:
        assert run(cluster, "SELECT 1") == 1
    assert not making.exists()


def test_files_that_are_no_cluster_are_left_as_they_are(directory: Path) -> None:
    data = directory / "data"
    data.mkdir(parents=True)
    (data / "somebodys.txt").write_text("keep me")
    with pytest.raises(PostgresFailed, match="is no database"):
        EmbeddedPostgres(directory).start()
    assert (data / "somebodys.txt").read_text() == "keep me"


def test_what_cannot_start_says_why_and_leaves_nothing_running(directory: Path, tmp_path: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    (directory / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    failing = EmbeddedPostgres(directory)
    with pytest.raises(PostgresFailed, match="no_such_setting"):
        failing.start()
    assert not (directory / "data" / "postmaster.pid").exists()
    (directory / "data" / "postgresql.conf").write_text("")
    with EmbeddedPostgres(directory):
        pass
    with pytest.raises(PostgresFailed, match="initdb failed"):
        EmbeddedPostgres(tmp_path / "other", binaries=fake(tmp_path / "bin", "initdb", status=3)).start()


def test_it_never_has_the_power_of_root(directory: Path) -> None:
    with EmbeddedPostgres(directory) as cluster:
        of = status(postmaster(directory))
        assert int(of["CapEff"][0], 16) == 0
        inside = [line.split() for line in Path(f"/proc/{postmaster(directory)}/uid_map").read_text().splitlines()]
        if os.geteuid() == 0:
            assert inside == [["1000", "0", "1"]]
        else:
            assert of["Uid"] == [str(os.geteuid())] * 4
        assert run(cluster, "SELECT 1") == 1


def test_where_namespaces_are_forbidden_it_is_nobody(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root without namespaces: the system's user `nobody`; as anybody else there is nothing to step down from."""
    monkeypatch.setenv("PATH", f"{fake(tmp_path, 'unshare', status=1)}:{os.environ['PATH']}")
    directory.parent.chmod(0o711)
    with EmbeddedPostgres(directory) as cluster:
        of = status(postmaster(directory))
        assert of["Uid"] == [str(65534 if os.geteuid() == 0 else os.geteuid())] * 4
        assert int(of["CapEff"][0], 16) == 0
        assert run(cluster, "CREATE TABLE kept (n int)", "SELECT 1") == 1
    with EmbeddedPostgres(directory) as cluster:
        assert run(cluster, "SELECT count(*) FROM kept") == 0


def fake(directory: Path, program: str, *, status: int) -> Path:
    """A directory with a program that only fails."""
    directory.mkdir(exist_ok=True)
    (directory / program).write_text(f"#!/bin/sh\nexit {status}\n")
    (directory / program).chmod(0o755)
    return directory
