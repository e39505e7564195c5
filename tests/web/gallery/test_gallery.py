"""The parts, in a browser: no axe finding, nothing the policy bars, and what portal.js promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.web.gallery import build, look

PAGES = (
    *((name, width) for name in (*build.SUBSCRIBER, *build.STAFF) for width in look.WIDTHS),
    *((f"error-{name}", 390) for name in build.ERRORS),
)
COMPOSING = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true})"
DECIDED = "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true})"
WATCH = """
document.addEventListener("click", event => { pressed = event.target.name; }, true);
document.addEventListener("submit", event => event.preventDefault());
"""
COUNT = """
sent = 0;
window.addEventListener("submit", event => { sent += event.defaultPrevented ? 0 : 1; event.preventDefault(); });
"""
LONG_TABLE = """
document.querySelector("main").insertAdjacentHTML("beforeend",
  `<div class="table-region"><table class="data"><thead><tr><th>HEAD</th></tr></thead><tbody>${
    "<tr><td>2026/10/15</td></tr>".repeat(150)}</tbody></table></div>`);
"""
ROWS_ANSWER = '<div id="lines" data-rows><input id="lines-new-access_line" autofocus></div>'


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    build.main()
    with look.serving() as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with look.browsing() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    found = browser.new_page(locale="ja-JP")
    found.set_default_timeout(5000)
    yield found
    found.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.mark.parametrize(("name", "width"), PAGES)
def test_a_page_of_parts_has_no_finding(page: Page, complaints: list[str], address: str, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address}/{name}.html")
    assert look.findings(page, name) == []
    assert complaints == []


def test_control_a_field_without_its_label_is_found(page: Page, address: str) -> None:
    page.goto(f"{address}/apply.html")
    page.evaluate("document.querySelector('label[for=registration]').remove()")
    page.evaluate("document.querySelector('#registration').removeAttribute('aria-describedby')")
    assert [one for one in look.findings(page, "apply") if "label" in one]


def test_control_inline_style_is_barred_and_heard(page: Page, complaints: list[str], address: str) -> None:
    page.goto(f"{address}/apply.html")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    expect(page.locator("main > p").last).not_to_have_css("color", "rgb(255, 0, 0)")
    assert any("Content Security Policy" in one for one in complaints)


def test_enter_that_ends_a_conversion_does_not_submit(page: Page, address: str) -> None:
    page.goto(f"{address}/apply.html")
    assert page.evaluate(f"document.querySelector('#registration').dispatchEvent({COMPOSING})") is False
    assert page.evaluate(f"document.querySelector('#registration').dispatchEvent({DECIDED})") is True


def test_enter_in_a_row_presses_the_unseen_button_not_delete(page: Page, address: str) -> None:
    page.goto(f"{address}/apply.html")
    page.evaluate(WATCH)
    page.locator("#lines-17-access_key").press("Enter")
    assert page.evaluate("pressed") == ""
    # Control: without that button it is the first row's 「削除」.
    page.evaluate("document.querySelectorAll('form > button.visually-hidden').forEach(button => button.remove())")
    page.locator("#lines-17-access_key").press("Enter")
    assert page.evaluate("pressed") == "remove_lines"


def sends(page: Page, address: str) -> int:
    """Presses 「確認へ進む」 twice; how many of the presses would leave."""
    page.goto(f"{address}/apply.html")
    page.evaluate(COUNT)
    for _ in range(2):
        page.get_by_role("button", name="確認へ進む", exact=True).evaluate("button => button.click()")
    return int(page.evaluate("sent"))


def test_a_second_press_sends_nothing(page: Page, address: str) -> None:
    assert sends(page, address) == 1


def test_control_without_the_script_a_second_press_sends_again(page: Page, address: str) -> None:
    page.route("**/portal.js", lambda route: route.abort())
    assert sends(page, address) == 2


def test_leaving_unsaved_typing_is_asked_about(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{address}/apply.html")
    page.goto(f"{address}/home.html")
    assert asked == []
    page.goto(f"{address}/apply.html")
    page.locator("#registration").press_sequentially("A-29")
    page.goto(f"{address}/home.html")
    assert asked == ["beforeunload"]


def test_an_added_row_takes_the_focus(page: Page, address: str) -> None:
    page.route("**/lines", lambda route: route.fulfill(body=ROWS_ANSWER, content_type="text/html; charset=utf-8"))
    page.goto(f"{address}/apply.html")
    page.locator("#lines").get_by_role("button", name="行を追加").click()
    expect(page.locator("#lines-new-access_line")).to_be_focused()


def test_a_swapped_page_part_takes_the_focus_to_its_heading(page: Page, address: str) -> None:
    answer = '<div id="lines"><h2 id="told">回線を確かめました</h2></div>'
    page.route("**/lines", lambda route: route.fulfill(body=answer, content_type="text/html; charset=utf-8"))
    page.goto(f"{address}/apply.html")
    page.locator("#lines").get_by_role("button", name="行を追加").click()
    expect(page.locator("#told")).to_be_focused()


def test_the_queue_is_worked_by_keys_until_they_are_switched_off(page: Page, address: str) -> None:
    focus = "document.activeElement.textContent.trim()"
    page.goto(f"{address}/queue.html")
    for key in "jjk":
        page.keyboard.press(key)
    assert page.evaluate(focus) == "LN-261001-0003-K"
    page.keyboard.press("x")
    assert page.locator(".row-check :checked").count() == 1
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("j?")
    assert page.locator("#q").input_value() == "j?"
    page.locator("#q").blur()
    page.keyboard.press("?")
    page.get_by_label("キー操作を使う").uncheck()
    page.get_by_role("button", name="閉じる").click()
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")


def test_the_menu_opens_on_a_narrow_screen_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    narrow = context.new_page()
    narrow.goto(f"{address}/queue.html")
    menu = narrow.get_by_role("navigation", name="主なメニュー")
    assert not menu.is_visible()
    narrow.get_by_role("button", name="メニュー").click()
    assert menu.is_visible()
    narrow.screenshot(path=build.OUT / "menu-390.png")
    context.close()


def test_each_printed_sheet_names_the_receipt_and_repeats_the_head(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/done.html")
    page.evaluate(LONG_TABLE)
    page.pdf(path=tmp_path / "done.pdf", prefer_css_page_size=True)
    sheets = [sheet.extract_text() for sheet in PdfReader(tmp_path / "done.pdf").pages]
    assert len(sheets) > 2
    assert all("LN-261015-0042-K" in text for text in sheets)
    assert all("HEAD" in text for text in sheets)
    assert not any("サインアウト" in text for text in sheets)
    assert PdfReader(tmp_path / "done.pdf").pages[0].mediabox[2:] == pytest.approx((595, 842), abs=1)
