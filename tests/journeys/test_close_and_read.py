"""Two months closed at the desk by two people, and read by the subscriber: on the screen, as PDF, on paper."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime

from playwright.async_api import Locator, Page, expect
from pypdf import PageObject, PdfReader

from portal.terms.fees import Band
from portal.terms.offerings import Offering
from tests.journeys.conftest import Site, looks_right
from tests.journeys.walking import button, downloaded, fact, got, link, posted, press, rows
from tests.makers_reviews import accepted, in_billing, made_lines, ready, submitted
from tests.makers_terms import price_sheet, quote

OCTOBER_25 = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
NOVEMBER_2, DECEMBER_1 = datetime(2026, 11, 2, 1, 0, tzinfo=UTC), datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
# 帯域共有, accepted on 2026-10-08; two lines from 2026-10-20, the first with DS-Lite; 課金開始日 2026-10-20.
#
# October:  B1-1 100,000 + B1-2 0 + B2-1-i 40,000 + B2-1-ii 2 × 200 + B2-2 100 × 12 days ÷ 31 = 38.7…, so 38
#           = 140,438; tax 14,043.8, so 14,043; total 154,481
# November, B2-1-i raised to 60,000 by a new price sheet:
#           B2-1-i 60,000 + B2-1-ii 2 × 200 + B2-2 100 × 30 ÷ 30 = 60,500; tax 6,050; total 66,550
OCTOBER = ["140,438円", "0円", "14,043円", "154,481円"]
NOVEMBER = ["60,500円", "0円", "6,050円", "66,550円"]
NOVEMBER_ROWS = [
    ("月額基本料", "B2-1-i", "60,000円"),
    ("回線維持費", "B2-1-ii", "400円"),
    ("DS-Lite", "B2-2", "100円"),
]


async def test_months_are_closed_and_read(site: Site) -> None:
    await a_contract_in_billing(site)
    site.clock.at = NOVEMBER_2
    october = await billing_tries(site, "2026年10月", OCTOBER)
    await nobody_issues_alone(site, october)
    await another_person_issues(site, october, by_keyboard=True)
    site.clock.at = DECEMBER_1
    november = await billing_tries(site, "2026年11月", NOVEMBER)
    await the_unusual_is_settled(site, november)
    await another_person_issues(site, november)
    statement = await the_subscriber_reads(site)
    await the_subscriber_takes_the_pdf(site, statement)
    await the_subscriber_prints(site, statement)
    await it_is_nobody_elses(site, statement)


async def a_contract_in_billing(site: Site) -> None:
    await ready(site.pool, site.world)
    first, second = made_lines(2)
    lines = (replace(first, options=("dslite_bundle",)), second)
    contract_id = await accepted(site.pool, site.world, await submitted(site.pool, site.world.ours, lines))
    await in_billing(site.pool, site.world, contract_id, date(2026, 10, 20))
    old = price_sheet(date(2026, 11, 1))
    raised = replace(old, base={**old.base, Offering.IPOE_SHARED: (Band(None, 60_000),)})
    await quote(site.pool, site.world, site.world.ours, contract_id=contract_id, sheet=raised, at=OCTOBER_25)


async def billing_tries(site: Site, month: str, amounts: list[str]) -> str:
    """試算: the draft of the month to the yen; the address of the closing."""
    async with site.signed_in(site.world.desk.billing) as page:
        await page.get_by_role("navigation", name="主なメニュー").get_by_role("link", name="月締め").click()
        await looks_right(page)
        await page.get_by_label("締める月").select_option(label=month)
        await button(page, "試算する").click()
        await expect(page.get_by_role("heading", level=1, name=f"{month}の締め")).to_be_visible()
        assert [cells[4:] for cells in await rows(page.locator("#invoices"))] == [amounts]
        await expect(page.get_by_text("あなたが試算したため、発行は別の担当者が行います")).to_be_visible()
        await looks_right(page)
        return page.url.removeprefix(site.url)


async def nobody_issues_alone(site: Site, closing: str) -> None:
    """Not the one who tried it, not those who only read, and nobody of a subscriber; nothing is to be read before."""
    async with site.signed_in(site.world.desk.billing) as page:
        await page.goto(f"{site.url}{closing}/issue")
        await expect(button(page, "請求書を発行する")).to_have_count(0)
        assert (await posted(page, f"{closing}/issue"))[0] == 403
    async with site.signed_in(site.world.desk.auditor) as page:
        await page.goto(f"{site.url}{closing}")
        await expect(button(page, "もう一度試算する")).to_have_count(0)
        assert (await posted(page, f"{closing}/issue"))[0] == 403
        assert (await posted(page, "/desk/closings", month="2026-10"))[0] == 403
    async with site.signed_in(site.world.ours.signatory) as page:
        assert await got(page, closing) == 404
        await page.goto(f"{site.url}/statements")
        await expect(page.get_by_text("請求書はまだありません")).to_be_visible()
        await looks_right(page)


async def the_unusual_is_settled(site: Site, closing: str) -> None:
    """60,500 a month after 40,438 in October, 49 % more: somebody must say why before it is issued."""
    async with site.signed_in(site.world.desk.second_billing) as page:
        await page.goto(f"{site.url}{closing}")
        await expect(page.get_by_text("前月の40,438円から60,500円へ、30%を超えて変わりました。")).to_be_visible()
        await expect(link(page, "発行の確認へ進む")).to_have_count(0)
        assert (await posted(page, f"{closing}/issue"))[0] == 409
        await button(page, "確認済みにする").click()
        await expect(page.get_by_role("alert")).to_contain_text("確認した内容と理由を入力してください。")
        await looks_right(page)
        await page.get_by_label("確認した内容と理由").fill("料金表の改定を契約者に示し、受領の確認を得た。")
        await button(page, "確認済みにする").click()
        await expect(page.get_by_text("理由：料金表の改定を契約者に示し、受領の確認を得た。")).to_be_visible()


async def another_person_issues(site: Site, closing: str, *, by_keyboard: bool = False) -> None:
    async with site.signed_in(site.world.desk.second_billing) as page:
        await page.goto(f"{site.url}{closing}")
        await act(page, link(page, "発行の確認へ進む"), by_keyboard=by_keyboard)
        await expect(page.get_by_text("発行すると取り消せません")).to_be_visible()
        await looks_right(page)
        await act(page, button(page, "請求書を発行する"), by_keyboard=by_keyboard)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("発行済み")
        # Sent again by hand: the month is issued once.
        assert (await posted(page, f"{closing}/issue"))[0] == 409


async def act(page: Page, target: Locator, *, by_keyboard: bool) -> None:
    await (press(page, target) if by_keyboard else target.click())


async def the_subscriber_reads(site: Site) -> str:
    """From 要対応 to the statement of November, every yen of it with its derivation."""
    async with site.signed_in(site.world.ours.viewer) as page:
        await expect(link(page, "2026年11月分の請求書を確認する")).to_be_visible()
        await page.get_by_role("navigation", name="主なメニュー").get_by_role("link", name="請求・明細").click()
        listed = await rows(page.locator("#invoices"))
        assert [(cells[1], cells[6]) for cells in listed] == [("2026年11月", "66,550円"), ("2026年10月", "154,481円")]
        assert [cells[5] for cells in listed] == ["2027/01/31", "2026/12/31"]
        await looks_right(page)
        await page.locator("#invoices tbody a").first.click()
        assert await fact(page, "ご請求金額（税込）") == "66,550円"
        shown = [cells for cells in await rows(page.locator("#rows")) if cells[1] != "0円"]
        assert len(shown) == len(NOVEMBER_ROWS)
        for cells, (label, clause, amount) in zip(shown, NOVEMBER_ROWS, strict=True):
            assert label in cells[0]
            assert (cells[1], cells[3]) == (amount, "10%")
            assert clause in cells[4]
        await derivations(page)
        await looks_right(page)
        return page.url.removeprefix(site.url)


async def derivations(page: Page) -> None:
    """Each opens on its own, and says the sum."""
    for row, says in (("回線維持費", "200"), ("DS-Lite", "30"), ("10%対象", "60,500円 × 10% = 6,050円")):
        why = page.locator("tr", has_text=row).locator("details.derivation")
        await why.locator("summary").click()
        await expect(why.locator(".derivation-body")).to_be_visible()
        await expect(why.locator(".derivation-body")).to_contain_text(says)


async def the_subscriber_takes_the_pdf(site: Site, statement: str) -> None:
    async with site.signed_in(site.world.ours.viewer) as page:
        await page.goto(f"{site.url}{statement}")
        name, content = await downloaded(page, page.get_by_role("link", name="請求書（適格請求書）"))
    assert name.startswith("invoice-S-20261201-00001-")
    words = "".join(one.extract_text() for one in PdfReader(io.BytesIO(content)).pages)
    for part in (
        *("請求書", "例示通信株式会社", "御中", "架空ネットワーク株式会社", "T6999999999993"),
        *("2026年11月1日〜11月30日", "66,550円", "10%対象", "60,500円", "6,050円", "月額基本料", "回線維持費"),
    ):
        assert part in words, part


async def the_subscriber_prints(site: Site, statement: str) -> None:
    """A4: no navigation and no buttons, the derivations that were opened, the number at the foot of every page."""
    async with site.signed_in(site.world.ours.viewer) as page:
        await page.goto(f"{site.url}{statement}")
        number = (await page.locator(".kicker").inner_text()).removeprefix("請求書番号 ")
        await page.locator("tr", has_text="回線維持費").locator("summary").click()
        paper = PdfReader(io.BytesIO(await page.pdf(format="A4", prefer_css_page_size=True)))
    for sheet in paper.pages:
        assert [round(float(side)) for side in sheet.mediabox[2:]] == [595, 842]
        assert f"請求書番号{number}" in foot(sheet)
    words = "".join("".join(sheet.extract_text().split()) for sheet in paper.pages)
    for part in ("66,550円", "回線維持費", "2回線", "200円×2回線"):
        assert part in words, part
    for part in ("再販先", "サインアウト", "この画面を印刷する", "本文へ移動", "60,500円×10%"):
        assert part not in words, part


def foot(sheet: PageObject) -> str:
    """What is printed in the lowest 20 mm of a page, without space."""
    found: list[str] = []

    def visit(words: str, at: list[float], within: list[float], *_: object) -> None:
        if within[4] * at[1] + within[5] * at[3] + at[5] < 20 / 25.4 * 72:
            found.append(words)

    sheet.extract_text(visitor_text=visit)
    return "".join("".join(found).split())


async def it_is_nobody_elses(site: Site, statement: str) -> None:
    async with site.signed_in(site.world.theirs.signatory) as page:
        assert await got(page, statement) == 404
        assert await got(page, f"{statement}/pdf") == 404
        await page.goto(f"{site.url}/statements")
        await expect(page.get_by_text("請求書はまだありません")).to_be_visible()
