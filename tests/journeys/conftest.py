"""A whole portal for a browser: our server on a port, a real OpenID provider in a process of its own, real Chromium."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, StorageState, ViewportSize, async_playwright, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.app import create_app
from portal.clock import SystemClock
from portal.demo import openid
from portal.gateways.cipher import Cipher
from portal.gateways.oidc import OpenIDConnect
from portal.gateways.postgres import free_port
from portal.records import database
from portal.records.members import Person
from portal.usecases import people as people_acts
from tests.builders import LONG_AGO, Providers, World, build_world
from tests.portals import HandClock, settings_for
from tests.serving import serving

CHROMIUM = "/usr/bin/chromium"
# No connection leaves the machine, and none is tried.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECRET = "secret-of-the-journeys"
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}


@dataclass
class Site:
    """The running portal and the people who may sign in to it."""

    url: str
    world: World
    clock: HandClock
    browser: Browser
    pool: AsyncEngine
    both: Person
    """Clerk and approver in one person."""
    sessions: dict[tuple[UUID, datetime], StorageState] = field(default_factory=dict)

    @asynccontextmanager
    async def signed_in(self, person: Person, *, narrow: bool = False) -> AsyncIterator[Page]:
        """A browser of the person's own, signed in; no script of its pages fails and nothing breaks the policy of them.

        The first time at a moment of the clock they go through their company's provider, later the browser still knows
        them.
        """
        known = (person.id, self.clock.at)
        context = await self.browser.new_context(
            viewport=NARROW if narrow else WIDE,
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
            storage_state=self.sessions.get(known),
        )
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
        if known in self.sessions:
            await page.goto(self.url)
        else:
            await self._sign_in(page, person)
            self.sessions[known] = await context.storage_state()
        yield page
        assert errors == []
        await context.close()

    async def _sign_in(self, page: Page, person: Person) -> None:
        company = person.email.split("@")[1].removesuffix(".example")
        await page.goto(f"{self.url}/sign-in/{'staff' if person.realm == 'staff' else company}")
        await page.get_by_role("button", name=person.name).click()
        await expect(page.locator(".person-name")).to_have_text(person.name)


AXE = Axe().axe_script
VIOLATIONS = """async () => (await axe.run({resultTypes: ["violations"]})).violations
    .map(one => [one.id, one.nodes[0].html.slice(0, 200)])"""
# What reaches past the edge of the screen, except inside a region that scrolls by itself.
STICKS_OUT = """() => [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && one.checkVisibility())
    .filter(one => !one.closest(".table-region, .visually-hidden, [popover]"))
    .map(one => one.outerHTML.slice(0, 120))"""


async def looks_right(page: Page) -> None:
    """No accessibility finding, and nothing sticks out sideways, on a wide and on a narrow screen."""
    before = page.viewport_size
    await page.evaluate(AXE)
    for size in (WIDE, NARROW):
        await page.set_viewport_size(size)
        faults = await page.evaluate(VIOLATIONS)
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(["sideways", await page.evaluate(STICKS_OUT)])
        assert faults == [], f"{faults} on {page.url} at {size['width']} px"
    if before:
        await page.set_viewport_size(before)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        await started.close()


@pytest.fixture(scope="module")
async def site(
    browser: Browser, database_url: str, pool: AsyncEngine, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = settings_for(database_url, base_url=url)
    clock = HandClock(datetime(2026, 10, 15, 3, 0, tzinfo=UTC))
    with openid.start(provider_config(url, tmp_path_factory.mktemp("openid"))) as provider:
        sealed = Cipher(settings.sealing_key).seal(SECRET.encode(), purpose="client_secret")
        world = await build_world(pool, Providers(provider.issuers["example-a"].rsplit("/", 1)[0], sealed))
        both = await clerk_and_approver(pool, world)
        app = create_app(settings, clock=clock)
        # The OpenID provider is a program of its own and keeps real time: so does the part that reads its tokens.
        oidc = OpenIDConnect(now=SystemClock().now, allow_loopback=True)
        app.state.services = replace(app.state.services, oidc=oidc)
        async with serving(app, port):
            yield Site(url, world, clock, browser, pool, both)
        await oidc.aclose()


async def clerk_and_approver(pool: AsyncEngine, world: World) -> Person:
    """Somebody who could do both halves of a decision alone, if nothing held them back."""
    name, email, roles = "兼務 三郎", "both@provider.example", ("clerk", "approver")
    connection_id = world.desk.connection_id
    async with database.transaction(pool, "staff") as db:
        person_id = await people_acts.enrol_staff(
            db,
            by=people_acts.SETUP,
            at=LONG_AGO,
            connection_id=connection_id,
            subject="both",
            name=name,
            email=email,
            roles=roles,
        )
    return Person(person_id, "staff", None, name, email, roles, None, world.desk.clerk.company)


def provider_config(portal_url: str, directory: Path) -> dict[str, object]:
    client = {
        "client_id": "portal",
        "client_secret": SECRET,
        "redirect_uris": [f"{portal_url}/sign-in/callback"],
        "post_logout_redirect_uris": [f"{portal_url}/signed-out"],
    }

    def people(slug: str, *who: tuple[str, str]) -> list[dict[str, object]]:
        return [{"sub": subject, "name": name, "email": f"{subject}@{slug}.example"} for subject, name in who]

    company = (("admin", "管理 太郎"), ("signatory", "署名 花子"), ("operator", "作業 三郎"), ("viewer", "閲覧 四季"))
    desk = (
        ("clerk", "審査 一子"),
        ("clerk2", "審査 二郎"),
        ("approver", "決裁 一郎"),
        ("approver2", "決裁 二葉"),
        ("billing", "請求 一恵"),
        ("billing2", "請求 次男"),
        ("auditor", "監査 花"),
        ("both", "兼務 三郎"),
    )
    return {
        "port": 0,
        "keys": str(directory / "keys.json"),
        "issuers": {
            "example-a": {"name": "例示通信株式会社", "clients": [client], "people": people("example-a", *company)},
            "example-b": {"name": "見本ネット株式会社", "clients": [client], "people": people("example-b", *company)},
            "provider-staff": {
                "name": "架空ネットワーク株式会社",
                "clients": [client],
                "people": people("provider", *desk),
            },
        },
    }
