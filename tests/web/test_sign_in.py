"""Signing in and out through the certified provider, without a browser: the ways in, and those that must be none."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from portal.app import create_app
from portal.demo import openid
from portal.gateways.cipher import Cipher
from portal.gateways.oidc import Reason
from portal.records import database, members
from portal.records.events import events
from portal.records.members import sessions, sign_in_attempts
from portal.usecases import people
from portal.web import sign_in
from portal.web.sign_in import STATUSES, TITLES, TROUBLES, local_path
from portal.web.transaction import COOKIE
from tests.builders import LONG_AGO, Providers, World, build_world
from tests.gateways_oidc.oidc_walk import Walker
from tests.portals import BASE_URL, HandClock, settings_for, text_of

BACK = f"{BASE_URL}/sign-in/callback"
SECRET = "s3cret of the tests +/%"


@dataclass
class Door:
    """The portal with people who may knock; the provider's clock is the real one, so ours begins there."""

    app: Starlette
    clock: HandClock
    world: World
    provider: openid.DemoProvider

    def browser(self) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers={"Sec-Fetch-Site": "same-origin"})


def person(subject: str, name: str) -> dict[str, str]:
    return {"sub": subject, "name": name, "email": f"{subject}@company.example"}


@pytest.fixture(scope="module")
def provider() -> Iterator[openid.DemoProvider]:
    client = {
        "client_id": "portal",
        "client_secret": SECRET,
        "redirect_uris": [BACK],
        "post_logout_redirect_uris": [f"{BASE_URL}/signed-out"],
    }
    everybody = [
        person("viewer", "閲覧 四季"),
        person("signatory", "署名 花子"),
        person("stranger", "未登録 五郎"),
        person("clerk", "審査 一子"),
    ]
    issuers = {
        slug: {"name": slug, "clients": [client], "people": everybody}
        for slug in ("example-a", "example-b", "provider-staff")
    }
    with openid.start({"port": 0, "issuers": issuers}) as running:
        yield running


@pytest.fixture(scope="module")
async def door(database_url: str, pool: AsyncEngine, provider: openid.DemoProvider) -> AsyncIterator[Door]:
    settings = settings_for(database_url)
    sealed = Cipher(settings.sealing_key).seal(SECRET.encode(), purpose="client_secret")
    world = await build_world(pool, Providers(provider.issuers["example-a"].rsplit("/", 1)[0], sealed))
    clock = HandClock(datetime.now(UTC))
    app = create_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        yield Door(app, clock, world, provider)


@pytest.fixture
async def browser(door: Door) -> AsyncIterator[httpx2.AsyncClient]:
    door.clock.at = datetime.now(UTC)
    async with door.browser() as made:
        yield made


@pytest.fixture
async def walker() -> AsyncIterator[Walker]:
    async with Walker() as made:
        yield made


async def answer_of(browser: httpx2.AsyncClient, walker: Walker, address: str, who: str) -> dict[str, str]:
    """What the provider sends back when `who` signs in there."""
    begun = await browser.get(address)
    assert begun.status_code == 303
    return await walker.open(begun.headers["location"], back_to=BACK, press={"sub": who})


async def signed_in(
    browser: httpx2.AsyncClient, walker: Walker, who: str = "viewer", address: str = "/sign-in/example-a"
) -> httpx2.Response:
    return await browser.get("/sign-in/callback", params=await answer_of(browser, walker, address, who))


async def count(pool: AsyncEngine, statement: Select[int]) -> int:
    async with pool.begin() as db:
        return int(await db.scalar(statement) or 0)


async def told(owner_pool: AsyncEngine, verb: str) -> list[tuple[str | None, str]]:
    async with owner_pool.begin() as db:
        rows = await db.execute(select(events.c.reason, events.c.person_name).where(events.c.verb == verb))
        return [(row.reason, row.person_name) for row in rows]


