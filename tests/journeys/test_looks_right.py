"""Control of the look at each page: what must be found is found, on the screen where it shows."""

import pytest
from playwright.async_api import Browser

from tests.journeys.conftest import looks_right

PAGE = "<!doctype html><html lang='ja'><head><title>例</title></head><body><main><h1>例</h1>{}</main></body></html>"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<input type='text'>", "'label'.* at 1280 px"),
        ("<p style='color: #aaa'>読めない文字</p>", "'color-contrast'.* at 1280 px"),
        ("<p style='width: 600px'>はみ出す段落</p>", "at 390 px"),
    ],
)
async def test_a_fault_is_found(browser: Browser, body: str, found: str) -> None:
    page = await browser.new_page()
    await page.set_content(PAGE.format(body))
    with pytest.raises(AssertionError, match=f"(?s){found}"):
        await looks_right(page)
    await page.set_content(PAGE.format("<p>整った段落</p>"))
    await looks_right(page)
    await page.close()
