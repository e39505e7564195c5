"""A contract is ended by its 解約申込書: given by the signatory, read by everybody, acknowledged at the desk."""

import io
from datetime import UTC, datetime

from playwright.async_api import Page, expect
from pypdf import PdfReader

from tests.journeys.conftest import Site, looks_right
from tests.journeys.walking import button, downloaded, fact, got, link, posted, press
from tests.makers_notices import contract_in_billing
from tests.makers_reviews import made_lines, ready

# Arrived at the last second of 2026-12-01 in Tokyo: 30 days later is the last day of the year.
LAST_SECOND = datetime(2026, 12, 1, 14, 59, 59, tzinfo=UTC)
NEW_YEARS_EVE = "2026年12月31日（令和8年12月31日）"


async def test_a_contract_is_ended_by_notice(site: Site) -> None:
    await ready(site.pool, site.world)
    contract_id = await contract_in_billing(site.pool, site.world, site.world.ours, made_lines(2))
    contract = f"/contracts/{contract_id}"
    site.clock.at = LAST_SECOND
    await the_operator_looks_and_cannot_give(site, contract)
    notice = await the_signatory_gives(site, contract)
    await everybody_reads(site, contract, notice)
    await it_is_nobody_elses(site, contract, notice)
    await the_desk_acknowledges(site, notice)


async def the_operator_looks_and_cannot_give(site: Site, contract: str) -> None:
    async with site.signed_in(site.world.ours.operator) as page:
        await page.goto(f"{site.url}{contract}/notice")
        await button(page, "確認へ進む").click()
        await expect(page.get_by_text("署名権限者に依頼してください")).to_be_visible()
        await expect(button(page, "この内容で解約申込書を出す")).to_have_count(0)
        assert (await posted(page, f"{contract}/notice", requested_on=""))[0] == 403


async def the_signatory_gives(site: Site, contract: str) -> str:
    """入力 with the preview that follows the typing, 確認, 完了; the address of the notice."""
    async with site.signed_in(site.world.ours.signatory) as page:
        await page.goto(f"{site.url}{contract}")
        await link(page, "解約申込書").click()
        await looks_right(page)
        assert NEW_YEARS_EVE in await fact(page, "この届出による最終利用日")
        later = "最終利用日が2027年1月1日になります。料金が2027年1月分までかかります。"
        assert later in await fact(page, "届くのが1日遅れると")
        await the_preview_follows_the_typing(page)
        await press(page, button(page, "確認へ進む"))
        await expect(page.get_by_role("heading", level=1, name="確かめてください")).to_be_visible()
        await looks_right(page)
        await press(page, button(page, "この内容で解約申込書を出す"))
        await expect(page.get_by_role("heading", level=1, name="解約申込書が届きました")).to_be_visible()
        await looks_right(page)
        assert await fact(page, "到達日時") == "2026年12月1日（火）23:59:59"
        assert (await fact(page, "最終利用日")).startswith(NEW_YEARS_EVE)
        name, content = await downloaded(page, page.get_by_role("link", name="解約申込書の控え"))
        assert name.startswith("notice-N-20261201-00001-")
        assert NEW_YEARS_EVE in PdfReader(io.BytesIO(content)).pages[0].extract_text()
        return page.url.removeprefix(site.url).partition("?")[0]


async def the_preview_follows_the_typing(page: Page) -> None:
    """Without leaving the field: the first of a month is warned about, a day that is too early is not refused."""
    wanted = page.get_by_label("最終利用日")
    await wanted.fill("2027/2/1")
    await expect(page.get_by_text("この1日で2月分の月額費用が全額かかります")).to_be_visible()
    await expect(page.get_by_text("2027年1月31日を最終利用日にすると、2月分の月額費用はかかりません。")).to_be_visible()
    await expect(wanted).to_be_focused()
    await wanted.fill("2026/12/10")
    await expect(page.get_by_text("指定日 2026年12月10日 より遅いため、この日に効力が生じます。")).to_be_visible()
    await looks_right(page)


async def everybody_reads(site: Site, contract: str, notice: str) -> None:
    async with site.signed_in(site.world.ours.viewer, narrow=True) as page:
        await page.goto(f"{site.url}{contract}")
        assert (await fact(page, "解約予定（最終利用日）")).startswith(NEW_YEARS_EVE)
        await page.goto(f"{site.url}/notices")
        await looks_right(page)
        await page.locator("#notices th a").click()
        assert page.url == f"{site.url}{notice}"
        await expect(page.get_by_text("指定日 2026年12月10日 より遅いため")).to_be_visible()


async def it_is_nobody_elses(site: Site, contract: str, notice: str) -> None:
    async with site.signed_in(site.world.theirs.signatory) as page:
        for path in (notice, f"{notice}/pdf", f"{contract}/notice", f"{contract}/option-notice"):
            assert await got(page, path) == 404
        assert (await posted(page, f"{contract}/notice", requested_on=""))[0] == 404


async def the_desk_acknowledges(site: Site, notice: str) -> None:
    async with site.signed_in(site.world.desk.clerk) as page:
        await link(page, "届いた解約申込書を確認する 1件").click()
        await looks_right(page)
        await page.locator("#notices th a").click()
        assert page.url == f"{site.url}/desk{notice}"
        await looks_right(page)
        await button(page, "確認しました").click()
        await expect(page.get_by_text("確認を記録しました。")).to_be_visible()
        await expect(button(page, "確認しました")).to_have_count(0)
