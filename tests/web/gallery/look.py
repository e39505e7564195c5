"""Pictures, A4 PDF and axe findings of the gallery: `python -m tests.web.gallery.look [page …]` (after build)."""

import functools
import http.server
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.web.gallery.build import OUT

WIDTHS = (1280, 390)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


class Gallery(http.server.SimpleHTTPRequestHandler):
    """Serves the gallery under the portal's own Content-Security-Policy."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """The address of the gallery, on this machine alone."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Gallery, directory=OUT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def browsing() -> Iterator[Browser]:
    """The system's Chromium, kept off the network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


def findings(page: Page, name: str) -> list[str]:
    """What axe finds on the page as it stands, and whether the page scrolls sideways."""
    found = []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide:
        found.append(f"{name}: page scrolls sideways by {wide} px")
    for violation in Axe().run(page, options=RULES).response["violations"]:
        found += [f"{name}: {violation['id']}: {node['html'][:160]}" for node in violation["nodes"]]
    return found


def look(page: Page, address: str, name: str) -> list[str]:
    """Takes the pictures of one page; gives what is wrong with it."""
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}/{name}.html")
        page.evaluate("document.fonts.ready")
        page.screenshot(path=OUT / "shots" / f"{name}-{width}.png", full_page=True)
        found += findings(page, f"{name} {width}")
    page.pdf(path=OUT / "shots" / f"{name}.pdf", prefer_css_page_size=True, print_background=False)
    return found


def main() -> int:
    """Looks at the pages named, or at all; 1 when anything was found."""
    (OUT / "shots").mkdir(exist_ok=True)
    names = sys.argv[1:] or sorted(path.stem for path in OUT.glob("*.html"))
    found: list[str] = []
    with serving() as address, browsing() as browser:
        page = browser.new_page(locale="ja-JP", timezone_id="Asia/Tokyo")
        page.on(
            "console", lambda message: found.append(f"console: {message.text}") if message.type == "error" else None
        )
        page.on("pageerror", lambda error: found.append(f"script: {error}"))
        for name in names:
            found += look(page, address, name)
    sys.stdout.write("\n".join(found) + f"\n{len(names)} pages, {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
