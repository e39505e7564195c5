"""契約: what acceptance of a new contract brings about, and the 課金開始日."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import contracts, database, events
from portal.terms.applications import ApplicationKind
from portal.usecases import assessments
from portal.usecases import contracts as acts
from portal.usecases.outcomes import Conflict, NotFound, Refused
from tests.builders import World
from tests.makers_reviews import ACCEPTED_AT, MadeLine, accepted, in_billing, made_lines, ready, submitted

pytestmark = pytest.mark.usefixtures("begun")
NEXT_DAY = datetime(2026, 10, 9, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
async def begun(pool: AsyncEngine, world: World) -> None:
    await ready(pool, world)


async def one(pool: AsyncEngine, statement: str, **values: object) -> tuple[object, ...]:
    async with database.transaction(pool, "staff") as db:
        return tuple((await db.execute(text(statement), values)).one())


async def test_acceptance_forms_the_contract_with_its_lines_options_and_consents(
    pool: AsyncEngine, world: World
) -> None:
    lines = (
        MadeLine(access_line_id="CAF1000000001", own_reference="R-1", options=("dslite_bundle",)),
        MadeLine(access_line_id="CAF1000000002", wanted_on=date(2026, 11, 2), prefecture="大阪府"),
        MadeLine(access_line_id="CAF1000000003", wanted_on=date(2026, 10, 1)),
    )
    contract_id = await accepted(pool, world, await submitted(pool, world.ours, lines), starts_on=date(2026, 10, 20))

    async with database.transaction(pool, "staff") as db:
        contract = await contracts.get(db, contract_id)
        told = await events.of_object(db, "contract", contract_id)
    assert contract is not None
    assert (contract.offering, contract.purpose) == ("ipoe_shared", "resale")
    assert contract.number.startswith("K-20261008-")
    assert contract.terms_revision_on == date(2024, 12, 1)
    assert contract.billing_starts_on is None
    assert [event.verb for event in told] == ["contract_formed"]

    found = await one(
        pool,
        "SELECT array_agg(starts_on ORDER BY access_line_id), bool_and(last_on IS NULL),"
        " bool_and(access_key_sealed = 'sealed') FROM lines WHERE contract_id = :id",
        id=contract_id,
    )
    assert found == ([date(2026, 10, 20), date(2026, 11, 2), date(2026, 10, 20)], True, True)
    options = await one(
        pool,
        "SELECT l.access_line_id, o.option, o.starts_on FROM line_options o JOIN lines l ON l.id = o.line_id"
        " WHERE o.contract_id = :id",
        id=contract_id,
    )
    assert options == ("CAF1000000001", "dslite_bundle", date(2026, 10, 20))
    consents = await one(
        pool,
        "SELECT count(*), min(v.version), min(c.method) FROM consents c JOIN policies v ON v.id = c.policy_id"
        " WHERE c.access_line_id LIKE 'CAF100000000%'",
    )
    assert consents == (3, "2026-04", "web")


async def test_the_quotation_becomes_the_contracts_with_who_showed_it(pool: AsyncEngine, world: World) -> None:
    lines = (MadeLine(access_line_id="CAF1100000001"),)
    contract_id = await accepted(pool, world, await submitted(pool, world.ours, lines))
    carried = await one(
        pool,
        "SELECT effective_from, initial_fee, shown_by,"
        " (SELECT count(*) FROM price_sheet_bands b WHERE b.sheet_id = s.id),"
        " (SELECT count(*) FROM price_sheet_options o WHERE o.sheet_id = s.id)"
        " FROM price_sheets s WHERE contract_id = :id",
        id=contract_id,
    )
    assert carried == (date(2026, 4, 1), 100_000, world.desk.second_billing.id, 5, 5)


async def test_three_thousand_lines_are_taken_in_sets(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.theirs, made_lines(3_000, first=5_000_000))
    contract_id = await accepted(pool, world, application_id)
    assert await one(pool, "SELECT count(*) FROM lines WHERE contract_id = :id", id=contract_id) == (3_000,)


def test_every_kind_that_can_be_assessed_has_an_effect() -> None:
    assert set(acts.EFFECTS) == set(assessments.ASSESSORS)
    assert ApplicationKind.NEW_CONTRACT in acts.EFFECTS


async def formed(pool: AsyncEngine, world: World, line: str) -> UUID:
    return await accepted(pool, world, await submitted(pool, world.ours, (MadeLine(access_line_id=line),)))


@pytest.mark.clause("A10", "holds")
async def test_the_billing_start_is_set_by_staff_and_brings_the_first_month_in_full(
    pool: AsyncEngine, world: World
) -> None:
    contract_id = await formed(pool, world, "CAF1200000001")
    async with database.transaction(pool, "staff") as db:
        begun = await acts.preview_billing_start(db, contract_id=contract_id, on=date(2026, 10, 31))
    assert begun.minimum_term_last_on == date(2026, 11, 30)
    monthly = {charge.clause: charge.amount for charge in begun.first_month.charges}
    # One day of October: base of up to 50 lines and one line's maintenance, neither prorated.
    assert (monthly["B2-1-i"], monthly["B2-1-ii"], monthly["B1-1"]) == (40_000, 200, 100_000)

    await in_billing(pool, world, contract_id, date(2026, 10, 31))
    async with database.transaction(pool, "staff") as db:
        contract = await contracts.get(db, contract_id)
        told = [event.verb for event in await events.of_object(db, "contract", contract_id)]
    assert contract is not None
    assert contract.billing_starts_on == date(2026, 10, 31)
    assert told == ["contract_formed", "billing_start_set"]


@pytest.mark.clause("A10", "boundary")
async def test_the_day_of_acceptance_is_the_earliest_billing_start(pool: AsyncEngine, world: World) -> None:
    contract_id = await formed(pool, world, "CAF1200000002")
    with pytest.raises(Refused) as refused:
        await in_billing(pool, world, contract_id, date(2026, 10, 7))
    assert [violation.clause for violation in refused.value.violations] == ["A10"]
    await in_billing(pool, world, contract_id, date(2026, 10, 8))


async def test_a_billing_start_is_corrected_with_a_reason_and_both_days_are_kept(
    pool: AsyncEngine, world: World
) -> None:
    contract_id = await formed(pool, world, "CAF1200000003")
    await in_billing(pool, world, contract_id, date(2026, 10, 20))
    with pytest.raises(Conflict):
        await in_billing(pool, world, contract_id, date(2026, 10, 20))
    with pytest.raises(Refused, match="A10"):
        await in_billing(pool, world, contract_id, date(2026, 11, 1))
    async with database.transaction(pool, "staff") as db:
        await acts.set_billing_start(
            db,
            by=world.desk.clerk,
            at=NEXT_DAY,
            contract_id=contract_id,
            on=date(2026, 11, 1),
            reason="開通の延期による訂正",
        )
        corrected = (await events.of_object(db, "contract", contract_id))[-1]
    assert corrected.verb == "billing_start_corrected"
    assert corrected.details == {"before": "2026-10-20", "after": "2026-11-01"}
    assert corrected.reason == "開通の延期による訂正"


async def issue(owner_pool: AsyncEngine, world: World, contract_id: UUID, month: date) -> None:
    """An issued invoice of a month, as the close leaves it."""
    async with owner_pool.begin() as db:
        await db.execute(
            text("""
                WITH closing AS (
                    INSERT INTO closings (id, month, cut_off_at, prepared_by, tried_at, digest, issued_by, issued_at)
                    VALUES (gen_random_uuid(), :month, :at, :one, :at, '', :two, :at) RETURNING id
                )
                INSERT INTO invoices (id, subscriber_id, contract_id, closing_id, month, number, issuer, addressee,
                    offering, issued_on, due_on, standard, out_of_scope, tax_percent, tax, total, issued_at)
                SELECT gen_random_uuid(), c.subscriber_id, c.id, closing.id, :month, 'I-' || c.number, '{}', '{}',
                       c.offering, :month, :month, 0, 0, 10, 0, 0, :at
                FROM contracts c, closing WHERE c.id = :contract
            """),
            {
                "month": month,
                "at": ACCEPTED_AT,
                "one": world.desk.billing.id,
                "two": world.desk.second_billing.id,
                "contract": contract_id,
            },
        )


async def test_an_issued_month_is_never_touched(pool: AsyncEngine, owner_pool: AsyncEngine, world: World) -> None:
    contract_id = await formed(pool, world, "CAF1200000004")
    await in_billing(pool, world, contract_id, date(2026, 10, 20))
    await issue(owner_pool, world, contract_id, date(2026, 10, 1))
    for day in (date(2026, 10, 21), date(2026, 11, 1)):
        async with database.transaction(pool, "staff") as db:
            with pytest.raises(Refused, match="A10"):
                await acts.set_billing_start(
                    db, by=world.desk.clerk, at=NEXT_DAY, contract_id=contract_id, on=day, reason="訂正"
                )


async def test_a_first_billing_start_after_the_issued_month_is_free(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    contract_id = await formed(pool, world, "CAF1200000005")
    await issue(owner_pool, world, contract_id, date(2026, 9, 1))
    await in_billing(pool, world, contract_id, date(2026, 10, 8))


async def test_no_contract_no_billing_start(pool: AsyncEngine, world: World) -> None:
    with pytest.raises(NotFound):
        await in_billing(pool, world, UUID(int=1), date(2026, 10, 20))
