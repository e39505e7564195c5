"""`portal demo`: a database, an OpenID provider, living sample data and the portal, all from one directory."""

import asyncio
import fcntl
import json
import secrets
import signal
import socket
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvicorn

from portal.app import create_app
from portal.clock import SystemClock
from portal.demo import cast, mailing, openid, world
from portal.gateways.cipher import Cipher
from portal.gateways.postgres import EmbeddedPostgres, PostgresFailed, free_port
from portal.records import database, server
from portal.settings import Settings

DATABASE = "portal_demo"
# The world is built under this name and renamed when it is whole: half a world is never shown.
MAKING = "portal_demo_making"
OPENID_PORT = 9400
PORTS_TRIED = 50
GRACE_SECONDS = 5


class CannotRun(Exception):
    """The demo cannot be started; the message (Japanese) says what to do."""


@dataclass(frozen=True)
class Kept:
    """What the directory keeps from run to run, readable by its owner only."""

    sealing_key: str
    client_secret: str
    openid_port: int


def run(directory: Path, *, port: int) -> int:
    """Serve the demo until Ctrl-C or SIGTERM; the exit status. The first run makes everything, later ones keep it."""
    # SIGTERM becomes the same exception as Ctrl-C, so that everything below is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            _serve(stack, directory.resolve(), port)
    except KeyboardInterrupt:
        print("\n停止しました。データは残っています。")
    except (CannotRun, PostgresFailed, openid.CannotStart) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _serve(stack: ExitStack, directory: Path, port: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    stack.enter_context(_alone(directory))
    kept = _kept(directory / "secrets.json")
    listening = stack.enter_context(_listening(port))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    if not _is_free(kept.openid_port):
        raise CannotRun(f"認証サーバーのポート {kept.openid_port} が、ほかのプログラムに使われています。")
    postgres = EmbeddedPostgres(directory / "postgres")
    stack.callback(postgres.stop)  # before it starts: it is stopped also when the start is interrupted
    postgres.start()
    config = cast.provider_config(
        portal_url=url,
        port=kept.openid_port,
        keys=str(directory / "openid-keys.json"),
        client_secret=kept.client_secret,
    )
    provider = stack.enter_context(openid.start(config))
    settings = asyncio.run(_prepared(postgres, kept, url, provider.issuers))
    _welcome(url)
    stack.callback(_let_it_end)
    uvicorn.Server(
        uvicorn.Config(
            mailing.with_worker(create_app(settings), settings, directory / "mail"),
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    ).run(sockets=[listening])


def _let_it_end() -> None:
    """A second Ctrl-C does not interrupt the stopping."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One demo a directory: a second one would end the database of the first."""
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotRun(f"{directory} のデモは、すでに動いています。") from error
        yield


def _kept(file: Path) -> Kept:
    if file.exists():
        return Kept(**json.loads(file.read_text()))
    kept = Kept(
        sealing_key=secrets.token_hex(32),
        client_secret=secrets.token_urlsafe(32),
        openid_port=OPENID_PORT if _is_free(OPENID_PORT) else free_port(),
    )
    making = file.with_suffix(".making")
    making.unlink(missing_ok=True)
    making.touch(mode=0o600)
    making.write_text(json.dumps(asdict(kept)))
    making.rename(file)  # never half written
    return kept


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """A socket on the first free port from this one on; it is ours from here, so nobody can take it meanwhile."""
    for candidate in range(port, port + PORTS_TRIED):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", candidate))
            listening.listen(128)
        except OSError:
            listening.close()
            continue
        with listening:
            yield listening
        return
    raise CannotRun(f"{port} から {port + PORTS_TRIED - 1} まで、空いているポートがありません。")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def _prepared(postgres: EmbeddedPostgres, kept: Kept, url: str, issuers: Mapping[str, str]) -> Settings:
    """The settings of a database that is whole: made on the first run, brought to the newest schema on later ones."""
    login = {"user": "portal_web", "password": secrets.token_urlsafe(24)}
    if not await server.exists(postgres.url(), DATABASE):
        print("初回の準備をしています。1分ほどかかることがあります。", flush=True)
        await server.make_anew(postgres.url(), MAKING)
        await database.migrate(postgres.url(MAKING), login_url=postgres.url(MAKING, **login))
        print("見本のデータを作っています。", flush=True)
        pool = database.engine(postgres.url(MAKING, **login))
        try:
            await world.build(
                pool,
                now=SystemClock().now(),
                cipher=Cipher(bytes.fromhex(kept.sealing_key)),
                issuers=issuers,
                client_secret=kept.client_secret,
            )
        finally:
            await pool.dispose()
        await server.rename(postgres.url(), MAKING, to=DATABASE)
    await database.migrate(postgres.url(DATABASE), login_url=postgres.url(DATABASE, **login))
    return Settings(
        database_url=postgres.url(DATABASE, **login),
        base_url=url,
        sealing_key=bytes.fromhex(kept.sealing_key),
        provider=cast.PROVIDER,
        allow_internal_issuers=True,
        demo=True,
    )


def _welcome(url: str) -> None:
    rows = [("会社", "人", "役割")]
    for company in cast.EVERYBODY:
        rows += [(company.name, role.name, "・".join(cast.titles(role))) for role in company.people]
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    print(f"\nポータルのデモ: {url}/\n\nサインインできる人（パスワードはありません）\n")
    for place, row in enumerate(rows):
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join(cells).rstrip())
        if place == 0:
            print("  " + "  ".join("-" * width for width in widths))
    print("\n終えるには Ctrl-C を押してください。データは残ります。", flush=True)


def _width(text: str) -> int:
    """Columns of a terminal: Japanese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