async def test_a_member_signs_in_and_is_led_on(browser: httpx2.AsyncClient, walker: Walker) -> None:
    first = await browser.get("/contracts?page=2")
    assert first.headers["location"] == "/sign-in?return_to=%2Fcontracts%3Fpage%3D2"
    done = await signed_in(browser, walker, address="/sign-in/example-a?return_to=%2Fcontracts%3Fpage%3D2")
    assert (done.status_code, done.headers["location"]) == (303, "/contracts?page=2")
    page = await browser.get("/contracts")
    assert page.status_code == 200
    assert "閲覧 四季" in text_of(page)
    assert "例示通信株式会社" in text_of(page)


async def test_staff_come_to_the_desk(browser: httpx2.AsyncClient, walker: Walker) -> None:
    done = await signed_in(browser, walker, "clerk", "/sign-in/staff")
    assert done.headers["location"] == "/desk"
    home = await browser.get("/")
    assert (home.status_code, home.headers["location"]) == (303, "/desk")
    assert "審査 一子" in text_of(await browser.get("/desk"))


async def test_the_same_subject_of_another_company_is_another_person(
    browser: httpx2.AsyncClient, walker: Walker
) -> None:
    await signed_in(browser, walker, "viewer", "/sign-in/example-b")
    assert "見本ネット株式会社" in text_of(await browser.get("/"))


async def test_the_cookie_is_for_this_site_only(browser: httpx2.AsyncClient, walker: Walker) -> None:
    done = await signed_in(browser, walker)
    cookie = next(one for one in done.headers.get_list("set-cookie") if one.startswith(f"{COOKIE}="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/;" in cookie + ";"
    assert "Secure" not in cookie  # the test's portal speaks http


async def test_over_https_every_cookie_is_secure(database_url: str, door: Door, browser: httpx2.AsyncClient) -> None:
    secure = create_app(settings_for(database_url, base_url="https://portal.example"), clock=door.clock)
    async with (
        secure.router.lifespan_context(secure),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=secure), base_url="https://portal.example") as visitor,
    ):
        begun = await visitor.get("/sign-in/example-a")
    cookies = begun.headers.get_list("set-cookie")
    assert cookies
    assert all("Secure" in one and "HttpOnly" in one for one in cookies)


async def test_a_new_sign_in_ends_the_session_before_it(
    browser: httpx2.AsyncClient, walker: Walker, door: Door
) -> None:
    await signed_in(browser, walker)
    former = browser.cookies[COOKIE]
    await signed_in(browser, walker)
    assert browser.cookies[COOKIE] != former
    async with door.browser() as other:
        other.cookies.set(COOKIE, former)
        assert (await other.get("/contracts")).status_code == 303


async def test_two_tabs_at_once_both_come_in(browser: httpx2.AsyncClient, walker: Walker) -> None:
    one = await answer_of(browser, walker, "/sign-in/example-a?return_to=/contracts", "viewer")
    async with Walker() as other:
        two = await answer_of(browser, other, "/sign-in/example-a?return_to=/statements", "viewer")
    second = await browser.get("/sign-in/callback", params=two)
    first = await browser.get("/sign-in/callback", params=one)
    assert [first.headers["location"], second.headers["location"]] == ["/contracts", "/statements"]
    assert (await browser.get("/contracts")).status_code == 200


async def test_an_answer_works_once(browser: httpx2.AsyncClient, walker: Walker, door: Door) -> None:
    answer = await answer_of(browser, walker, "/sign-in/example-a", "viewer")
    kept = dict(browser.cookies)
    assert (await browser.get("/sign-in/callback", params=answer)).status_code == 303
    async with door.browser() as again:
        for name, value in kept.items():
            again.cookies.set(name, value)
        replayed = await again.get("/sign-in/callback", params=answer)
    assert replayed.status_code == 400
    assert COOKIE not in "".join(replayed.headers.get_list("set-cookie"))


