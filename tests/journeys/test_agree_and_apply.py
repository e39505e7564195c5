"""From the first sign-in to a 受付番号: agree, upload what Excel saved, correct it, type one more, submit, once."""

import csv
import io
import re
from datetime import UTC, date, datetime

from playwright.async_api import FilePayload, Page, expect
from sqlalchemy import text

from tests.journeys.conftest import Site, looks_right
from tests.journeys.files import FAULTS, HEADER, MESSY, VERSION, as_excel_saves, as_xlsx, corrected
from tests.journeys.walking import button, downloaded, fact, got, link, posted, press, rows, tab_to
from tests.makers_terms import agree, publish_policy, quote


async def test_a_company_agrees_and_applies(site: Site) -> None:
    await offered(site)
    await the_signatory_agrees_by_keyboard(site)
    await others_may_not_agree(site)
    home = await the_operator_uploads_what_excel_saved(site)
    await the_operator_types_one_more_by_keyboard(site, home)
    await others_may_not_submit(site, home)
    await the_signatory_submits_on_a_narrow_screen(site, home)
    await it_was_one_application(site, home)


async def offered(site: Site) -> None:
    """提供条件 published on 2026-10-01, to be agreed to by 2026-10-31; prices quoted to both companies."""
    published_at = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
    await publish_policy(
        site.pool,
        site.world,
        version=VERSION,
        effective_on=date(2026, 10, 1),
        agree_by=date(2026, 10, 31),
        at=published_at,
    )
    for company in (site.world.ours, site.world.theirs):
        await quote(site.pool, site.world, company)
    await agree(site.pool, site.world.theirs, VERSION, at=site.clock.at)


async def the_signatory_agrees_by_keyboard(site: Site) -> None:
    async with site.signed_in(site.world.ours.signatory) as page:
        await expect(page.get_by_role("heading", name="要対応")).to_be_visible()
        await looks_right(page)
        await press(page, link(page, f"提供条件 {VERSION}版に同意する"))
        await expect(page.get_by_role("heading", level=1, name=f"提供条件 {VERSION}版")).to_be_visible()
        sha256 = await fact(page, "全文のSHA-256")
        assert re.fullmatch(r"[0-9a-f]{64}", sha256)
        await looks_right(page)
        await press(page, link(page, "同意の手続きへ").first)

        await press(page, button(page, "確認へ進む"))
        summary = page.get_by_role("alert")
        await expect(summary).to_be_focused()
        await expect(summary).to_contain_text("全文を読み、印を付けてください。")
        await looks_right(page)
        await press(page, page.get_by_label("全文を読みました"), key="Space")
        await press(page, button(page, "確認へ進む"))

        await expect(page.get_by_role("heading", name="同意する内容を確かめてください")).to_be_visible()
        assert await fact(page, "全文のSHA-256") == sha256
        assert await fact(page, "権限の根拠") == "代表取締役"
        await looks_right(page)
        await press(page, button(page, "契約者を代表して同意する"))

        await expect(page.get_by_role("heading", name=f"提供条件 {VERSION}版に同意しました")).to_be_visible()
        assert await fact(page, "到達日時") == "2026年10月15日（木）12:00:00"
        await looks_right(page)
        await press(page, link(page, "同意書を開く"))
        await expect(page.get_by_text(sha256)).to_be_visible()
        await looks_right(page)


async def others_may_not_agree(site: Site) -> None:
    """Binding the company is for its signatory: no button for others, and the form is refused when sent by hand."""
    for person in (site.world.ours.viewer, site.world.ours.operator):
        async with site.signed_in(person) as page:
            await page.goto(f"{site.url}/policies/{VERSION}")
            await expect(page.get_by_role("heading", level=1, name=f"提供条件 {VERSION}版")).to_be_visible()
            await expect(link(page, "同意の手続きへ")).to_have_count(0)
            assert (await posted(page, f"/policies/{VERSION}/agree", sha256="0" * 64))[0] == 403


