"""The command line: simulate, check files, migrate, serve, worker, demo."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal.clock import SystemClock
from portal.gateways.spreadsheets import read_rows
from portal.terms import scenarios
from portal.terms.offerings import Offering
from portal.terms.periods import tokyo_date
from portal.usecases.consent_files import check_consents
from portal.usecases.file_findings import Checked
from portal.usecases.file_reports import Summary, report_json, report_text
from portal.usecases.line_files import check_lines

FOUND_ERRORS = 1
UNUSABLE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status (0 done, 1 found errors, 2 could not be run)."""
    parser = argparse.ArgumentParser(prog="portal", description="Reseller portal")
    commands = parser.add_subparsers(dest="command", required=True)

    simulate = commands.add_parser("simulate", help="one contract's history in, dates and statements out")
    simulate.add_argument("file", help="a scenario as JSON; - for standard input")
    simulate.set_defaults(run=lambda given: _simulate(given.file))

    for noun in ("consents", "lines"):
        actions = commands.add_parser(noun, help=f"files of {noun}").add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="what is wrong with a file (no database); 1 when something is")
        check.add_argument("file", type=Path)
        check.add_argument("--json", action="store_true", help="one JSON object instead of text")
        if noun == "lines":
            check.add_argument("--offering", required=True, choices=[offering.value for offering in Offering])
        check.set_defaults(run=_check_file)

    migrate = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(run=lambda _: _migrate())

    serve = commands.add_parser("serve", help="serve the portal")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.set_defaults(run=lambda given: _serve(given.host, given.port))

    worker = commands.add_parser("worker", help="send the mail that waits in the outbox")
    worker.set_defaults(run=lambda _: _worker())

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


def _check_file(given: argparse.Namespace) -> int:
    today, rows, summary = tokyo_date(SystemClock().now()), read_rows(given.file), Summary()
    checked: Iterator[Checked[Any]] = (
        check_consents(rows, today=today)
        if given.command == "consents"
        else check_lines(rows, offering=Offering(given.offering), today=today)
    )
    try:
        for piece in (report_json if given.json else report_text)(checked, summary):
            sys.stdout.write(piece)
    except OSError as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return UNUSABLE
    return FOUND_ERRORS if summary.errors else 0


def _migrate() -> int:
    from portal.records import database
    from portal.settings import migration_urls

    owner_url, login_url = migration_urls()
    asyncio.run(database.migrate(owner_url, login_url=login_url))
    return 0


def _serve(host: str, port: int) -> int:
    import uvicorn

    from portal.app import create_app
    from portal.settings import from_environment

    uvicorn.run(create_app(from_environment()), host=host, port=port, proxy_headers=False, server_header=False)
    return 0


def _worker() -> int:
    from portal import jobs
    from portal.settings import SettingsError, from_environment

    settings = from_environment()
    for name, value in (("PORTAL_SMTP_URL", settings.smtp_url), ("PORTAL_MAIL_FROM", settings.mail_from)):
        if not value:
            raise SettingsError(f"{name} is not set")
    asyncio.run(jobs.serve(settings))
    return 0


def _demo(directory: Path, port: int) -> int:
    from portal.demo.run import run

    return run(directory, port=port)
