"""The command line: simulate, check files, migrate, serve, demo."""

import argparse
import asyncio
import sys
from pathlib import Path

from portal.terms import scenarios

UNUSABLE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status (0 done, 1 found errors, 2 could not be run)."""
    parser = argparse.ArgumentParser(prog="portal", description="Reseller portal")
    commands = parser.add_subparsers(dest="command", required=True)

    simulate = commands.add_parser("simulate", help="one contract's history in, dates and statements out")
    simulate.add_argument("file", help="a scenario as JSON; - for standard input")
    simulate.set_defaults(run=lambda given: _simulate(given.file))

    migrate = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(run=lambda _: _migrate())

    serve = commands.add_parser("serve", help="serve the portal")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.set_defaults(run=lambda given: _serve(given.host, given.port))

    demo = commands.add_parser("demo", help="the portal with a provider, a database and living sample data")
    demo.add_argument("--directory", type=Path, default=Path(".portal/demo"))
    demo.add_argument("--port", type=int, default=8000)
    demo.set_defaults(run=lambda given: _demo(given.directory, given.port))

    given = parser.parse_args(arguments)
    status: int = given.run(given)
    return status


def _simulate(file: str) -> int:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        print(scenarios.run(text))
    except (OSError, UnicodeDecodeError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return UNUSABLE
    except scenarios.InvalidScenario as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    return 0


def _migrate() -> int:
    from portal.records import database
    from portal.settings import from_environment

    settings = from_environment()
    asyncio.run(database.migrate(settings.owner_url, login_url=settings.database_url))
    return 0


def _serve(host: str, port: int) -> int:
    import uvicorn

    from portal.app import create_app
    from portal.settings import from_environment

    uvicorn.run(create_app(from_environment()), host=host, port=port, proxy_headers=False, server_header=False)
    return 0


def _demo(directory: Path, port: int) -> int:
    from portal.demo.run import run

    return run(directory, port=port)
