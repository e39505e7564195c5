"""One request, one transaction: routes of the test's own in the real application, on the real database."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.app import create_app
from portal.records import members
from portal.records.members import Person
from portal.terms.violations import Violation
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused
from portal.web.access import BILLING, BINDS, MEMBER, SIGNED_IN, Who
from portal.web.services import Services
from portal.web.site import site_for
from portal.web.transaction import COOKIE, Call, Handler, OpenHandler, endpoint, go, token_hash
from tests.builders import World
from tests.conftest import NOON
from tests.portals import BASE_URL, HandClock, Portal, portal_in, settings_for, text_of

KEY = "00000000-0000-4000-8000-0000000000aa"
FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


async def write(call: Call) -> int:
    statement = text("INSERT INTO acts (word) VALUES (:word) RETURNING id")
    return int(await call.db.scalar(statement, {"word": call.form().value("word")}) or 0)


async def act(call: Call) -> Response:
    return go(f"/try/acts/{await write(call)}")


async def not_whole(call: Call) -> Response:
    await write(call)
    return Response("直してください。", 422)


async def page_after_act(call: Call) -> Response:
    await write(call)
    return Response("しました。")


async def breaks(call: Call) -> Response:
    await write(call)
    raise RuntimeError("a fault of ours, with a secret in it")


async def overtaken(call: Call) -> Response:
    await write(call)
    raise Conflict("この申込は、もう承諾されています。")


async def own_work(call: Call) -> Response:
    await write(call)
    raise Forbidden("自分が審査した申込は決裁できません。")


async def of_others(call: Call) -> Response:
    await write(call)
    raise NotFound


async def forbidden_by_the_terms(call: Call) -> Response:
    await write(call)
    raise Refused([Violation("A5-5", "集合住宅の回線です。"), Violation("A9", "終了日のあとです。")])


async def only_once(call: Call) -> Response:
    await call.db.execute(text("INSERT INTO once (word) VALUES (:word)"), {"word": call.form().value("word")})
    return go("/try/once")


async def too_long_a_statement(call: Call) -> Response:
    await call.db.execute(text("SET LOCAL statement_timeout = '20ms'"))
    await call.db.execute(text("SELECT pg_sleep(30)"))
    return go("/")


async def too_long_a_wait(call: Call) -> Response:
    await call.db.execute(text("SET LOCAL lock_timeout = '20ms'"))
    await call.db.execute(text("LOCK TABLE held"))
    return go("/")


async def echo(call: Call) -> Response:
    return Response(await call.db.scalar(text("SELECT CAST(:q AS text)"), {"q": call.query("q")}))


async def number(call: Call) -> Response:
    asked = call.request.path_params["n"]
    return Response(str(await call.db.scalar(text("SELECT CAST(:n AS bigint)"), {"n": asked})))


POSTS: dict[str, tuple[Handler, Who]] = {
    "/try/acts": (act, MEMBER),
    "/try/signatory": (act, BINDS),
    "/try/billing": (act, BILLING),
    "/try/not-whole": (not_whole, MEMBER),
    "/try/page-after-act": (page_after_act, MEMBER),
    "/try/breaks": (breaks, MEMBER),
    "/try/overtaken": (overtaken, MEMBER),
    "/try/own-work": (own_work, MEMBER),
    "/try/of-others": (of_others, MEMBER),
    "/try/forbidden": (forbidden_by_the_terms, MEMBER),
    "/try/once": (only_once, MEMBER),
    "/try/statement": (too_long_a_statement, MEMBER),
    "/try/wait": (too_long_a_wait, MEMBER),
}
GETS: dict[str, tuple[Handler, Who]] = {"/try/echo": (echo, SIGNED_IN), "/try/numbers/{n:int}": (number, SIGNED_IN)}


def without_claim(handler: Handler) -> OpenHandler:
    """Control: the wrapper without the submission key, and without a look at what the form holds."""

    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        at = services.clock.now()
        data = await request.form()
        async with services.pool.begin() as db:
            person = await members.enter(db, token_hash=token_hash(request), at=at)
            assert person is not None
            site = site_for(services, person, path=request.url.path, at=at)
            return await handler(Call(request, services, db, person, at, site, data))

    return handle


@pytest.fixture(scope="module")
async def portal(database_url: str, pool: AsyncEngine, owner_pool: AsyncEngine, world: World) -> AsyncIterator[Portal]:
    async with owner_pool.begin() as db:
        for statement in (
            "CREATE TABLE acts (id bigint GENERATED ALWAYS AS IDENTITY, word text NOT NULL)",
            "CREATE TABLE once (word text, UNIQUE (word) DEFERRABLE INITIALLY DEFERRED)",
            "CREATE TABLE held ()",
            "GRANT ALL ON acts, once, held TO portal_subscriber, portal_staff",
        ):
            await db.execute(text(statement))
    async with portal_in(database_url, pool, world, at=NOON) as running:
        running.app.router.routes[:0] = [
            *(Route(path, endpoint(*wrapped), methods=["POST"]) for path, wrapped in POSTS.items()),
            *(Route(path, endpoint(*wrapped), methods=["GET"]) for path, wrapped in GETS.items()),
            Route("/try/weakened", without_claim(act), methods=["POST"]),
        ]
        yield running


@pytest.fixture(autouse=True)
async def empty(portal: Portal, owner_pool: AsyncEngine) -> None:
    portal.clock.at = NOON
    async with owner_pool.begin() as db:
        await db.execute(text("TRUNCATE acts, once"))


@pytest.fixture
async def browser(portal: Portal, world: World) -> AsyncIterator[httpx2.AsyncClient]:
    """The operator's browser; a fault of ours is an answer, not an exception of the test."""
    async with browser_of(portal, await portal.token(world.ours.operator)) as opened:
        yield opened


