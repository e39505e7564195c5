"""Pictures, A4 PDF and axe findings of the gallery: `python -m tests.web.gallery.look [page …]` (after build)."""

import functools
import http.server
import sys
import threading

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from tests.web.gallery.build import OUT

WIDTHS = (1280, 390)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


class Gallery(http.server.SimpleHTTPRequestHandler):
    """Serves the gallery under the portal's own Content-Security-Policy."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def look(page: Page, address: str, name: str) -> list[str]:
    """Takes the pictures of one page; gives what is wrong with it."""
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}/{name}.html")
        page.evaluate("document.fonts.ready")
        page.screenshot(path=OUT / "shots" / f"{name}-{width}.png", full_page=True)
        if overflow(page):
            found.append(f"{name} {width}: page scrolls sideways by {overflow(page)} px")
        for violation in (
            Axe()
            .run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
            .response["violations"]
        ):
            for node in violation["nodes"]:
                found.append(
                    f"{name} {width}: {violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
                )
    page.pdf(path=OUT / "shots" / f"{name}.pdf", prefer_css_page_size=True, print_background=False)
    return found


def main() -> int:
    (OUT / "shots").mkdir(exist_ok=True)
    names = sys.argv[1:] or sorted(path.stem for path in OUT.glob("*.html"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Gallery, directory=OUT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(locale="ja-JP", timezone_id="Asia/Tokyo")
        page.on(
            "console", lambda message: found.append(f"console: {message.text}") if message.type == "error" else None
        )
        page.on("pageerror", lambda error: found.append(f"script: {error}"))
        for name in names:
            found += look(page, f"http://127.0.0.1:{server.server_port}", name)
        browser.close()
    server.shutdown()
    sys.stdout.write("\n".join(found) + f"\n{len(names)} pages, {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
