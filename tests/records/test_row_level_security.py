"""Row-level security: a query without its own filter shows only one's own rows; nothing at all without a tenancy.

Every table has a case here: what its rows are, seen by a subscriber. The control asks the same as a role that passes
by row-level security, in the same database, and does see the other company's rows.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from portal.records import closings, database, invoices, members, uploads
from portal.usecases import partners, reviews
from portal.usecases.reviews import Return
from tests.builders import Company, World
from tests.makers_notices import stopped, unit_ids
from tests.makers_reviews import TAKEN_AT, MadeLine, accepted, ready, submitted

pytestmark = pytest.mark.usefixtures("peopled")
AT = datetime(2026, 10, 10, 1, 0, tzinfo=UTC)
# own: only one's own rows; published: the same rows for all; me: only what this person sent; none: not granted.
CASES = {
    "application_lines": "own",
    "application_returns": "own",
    "applications": "own",
    "closing_exceptions": "none",
    "closings": "none",
    "consents": "own",
    "contracts": "own",
    "events": "own",
    "identity_connections": "none",
    "invoice_rows": "own",
    "invoices": "own",
    "line_options": "own",
    "lines": "own",
    "members": "own",
    "notice_options": "own",
    "notices": "own",
    "number_series": "none",
    "outbox": "none",
    "partner_duties": "own",
    "partners": "own",
    "policies": "published",
    "policy_agreements": "own",
    "price_sheet_bands": "own",
    "price_sheet_options": "own",
    "price_sheets": "own",
    "sessions": "none",
    "sign_in_attempts": "none",
    "staff": "none",
    "submissions": "me",
    "subscribers": "own",
    "uploads": "own",
}
OWN = sorted(table for table, case in CASES.items() if case == "own")
NO_PRIVILEGE = "42501"


def whose(table: str) -> str:
    return "id" if table == "subscribers" else "subscriber_id"


@pytest.fixture(scope="module")
async def peopled(pool: AsyncEngine, owner_pool: AsyncEngine, world: World) -> None:
    """Both companies have rows in every table that has an owner."""
    await ready(pool, world)
    closing_id = uuid4()
    async with owner_pool.begin() as db:
        await db.execute(insert(closings.closings).values(**_closing(closing_id, world)))
    for serial, company in enumerate((world.ours, world.theirs), start=1):
        await _partner(pool, company)
        line = MadeLine(access_line_id=f"COP{serial:08}", options=("dslite_bundle",), partner_code="P-1")
        contract_id = await accepted(pool, world, await submitted(pool, company, (line,)))
        await stopped(pool, company, contract_id, await unit_ids(pool, company, contract_id))
        waiting = await submitted(pool, company, ())
        async with database.transaction(pool, "staff") as db:
            await reviews.take(db, by=world.desk.clerk, at=TAKEN_AT, application_id=waiting)
            await reviews.send_back(
                db,
                by=world.desk.clerk,
                at=AT,
                application_id=waiting,
                returns=(Return("purpose", "理由"),),
                return_by=date(2026, 10, 20),
            )
        async with owner_pool.begin() as db:
            await _rest(db, company, contract_id=contract_id, closing_id=closing_id, application_id=waiting)


async def _partner(pool: AsyncEngine, company: Company) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        partner_id = await partners.add(
            db,
            by=company.signatory,
            at=AT,
            subscriber_id=company.id,
            code="P-1",
            name="例示再販株式会社",
            parent_id=None,
        )
        await partners.impose_duties(
            db,
            by=company.signatory,
            at=AT,
            subscriber_id=company.id,
            partner_id=partner_id,
            parent_id=None,
            contracted_on=date(2026, 4, 5),
            clause_confirmed=True,
            version="2026-04",
        )


def _closing(closing_id: UUID, world: World) -> dict[str, Any]:
    return {
        "id": closing_id,
        "month": date(2026, 10, 1),
        "cut_off_at": AT,
        "prepared_by": world.desk.billing.id,
        "tried_at": AT,
        "digest": "",
    }


async def _rest(
    db: AsyncConnection, company: Company, *, contract_id: UUID, closing_id: UUID, application_id: UUID
) -> None:
    """What has no short way through the use-cases: an upload, an issued invoice and a finding of the close."""
    invoice_id = uuid4()
    await db.execute(
        insert(uploads.uploads).values(
            id=uuid4(),
            subscriber_id=company.id,
            application_id=application_id,
            file_name="lines.csv",
            size=1,
            sha256="0" * 64,
            content_sealed=b"sealed",
            uploaded_by=company.operator.id,
            uploaded_at=AT,
            row_count=0,
            ok_count=0,
            error_count=0,
            warning_count=0,
            findings=[],
            readings=[],
        )
    )
    await db.execute(
        insert(invoices.invoices).values(
            id=invoice_id,
            subscriber_id=company.id,
            contract_id=contract_id,
            closing_id=closing_id,
            month=date(2026, 10, 1),
            issuer={},
            addressee={"name": company.name},
            offering="ipoe_shared",
            standard=0,
            out_of_scope=0,
            tax_percent=10,
            tax=0,
            total=0,
        )
    )
    await db.execute(
        insert(invoices.invoice_rows).values(
            subscriber_id=company.id,
            invoice_id=invoice_id,
            position=1,
            code="base",
            label="月額基本料",
            clause="B2-1-i",
            source="text",
            quantity=1,
            unit="式",
            amount=0,
            tax_class="standard",
            because="—",
        )
    )
    await db.execute(
        text("UPDATE invoices SET number = :number, issued_on = :on, due_on = :on, issued_at = :at WHERE id = :id"),
        {"number": f"I-{company.name}", "on": date(2026, 11, 1), "at": AT, "id": invoice_id},
    )
    await db.execute(
        insert(closings.closing_exceptions).values(
            closing_id=closing_id,
            subscriber_id=company.id,
            contract_id=contract_id,
            code="none",
            message="—",
            blocking=False,
        )
    )


async def rows_of(db: AsyncConnection, table: str) -> dict[UUID, int]:
    """How many rows of each owner a query without any filter shows."""
    found = await db.execute(text(f"SELECT {whose(table)} AS owner, count(*) FROM {table} GROUP BY 1"))
    return {row.owner: row.count for row in found if row.owner is not None}


async def state_of(db: AsyncConnection, statement: str, **values: object) -> str | None:
    """The SQLSTATE a statement is refused with, or None when it is not; either way nothing of it stays."""
    savepoint = await db.begin_nested()
    try:
        await db.execute(text(statement), values)
    except DBAPIError as error:
        return str(getattr(error.orig, "sqlstate", ""))
    finally:
        await savepoint.rollback()
    return None


async def test_every_table_is_secured_and_has_a_case(owner_pool: AsyncEngine) -> None:
    async with owner_pool.connect() as db:
        tables = await db.execute(
            text("""
                SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS secured,
                       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'subscriber_id'
                               AND NOT a.attisdropped) AS owned
                FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
            """)
        )
        found = {row.name: row for row in tables if row.name != "alembic_version"}
        roles = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'portal\\_%'"
        readable = await db.scalar(
            text(f"SELECT bool_or(has_table_privilege(rolname, 'alembic_version', 'SELECT')) FROM ({roles}) r")
        )
    assert set(found) == set(CASES)
    assert [name for name, row in found.items() if not row.secured] == []
    assert readable is False, "the one table without a case is nobody's"
    unheld = {name for name, row in found.items() if row.owned and CASES[name] not in {"own", "none"}}
    assert unheld == set(), "a table with an owner shows its owner's rows or none"


@pytest.mark.parametrize("table", OWN)
async def test_a_query_without_a_filter_shows_only_ones_own(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, table: str
) -> None:
    for mine in (world.ours, world.theirs):
        async with database.transaction(pool, "subscriber", subscriber_id=mine.id) as db:
            assert set(await rows_of(db, table)) == {mine.id}
    async with database.transaction(pool, "subscriber") as db:
        assert await rows_of(db, table) == {}
    # CONTROL: past row-level security the same query, at the same time, shows both.
    async with owner_pool.connect() as db:
        assert set(await rows_of(db, table)) == {world.ours.id, world.theirs.id}


@pytest.mark.parametrize("table", sorted(name for name, case in CASES.items() if case == "none"))
async def test_what_is_not_a_subscribers_is_not_granted(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, table: str
) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        assert await state_of(db, f"SELECT FROM {table}") == NO_PRIVILEGE
    # CONTROL
    async with owner_pool.connect() as db:
        assert await state_of(db, f"SELECT FROM {table}") is None


async def test_drafts_of_policies_are_hidden_and_submissions_are_ones_own(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    async with owner_pool.begin() as db:
        await db.execute(
            text("""
                INSERT INTO policies (id, version, title, body, sha256, material, effective_on, agree_by, prepared_by,
                                      prepared_at)
                SELECT gen_random_uuid(), 'draft', title, body, sha256, material, effective_on, agree_by, prepared_by,
                       prepared_at FROM policies LIMIT 1
            """)
        )
        for person in (world.ours.signatory, world.ours.operator):
            await db.execute(
                text(
                    "INSERT INTO submissions (key, person_id, path, at) VALUES (gen_random_uuid(), :person, '/', :at)"
                ),
                {"person": person.id, "at": AT},
            )
    me = world.ours.signatory.id
    async with pool.begin() as db:
        await database.become(db, "subscriber", subscriber_id=world.ours.id, person_id=me)
        assert list((await db.execute(text("SELECT version FROM policies"))).scalars()) == ["2026-04"]
        assert list((await db.execute(text("SELECT person_id FROM submissions"))).scalars()) == [me]
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        assert await db.scalar(text("SELECT count(*) FROM submissions")) == 0
    # CONTROL
    async with owner_pool.connect() as db:
        assert await db.scalar(text("SELECT count(*) FROM policies")) == 2
        assert await db.scalar(text("SELECT count(*) FROM submissions")) == 2


@pytest.fixture
async def one_connection(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool of a single connection, so that each transaction gets the one before's."""
    made = database.engine(database_url, pool_size=1)
    yield made
    await made.dispose()