def browser_of(portal: Portal, token: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=portal.app, raise_app_exceptions=False),
        base_url=BASE_URL,
        headers={"Sec-Fetch-Site": "same-origin"},
        cookies={COOKIE: token},
    )


async def words(owner_pool: AsyncEngine) -> list[str]:
    """What was written and has been committed."""
    async with owner_pool.connect() as db:
        return list(await db.scalars(text("SELECT word FROM acts ORDER BY id")))


def form(word: str = "一つ", key: str | None = None) -> dict[str, str]:
    return {"submission_key": key or str(uuid4()), "word": word}


def assert_designed(answer: httpx2.Response, status: int, title: str) -> None:
    """A page of ours: its heading, what happened, what to do next, and the security headers."""
    assert answer.status_code == status
    assert title in text_of(answer)
    assert "次にできること" in text_of(answer)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


# Commit and roll back


async def test_an_act_is_committed_before_its_answer_leaves(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine
) -> None:
    answer = await browser.post("/try/acts", data=form("一つ"))
    assert answer.status_code == 303
    assert re.fullmatch(r"/try/acts/\d+", answer.headers["location"])
    assert await words(owner_pool) == ["一つ"]


@pytest.mark.parametrize(
    ("path", "page", "sentence"),
    [
        ("/try/overtaken", (409, "ほかの操作と重なりました"), "この申込は、もう承諾されています。"),
        ("/try/own-work", (403, "権限がありません"), "自分が審査した申込は決裁できません。"),
        ("/try/of-others", (404, "ページが見つかりません"), "あなたの会社のものではありません。"),
        ("/try/forbidden", (422, "この操作はできません"), "集合住宅の回線です。"),
        ("/try/forbidden", (422, "この操作はできません"), "終了日のあとです。"),
    ],
)
async def test_what_does_not_happen_leaves_nothing_and_says_why(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine, path: str, page: tuple[int, str], sentence: str
) -> None:
    answer = await browser.post(path, data=form())
    assert_designed(answer, *page)
    assert sentence in text_of(answer)
    assert "作業 三郎" in answer.text
    assert await words(owner_pool) == []


async def test_a_form_that_does_not_hold_leaves_nothing_and_its_key_free(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine
) -> None:
    key = str(uuid4())
    assert (await browser.post("/try/not-whole", data=form("前", key))).status_code == 422
    assert await words(owner_pool) == []
    assert (await browser.post("/try/acts", data=form("後", key))).status_code == 303
    assert await words(owner_pool) == ["後"]


