"""The facts of a contract as the terms ask for them: what the records hold, nothing more and nothing less."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import contracts, database
from portal.terms.contract import Consent, Contract, Line, OptionUnit, PartnerEdge, PolicyVersion
from portal.terms.fees import Band, LineCountBasis
from portal.terms.offerings import Dwelling, Offering
from portal.terms.option_kinds import OptionKind
from portal.usecases import facts
from tests.builders import World
from tests.makers_reviews import MadeLine, accepted, in_billing, ready, submitted
from tests.makers_terms import price_sheet, publish_policy, quote

FIRST, SECOND = "CAF0000000001", "CAF0000000002"


@pytest.fixture(scope="module")
async def contract_id(pool: AsyncEngine, world: World) -> UUID:
    """帯域共有 accepted on 2026-10-08, in billing from 2026-10-20; the second line starts later and has DS-Lite."""
    await ready(pool, world)
    lines = (
        MadeLine(access_line_id=FIRST),
        MadeLine(
            access_line_id=SECOND,
            wanted_on=date(2026, 10, 25),
            options=("dslite_bundle",),
            # 2026-08-31 15:00 UTC is midnight in Tokyo: the first of September.
            consented_at=datetime(2026, 8, 31, 15, 0, tzinfo=UTC),
            consent_method="paper",
        ),
    )
    made = await accepted(pool, world, await submitted(pool, world.ours, lines))
    await in_billing(pool, world, made, date(2026, 10, 20))
    return made


async def loaded(pool: AsyncEngine, contract_id: UUID) -> Contract:
    async with database.transaction(pool, "staff") as db:
        record = await contracts.get(db, contract_id)
        assert record is not None
        return await facts.contract(db, record)


async def test_the_contract_itself(pool: AsyncEngine, contract_id: UUID) -> None:
    found = await loaded(pool, contract_id)
    assert (found.offering, found.bandwidth) == (Offering.IPOE_SHARED, None)
    assert (found.accepted_on, found.billing_starts_on) == (date(2026, 10, 8), date(2026, 10, 20))
    assert (found.changes, found.ends, found.losses, found.suspensions) == ((), (), (), ())


async def test_its_lines_with_the_consent_of_each(pool: AsyncEngine, contract_id: UUID) -> None:
    found = await loaded(pool, contract_id)
    first, second = sorted(found.lines.values(), key=lambda line: line.starts_on)
    september_1 = Consent(version="2026-04", obtained_on=date(2026, 9, 1))
    assert first == Line(
        id=first.id, dwelling=Dwelling.DETACHED, starts_on=date(2026, 10, 20), last_on=None, consent=september_1
    )
    assert second == replace(first, id=second.id, starts_on=date(2026, 10, 25))
    (unit,) = found.units.values()
    assert unit == OptionUnit(
        id=unit.id,
        kind=OptionKind.DSLITE_BUNDLE,
        line=second.id,
        accepted_on=date(2026, 10, 8),
        starts_on=date(2026, 10, 25),
    )


async def test_its_price_sheets_to_the_yen(pool: AsyncEngine, contract_id: UUID) -> None:
    (sheet,) = (await loaded(pool, contract_id)).price_sheets
    assert sheet.effective_on == date(2026, 4, 1)
    assert (sheet.initial_fee, sheet.bandwidth_per_100mbps) == (100_000, 40_000)
    assert sheet.base == {
        Offering.IPOE: (Band(100, 50_000), Band(None, 90_000)),
        Offering.IPOE_SHARED: (Band(50, 40_000), Band(500, 120_000), Band(None, 180_000)),
        Offering.IPOE_CAPPED: (Band(None, 30_000),),
    }
    assert sheet.line_maintenance == {Offering.IPOE: 300, Offering.IPOE_SHARED: 200}
    assert sheet.option_initial[OptionKind.ROUTER_RENTAL] == 1_000
    assert sheet.option_monthly[OptionKind.IPV4_PORTS_64000] == 900
    assert (sheet.offering_change_fee, sheet.loss_charge_per_device, sheet.option_stop_fee_per_device) == (
        5_000,
        12_000,
        3_000,
    )
    assert sheet.line_count_basis is LineCountBasis.PEAK
    assert sheet == price_sheet()


async def test_the_policy_in_the_order_of_publication(pool: AsyncEngine, world: World, contract_id: UUID) -> None:
    await publish_policy(
        pool,
        world,
        version="2026-11",
        material=False,
        effective_on=date(2026, 11, 1),
        agree_by=date(2026, 11, 30),
        title="帯域共有 提供条件（改定）",
        at=datetime(2026, 10, 9, 1, 0, tzinfo=UTC),
    )
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        standing = await facts.policy_standing(db, subscriber_id=world.ours.id)
    assert standing.versions == (
        PolicyVersion(version="2026-04", effective_on=date(2026, 4, 1), agree_by=date(2026, 4, 30), consent_again=True),
        PolicyVersion(
            version="2026-11", effective_on=date(2026, 11, 1), agree_by=date(2026, 11, 30), consent_again=False
        ),
    )
    assert standing.agreed == {"2026-04"}


async def consented(
    owner_pool: AsyncEngine, world: World, *, at: datetime, method: str, withdrawn: bool = False
) -> None:
    """One more consent of the first line, arranged by the owner: what later issues will record."""
    async with owner_pool.begin() as db:
        await db.execute(
            text("""
                INSERT INTO consents (subscriber_id, access_line_id, end_user_ref, consented_at, has_time, method,
                                      policy_id, recorded_at, withdrawn_at)
                SELECT :subscriber, :line, 'U-1', :at, true, :method, id, :at, CASE WHEN :withdrawn THEN :at END
                FROM policies WHERE version = '2026-04'
            """).bindparams(subscriber=world.ours.id, line=FIRST, at=at, method=method, withdrawn=withdrawn)
        )


async def consent_of_first(pool: AsyncEngine, contract_id: UUID) -> Consent | None:
    lines = (await loaded(pool, contract_id)).lines.values()
    return min(lines, key=lambda line: line.starts_on).consent


async def test_the_latest_consent_that_nobody_withdrew_counts(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    await consented(owner_pool, world, at=datetime(2026, 8, 1, 1, 0, tzinfo=UTC), method="terms_only")
    assert await consent_of_first(pool, contract_id) == Consent(version="2026-04", obtained_on=date(2026, 9, 1))
    await consented(owner_pool, world, at=datetime(2026, 10, 1, 1, 0, tzinfo=UTC), method="paper", withdrawn=True)
    assert await consent_of_first(pool, contract_id) == Consent(version="2026-04", obtained_on=date(2026, 9, 1))
    await consented(owner_pool, world, at=datetime(2026, 10, 2, 1, 0, tzinfo=UTC), method="terms_only")
    assert await consent_of_first(pool, contract_id) == Consent(
        version="2026-04", obtained_on=date(2026, 10, 2), weak=True
    )


async def test_a_sheet_of_the_contract_follows_the_quotation(
    pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    later = replace(price_sheet(date(2026, 12, 1)), initial_fee=0, line_count_basis=LineCountBasis.ANY_DAY)
    await quote(pool, world, world.ours, contract_id=contract_id, sheet=later)
    found = (await loaded(pool, contract_id)).price_sheets
    assert [sheet.effective_on for sheet in found] == [date(2026, 4, 1), date(2026, 12, 1)]
    assert found[1] == later
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        to_come = await facts.price_sheets(db, subscriber_id=world.ours.id, contract_id=None)
    assert [sheet.effective_on for sheet in to_come] == [date(2026, 4, 1)]


async def test_partners_are_edges_and_one_without_duties_is_a_gap(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, contract_id: UUID
) -> None:
    async with owner_pool.begin() as db:
        await db.execute(
            text("""
                WITH above AS (
                    INSERT INTO partners (id, subscriber_id, code, name, recorded_at)
                    VALUES (gen_random_uuid(), :subscriber, 'P-1', '例示販売株式会社', :at) RETURNING id
                ), below AS (
                    INSERT INTO partners (id, subscriber_id, code, name, parent_id, recorded_at)
                    SELECT gen_random_uuid(), :subscriber, 'P-2', '見本販売株式会社', id, :at FROM above
                )
                INSERT INTO partner_duties (subscriber_id, partner_id, contracted_on, clause_confirmed, policy_id,
                                            recorded_by, recorded_at)
                SELECT :subscriber, above.id, '2026-05-01', true, p.id, :member, :at
                FROM above, policies p WHERE p.version = '2026-04'
            """).bindparams(
                subscriber=world.ours.id,
                member=world.ours.operator.id,
                at=datetime(2026, 5, 2, 1, 0, tzinfo=UTC),
            )
        )
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        edges = await facts.partner_edges(db, subscriber_id=world.ours.id)
        others = await facts.partner_edges(db, subscriber_id=world.theirs.id)
    assert edges == {
        "P-1": PartnerEdge(partner="P-1", contracted_on=date(2026, 5, 1), clause_confirmed=True, version="2026-04"),
        "P-2": PartnerEdge(partner="P-2", parent="P-1"),
    }
    assert (edges["P-1"].complete, edges["P-2"].complete) == (True, False)
    assert others == {}