async def test_an_unknown_state_is_nobodys(browser: httpx2.AsyncClient, walker: Walker) -> None:
    answer = await answer_of(browser, walker, "/sign-in/example-a", "viewer")
    for state in ("A" * 64, "", "short", "ＡＡ" * 32):
        refused = await browser.get("/sign-in/callback", params={**answer, "state": state})
        assert refused.status_code == 400
        assert "サインインが完了しませんでした" in text_of(refused)


async def test_another_browser_cannot_use_the_answer(
    browser: httpx2.AsyncClient, walker: Walker, door: Door, owner_pool: AsyncEngine
) -> None:
    """Somebody else's link signs nobody in (login CSRF); the attempt is used up by the try.

    Control: the same link does, with the cookie of the browser that began.
    """
    answer = await answer_of(browser, walker, "/sign-in/example-a", "viewer")
    async with door.browser() as same:
        same.cookies.update(browser.cookies)
        assert (await same.get("/sign-in/callback", params=answer)).status_code == 303
    browser.cookies.clear()
    answer = await answer_of(browser, walker, "/sign-in/example-a", "viewer")
    async with door.browser() as other:
        refused = await other.get("/sign-in/callback", params=answer)
        assert refused.status_code == 400
        assert COOKIE not in other.cookies
    assert ("another_browser", "（未確認の人）") in await told(owner_pool, "sign_in_refused")
    assert (await browser.get("/sign-in/callback", params=answer)).status_code == 400


async def test_an_attempt_is_forgotten_after_half_an_hour(
    browser: httpx2.AsyncClient, walker: Walker, door: Door, owner_pool: AsyncEngine
) -> None:
    answer = await answer_of(browser, walker, "/sign-in/example-a", "viewer")
    door.clock.at += timedelta(minutes=30, seconds=1)
    assert (await browser.get("/sign-in/callback", params=answer)).status_code == 400
    await browser.get("/sign-in/example-a")
    door.clock.at += timedelta(minutes=31)
    await browser.get("/sign-in/example-a")
    assert await count(owner_pool, select(func.count()).select_from(sign_in_attempts)) == 1


async def test_who_was_not_invited_is_told_what_to_do(
    browser: httpx2.AsyncClient, walker: Walker, owner_pool: AsyncEngine
) -> None:
    refused = await signed_in(browser, walker, "stranger")
    assert refused.status_code == 403
    words = text_of(refused)
    assert "このポータルに招待されていません" in words
    assert "stranger@company.example" in words
    assert "自社の管理者に" in words
    assert 'href="/sign-in/example-a?another=1"' in refused.text
    assert COOKIE not in browser.cookies
    assert ("not_invited", "（未確認の人）") in await told(owner_pool, "sign_in_refused")


async def test_another_person_can_be_chosen_although_the_provider_knows_one(
    browser: httpx2.AsyncClient, walker: Walker
) -> None:
    await signed_in(browser, walker, "stranger")
    done = await signed_in(browser, walker, "viewer", "/sign-in/example-a?another=1")
    assert done.status_code == 303
    assert "閲覧 四季" in text_of(await browser.get("/"))


async def test_going_back_at_the_provider_signs_nobody_in(browser: httpx2.AsyncClient, walker: Walker) -> None:
    begun = await browser.get("/sign-in/example-a")
    answer = await walker.open(begun.headers["location"], back_to=BACK, press={"abort": "1"})
    refused = await browser.get("/sign-in/callback", params=answer)
    assert refused.status_code == 400
    assert "認証サーバーでサインインが完了しませんでした" in text_of(refused)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_page(reason: Reason) -> None:
    trouble = TROUBLES[reason]
    assert TITLES[trouble]
    assert STATUSES[trouble] in {400, 503}


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/contracts?page=2", "/contracts?page=2"),
        ("/申込", "/申込"),
        ("https://attacker.example/", ""),
        ("//attacker.example/", ""),
        ("/\\attacker.example/", ""),
        ("/\t/attacker.example/", ""),
        ("\\/attacker.example", ""),
        ("/contracts\r\nSet-Cookie: a=b", ""),
        ("javascript:alert(1)", ""),
        ("contracts", ""),
        ("/sign-out", ""),
        ("/" + "a" * 2_001, ""),
        ("", ""),
    ],
)
def test_where_to_return_is_within_the_portal(asked: str, led_to: str) -> None:
    assert local_path(asked) == led_to