async def test_a_reused_connection_keeps_nothing_of_the_one_before(one_connection: AsyncEngine, world: World) -> None:
    seen: list[tuple[int, set[UUID]]] = []
    for subscriber_id in (world.ours.id, world.theirs.id, None):
        async with database.transaction(one_connection, "subscriber", subscriber_id=subscriber_id) as db:
            pid = await db.scalar(text("SELECT pg_backend_pid()"))
            seen.append((int(pid or 0), set(await rows_of(db, "lines"))))
    # After all of them, a transaction that became nobody may read nothing at all.
    async with one_connection.begin() as db:
        assert await state_of(db, "SELECT FROM lines") == NO_PRIVILEGE
    assert len({pid for pid, _ in seen}) == 1
    assert [owners for _, owners in seen] == [{world.ours.id}, {world.theirs.id}, set()]
    # CONTROL: a tenancy put on the connection instead of on the transaction would be found by this very test.
    async with one_connection.connect() as db:
        await db.execute(text("SELECT set_config('portal.subscriber', :id, false)"), {"id": str(world.ours.id)})
        await db.commit()
        await db.execute(text("SET LOCAL ROLE portal_subscriber"))
        assert set(await rows_of(db, "lines")) == {world.ours.id}
        await db.rollback()
        await db.execute(text("RESET portal.subscriber"))
        await db.commit()


