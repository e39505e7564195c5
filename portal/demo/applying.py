"""The applications of 例示通信: those that became contracts, and those that wait for somebody today."""

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from portal.demo.files import HEADER, Batch, row_of
from portal.demo.offers import prepare_prices, show_prices
from portal.demo.prices import price_sheet
from portal.demo.stage import Company, Stage, accept, draft_by_file, provision, put_in_service, review, submit, take
from portal.demo.stories import Story
from portal.records import applications
from portal.terms.applications import DeclineReason
from portal.usecases import applications as application_acts
from portal.usecases import contracts as contract_acts
from portal.usecases import drafts, reviews
from portal.usecases.drafts import DraftLine
from portal.usecases.reviews import Recommendation, Return

LOWER_MAINTENANCE = 190


def contracts_of(stage: Stage, company: Company, *, lines: int) -> Iterator[Story]:
    """A large contract, a small one, one without 課金開始日, one just accepted."""
    yield _large(stage, company, lines)
    yield _small(stage, company)
    yield _without_billing_start(stage, company)
    yield _just_accepted(stage, company)


def applications_of(stage: Stage, company: Company) -> Iterator[Story]:
    """One in every state in which somebody has to act, and two that came to nothing."""
    yield _declined(stage, company)
    yield _withdrawn(stage, company)
    yield _prepared(stage, company)
    yield _returned(stage, company)
    yield _in_review(stage, company)
    for first, count, age in ((340_001, 80, 3), (350_001, 6, 1)):
        yield _submitted(stage, company, _recent(stage, first, count), age)
    yield _draft(stage, company)


def _recent(stage: Stage, first: int, count: int) -> Batch:
    return Batch(first=first, count=count, policy=stage.first_version, consented_on=stage.days.ahead(-20))


async def _large(stage: Stage, company: Company, lines: int) -> Story:
    """Accepted half a year ago, its lines coming into service from month to month; a lower price is shown today."""
    days = stage.days
    batch = Batch(
        first=1,
        count=lines,
        policy=stage.first_version,
        consented_on=days.day(-6, 14),
        starts=tuple(days.day(months, 1) for months in (-5, -5, -5, -4, -4, -3, -2)),
        partners=("", "P-001", "P-002"),
    )
    at = yield days.at(-6, 16)
    application_id = await draft_by_file(stage, company, batch, at=at)
    at = yield days.at(-6, 18)
    await submit(stage, company, application_id, at=at)
    at = yield days.at(-6, 19)
    await take(stage, application_id, by="clerk", at=at)
    at = yield days.at(-6, 22)
    await review(stage, application_id, by="clerk", at=at)
    at = yield days.at(-6, 24)
    contract_id = await accept(stage, application_id, by="approver", at=at, starts_on=days.day(-5, 1))
    at = yield days.at(-6, 25)
    await provision(stage, application_id, by="clerk", at=at)
    at = yield days.at(-5, 2)
    await put_in_service(stage, application_id, by="clerk", at=at)
    await _set_billing_start(stage, contract_id, days.day(-5, 11), at=at)
    at = yield days.ago(5)
    sheet = price_sheet(days.month(1).first, line_maintenance=LOWER_MAINTENANCE)
    await show_prices(stage, company, contract_id, sheet, at=at)


async def _small(stage: Stage, company: Company) -> Story:
    """A second contract, three months old; a lower price waits to be shown."""
    days = stage.days
    batch = Batch(
        first=100_001, count=60, policy=stage.first_version, consented_on=days.day(-4, 5), partners=("", "P-001")
    )
    at = yield days.at(-4, 10)
    application_id = await draft_by_file(stage, company, batch, at=at, note="法人の小規模拠点の回線です。")
    at = yield days.at(-4, 11)
    await submit(stage, company, application_id, at=at)
    at = yield days.at(-4, 12)
    await take(stage, application_id, by="clerk2", at=at)
    at = yield days.at(-4, 14)
    await review(stage, application_id, by="clerk2", at=at)
    at = yield days.at(-4, 17)
    contract_id = await accept(stage, application_id, by="approver2", at=at, starts_on=days.day(-3, 1))
    at = yield days.at(-4, 18)
    await provision(stage, application_id, by="clerk2", at=at)
    at = yield days.at(-3, 1)
    await put_in_service(stage, application_id, by="clerk2", at=at)
    await _set_billing_start(stage, contract_id, days.day(-3, 1), at=at)
    at = yield days.ago(1)
    await _prepare_lower_prices(stage, company, contract_id, by="billing", at=at)


async def _without_billing_start(stage: Stage, company: Company) -> Story:
    """Accepted last month, being provisioned, not charged yet; a lower price waits to be shown."""
    days = stage.days
    batch = Batch(first=110_001, count=30, policy=stage.first_version, consented_on=days.day(-1, 3))
    at = yield days.at(-1, 9)
    application_id = await draft_by_file(stage, company, batch, at=at)
    at = yield days.at(-1, 11)
    await submit(stage, company, application_id, at=at)
    at = yield days.at(-1, 12)
    await take(stage, application_id, by="clerk", at=at)
    at = yield days.at(-1, 15)
    await review(stage, application_id, by="clerk", at=at)
    at = yield days.at(-1, 17)
    contract_id = await accept(stage, application_id, by="approver2", at=at, starts_on=days.ahead(5))
    at = yield days.at(-1, 18)
    await provision(stage, application_id, by="clerk", at=at)
    at = yield days.ago(1)
    await _prepare_lower_prices(stage, company, contract_id, by="billing2", at=at)