async def test_another_site_is_not_returned_to(browser: httpx2.AsyncClient, walker: Walker) -> None:
    done = await signed_in(browser, walker, address="/sign-in/example-a?return_to=https://attacker.example/")
    assert done.headers["location"] == "/"


async def test_two_idle_hours_end_a_session(browser: httpx2.AsyncClient, walker: Walker, door: Door) -> None:
    await signed_in(browser, walker)
    door.clock.at += timedelta(hours=1, minutes=59)
    assert (await browser.get("/contracts")).status_code == 200
    door.clock.at += timedelta(hours=2)
    assert (await browser.get("/contracts")).status_code == 303


async def test_twelve_hours_end_a_session_in_use(browser: httpx2.AsyncClient, walker: Walker, door: Door) -> None:
    await signed_in(browser, walker)
    begun = door.clock.at
    for hours in range(1, 12):
        door.clock.at = begun + timedelta(hours=hours)
        assert (await browser.get("/contracts")).status_code == 200
    door.clock.at = begun + timedelta(hours=11, minutes=59)
    assert (await browser.get("/contracts")).status_code == 200
    door.clock.at = begun + timedelta(hours=12)
    assert (await browser.get("/contracts")).status_code == 303


async def test_signing_out_ends_the_session_at_once(
    browser: httpx2.AsyncClient, walker: Walker, door: Door, owner_pool: AsyncEngine
) -> None:
    await signed_in(browser, walker)
    token = browser.cookies[COOKIE]
    page = await browser.post("/sign-out")
    assert page.status_code == 200
    assert "サインアウトしました" in text_of(page)
    assert COOKIE not in browser.cookies
    async with door.browser() as thief:
        thief.cookies.set(COOKIE, token)
        assert (await thief.get("/contracts")).status_code == 303
        assert (await thief.post("/applications/new", data={"submission_key": str(uuid4())})).status_code in {401, 404}
    assert (None, "閲覧 四季") in await told(owner_pool, "signed_out")
    alive = select(func.count()).select_from(sessions).where(sessions.c.ended_at.is_(None))
    before = await count(owner_pool, alive)
    assert (await browser.post("/sign-out")).status_code == 200  # nothing left to end
    assert await count(owner_pool, alive) == before


async def test_the_providers_own_sign_out_is_one_link_further(browser: httpx2.AsyncClient, walker: Walker) -> None:
    await signed_in(browser, walker)
    page = await browser.post("/sign-out")
    link = page.text.split('href="http://127.0.0.1')[1].split('"')[0].replace("&amp;", "&")
    href = "http://127.0.0.1" + link
    given = dict(parse_qsl(urlsplit(href).query))
    assert given["post_logout_redirect_uri"] == f"{BASE_URL}/signed-out"
    assert given["id_token_hint"]
    shown = await walker.page(href)
    assert shown.status_code == 200
    assert "サインアウト" in shown.text
    assert "もう一度サインインする" in text_of(await browser.get("/signed-out"))


async def test_signing_out_from_another_site_is_refused(browser: httpx2.AsyncClient, walker: Walker) -> None:
    await signed_in(browser, walker)
    assert (await browser.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await browser.get("/contracts")).status_code == 200


async def test_an_unknown_company_gets_the_page_everybody_gets(browser: httpx2.AsyncClient) -> None:
    known = await browser.get("/sign-in")
    assert known.status_code == 200
    assert "例示通信" not in text_of(known)
    for slug in ("no-such-company", "x", "-", "REIJI", "a" * 60):
        unknown = await browser.get(f"/sign-in/{slug}")
        assert unknown.status_code == 404
        assert "このアドレスではサインインを始められません" in text_of(unknown)
        assert "会社ごとのアドレス" in text_of(unknown)
        assert "例示通信" not in text_of(unknown)


