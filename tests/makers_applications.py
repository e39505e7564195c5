"""Applications as subscribers make them: rows, drafts and submissions, by the use-cases that the portal uses."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.gateways.cipher import Cipher
from portal.records import applications, database
from portal.terms.applications import ApplicationKind
from portal.terms.offerings import Offering
from portal.usecases import applications as application_acts
from portal.usecases import drafts
from portal.usecases.drafts import DraftLine
from portal.usecases.line_files import ParsedLine, check_line_row
from tests.builders import Company, World
from tests.makers_terms import agree, publish_policy, quote

DRAFTED_AT = datetime(2026, 10, 15, 2, 0, tzinfo=UTC)
SUBMITTED_AT = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
TODAY = date(2026, 10, 15)
SEALING_KEY = bytes(range(32))
ANSWERS = {"purpose": "resale", "contact_email": "moushikomi@example-a.example", "wanted_on": "2026/11/1", "note": ""}
# A row as a person types it, by the columns of the file.
CELLS = {
    "回線ID": "CAF0000000001",
    "アクセスキー": "Ab3dEf7h",
    "住居種別": "戸建",
    "都道府県": "東京都",
    "利用者番号": "U-0001",
    "同意日時": "2026/10/01 14:30",
    "同意方法": "ウェブ",
    "提供条件版": "2026-04",
}


def cells(number: int, **changed: str) -> dict[str, str]:
    """The row of the line so numbered, with columns changed."""
    return {**CELLS, "回線ID": f"CAF{number:010}", "利用者番号": f"U-{number:04}", **changed}


def csv_file(rows: list[dict[str, str]], *, encoding: str = "cp932") -> bytes:
    """A file of these rows as Excel saves it."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def typed_line(row: dict[str, str], *, cipher: Cipher | None = None) -> DraftLine:
    """A row as the form hands it to the use-case: read, and its access key sealed."""
    sealer = cipher or Cipher(SEALING_KEY)
    parsed = check_line_row(row, offering="ipoe_shared", today=TODAY)
    line = replace(parsed, access_key="") if isinstance(parsed, ParsedLine) else None
    sealed = sealer.seal(row.get("アクセスキー", "").encode(), purpose="access_key")
    return DraftLine(None, {name: value for name, value in row.items() if name != "アクセスキー"}, sealed, line)


async def ready(pool: AsyncEngine, world: World) -> None:
    """A policy published and agreed to, and prices quoted, for both companies."""
    await publish_policy(pool, world)
    for company in (world.ours, world.theirs):
        await agree(pool, company)
        await quote(pool, world, company)


async def drafted(
    pool: AsyncEngine,
    company: Company,
    rows: list[dict[str, str]] | None = None,
    *,
    answers: dict[str, str] | None = None,
    at: datetime = DRAFTED_AT,
) -> UUID:
    """A draft of a new contract on 帯域共有, saved once (revision 2)."""
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        application_id = await drafts.begin(
            db, by=company.operator, at=at, kind=ApplicationKind.NEW_CONTRACT, offering=Offering.IPOE_SHARED
        )
        await drafts.save(
            db,
            by=company.operator,
            at=at,
            application_id=application_id,
            revision=1,
            answers=ANSWERS if answers is None else answers,
            lines=[typed_line(row) for row in (rows if rows is not None else [cells(1), cells(2)])],
        )
    return application_id


async def submitted(
    pool: AsyncEngine, company: Company, rows: list[dict[str, str]] | None = None, *, at: datetime = SUBMITTED_AT
) -> UUID:
    """A new contract applied for by the signatory; `ready` comes first."""
    application_id = await drafted(pool, company, rows, at=at)
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        await application_acts.submit(db, by=company.signatory, at=at, application_id=application_id, revision=2)
    return application_id


async def stored(pool: AsyncEngine, application_id: UUID) -> applications.Application:
    """The application as its subscriber's rows are, whoever's it is."""
    async with pool.connect() as db:
        await database.become(db, "staff")
        found = await applications.get(db, application_id)
    assert found is not None
    return found