async def test_a_fault_of_ours_rolls_back_and_tells_nothing_but_a_reference(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await browser.post("/try/breaks", data=form())
    assert_designed(answer, 500, "処理を終えられませんでした")
    assert answer.headers["x-frame-options"] == "DENY"
    assert "secret" not in answer.text
    reference = re.search(r"お問い合わせの際は.*?([0-9A-F]{10})", text_of(answer))
    assert reference is not None
    assert reference[1] in caplog.text
    assert await words(owner_pool) == []


async def test_an_act_that_answers_with_a_page_is_a_fault_and_leaves_nothing(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine
) -> None:
    """It would use the key up without a place to lead the second click to."""
    key = str(uuid4())
    assert (await browser.post("/try/page-after-act", data=form("一つ", key))).status_code == 500
    assert await words(owner_pool) == []


async def test_a_constraint_that_fails_at_commit_is_a_conflict(browser: httpx2.AsyncClient) -> None:
    assert (await browser.post("/try/once", data=form("同じ"))).status_code == 303
    answer = await browser.post("/try/once", data=form("同じ"))
    assert_designed(answer, 409, "ほかの操作と重なりました")


# One act per form


async def test_a_second_click_leads_where_the_first_led(browser: httpx2.AsyncClient, owner_pool: AsyncEngine) -> None:
    key = str(uuid4())
    first = await browser.post("/try/acts", data=form("一つ", key))
    second = await browser.post("/try/acts", data=form("一つ", key))
    assert first.headers["location"] == second.headers["location"]
    assert await words(owner_pool) == ["一つ"]


async def test_clicks_at_the_same_time_make_one_act(browser: httpx2.AsyncClient, owner_pool: AsyncEngine) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(*[browser.post("/try/acts", data=form("一つ", key)) for _ in range(8)])
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await words(owner_pool) == ["一つ"]


async def test_a_click_beside_one_that_fails_acts(browser: httpx2.AsyncClient, owner_pool: AsyncEngine) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(
        browser.post("/try/breaks", data=form("壊れる", key)), browser.post("/try/acts", data=form("一つ", key))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 500] or answers[1].status_code == 303
    assert await words(owner_pool) == ["一つ"]


async def test_control_without_the_claim_two_clicks_make_two_acts(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine
) -> None:
    key = str(uuid4())
    for _ in range(2):
        await browser.post("/try/weakened", data=form("一つ", key))
    await asyncio.gather(*[browser.post("/try/weakened", data=form("二つ", key)) for _ in range(2)])
    assert await words(owner_pool) == ["一つ", "一つ", "二つ", "二つ"]


async def test_the_same_key_of_another_person_is_another_act(
    portal: Portal, world: World, owner_pool: AsyncEngine
) -> None:
    for person in (world.ours.operator, world.ours.signatory, world.theirs.operator):
        assert (await portal.post(person, "/try/acts", form(person.email, KEY))).status_code == 303
    assert len(await words(owner_pool)) == 3


@pytest.mark.parametrize("key", [None, "", "x", "0", "00000000-0000-4000-8000", "'; DROP TABLE acts; --"])
async def test_without_a_key_nothing_is_done(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine, key: str | None
) -> None:
    data = {"word": "一つ"} if key is None else {"word": "一つ", "submission_key": key}
    assert_designed(await browser.post("/try/acts", data=data), 422, "この操作はできません")
    assert await words(owner_pool) == []


# Who


async def test_a_form_after_the_session_ended_is_kept_and_can_be_sent_again(
    portal: Portal, world: World, owner_pool: AsyncEngine
) -> None:
    hostile = '"><script>alert(1)</script>\n二行目 & 了'
    token = await portal.token(world.ours.operator)
    portal.clock.at = NOON + timedelta(hours=13)
    sent = {**form(hostile), "選択": "あり"}
    async with browser_of(portal, token) as browser:
        answer = await browser.post("/try/acts?from=list", data=sent)
    assert_designed(answer, 401, "サインアウトしました")
    assert "<script>alert" not in answer.text
    assert await words(owner_pool) == []
    kept = {html.unescape(name): html.unescape(value) for name, value in FIELD.findall(answer.text)}
    assert kept == sent
    action = re.search(r'<form class="form" method="post" action="([^"]+)"', answer.text)
    assert action is not None
    assert html.unescape(action[1]) == "/try/acts?from=list"
    async with browser_of(portal, await portal.token(world.ours.operator)) as browser:
        assert (await browser.post(html.unescape(action[1]), data=kept)).status_code == 303
    assert await words(owner_pool) == [hostile]


async def test_a_page_after_the_session_ended_leads_to_sign_in_and_back(portal: Portal) -> None:
    async with browser_of(portal, "no session of ours") as browser:
        answer = await browser.get("/try/echo", params={"q": "例示&x=1", "page": "2"})
    assert answer.status_code == 303
    assert answer.headers["location"] == (
        "/sign-in?return_to=%2Ftry%2Fecho%3Fq%3D%25E4%25BE%258B%25E7%25A4%25BA%2526x%253D1%26page%3D2"
    )


async def test_a_role_that_may_not_is_told_which_may(portal: Portal, world: World, owner_pool: AsyncEngine) -> None:
    answer = await portal.post(world.ours.operator, "/try/signatory", form())
    assert_designed(answer, 403, "権限がありません")
    assert "署名権限者" in text_of(answer)
    assert (await portal.post(world.ours.signatory, "/try/signatory", form("可"))).status_code == 303
    assert await words(owner_pool) == ["可"]


@pytest.mark.parametrize(("realm", "path"), [("staff", "/try/signatory"), ("subscriber", "/try/billing")])
async def test_the_other_realm_is_not_told_of_the_page(
    portal: Portal, world: World, owner_pool: AsyncEngine, realm: str, path: str
) -> None:
    everyone: tuple[Person, ...] = world.desk.people if realm == "staff" else world.ours.people
    for person in everyone:
        assert_designed(await portal.post(person, path, form()), 404, "ページが見つかりません")
    assert await words(owner_pool) == []


# The database does not answer


@pytest.mark.parametrize("path", ["/try/statement", "/try/wait"])
async def test_what_takes_too_long_can_be_tried_again(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine, path: str
) -> None:
    async with owner_pool.begin() as other:
        await other.execute(text("LOCK TABLE held"))
        answer = await browser.post(path, data=form())
    assert_designed(answer, 503, "いまはご利用いただけません")


async def test_connections_that_were_cut_are_made_anew(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine, pool: AsyncEngine
) -> None:
    assert (await browser.get("/try/echo?q=a")).text == "a"
    async with owner_pool.begin() as other:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'portal_web'"
        await other.execute(text(cut))
    await pool.dispose()  # the test's own connections were cut, too
    assert_designed(await browser.get("/try/echo?q=a"), 503, "いまはご利用いただけません")
    assert (await browser.get("/try/echo?q=a")).text == "a"


async def test_a_database_that_is_not_there(world: World) -> None:
    app = create_app(settings_for("postgresql+asyncpg://portal_web:x@127.0.0.1:1/portal"), clock=HandClock(NOON))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as nobody:
            assert_designed(await nobody.get("/contracts"), 503, "いまはご利用いただけません")


# What is sent


NUL = "例示\0通信"


async def test_what_is_no_text_is_refused_with_its_place(browser: httpx2.AsyncClient, owner_pool: AsyncEngine) -> None:
    answer = await browser.post("/try/acts", data=form(NUL))
    assert_designed(answer, 422, "この操作はできません")
    assert "「例示□通信」の□のところに" in text_of(answer)
    assert await words(owner_pool) == []


async def test_control_without_the_look_the_database_refuses_it(browser: httpx2.AsyncClient) -> None:
    assert (await browser.post("/try/weakened", data=form(NUL))).status_code == 500


async def test_tabs_lines_and_rare_characters_are_text(browser: httpx2.AsyncClient, owner_pool: AsyncEngine) -> None:
    rare = "髙﨑①\t𠮷\r\n葛\U000e0100 ﾊﾟ \u200b😀"
    assert (await browser.post("/try/acts", data=form(rare))).status_code == 303
    assert await words(owner_pool) == [rare]


@pytest.mark.parametrize(
    "address",
    [
        "/try/echo?q=%00",
        "/try/echo?q=a%01b",
        "/try/echo?%00=a",
        "/try/echo?q=%FF%FE",
        "/policies/%00",
        "/policies/a%0Bb",
        "/clauses/%EF%BF%BD",
    ],
)
async def test_an_address_that_is_no_text_is_no_page(browser: httpx2.AsyncClient, address: str) -> None:
    assert_designed(await browser.get(address), 404, "ページが見つかりません")


@pytest.mark.parametrize(
    "address", ["/static/%00.css", "/static/..%2Fportal%2Fsettings.py", "/static/", "/static/no.css"]
)
async def test_no_file_but_the_static_ones(browser: httpx2.AsyncClient, address: str) -> None:
    assert (await browser.get(address)).status_code == 404


@pytest.mark.parametrize("address", ["/try/numbers/" + "9" * 5_000, "/sign-in/" + "a" * 2_000, "/?q=" + "x" * 9_000])
async def test_an_address_without_end_is_refused(browser: httpx2.AsyncClient, address: str) -> None:
    answer = await browser.get(address)
    assert answer.status_code == 400
    assert answer.text == "アドレスを読み取れません。ホームから開き直してください。"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "echoed"),
    [
        ("q=a&q=b", "b"),
        ("&&&=;q=a", ""),
        ("q=%", "%"),
        ("q=%ZZ", "%ZZ"),
        ("q", ""),
        ("q=%E4%BE%8B%E7%A4%BA", "例示"),
        ("q=a%0Ab", "a\nb"),
        ("q=%27%20OR%201%3D1--", "' OR 1=1--"),
    ],
)
async def test_queries_of_every_kind(browser: httpx2.AsyncClient, query: str, echoed: str) -> None:
    answer = await browser.get(f"/try/echo?{query}")
    assert (answer.status_code, answer.text) == (200, echoed)