async def test_a_browser_is_led_to_the_company_it_came_from(browser: httpx2.AsyncClient, walker: Walker) -> None:
    await signed_in(browser, walker)
    await browser.post("/sign-out")
    page = await browser.get("/sign-in?return_to=%2Fcontracts")
    assert 'href="/sign-in/example-a?return_to=%2Fcontracts"' in page.text
    assert "見本ネット" not in page.text
    browser.cookies.set(sign_in.COMPANY_COOKIE, '"\\000"', path="/sign-in")
    assert (await browser.get("/sign-in")).status_code == 200


async def test_the_demo_lists_the_companies(database_url: str, door: Door) -> None:
    demo = create_app(replace(settings_for(database_url), demo=True), clock=door.clock)
    async with (
        demo.router.lifespan_context(demo),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=demo), base_url=BASE_URL) as visitor,
    ):
        page = await visitor.get("/sign-in?return_to=%2Fcontracts")
    words = text_of(page)
    assert 'href="/sign-in/example-a?another=1&amp;return_to=%2Fcontracts"' in page.text
    assert all(name in words for name in ("例示通信株式会社", "見本ネット株式会社", "架空ネットワーク株式会社"))


async def test_a_provider_that_is_down_keeps_nobody_out_who_is_in(
    browser: httpx2.AsyncClient, walker: Walker, pool: AsyncEngine, door: Door, owner_pool: AsyncEngine
) -> None:
    """A company whose provider does not answer: a page that says so, in time; those who are in stay in."""
    async with database.transaction(pool, "staff") as db:
        connection_id = await people.connect_provider(
            db,
            by=people.SETUP,
            at=LONG_AGO,
            subscriber_id=door.world.theirs.id,
            slug="example-down",
            label="停止中",
            issuer="http://127.0.0.1:1/example-down",
            client_id="portal",
            client_secret_sealed=Cipher(bytes(range(32))).seal(b"s", purpose="client_secret"),
        )
    await signed_in(browser, walker)
    refused = await browser.get("/sign-in/example-down")
    assert refused.status_code == 503
    assert "認証サーバーに接続できません" in text_of(refused)
    assert (await browser.get("/contracts")).status_code == 200
    assert ("provider_unreachable", "（未確認の人）") in await told(owner_pool, "sign_in_refused")
    async with owner_pool.begin() as db:
        where = sign_in_attempts.c.connection_id == connection_id
        assert await db.scalar(select(func.count()).select_from(sign_in_attempts).where(where)) == 0


async def test_a_provider_that_fails_at_the_token_is_told_apart(
    browser: httpx2.AsyncClient, walker: Walker, owner_pool: AsyncEngine
) -> None:
    answer = await answer_of(browser, walker, "/sign-in/example-a", "viewer")
    refused = await browser.get("/sign-in/callback", params={**answer, "code": "not-the-code"})
    assert refused.status_code == 400
    assert "認証サーバーの応答を確認できません" in text_of(refused)
    assert "not-the-code" not in refused.text
    assert ("token", "（未確認の人）") in await told(owner_pool, "sign_in_refused")
    reference = text_of(refused).rsplit("：", 1)[1].split()[0]
    async with owner_pool.begin() as db:
        found = await db.scalar(select(events.c.object_kind).where(events.c.details["reference"].astext == reference))
    assert found == "connection"


async def test_the_token_is_kept_nowhere(browser: httpx2.AsyncClient, walker: Walker, owner_pool: AsyncEngine) -> None:
    await signed_in(browser, walker)
    async with owner_pool.begin() as db:
        hashes = (await db.execute(select(members.sessions.c.token_hash))).scalars().all()
    assert browser.cookies[COOKIE].encode() not in hashes
    assert all(len(one) == 32 for one in hashes)
