"""What a person does on a page: read a table, go by the keyboard, send a form that no page offers."""

import re
from typing import cast
from uuid import uuid4

from playwright.async_api import Download, Locator, Page

MOST_STOPS = 400


async def tab_to(page: Page, target: Locator, *, back: bool = False) -> None:
    """Reach a control by the Tab key alone."""
    await target.wait_for()
    for _ in range(MOST_STOPS):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"no way by Tab to {target}")


async def press(page: Page, target: Locator, *, key: str = "Enter") -> None:
    """Reach a control by the Tab key and press it."""
    await tab_to(page, target)
    await page.keyboard.press(key)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


async def rows(table: Locator) -> list[list[str]]:
    """The body of a table: the text of each cell."""
    await table.wait_for()
    cells = "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    return cast("list[list[str]]", await table.evaluate(cells))


async def fact(page: Page, label: str) -> str:
    """The value beside a name in a description list, without the clauses behind it."""
    name = page.locator("dt", has_text=re.compile(f"^{re.escape(label)}$"))
    value = page.locator("dl > div", has=name).locator("dd").first
    return (await value.inner_text()).strip()


async def posted(page: Page, path: str, **form: str) -> tuple[int, str]:
    """Send a form by hand, as somebody does who is shown no button: the status, and where it led."""
    send = """async ([path, form]) => {
        const answer = await fetch(path, {method: "POST", body: new URLSearchParams(form)});
        return [answer.status, new URL(answer.url).pathname];
    }"""
    status, led_to = await page.evaluate(send, [path, {"submission_key": str(uuid4()), **form}])
    return status, led_to


async def got(page: Page, path: str) -> int:
    """The status of an address for the person of the page."""
    return cast("int", await page.evaluate("async path => (await fetch(path)).status", path))


async def downloaded(page: Page, target: Locator) -> tuple[str, bytes]:
    """The name and content of the file behind a link."""
    async with page.expect_download() as waiting:
        await target.click()
    download: Download = await waiting.value
    path = await download.path()
    return download.suggested_filename, path.read_bytes()