@pytest.mark.parametrize("n", ["9223372036854775808", "9" * 1_900])
async def test_a_number_that_no_column_holds_is_no_page(browser: httpx2.AsyncClient, n: str) -> None:
    assert (await browser.get("/try/numbers/9223372036854775807")).text == "9223372036854775807"
    assert_designed(await browser.get(f"/try/numbers/{n}"), 404, "ページが見つかりません")


@pytest.mark.parametrize("told", [True, False], ids=["content-length", "chunked"])
async def test_a_body_that_is_too_large_is_refused(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine, told: bool
) -> None:
    piece, key = b"&more=" + b"a" * 1_000_000, str(uuid4())

    async def pieces() -> AsyncIterator[bytes]:
        yield f"submission_key={key}&word=x".encode()
        for _ in range(27):
            yield piece

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    content = b"".join([one async for one in pieces()]) if told else pieces()
    answer = await browser.post("/try/acts", content=content, headers=headers)
    assert_designed(answer, 413, "ファイルが大きすぎます")
    assert "25MB" in text_of(answer)
    assert await words(owner_pool) == []


async def test_a_field_that_is_too_long_is_refused(browser: httpx2.AsyncClient, owner_pool: AsyncEngine) -> None:
    longest = "a" * (1024 * 1024 - len("word"))
    assert (await browser.post("/try/acts", data=form(longest))).status_code == 303
    assert (await browser.post("/try/acts", data=form(longest + "a"))).status_code == 422
    assert await words(owner_pool) == [longest]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"word": "x"}'),
        ("text/plain", b"word=x"),
        ("application/x-www-form-urlencoded", b"word=%83e%83X&submission_key=" + KEY.encode()),
        ("application/x-www-form-urlencoded; charset=shift_jis", b"word=%83e%83X&submission_key=" + KEY.encode()),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"not multipart at all"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
        ("nonsense", b"\xff\xfe"),
    ],
)
async def test_a_body_that_is_no_form_of_ours_is_refused(
    browser: httpx2.AsyncClient, owner_pool: AsyncEngine, content_type: str, body: bytes
) -> None:
    answer = await browser.post("/try/acts", content=body, headers={"Content-Type": content_type})
    assert_designed(answer, 422, "この操作はできません")
    assert await words(owner_pool) == []