@pytest.mark.parametrize("table", OWN)
async def test_a_row_is_never_written_for_another_subscriber(pool: AsyncEngine, world: World, table: str) -> None:
    column = whose(table)
    copy = (
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(t)"
        f" || jsonb_build_object('{column}', CAST(:whose AS text)))).* FROM {table} t LIMIT 1"
    )
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        theirs, ours = str(world.theirs.id), str(world.ours.id)
        assert await state_of(db, copy, whose=theirs) == NO_PRIVILEGE
        may_insert = await db.scalar(text(f"SELECT has_table_privilege('{table}', 'INSERT')"))
        # CONTROL: where inserting is granted, the same row for oneself meets no such refusal, only a key used twice.
        if may_insert:
            assert await state_of(db, copy, whose=ours) in {None, "23505"}
        move = f"UPDATE {table} SET {column} = CAST(:whose AS uuid)"
        assert await state_of(db, move, whose=theirs) == NO_PRIVILEGE
        if await db.scalar(text(f"SELECT has_table_privilege('{table}', 'UPDATE')")):
            assert await state_of(db, move, whose=ours) is None


@pytest.mark.parametrize("table", ["applications", "application_lines", "partners", "uploads"])
async def test_a_change_without_a_filter_touches_only_ones_own(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, table: str
) -> None:
    async with owner_pool.connect() as db:
        every = await rows_of(db, table)
    async with pool.connect() as db:
        await database.become(db, "subscriber", subscriber_id=world.ours.id)
        touched = await db.execute(text(f"UPDATE {table} SET subscriber_id = subscriber_id"))
        assert touched.rowcount == every[world.ours.id]
        await db.rollback()
    assert every[world.theirs.id] > 0


