"""An application at the desk: taken by keyboard, sent back, corrected, handed in again, accepted by another person."""

from datetime import UTC, datetime
from uuid import UUID

from playwright.async_api import Page, expect

from tests.journeys.conftest import Site, looks_right
from tests.journeys.walking import button, fact, got, link, posted, press, rows, tab_to
from tests.makers_applications import cells, ready, submitted

NOVEMBER_2 = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
NEWER, OLDER = datetime(2026, 10, 14, 3, 0, tzinfo=UTC), datetime(2026, 10, 13, 3, 0, tzinfo=UTC)


async def test_a_review_from_the_queue_to_the_contract(site: Site) -> None:
    await ready(site.pool, site.world)
    older = await submitted(site.pool, site.world.ours, [cells(11), cells(12)], at=OLDER)
    newer = await submitted(site.pool, site.world.ours, [cells(21)], at=NEWER)
    await the_clerk_takes_both_by_keyboard(site, older)
    await the_clerk_sends_the_older_back(site, older)
    await the_subscriber_corrects_it(site, older)
    await the_clerk_finishes_the_review(site, older)
    await nobody_decides_alone(site, newer)
    contract = await the_approver_accepts(site, older)
    await the_clerk_sets_the_billing_start(site, contract)
    await the_subscriber_reads_the_contract(site, contract)
    site.clock.at = NOVEMBER_2
    await the_clerk_records_the_service(site, older)


async def the_clerk_takes_both_by_keyboard(site: Site, older: UUID) -> None:
    async with site.signed_in(site.world.desk.clerk) as page:
        await expect(page.get_by_role("heading", name="要対応")).to_be_visible()
        await looks_right(page)
        await page.get_by_role("navigation", name="主なメニュー").get_by_role("link", name="申込の審査").click()
        await expect(page.locator("#queue tbody tr")).to_have_count(2)
        await looks_right(page)
        first, second = page.locator("#queue tbody a").nth(0), page.locator("#queue tbody a").nth(1)
        assert await first.get_attribute("href") == f"/desk/applications/{older}"
        for key, focused in (("j", first), ("j", second), ("k", first)):
            await page.keyboard.press(key)
            await expect(focused).to_be_focused()
        boxes = page.locator("#queue .row-check input")
        await page.keyboard.press("x")
        await expect(boxes.nth(0)).to_be_checked()
        await page.keyboard.press("j")
        await page.keyboard.press("x")
        await expect(boxes.nth(1)).to_be_checked()
        await press(page, button(page, "選んだ申込の審査を始める"))
        await page.wait_for_url("**/desk/applications?state=in_review")
        assert [cells_[1] for cells_ in await rows(page.locator("#queue"))] == ["審査中", "審査中"]
    for person in (site.world.desk.approver, site.world.desk.auditor):
        async with site.signed_in(person) as page:
            assert (await posted(page, f"/desk/applications/{older}/take"))[0] == 403
    async with site.signed_in(site.world.ours.signatory) as page:
        assert await got(page, f"/desk/applications/{older}") == 404


async def the_clerk_sends_the_older_back(site: Site, older: UUID) -> None:
    async with site.signed_in(site.world.desk.clerk) as page:
        await page.goto(f"{site.url}/desk/applications/{older}")
        await expect(page.get_by_text("条文チェック")).to_be_visible()
        assert {cells_[0] for cells_ in await rows(page.locator("table.checklist"))} == {"適合"}
        await looks_right(page)
        await link(page, "差し戻す").click()
        await looks_right(page)
        await page.locator("#returns-1-field").select_option("purpose")
        await page.locator("#returns-1-reason").fill("届出の内容と目的が合いません。確かめてください。")
        await button(page, "行を追加").click()
        await expect(page.locator("#returns-2-field")).to_be_focused()
        await page.locator("#returns-2-field").select_option(label="回線（行番号を指定）")
        await page.locator("#returns-2-line").fill("２")
        await page.locator("#returns-2-column").select_option(label="回線ID")
        await button(page, "差し戻す").click()
        await expect(page.get_by_role("alert")).to_contain_text("理由を入力してください。")
        await looks_right(page)
        await page.locator("#returns-2-reason").fill("回線IDの番号を確かめてください。")
        await page.get_by_label("補正の期限").fill("令和8年10月29日")
        await button(page, "差し戻す").click()
        await expect(page.get_by_role("heading", name="申込を差し戻しました")).to_be_visible()
        assert await fact(page, "補正の期限") == "2026年10月29日（令和8年10月29日）"
        await looks_right(page)