async def _just_accepted(stage: Stage, company: Company) -> Story:
    days = stage.days
    at = yield days.ago(9)
    application_id = await draft_by_file(stage, company, _recent(stage, 310_001, 20), at=at)
    at = yield days.ago(8)
    await submit(stage, company, application_id, at=at)
    at = yield days.ago(7)
    await take(stage, application_id, by="clerk2", at=at)
    at = yield days.ago(4)
    await review(stage, application_id, by="clerk2", at=at)
    at = yield days.ago(1)
    await accept(stage, application_id, by="approver", at=at, starts_on=days.ahead(12))


async def _declined(stage: Stage, company: Company) -> Story:
    days = stage.days
    batch = Batch(first=200_001, count=5, policy=stage.first_version, consented_on=days.day(-3, 3))
    at = yield days.at(-3, 10)
    application_id = await draft_by_file(stage, company, batch, at=at)
    at = yield days.at(-3, 11)
    await submit(stage, company, application_id, at=at)
    at = yield days.at(-3, 12)
    await take(stage, application_id, by="clerk", at=at)
    at = yield days.at(-3, 13)
    await review(
        stage,
        application_id,
        by="clerk",
        at=at,
        recommendation=Recommendation.DECLINE,
        note="提供区域の外の回線が含まれる。",
    )
    at = yield days.at(-3, 16)
    async with stage.desk() as db:
        await reviews.decline(
            db,
            by=stage.staff["approver"],
            at=at,
            application_id=application_id,
            code=DeclineReason.OUT_OF_AREA,
            reason="お申込みの5回線が提供区域の外にあります。区域を確かめて、改めてお申し込みください。",
        )


async def _withdrawn(stage: Stage, company: Company) -> Story:
    days = stage.days
    batch = Batch(first=210_001, count=3, policy=stage.first_version, consented_on=days.day(-3, 3))
    at = yield days.at(-3, 17)
    application_id = await draft_by_file(stage, company, batch, at=at)
    at = yield days.at(-3, 18)
    await submit(stage, company, application_id, at=at)
    at = yield days.at(-3, 19)
    async with stage.of(company) as db:
        await application_acts.withdraw(db, by=company.signatory, at=at, application_id=application_id)


async def _prepared(stage: Stage, company: Company) -> Story:
    days = stage.days
    at = yield days.ago(11)
    application_id = await draft_by_file(stage, company, _recent(stage, 300_001, 40), at=at)
    at = yield days.ago(10)
    await submit(stage, company, application_id, at=at)
    at = yield days.ago(9)
    await take(stage, application_id, by="clerk", at=at)
    at = yield days.ago(2)
    await review(stage, application_id, by="clerk", at=at)


async def _returned(stage: Stage, company: Company) -> Story:
    days = stage.days
    at = yield days.ago(8)
    application_id = await draft_by_file(stage, company, _recent(stage, 320_001, 12), at=at)
    at = yield days.ago(8, hour=15)
    await submit(stage, company, application_id, at=at)
    at = yield days.ago(7)
    await take(stage, application_id, by="clerk2", at=at)
    at = yield days.ago(6)
    async with stage.desk() as db:
        await reviews.send_back(
            db,
            by=stage.staff["clerk2"],
            at=at,
            application_id=application_id,
            returns=(
                Return("purpose", "再販先の指定がありません。再販か自社利用かを確かめてください。"),
                Return("lines", "利用者番号が、届け出の台帳と一致しません。", line=3),
                Return("lines", "回線IDが、手配先の記録と一致しません。", line=8),
            ),
            return_by=days.ahead(8),
        )


async def _in_review(stage: Stage, company: Company) -> Story:
    days = stage.days
    at = yield days.ago(6)
    application_id = await draft_by_file(stage, company, _recent(stage, 330_001, 25), at=at)
    at = yield days.ago(5)
    await submit(stage, company, application_id, at=at)
    at = yield days.ago(4)
    await take(stage, application_id, by="clerk2", at=at)


async def _submitted(stage: Stage, company: Company, batch: Batch, age: int) -> Story:
    at = yield stage.days.ago(age, hour=9)
    application_id = await draft_by_file(stage, company, batch, at=at)
    at = yield stage.days.ago(age, hour=11)
    await submit(stage, company, application_id, at=at)


async def _draft(stage: Stage, company: Company) -> Story:
    """Begun yesterday; its last row is typed half."""
    batch = _recent(stage, 360_001, 8)
    at = yield stage.days.ago(1, hour=15)
    application_id = await draft_by_file(stage, company, batch, at=at)
    given = dict(zip(HEADER, row_of(batch, batch.count), strict=True)) | {"アクセスキー": "", "同意日時": ""}
    async with stage.of(company) as db:
        application = await applications.get(db, application_id, subscriber_id=company.id)
        await drafts.put_line(
            db,
            by=company.operator,
            at=at,
            application_id=application_id,
            revision=application.revision if application else 0,
            line=DraftLine(None, {name: value for name, value in given.items() if value}, None, None),
        )


async def _set_billing_start(stage: Stage, contract_id: UUID, on: date, *, at: datetime) -> None:
    async with stage.desk() as db:
        await contract_acts.set_billing_start(db, by=stage.staff["clerk"], at=at, contract_id=contract_id, on=on)


async def _prepare_lower_prices(stage: Stage, company: Company, contract_id: UUID, *, by: str, at: datetime) -> None:
    sheet = price_sheet(stage.days.month(1).first, line_maintenance=LOWER_MAINTENANCE)
    await prepare_prices(stage, company, contract_id, sheet, by=by, at=at)
