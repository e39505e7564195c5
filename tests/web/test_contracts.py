"""Contracts, as their subscriber sees them; and how many statements a page costs."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text

from portal.records import contracts, database
from tests.makers_reviews import MadeLine, accepted, in_billing, made_lines, opened, ready, submitted
from tests.portals import Portal, text_of

OCTOBER_10 = datetime(2026, 10, 10, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
async def begun(portal: Portal) -> None:
    await ready(portal.pool, portal.world)


@pytest.fixture(scope="module")
async def contract_id(portal: Portal) -> UUID:
    """Sixty lines in two prefectures, one of them with an option, one to begin later, in billing from 2026-10-09."""
    lines = (
        *made_lines(54, first=1),
        *made_lines(4, first=55, prefecture="大阪府"),
        MadeLine(access_line_id="CAF0000000059", options=("dslite_bundle",), own_reference="=1+1"),
        MadeLine(access_line_id="CAF0000000060", wanted_on=date(2026, 12, 1)),
    )
    application_id = await submitted(portal.pool, portal.world.ours, lines)
    made = await accepted(portal.pool, portal.world, application_id, starts_on=date(2026, 10, 9))
    await opened(portal.pool, portal.world, application_id, on=date(2026, 10, 9), at=OCTOBER_10)
    await in_billing(portal.pool, portal.world, made, date(2026, 10, 9))
    return made


@contextmanager
def statements(portal: Portal) -> Iterator[list[str]]:
    """The statements that the portal sends while this lasts."""
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    engine = portal.app.state.services.pool.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def test_the_list_is_empty_at_first(portal: Portal) -> None:
    answer = await portal.get(portal.world.theirs.viewer, "/contracts")
    assert answer.status_code == 200
    assert "契約はまだありません" in text_of(answer)


async def test_nobody_is_sent_to_sign_in(portal: Portal) -> None:
    answer = await portal.get(None, "/contracts")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?return_to=%2Fcontracts"


async def test_the_list_shows_the_lines_in_service_and_the_state(portal: Portal, contract_id: UUID) -> None:
    for person in portal.world.ours.people:
        answer = await portal.get(person, "/contracts")
        words = text_of(answer)
        assert f"/contracts/{contract_id}" in answer.text
        for word in ("契約中", "59", "2026/10/08", "2026/10/09"):
            assert word in words


@pytest.mark.clause("A2", "holds")
async def test_the_page_shows_the_facts_with_their_derivations(portal: Portal, contract_id: UUID) -> None:
    words = text_of(await portal.get(portal.world.ours.viewer, f"/contracts/{contract_id}"))
    for word in ("IPoE接続 帯域共有", "契約中", "再販する", "令和6年12月1日変更"):
        assert word in words
    assert "2026年10月9日（令和8年10月9日）" in words
    assert "2026年11月8日（令和8年11月8日）" in words
    for word in ("59回線", "1回線", "100%", "60 / 60回線", "東京都", "大阪府", "40,000円", "180,000円", "200円"):
        assert word in words
    for word in ("契約が成立しました", "課金開始日を設定しました", "設定した日：2026年10月9日", "A2"):
        assert word in words
    assert "審査 一子" not in words


async def test_lines_are_paged_and_searched(portal: Portal, contract_id: UUID) -> None:
    path, viewer = f"/contracts/{contract_id}", portal.world.ours.viewer
    one, two = [text_of(await portal.get(viewer, f"{path}?page={page}")) for page in (1, 2)]
    assert "1〜50件目" in one
    assert "CAF0000000051" not in one
    assert "51〜60件目" in two
    found = text_of(await portal.get(viewer, f"{path}?q=ｃａｆ００００００００５９"))
    assert "CAF0000000059" in found
    assert "DS-Liteバンドル" in found
    assert "CAF0000000058" not in found
    assert "CAF0000000012" in text_of(await portal.get(viewer, f"{path}?q=r-12"))
    assert "条件に合う回線はありません" in text_of(await portal.get(viewer, f"{path}?q=%25"))


async def test_another_companys_contract_is_not_there(portal: Portal, contract_id: UUID) -> None:
    for path in (f"/contracts/{contract_id}", f"/contracts/{contract_id}/lines.csv", f"/contracts/{uuid4()}"):
        assert (await portal.get(portal.world.theirs.signatory, path)).status_code == 404


async def test_the_file_of_lines_is_as_excel_opens_it(portal: Portal, contract_id: UUID) -> None:
    answer = await portal.get(portal.world.ours.viewer, f"/contracts/{contract_id}/lines.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    body = answer.content.decode("utf-8-sig")
    assert body.count("\r\n") == 61
    rows = list(csv.DictReader(io.StringIO(body, newline="")))
    assert len(rows) == 60
    assert rows[58]["自社管理番号"] == "'=1+1"
    assert rows[58]["オプション"] == "DS-Liteバンドル"
    assert (rows[59]["状態"], rows[59]["利用開始日"]) == ("開通予定", "2026/12/01")
    assert (rows[0]["同意日"], rows[0]["同意方法"], rows[0]["提供条件版"]) == ("2026/09/01", "ウェブ", "2026-04")
    assert "アクセスキー" not in body


async def test_a_contract_before_its_billing_start_says_so(portal: Portal) -> None:
    made = await accepted(
        portal.pool,
        portal.world,
        await submitted(portal.pool, portal.world.ours, (MadeLine(access_line_id="COP00000001"),)),
    )
    words = text_of(await portal.get(portal.world.ours.viewer, f"/contracts/{made}"))
    assert "課金開始前" in words
    assert "まだ定められていません" in words


async def test_lines_are_not_said_in_use_before_the_service_is_recorded(portal: Portal) -> None:
    """Their first day, 2026-10-09, has come on 2026-10-15; whether they work, a clerk records."""
    line = MadeLine(access_line_id="COP00000002")
    application_id = await submitted(portal.pool, portal.world.theirs, (line,))
    made = await accepted(portal.pool, portal.world, application_id, starts_on=date(2026, 10, 9))
    theirs, staff = portal.world.theirs.viewer, portal.world.desk.auditor

    async def read() -> list[str]:
        pages = [await portal.get(theirs, f"/contracts/{made}"), await portal.get(staff, f"/desk/contracts/{made}")]
        file = await portal.get(theirs, f"/contracts/{made}/lines.csv")
        return [*(text_of(page) for page in pages), file.text]

    for body in await read():
        assert "手配中" in body
        assert "利用中" not in body
    assert await in_use(portal, made) == 0
    await opened(portal.pool, portal.world, application_id, on=date(2026, 10, 9), at=OCTOBER_10)
    for body in await read():
        assert "手配中" not in body
        assert "利用中" in body
    assert await in_use(portal, made) == 1


async def in_use(portal: Portal, contract_id: UUID) -> int:
    async with database.transaction(portal.pool, "staff") as db:
        listed = await contracts.listed(db, on=date(2026, 10, 15))
    return next(one.line_count for one in listed if one.id == contract_id)


async def test_a_page_costs_the_same_few_statements_however_many_rows(portal: Portal, contract_id: UUID) -> None:
    viewer = portal.world.ours.viewer
    async with await portal.client(viewer) as browser:
        with statements(portal) as page:
            await browser.get(f"/contracts/{contract_id}")
        with statements(portal) as listing:
            await browser.get("/contracts")
        with statements(portal) as last:
            await browser.get(f"/contracts/{contract_id}?page=2")
    assert len(page) == len(last) == 5, "session, contract with prices, lines, counts, events"
    assert len(listing) == 2, "session, contracts"
    async with await portal.client(portal.world.desk.auditor) as browser:
        with statements(portal) as queue:
            await browser.get("/desk/applications?state=all")
        with statements(portal) as contract_list:
            await browser.get("/desk/contracts")
    assert len(queue) == 3, "session, companies of the filter, applications"
    assert len(contract_list) == 2
    # CONTROL: a query in a loop is found by the same count.
    with statements(portal) as looped:
        async with database.transaction(portal.app.state.services.pool, "staff") as db:
            for _ in range(6):
                await db.execute(text("SELECT 1"))
    assert len(looped) == 7