NEVER = {
    "events": ("UPDATE events SET reason = '—'", "DELETE FROM events", "TRUNCATE events"),
    "notices": (
        "UPDATE notices SET received_at = received_at - interval '1 day'",
        "UPDATE notices SET requested_on = '2026-12-01'",
        "UPDATE notices SET effective_on = effective_on + 1",
        "DELETE FROM notices",
    ),
    "notice_options": ("UPDATE notice_options SET line_option_id = 0", "DELETE FROM notice_options"),
    "policy_agreements": ("UPDATE policy_agreements SET authority = '—'", "DELETE FROM policy_agreements"),
    "policies": (
        "UPDATE policies SET body = '—' WHERE published_at IS NOT NULL",
        "DELETE FROM policies WHERE published_at IS NOT NULL",
    ),
    "price_sheets": (
        "UPDATE price_sheets SET initial_fee = 1 WHERE shown_at IS NOT NULL",
        "DELETE FROM price_sheets WHERE shown_at IS NOT NULL",
    ),
    "price_sheet_bands": ("UPDATE price_sheet_bands SET amount = 1", "DELETE FROM price_sheet_bands"),
    "price_sheet_options": ("UPDATE price_sheet_options SET monthly = 1", "DELETE FROM price_sheet_options"),
    "invoices": ("UPDATE invoices SET total = total WHERE issued_at IS NOT NULL", "DELETE FROM invoices"),
    "invoice_rows": (
        "UPDATE invoice_rows SET amount = 1",
        "DELETE FROM invoice_rows",
        "INSERT INTO invoice_rows OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::invoice_rows,"
        ' to_jsonb(r) || \'{"id": 999999, "position": 99}\')).* FROM invoice_rows r',
    ),
}


@pytest.mark.parametrize("statement", [one for some in NEVER.values() for one in some])
async def test_what_was_decided_or_issued_never_changes_not_even_by_the_owner(
    owner_pool: AsyncEngine, statement: str
) -> None:
    async with owner_pool.connect() as db:
        with pytest.raises(IntegrityError, match="never"):
            await db.execute(text(statement))


@pytest.mark.parametrize(
    ("table", "trigger"),
    [
        ("invoices", "invoices_immutable"),
        ("events", "events_append_only"),
        ("notices", "notices_immutable"),
    ],
)
async def test_control_without_its_trigger_the_same_change_goes_through(
    owner_pool: AsyncEngine, table: str, trigger: str
) -> None:
    async with owner_pool.connect() as db:
        await db.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}"))
        await db.execute(text(NEVER[table][0]))
        await db.rollback()


async def test_sessions_are_looked_up_by_one_function_only(pool: AsyncEngine, world: World) -> None:
    async with pool.begin() as db:
        assert await members.enter(db, token_hash=b"no such token", at=AT) is None
        assert await state_of(db, "SELECT FROM sessions") == NO_PRIVILEGE