async def the_subscriber_corrects_it(site: Site, older: UUID) -> None:
    """What was sent back stands beside the fields it names; the operator corrects, the signatory hands it in."""
    async with site.signed_in(site.world.ours.operator) as page:
        task = page.locator(".tasks li", has_text="補正する")
        await expect(task).to_contain_text("2026/10/29")
        await task.get_by_role("link").click()
        await expect(page.get_by_text("届出の内容と目的が合いません。確かめてください。").first).to_be_visible()
        await looks_right(page)
        await link(page, "内容を直す").click()
        purpose = page.locator("#purpose-error")
        await expect(purpose).to_contain_text("差戻し：届出の内容と目的が合いません。確かめてください。")
        line = page.locator("#lines .row").nth(1)
        await expect(line.locator(".field-error")).to_contain_text("差戻し：回線IDの番号を確かめてください。")
        await looks_right(page)
        await page.get_by_label("自社で利用する").check()
        await line.locator("input[id$=access_line_id]").fill("CAF0000000013")
        await button(page, "確認へ進む").click()
        await expect(page.get_by_role("heading", name="申込の内容を確かめてください")).to_be_visible()
        await expect(button(page, "この内容で再提出する")).to_have_count(0)
    async with site.signed_in(site.world.ours.viewer) as page:
        await page.goto(f"{site.url}/applications/{older}")
        await expect(link(page, "内容を直す")).to_have_count(0)
        assert (await posted(page, f"/applications/{older}/confirm", revision="3"))[0] == 403
    async with site.signed_in(site.world.ours.signatory) as page:
        await page.goto(f"{site.url}/applications/{older}/confirm")
        assert await fact(page, "利用の目的") == "自社で利用する"
        await looks_right(page)
        await button(page, "この内容で再提出する").click()
        await expect(page.get_by_role("heading", name="申込の再提出を受け付けました")).to_be_visible()
        await looks_right(page)


async def the_clerk_finishes_the_review(site: Site, older: UUID) -> None:
    async with site.signed_in(site.world.desk.clerk) as page:
        await page.goto(f"{site.url}/desk/applications/{older}")
        assert [cells_[1] for cells_ in await rows(page.locator("#lines"))] == ["CAF0000000011", "CAF0000000013"]
        await expect(link(page, "承諾を確認する")).to_have_count(0)
        await button(page, "審査済みにする").click()
        await expect(page.get_by_role("alert")).to_contain_text("所見を入力してください。")
        await recommend(page, "補正のとおりで差し支えない")
        assert await got(page, f"/desk/applications/{older}/accept") == 403
        assert (await posted(page, f"/desk/applications/{older}/accept", starts_on="2026-10-20"))[0] == 403


async def recommend(page: Page, note: str) -> None:
    """Finish a review with the advice to accept."""
    await page.get_by_label("承諾").first.check()
    await page.get_by_label("所見").fill(note)
    await button(page, "審査済みにする").click()
    await expect(page.get_by_text("決裁待ち").first).to_be_visible()


async def nobody_decides_alone(site: Site, newer: UUID) -> None:
    """Somebody who is clerk and approver finishes a review, and may not decide upon it."""
    async with site.signed_in(site.both) as page:
        await page.goto(f"{site.url}/desk/applications/{newer}")
        await recommend(page, "記載に不備なし")
        await expect(page.get_by_text("この申込は、あなたが審査を終えました。")).to_be_visible()
        await expect(link(page, "承諾を確認する")).to_have_count(0)
        await looks_right(page)
        # The page of the acceptance can be read; what it sends is refused all the same.
        await page.goto(f"{site.url}/desk/applications/{newer}/accept")
        await button(page, "確認へ進む").click()
        await button(page, "承諾する").click()
        await expect(page.get_by_text("あなたが審査を終えたものです。")).to_be_visible()
        await page.goto(f"{site.url}/desk/applications/{newer}")
        await expect(page.get_by_text("決裁待ち").first).to_be_visible()


