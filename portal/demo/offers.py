"""What stands before every contract: the versions of the traffic policy, the partners, the prices quoted."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from portal.demo import texts
from portal.demo.prices import price_sheet
from portal.demo.stage import Company, Stage
from portal.demo.stories import Story
from portal.records import policies
from portal.terms.fees import PriceSheet
from portal.usecases import partners as partner_acts
from portal.usecases import policies as policy_acts
from portal.usecases import prices as price_acts
from portal.usecases.policies import Draft


def policies_of(stage: Stage, company: Company) -> Iterator[Story]:
    """A first version, agreed to; a second one in effect, to be agreed to; a third that waits for an approver."""
    yield _first_version(stage, company)
    yield _second_version(stage)
    yield _third_version(stage)


async def _first_version(stage: Stage, company: Company) -> Story:
    days = stage.days
    draft = Draft(
        version=stage.first_version,
        title=texts.TITLE,
        body=texts.FIRST,
        material=True,
        effective_on=days.day(-6, 8),
        agree_by=days.day(-5, 15),
    )
    at = yield days.at(-6, 3)
    sha256 = await _prepare(stage, draft, by="clerk", at=at)
    at = yield days.at(-6, 5)
    await _publish(stage, draft.version, sha256, at=at)
    at = yield days.at(-6, 9)
    async with stage.of(company) as db:
        shown = await policies.get(db, draft.version)
        await policy_acts.agree(
            db, by=company.signatory, at=at, version=draft.version, sha256=shown.sha256 if shown else ""
        )


async def _second_version(stage: Stage) -> Story:
    days = stage.days
    draft = Draft(
        version=f"{days.month(0)}",
        title=texts.TITLE,
        body=texts.SECOND,
        material=False,
        effective_on=days.ahead(-10),
        agree_by=days.ahead(20),
    )
    at = yield days.ago(14)
    sha256 = await _prepare(stage, draft, by="clerk", at=at)
    at = yield days.ago(12)
    await _publish(stage, draft.version, sha256, at=at)


async def _third_version(stage: Stage) -> Story:
    month = stage.days.month(2)
    draft = Draft(
        version=f"{month}",
        title=texts.TITLE,
        body=texts.THIRD,
        material=True,
        effective_on=month.first,
        agree_by=month.last,
    )
    at = yield stage.days.ago(2)
    await _prepare(stage, draft, by="clerk2", at=at)


async def _prepare(stage: Stage, draft: Draft, *, by: str, at: datetime) -> str:
    async with stage.desk() as db:
        return (await policy_acts.prepare(db, by=stage.staff[by], at=at, draft=draft)).sha256


async def _publish(stage: Stage, version: str, sha256: str, *, at: datetime) -> None:
    async with stage.desk() as db:
        await policy_acts.publish(db, by=stage.staff["approver"], at=at, version=version, sha256=sha256)


async def partners_of(stage: Stage, company: Company) -> Story:
    """Two partners in a row with their duties, and a third without: the gap."""
    days = stage.days
    at = yield days.at(-6, 11)
    top = await _partner(stage, company, "P-001", "例示販売株式会社", None, at=at)
    below = await _partner(stage, company, "P-002", "見本代理店合同会社", top, at=at)
    at = yield days.at(-6, 12)
    for partner_id, parent_id in ((top, None), (below, top)):
        async with stage.of(company) as db:
            await partner_acts.impose_duties(
                db,
                by=company.operator,
                at=at,
                subscriber_id=company.id,
                partner_id=partner_id,
                parent_id=parent_id,
                contracted_on=days.day(-6, 10),
                clause_confirmed=True,
                version=stage.first_version,
            )
    at = yield days.at(-1, 8)
    await _partner(stage, company, "P-003", "例示取次株式会社", below, at=at)


async def _partner(
    stage: Stage, company: Company, code: str, name: str, parent_id: UUID | None, *, at: datetime
) -> UUID:
    async with stage.of(company) as db:
        return await partner_acts.add(
            db, by=company.operator, at=at, subscriber_id=company.id, code=code, name=name, parent_id=parent_id
        )


def prices_of(stage: Stage, grown: Company, new: Company) -> Iterator[Story]:
    """The quotation of each company: acknowledged by the one, just shown to the other."""
    days = stage.days
    yield _quotation(stage, grown, price_sheet(days.month(-6).first), days.at(-6, 10), seen=True)
    yield _quotation(stage, new, price_sheet(days.month(0).first), days.ago(3), seen=False)


async def _quotation(stage: Stage, company: Company, sheet: PriceSheet, moment: datetime, *, seen: bool) -> Story:
    at = yield moment
    sheet_id = await show_prices(stage, company, None, sheet, at=at)
    if seen:
        async with stage.of(company) as db:
            await price_acts.acknowledge(db, by=company.signatory, at=at, subscriber_id=company.id, sheet_id=sheet_id)


async def prepare_prices(
    stage: Stage, company: Company, contract_id: UUID | None, sheet: PriceSheet, *, by: str, at: datetime
) -> UUID:
    """A billing person prepares a sheet; another one may show it."""
    async with stage.desk() as db:
        return await price_acts.prepare(
            db, by=stage.staff[by], at=at, subscriber_id=company.id, contract_id=contract_id, sheet=sheet
        )


async def show_prices(
    stage: Stage, company: Company, contract_id: UUID | None, sheet: PriceSheet, *, at: datetime
) -> UUID:
    """One billing person prepares a sheet, the other shows it."""
    sheet_id = await prepare_prices(stage, company, contract_id, sheet, by="billing", at=at)
    async with stage.desk() as db:
        await price_acts.show(db, by=stage.staff["billing2"], at=at, sheet_id=sheet_id)
    return sheet_id