async def the_operator_uploads_what_excel_saved(site: Site) -> str:
    async with site.signed_in(site.world.ours.operator) as page:
        await link(page, "申し込む").click()
        await page.get_by_label("新規契約").check()
        await looks_right(page)
        await button(page, "下書きを作る").click()
        await expect(page.get_by_text("回線はまだありません")).to_be_visible()
        home = page.url.removesuffix("/edit").removeprefix(site.url)
        await looks_right(page)
        await page.get_by_label("再販する").check()
        await page.get_by_label("担当部署の連絡先メールアドレス").fill("moushikomi@example-a.example")
        await page.locator("#wanted_on").fill("令和8年11月1日")
        await button(page, "下書きを保存する").click()
        await expect(page.get_by_text("保存しました。")).to_be_visible()

        await upload(page, as_excel_saves(MESSY))
        await every_fault_is_shown(page)
        assert (await posted(page, f"{page.url.removeprefix(site.url)}/apply", mode="replace"))[0] == 409
        await the_file_comes_back_with_its_errors(page)
        await link(page, "入力へ戻る").click()
        await expect(page.get_by_text("回線はまだありません")).to_be_visible()

        await upload(page, as_xlsx(corrected()))
        await expect(page.get_by_text("誤りはありません。まだ取り込んでいません。")).to_be_visible()
        assert await counts(page) == ("5", "5", "0", "0")
        await looks_right(page)
        await page.get_by_label("今ある回線と置き換える").check()
        await button(page, "この内容を取り込む").click()
        await expect(page.locator("#lines .row")).to_have_count(5)
        await expect(page.locator("#lines input[id$=access_key]").first).to_have_value("********")
        await expect(page.locator("#lines input[id$=collector]").first).to_have_value("髙﨑①")
        await looks_right(page)
    return home


async def upload(page: Page, file: FilePayload) -> None:
    await page.get_by_label("回線の一覧").set_input_files(file)
    await button(page, "アップロードして確かめる").click()
    await expect(page.get_by_role("heading", level=1, name="ファイルの確認")).to_be_visible()


async def counts(page: Page) -> tuple[str, ...]:
    return tuple([await fact(page, label) for label in ("行", "誤りのない行", "誤り", "注意")])


async def every_fault_is_shown(page: Page) -> None:
    """Each with its row as Excel numbers it, its column, its value and what to do; and what was read otherwise."""
    await expect(page.get_by_text("誤りがあるため、取り込めません。何も変更していません。")).to_be_visible()
    shown = await rows(page.locator("#findings"))
    assert [(cells[0], cells[2], cells[3]) for cells in shown] == [fault[:3] for fault in FAULTS]
    for cells, fault in zip(shown, FAULTS, strict=True):
        assert fault[3] in cells[4]
    assert await counts(page) == ("6", "1", "6", "0")
    read = await rows(page.locator("#readings"))
    assert ["回線ID", "1", "2", "ＣＡＦ０００００００００１", "CAF0000000001"] in read
    assert ["利用者番号", "1", "2", "Ｕ－０００１", "U-0001"] in read
    assert ["同意日時", "1", "2", "令和8年10月2日", "2026-10-02"] in read
    await expect(button(page, "この内容を取り込む")).to_have_count(0)
    await looks_right(page)


async def the_file_comes_back_with_its_errors(page: Page) -> None:
    name, content = await downloaded(page, page.get_by_role("link", name="誤りの列を付けたファイル"))
    assert name == "回線一覧（髙﨑）_確認結果.csv"
    back = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert back[0] == [*HEADER, "エラー"]
    assert back[1][4] == "本社\n3階"
    assert back[1][-2:] == ["髙﨑①", ""]
    assert back[3][-1] == "回線ID: 2行目と同じ回線IDです。どちらか一方の行を削除してください。"
    assert back[4][-1].count("値を入力してください。") == 2
    assert "Key00001" not in content.decode("utf-8-sig")


async def the_operator_types_one_more_by_keyboard(site: Site, home: str) -> None:
    """A row added by htmx, filled and sent with nothing but the keyboard."""
    async with site.signed_in(site.world.ours.operator) as page:
        await page.goto(f"{site.url}{home}/edit")
        await press(page, button(page, "行を追加"))
        await expect(page.locator("#lines .row")).to_have_count(6)
        new = page.locator("#lines-n1-access_line_id")
        await expect(new).to_be_focused()
        await page.keyboard.type("ｃａｆ０００００００００６")
        await page.keyboard.press("Tab")
        await page.keyboard.type("Key00006")
        await choose(page, "dwelling", 1, "戸建")
        await choose(page, "prefecture", 13, "東京都")
        await tab_to(page, page.locator("#lines-n1-end_user_ref"))
        await page.keyboard.type("U-0006")
        await page.keyboard.press("Tab")
        await page.keyboard.type("R8.10.5")
        await choose(page, "consent_method", 2, "書面")
        await expect(page.locator("#lines-n1-policy_version")).to_have_value(VERSION)
        await press(page, button(page, "確認へ進む"))

        await expect(page.get_by_role("heading", name="申込の内容を確かめてください")).to_be_visible()
        assert await fact(page, "回線の数") == "6回線"
        assert [cells[1] for cells in await rows(page.locator("#lines-table"))] == [f"CAF{n:010}" for n in range(1, 7)]
        await expect(page.get_by_text("署名権限者に依頼してください")).to_be_visible()
        await expect(button(page, "この内容で申し込む")).to_have_count(0)
        await looks_right(page)
        assert (await posted(page, f"{home}/confirm", revision="4"))[0] == 403


