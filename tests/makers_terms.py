"""Published traffic policies, agreements and quoted prices to begin a test with, made by the use-cases."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, policies
from portal.records.policies import Agreement, Policy
from portal.terms.fees import Band, LineCountBasis, PriceSheet
from portal.terms.offerings import Offering
from portal.terms.option_kinds import OptionKind
from portal.usecases import policies as policy_acts
from portal.usecases import prices as price_acts
from portal.usecases.policies import Draft
from tests.builders import Company, World

PUBLISHED_AT = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
AGREED_AT = datetime(2026, 4, 2, 1, 0, tzinfo=UTC)
QUOTED_AT = datetime(2026, 4, 3, 1, 0, tzinfo=UTC)
BODY = """# 帯域の制御
混雑するときは、通信量の多い利用者の通信を制御することがあります。

# 利用者への説明
- 制御の対象と方法を、利用者に説明してください。
- 利用者の明確な同意を、回線ごとに得てください。
"""


async def publish_policy(
    pool: AsyncEngine,
    world: World,
    *,
    version: str = "2026-04",
    material: bool = True,
    effective_on: date = date(2026, 4, 1),
    agree_by: date = date(2026, 4, 30),
    title: str = "帯域共有 提供条件",
    body: str = BODY,
    at: datetime = PUBLISHED_AT,
) -> Policy:
    """A version of the traffic policy, prepared by the clerk and published by the approver."""
    async with database.transaction(pool, "staff") as db:
        draft = await policy_acts.prepare(
            db,
            by=world.desk.clerk,
            at=at,
            draft=Draft(
                version=version,
                title=title,
                body=body,
                material=material,
                effective_on=effective_on,
                agree_by=agree_by,
            ),
        )
    async with database.transaction(pool, "staff") as db:
        return await policy_acts.publish(db, by=world.desk.approver, at=at, version=version, sha256=draft.sha256)


async def agree(
    pool: AsyncEngine, company: Company, version: str = "2026-04", *, at: datetime = AGREED_AT
) -> Agreement:
    """The agreement of a company's signatory to the text as it is published."""
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        shown = await policies.get(db, version)
        assert shown is not None
        return await policy_acts.agree(db, by=company.signatory, at=at, version=version, sha256=shown.sha256)


def price_sheet(
    effective_on: date = date(2026, 4, 1), *, line_count_basis: LineCountBasis = LineCountBasis.PEAK
) -> PriceSheet:
    """A price sheet in round figures."""
    return PriceSheet(
        effective_on=effective_on,
        initial_fee=100_000,
        base={
            Offering.IPOE: (Band(100, 50_000), Band(None, 90_000)),
            Offering.IPOE_SHARED: (Band(50, 40_000), Band(500, 120_000), Band(None, 180_000)),
            Offering.IPOE_CAPPED: (Band(None, 30_000),),
        },
        line_maintenance={Offering.IPOE: 300, Offering.IPOE_SHARED: 200},
        bandwidth_per_100mbps=40_000,
        option_initial={
            OptionKind.ROUTER_RENTAL: 1_000,
            OptionKind.IPV4_PORTS_12800: 0,
            OptionKind.IPV4_PORTS_64000: 0,
            OptionKind.IPV4_FIXED: 500,
            OptionKind.DSLITE_BUNDLE: 0,
        },
        option_monthly={
            OptionKind.ROUTER_RENTAL: 500,
            OptionKind.IPV4_PORTS_12800: 300,
            OptionKind.IPV4_PORTS_64000: 900,
            OptionKind.IPV4_FIXED: 1_000,
            OptionKind.DSLITE_BUNDLE: 100,
        },
        offering_change_fee=5_000,
        loss_charge_per_device=12_000,
        option_stop_fee_per_device=3_000,
        line_count_basis=line_count_basis,
    )


async def quote(
    pool: AsyncEngine,
    world: World,
    company: Company,
    *,
    contract_id: UUID | None = None,
    sheet: PriceSheet | None = None,
    at: datetime = QUOTED_AT,
) -> UUID:
    """A price sheet prepared by one billing person and shown by the other: a quotation, or of a contract."""
    async with database.transaction(pool, "staff") as db:
        sheet_id = await price_acts.prepare(
            db,
            by=world.desk.billing,
            at=at,
            subscriber_id=company.id,
            contract_id=contract_id,
            sheet=sheet or price_sheet(),
        )
    async with database.transaction(pool, "staff") as db:
        await price_acts.show(db, by=world.desk.second_billing, at=at, sheet_id=sheet_id)
    return sheet_id