# Methods and hosts


async def test_methods(browser: httpx2.AsyncClient, owner_pool: AsyncEngine) -> None:
    assert (await browser.head("/try/echo?q=a")).status_code == 200
    for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "POST"):
        assert_designed(await browser.request(method, "/try/echo"), 404, "ページが見つかりません")
    assert_designed(await browser.get("/try/acts"), 404, "ページが見つかりません")
    assert await words(owner_pool) == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("portal.example", 200),
        ("PORTAL.example", 200),
        ("portal.example:81", 421),
        ("portal.example.attacker.example", 421),
        ("attacker.example", 421),
        ("portal.example@attacker.example", 421),
        ("", 421),
    ],
)
async def test_only_our_own_host_is_answered_for(browser: httpx2.AsyncClient, host: str, status: int) -> None:
    answer = await browser.get("/try/echo?q=a", headers={"Host": host})
    assert answer.status_code == status
    assert "attacker" not in answer.text


async def test_keys_are_claimed_by_person(owner_pool: AsyncEngine, browser: httpx2.AsyncClient, world: World) -> None:
    key = uuid4()
    await browser.post("/try/acts", data=form("一つ", str(key)))
    async with owner_pool.connect() as db:
        row = (
            await db.execute(text("SELECT person_id, at, location FROM submissions WHERE key = :k"), {"k": key})
        ).one()
    assert (UUID(str(row.person_id)), row.at) == (world.ours.operator.id, NOON)
    assert row.location.startswith("/try/acts/")
