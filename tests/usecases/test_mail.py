"""Mail: which acts are told to whom, what the letters say, and that they live and die with the act."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from jinja2 import meta
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import closings, database, outbox
from portal.records.base import fetch_all
from portal.records.outbox import Letter
from portal.terms.periods import Month
from portal.usecases import applications as application_acts
from portal.usecases import closings as closing_acts
from portal.usecases import contracts as contract_acts
from portal.usecases import mail, reviews
from portal.usecases.outcomes import Conflict
from portal.usecases.reviews import Return
from portal.web.verbs import VERB_LABELS
from tests import makers_closings
from tests.builders import World
from tests.makers_applications import cells, drafted
from tests.makers_notices import contract_in_billing, given, voided
from tests.makers_reviews import TAKEN_AT, accepted, in_billing, made_lines, prepared, submitted
from tests.makers_terms import agree, publish_policy, quote

TEMPLATES = Path(__file__).parent.parent.parent / "templates" / "mail"
# Acts of which nobody is written to, and why.
SILENT = {
    "subscriber_registered": "the company's people are told by whoever registers them; they cannot sign in yet",
    "connection_registered": "set up together with the company",
    "member_invited": "the company's own administrator arranges it",
    "staff_enrolled": "the provider's own administrator arranges it",
    "signed_in": "the person does it",
    "signed_out": "the person does it",
    "sign_in_refused": "the page says it; a letter would tell a stranger what is registered",
    "policy_prepared": "waits on the desk's home; nothing is public yet",
    "policy_revised": "waits on the desk's home; nothing is public yet",
    "partner_added": "the company's own record; nobody waits for it",
    "duties_imposed": "the company's own record; nobody waits for it",
    "price_sheet_discarded": "it was never shown",
    "price_sheet_prepared": "waits on the desk's home; nothing is shown yet",
    "price_sheet_acknowledged": "evidence only: the sheet is in force without it",
    "application_drafted": "a draft is the company's own affair",
    "application_saved": "a draft is the company's own affair",
    "application_discarded": "a draft is the company's own affair",
    "upload_applied": "a draft is the company's own affair",
    "application_taken": "nothing to do for anybody; the page shows the state",
    "application_provisioned": "nothing to do for anybody; the page shows the state",
    "contract_formed": "told with the acceptance that forms it",
    "month_tried": "waits on the desk's home; nothing is owed yet",
    "exception_settled": "the desk's own work",
    "notice_acknowledged": "nothing depends on it",
    "notice_void_prepared": "waits at the desk; until another person decides, the notice counts",
}
# What a letter may say: numbers, kinds, days, names of companies. No free words, no amounts, no lines, no end users.
SAYABLE = {
    "agree_by",
    "applicant",
    "billing_starts_on",
    "company",
    "due_on",
    "effective_from",
    "effective_on",
    "contract",
    "received_at",
    "invoices",
    "kind",
    "material",
    "minimum_term_last_on",
    "month",
    "number",
    "return_by",
    "sha256",
    "starts_on",
    "version",
}


def test_every_act_is_told_or_silent_for_a_reason() -> None:
    assert set(mail.TOLD) & set(SILENT) == set()
    assert set(mail.TOLD) | set(SILENT) == set(VERB_LABELS)


def test_every_letter_is_written_and_says_only_what_it_may() -> None:
    named = {told.template for letters in mail.TOLD.values() for told in letters}
    assert {file.stem for file in TEMPLATES.glob("*.txt")} == named | {"_frame"}
    for name in named:
        source = (TEMPLATES / f"{name}.txt").read_text(encoding="utf-8")
        said = meta.find_undeclared_variables(mail.environment().parse(source))
        assert said <= SAYABLE, name
        subject, _, body = source.partition("\n")
        assert 5 < len(subject) < 60, name
        assert len(body.strip()) > 20, name


@pytest.fixture
async def clean(owner_pool: AsyncEngine) -> None:
    async with owner_pool.begin() as db:
        await db.execute(text("DELETE FROM outbox"))


@pytest.fixture(scope="module", autouse=True)
async def ready(pool: AsyncEngine, world: World) -> None:
    await publish_policy(pool, world)
    await agree(pool, world.ours)
    await quote(pool, world, world.ours)


async def letters(pool: AsyncEngine, verb: str) -> list[Letter]:
    async with database.transaction(pool, "staff") as db:
        statement = select(outbox.outbox).where(outbox.outbox.c.verb == verb).order_by(outbox.outbox.c.id)
        return list(await fetch_all(db, Letter, statement))


COMPANY_A = ["operator@example-a.example", "signatory@example-a.example"]
COMPANY_B = ["operator@example-b.example", "signatory@example-b.example"]
CLERKS = ["clerk2@provider.example", "clerk@provider.example"]


def to(found: list[Letter]) -> list[str]:
    return [one.to_address for one in found]


async def test_an_agreement_is_confirmed_to_the_company(pool: AsyncEngine) -> None:
    found = await letters(pool, "policy_agreed")
    assert to(found) == COMPANY_A
    assert found[0].subject == "提供条件への同意を受け付けました（G-20260402-00001-N）"
    assert found[0].body.startswith("例示通信株式会社 ご担当者さま")
    assert "提供条件　2026-04版" in found[0].body
    assert found[0].path == "/policies/2026-04/agreed"


async def test_a_version_is_told_to_those_it_concerns(pool: AsyncEngine, world: World, clean: None) -> None:
    await publish_policy(
        pool,
        world,
        version="2026/10 改",
        material=False,
        effective_on=date(2026, 10, 1),
        agree_by=date(2026, 10, 31),
        at=datetime(2026, 9, 1, 1, 0, tzinfo=UTC),
    )
    found = await letters(pool, "policy_published")
    assert to(found) == COMPANY_A, "the other company has neither shared lines nor an agreement"
    assert found[0].path == "/policies/2026%2F10%20%E6%94%B9"
    assert "同意の期限　2026年10月31日" in found[0].body
    assert "取り直しは不要です" in found[0].body


async def test_an_application_is_told_to_both_sides(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World, clean: None
) -> None:
    application_id = await drafted(pool, world.ours)
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        number = await application_acts.submit(
            db, by=world.ours.signatory, at=TAKEN_AT, application_id=application_id, revision=2
        )
    found = await letters(pool, "application_submitted")
    assert to(found) == [*COMPANY_A, *CLERKS]
    assert [one.subject for one in found] == [f"申込を受け付けました（{number}）"] * 2 + [
        f"申込が届きました（{number}）"
    ] * 2
    assert "受付は承諾ではありません" in found[0].body
    assert "申込者　例示通信株式会社" in found[2].body
    assert found[0].path == f"/applications/{application_id}"
    assert found[2].path == f"/desk/applications/{application_id}"
    async with owner_pool.connect() as db:
        owners = set((await db.execute(text("SELECT subscriber_id FROM outbox"))).scalars())
    assert owners == {world.ours.id}
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await application_acts.withdraw(db, by=world.ours.signatory, at=TAKEN_AT, application_id=application_id)
    withdrawn = await letters(pool, "application_withdrawn")
    assert to(withdrawn) == [*COMPANY_A, *CLERKS]
    assert withdrawn[0].subject == f"申込を取り下げました（{number}）"


async def test_a_return_tells_its_deadline_and_not_its_reasons(pool: AsyncEngine, world: World, clean: None) -> None:
    application_id = await submitted(pool, world.ours)
    async with database.transaction(pool, "staff") as db:
        await reviews.take(db, by=world.desk.clerk, at=TAKEN_AT, application_id=application_id)
        await reviews.send_back(
            db,
            by=world.desk.clerk,
            at=TAKEN_AT,
            application_id=application_id,
            returns=[Return("purpose", "利用者 見本太郎さまの住所を確かめてください")],
            return_by=date(2026, 10, 20),
        )
    found = await letters(pool, "application_sent_back")
    assert to(found) == COMPANY_A
    assert "補正の期限　2026年10月20日" in found[0].body
    assert "見本太郎" not in found[0].body


async def test_review_and_decision_are_told(pool: AsyncEngine, world: World, clean: None) -> None:
    declined = await submitted(pool, world.ours, ())
    await prepared(pool, world, declined)
    assert to(await letters(pool, "application_prepared")) == [
        "approver2@provider.example",
        "approver@provider.example",
    ]
    async with database.transaction(pool, "staff") as db:
        await reviews.decline(
            db,
            by=world.desk.approver,
            at=TAKEN_AT,
            application_id=declined,
            code=reviews.DeclineReason.OTHER,
            reason="ここだけの理由",
        )
    refused = await letters(pool, "application_declined")
    assert to(refused) == COMPANY_A
    assert "ここだけの理由" not in refused[0].body


async def test_a_contract_its_start_and_its_invoice_are_told(pool: AsyncEngine, world: World, clean: None) -> None:
    contract_id = await accepted(pool, world, await submitted(pool, world.ours))
    (first, second) = await letters(pool, "application_accepted")
    assert [first.to_address, second.to_address] == COMPANY_A
    assert "利用開始日　2026年10月20日" in first.body
    await in_billing(pool, world, contract_id, date(2026, 10, 21))
    started = await letters(pool, "billing_start_set")
    assert to(started) == COMPANY_A
    assert "課金開始日　2026年10月21日" in started[0].body
    assert "最低利用期間の最終日　2026年11月20日" in started[0].body
    assert started[0].path == f"/contracts/{contract_id}"
    async with database.transaction(pool, "staff") as db:
        await contract_acts.set_billing_start(
            db, by=world.desk.clerk, at=TAKEN_AT, contract_id=contract_id, on=date(2026, 10, 22), reason="誤記の訂正"
        )
    assert "課金開始日　2026年10月22日" in (await letters(pool, "billing_start_corrected"))[0].body
    await _issued(pool, world)
    issued = await letters(pool, "month_issued")
    assert to(issued) == COMPANY_A, "one letter a person, not one an invoice"
    assert issued[0].subject == "2026年10月の請求書を発行しました"
    assert "1通" in issued[0].body
    assert "お支払期限　2026年12月31日" in issued[0].body
    assert "円" not in issued[0].body


async def _issued(pool: AsyncEngine, world: World) -> None:
    async with database.transaction(pool, "staff") as db:
        closing_id = await closing_acts.try_month(
            db,
            by=world.desk.billing,
            at=datetime(2026, 11, 2, 1, 0, tzinfo=UTC),
            month=Month(2026, 10),
            issuer={"name": "架空ネットワーク株式会社"},
        )
        for one in await closings.exceptions(db, closing_id):
            await closing_acts.settle_exception(
                db,
                by=world.desk.billing,
                at=datetime(2026, 11, 2, 1, 0, tzinfo=UTC),
                exception_id=one.id,
                closing_id=closing_id,
                reason="初月",
            )
        seen = await makers_closings.shown(db, closing_id)
        at = datetime(2026, 11, 3, 1, 0, tzinfo=UTC)
        await closing_acts.issue(db, by=world.desk.second_billing, at=at, closing_id=closing_id, seen=seen)


async def test_a_notice_is_confirmed_to_the_second(pool: AsyncEngine, world: World, clean: None) -> None:
    contract_id = await contract_in_billing(pool, world, world.ours, made_lines(1, first=900))
    at = datetime(2026, 11, 5, 14, 59, 59, tzinfo=UTC)  # 23:59:59 in Tokyo
    notice = await given(pool, world.ours, contract_id, at=at)
    found = await letters(pool, "notice_given")
    assert to(found) == [*COMPANY_A, *CLERKS]
    for one in found:
        assert one.subject == f"解約申込書が届きました（{notice.number}）"
        assert "到達日時　2026年11月5日 23:59:59" in one.body
        assert "最終利用日　2026年12月5日" in one.body
    assert found[0].path == f"/notices/{notice.id}"
    assert found[2].path == f"/desk/notices/{notice.id}"
    await voided(pool, world, notice.id)
    assert await letters(pool, "notice_void_prepared") == []
    assert to(await letters(pool, "notice_voided")) == COMPANY_A


async def test_a_price_sheet_is_told_when_shown(pool: AsyncEngine, world: World, clean: None) -> None:
    sheet_id = await quote(pool, world, world.theirs)
    found = await letters(pool, "price_sheet_shown")
    assert to(found) == COMPANY_B
    assert found[0].subject == "料金表を提示しました（2026年4月から）"
    assert found[0].path == f"/price-sheets/{sheet_id}"
    assert await letters(pool, "price_sheet_prepared") == []


async def test_an_act_that_does_not_happen_tells_nobody(pool: AsyncEngine, world: World, clean: None) -> None:
    with pytest.raises(Conflict):
        await _submitted_in_vain(pool, world, await drafted(pool, world.ours, [cells(77)]))
    assert await letters(pool, "application_submitted") == []


async def _submitted_in_vain(pool: AsyncEngine, world: World, application_id: UUID) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await application_acts.submit(
            db, by=world.ours.signatory, at=TAKEN_AT, application_id=application_id, revision=2
        )
        raise Conflict("何かが変わりました。")


async def test_a_letter_without_its_facts_or_its_company_is_a_fault(pool: AsyncEngine, world: World) -> None:
    async with database.transaction(pool, "staff") as db:
        with pytest.raises(ValueError, match="needs the company"):
            await _tell(db, subscriber_id=None)
        with pytest.raises(Exception, match="'number' is undefined"):
            await _tell(db, subscriber_id=world.ours.id)


async def _tell(db: database.Db, *, subscriber_id: UUID | None) -> None:
    await mail.tell(
        db,
        verb="application_declined",
        at=TAKEN_AT,
        object_kind="application",
        object_id=uuid4(),
        subscriber_id=subscriber_id,
    )