async def the_approver_accepts(site: Site, older: UUID) -> str:
    async with site.signed_in(site.world.desk.approver) as page:
        await page.get_by_role("navigation", name="主なメニュー").get_by_role("link", name="申込の審査").click()
        await page.locator(f"#queue a[href='/desk/applications/{older}']").click()
        await link(page, "承諾を確認する").click()
        await expect(button(page, "承諾する")).to_have_count(0)
        await looks_right(page)
        await page.locator("#starts_on").fill("2026/10/21")
        await button(page, "確認へ進む").click()
        await expect(page.get_by_role("heading", name="承諾する内容を確かめてください")).to_be_visible()
        # 確認 has no field: another day is typed on the page before, and calculated again.
        await expect(page.locator("#starts_on")).to_have_count(0)
        await button(page, "修正する").click()
        await expect(page.locator("#starts_on")).to_have_value("2026/10/21")
        await page.locator("#starts_on").fill("2026/10/20")
        await button(page, "確認へ進む").click()
        assert await fact(page, "利用開始日") == "2026年10月20日（令和8年10月20日）（開通希望日が後の回線は希望日）"
        await looks_right(page)
        await press(page, button(page, "承諾する"))
        await expect(page.get_by_role("heading", name="申込を承諾しました")).to_be_visible()
        await looks_right(page)
        contract = await page.locator("main a.id").get_attribute("href")
        assert contract is not None
        await link(page, "契約を見る").click()
        await expect(link(page, "課金開始日を設定する")).to_have_count(0)
        assert (await posted(page, f"{contract}/billing-start", on="2026-10-20"))[0] == 403
    return contract


async def the_clerk_sets_the_billing_start(site: Site, contract: str) -> None:
    async with site.signed_in(site.world.desk.clerk) as page:
        await page.goto(f"{site.url}{contract}")
        await looks_right(page)
        await link(page, "課金開始日を設定する").click()
        await looks_right(page)
        await tab_to(page, page.get_by_label("課金開始日"))
        await page.keyboard.type("Ｒ８．１０．２０")
        await press(page, button(page, "確認へ進む"))
        await expect(page.get_by_role("heading", name="課金開始日を確かめてください")).to_be_visible()
        # October 20 is the first day, so the term ends on November 19.
        assert (await fact(page, "最低利用期間の末日")).startswith("2026年11月19日（令和8年11月19日）")
        # B1 100,000 + B2-1-i 40,000; the lines begin on their 開通希望日, November 1, so B2-1-ii is 0; tax 14,000
        assert [await fact(page, label) for label in ("小計（税抜）", "合計")] == ["140,000円", "154,000円"]
        await looks_right(page)
        await press(page, button(page, "この日に設定する"))
        await expect(page.get_by_text("課金開始日を設定しました。")).to_be_visible()


async def the_subscriber_reads_the_contract(site: Site, contract: str) -> None:
    mine = contract.removeprefix("/desk")
    async with site.signed_in(site.world.ours.viewer) as page:
        await page.goto(f"{site.url}{mine}")
        assert (await fact(page, "課金開始日")).startswith("2026年10月20日（令和8年10月20日）")
        assert [cells_[0] for cells_ in await rows(page.locator("#lines"))] == ["CAF0000000011", "CAF0000000013"]
        await looks_right(page)
        assert await got(page, contract) == 404
    async with site.signed_in(site.world.theirs.signatory) as page:
        assert await got(page, mine) == 404
        assert await got(page, f"{mine}/lines.csv") == 404


async def the_clerk_records_the_service(site: Site, older: UUID) -> None:
    """The lines begin on their 開通希望日, November 1: not before, and only after a look at the day."""
    async with site.signed_in(site.world.desk.clerk) as page:
        await page.goto(f"{site.url}/desk/applications/{older}")
        await expect(page.get_by_role("heading", name="決定済み")).to_be_visible()
        await looks_right(page)
        await button(page, "手配する").click()
        await link(page, "開通を記録する").click()
        await looks_right(page)
        await page.get_by_label("開通日").fill("2026/10/31")
        await button(page, "確認へ進む").click()
        await expect(page.get_by_role("alert")).to_contain_text("利用開始日（2026年11月1日）以後")
        await page.get_by_label("開通日").fill("Ｒ８．１１．１")
        await button(page, "確認へ進む").click()
        assert await fact(page, "開通日") == "2026年11月1日（令和8年11月1日）"
        await looks_right(page)
        await press(page, button(page, "開通を記録する"))
        await expect(page.get_by_text("開通日：2026年11月1日")).to_be_visible()
