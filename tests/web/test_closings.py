"""月締め and statements in the browser: try, settle, issue, read, download."""

import io
from datetime import UTC, date, datetime

import pytest
from pypdf import PdfReader

from tests.makers_reviews import accepted, in_billing, made_lines, ready, submitted
from tests.portals import Portal, text_of


@pytest.fixture(scope="module")
async def billed(portal: Portal) -> Portal:
    """A contract of two lines in billing from 2026-10-20, and the clock on 2026-11-02."""
    await ready(portal.pool, portal.world)
    contract_id = await accepted(
        portal.pool, portal.world, await submitted(portal.pool, portal.world.ours, made_lines(2))
    )
    await in_billing(portal.pool, portal.world, contract_id, date(2026, 10, 20))
    portal.clock.at = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    return portal


async def closing_of(portal: Portal, month: str = "2026-10") -> str:
    answer = await portal.post(portal.world.desk.billing, "/desk/closings", {"month": month})
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_the_empty_pages_say_what_will_be_here(billed: Portal) -> None:
    words = text_of(await billed.get(billed.world.theirs.viewer, "/statements"))
    assert "請求書はまだありません" in words


async def test_a_month_must_be_chosen(billed: Portal) -> None:
    answer = await billed.post(billed.world.desk.billing, "/desk/closings", {"month": ""})
    assert answer.status_code == 422
    assert "締める月を選んでください" in text_of(answer)
    future = await billed.post(billed.world.desk.billing, "/desk/closings", {"month": "2027-01"})
    assert future.status_code == 422
    assert "まだ始まっていません" in text_of(future)


async def test_the_month_is_tried_issued_and_read(billed: Portal) -> None:
    desk, ours = billed.world.desk, billed.world.ours
    closing = await closing_of(billed)
    shown = text_of(await billed.get(desk.billing, closing))
    # 100,000 + 40,000 + 400 = 140,400; tax 14,040
    assert "154,440円" in shown
    assert "あなたが試算したため" in shown
    assert "請求書はまだありません" in text_of(await billed.get(ours.viewer, "/statements"))

    refused = await billed.post(desk.billing, f"{closing}/issue", {})
    assert refused.status_code == 403
    assert "職務分掌" in text_of(refused)

    confirm = text_of(await billed.get(desk.second_billing, f"{closing}/issue"))
    assert "発行すると取り消せません" in confirm
    stale = await billed.post(desk.second_billing, f"{closing}/issue", {"seen": "0" * 64})
    assert stale.status_code == 409
    assert "試算がやり直されました" in text_of(stale)
    seen = (await billed.get(desk.second_billing, f"{closing}/issue")).text.split('name="seen" value="')[1][:64]
    assert (await billed.post(desk.second_billing, f"{closing}/issue", {"seen": seen})).status_code == 303

    listed = await billed.get(ours.viewer, "/statements")
    assert "154,440円" in text_of(listed)
    href = listed.text.split('href="/statements/')[1].split('"')[0]
    statement = text_of(await billed.get(ours.viewer, f"/statements/{href}"))
    for words in ("月額基本料", "2 回線", "40,000円", "B2-1-i", "140,400円 × 10% = 14,040円", "2026年12月31日"):
        assert words in statement, words

    document = await billed.get(ours.viewer, f"/statements/{href}/pdf")
    assert document.headers["content-type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(document.content))
    words = "".join(page.extract_text() for page in reader.pages)
    for part in ("請求書", "例示通信株式会社", "T6999999999993", "154,440円", "10%対象", "14,040円", "月額基本料"):
        assert part in words, part
    again = await billed.get(ours.viewer, f"/statements/{href}/pdf")
    assert again.content == document.content
    assert (await billed.get(billed.world.theirs.signatory, f"/statements/{href}")).status_code == 404
    assert (await billed.get(billed.world.theirs.signatory, f"/statements/{href}/pdf")).status_code == 404

    found = text_of(await billed.get(desk.auditor, "/desk/invoices?counterparty=例示&at_least=154,440&from=2026/11/01"))
    assert "S-20261102-00001" in found
    missed = text_of(await billed.get(desk.auditor, "/desk/invoices?counterparty=例示&at_least=154,441"))
    assert "条件に合う請求書はありません" in missed


async def test_a_filter_that_cannot_be_read_is_said_beside_it(billed: Portal) -> None:
    answer = await billed.get(billed.world.desk.auditor, "/desk/invoices?from=2026-13-01&at_most=many")
    assert answer.status_code == 422
    assert "2026/10/15 のように" in text_of(answer)
    assert "many" in answer.text