async def choose(page: Page, column: str, down: int, label: str) -> None:
    """Choose in a list of the new row by the arrow keys."""
    field = page.locator(f"#lines-n1-{column}")
    await tab_to(page, field)
    for _ in range(down):
        await page.keyboard.press("ArrowDown")
    await expect(field.locator("option:checked")).to_have_text(label)


async def others_may_not_submit(site: Site, home: str) -> None:
    """A viewer reads and is shown no button; another company is not even told that it is there."""
    async with site.signed_in(site.world.ours.viewer) as page:
        await page.goto(f"{site.url}{home}")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("新規契約の申込")
        await expect(link(page, "入力を続ける")).to_have_count(0)
        await looks_right(page)
        for path in ("/confirm", "/edit", "/discard"):
            assert (await posted(page, f"{home}{path}", revision="4"))[0] == 403
    async with site.signed_in(site.world.theirs.signatory) as page:
        for path in ("", "/edit", "/confirm", "/receipt"):
            assert await got(page, f"{home}{path}") == 404
        for path in ("/confirm", "/edit", "/discard", "/withdraw"):
            assert (await posted(page, f"{home}{path}", revision="4"))[0] == 404


async def the_signatory_submits_on_a_narrow_screen(site: Site, home: str) -> None:
    async with site.signed_in(site.world.ours.signatory, narrow=True) as page:
        await page.get_by_role("link", name="下書きを仕上げる").click()
        await link(page, "入力を続ける").click()
        await button(page, "確認へ進む").click()
        await expect(page.get_by_role("heading", name="申込の内容を確かめてください")).to_be_visible()
        # On acceptance 100,000, tax 10,000. A month: 40,000 (up to 50 lines) + 6 × 200 = 41,200, tax 4,120.
        assert await totals(page, "on-acceptance") == ["10,000円", "110,000円"]
        assert await totals(page, "whole-month") == ["4,120円", "45,320円"]
        await expect(page.get_by_text("課金開始日から1か月です。")).to_be_visible()
        for clause in ("A10", "A2"):
            await expect(page.locator(f"a.clause[href='/clauses/{clause}']").first).to_be_visible()
        await looks_right(page)
        form = await page.locator("form[action$='/confirm']").evaluate("form => Object.fromEntries(new FormData(form))")
        await button(page, "この内容で申し込む").dblclick()
        await expect(page.get_by_role("heading", name="申込を受け付けました")).to_be_visible()
        number = await page.locator(".receipt-number .id").inner_text()
        assert re.fullmatch(r"A-20261015-\d{5}-[0-9A-Z]", number)
        await expect(page.get_by_text("受付は承諾ではありません。")).to_be_visible()
        await looks_right(page)
        # The same form once more, past the script that holds a second click back: it leads to the same page.
        assert await posted(page, f"{home}/confirm", **form) == (200, f"{home}/receipt")
        await page.goto(f"{site.url}/applications?q={number.replace('-', '')}")
        assert [cells[0] for cells in await rows(page.locator("#applications"))] == [number]
        await looks_right(page)


async def totals(page: Page, table: str) -> list[str]:
    return [cell.strip() for cell in await page.locator(f"#{table} tfoot td").all_inner_texts()]


async def it_was_one_application(site: Site, home: str) -> None:
    async with site.pool.begin() as db:
        await db.execute(text("SELECT set_config('role', 'portal_staff', true)"))
        found = await db.execute(text("SELECT id::text, state FROM applications"))
        assert [tuple(one) for one in found] == [(home.rsplit("/", 1)[1], "submitted")]
        kept = await db.execute(text("SELECT own_reference, collector FROM application_lines WHERE position = 1"))
        assert tuple(kept.one()) == ("本社\n3階", "髙﨑①"), "what was read from the file is changed by no page after it"
        told = await db.execute(text("SELECT count(*) FROM events WHERE verb = 'application_submitted'"))
        assert told.scalar_one() == 1
