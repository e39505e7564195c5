"""Contracts at the desk, and the 課金開始日: 入力, 確認, set by a clerk."""

import re
from datetime import date
from uuid import UUID, uuid4

import pytest

from portal.records import contracts, database
from tests.makers_reviews import MadeLine, accepted, in_billing, ready, submitted
from tests.portals import Portal, text_of


@pytest.fixture(scope="module", autouse=True)
async def begun(portal: Portal) -> None:
    await ready(portal.pool, portal.world)


async def formed(portal: Portal, serial: int) -> UUID:
    lines = (MadeLine(access_line_id=f"COP{serial:08}"),)
    return await accepted(portal.pool, portal.world, await submitted(portal.pool, portal.world.ours, lines))


async def started_on(portal: Portal, contract_id: UUID) -> date | None:
    async with database.transaction(portal.pool, "staff") as db:
        contract = await contracts.get(db, contract_id)
    assert contract is not None
    return contract.billing_starts_on


async def test_the_list_is_searched_by_number_and_by_what_is_missing(portal: Portal) -> None:
    waiting, begun = await formed(portal, 1), await formed(portal, 2)
    await in_billing(portal.pool, portal.world, begun, date(2026, 10, 9))
    async with database.transaction(portal.pool, "staff") as db:
        contract = await contracts.get(db, waiting)
    assert contract is not None
    auditor = portal.world.desk.auditor
    found = (await portal.get(auditor, f"/desk/contracts?q={contract.number.replace('-', '').lower()}")).text
    assert str(waiting) in found
    assert str(begun) not in found
    without = (await portal.get(auditor, "/desk/contracts?start=none")).text
    assert str(waiting) in without
    assert str(begun) not in without
    nothing = text_of(await portal.get(auditor, "/desk/contracts?q=存在しない会社"))
    assert "条件に合う契約はありません" in nothing


async def test_staff_read_the_contract_and_its_lines(portal: Portal) -> None:
    contract_id = await formed(portal, 3)
    for person in portal.world.desk.people:
        answer = await portal.get(person, f"/desk/contracts/{contract_id}")
        words = text_of(answer)
        for word in ("例示通信株式会社", "課金開始前", "COP00000003", "審査", "申込を見る"):
            assert word in words
        assert ("課金開始日を設定する" in words) == (person is portal.world.desk.clerk)
        file = await portal.get(person, f"/desk/contracts/{contract_id}/lines.csv")
        assert "COP00000003" in file.text
    for path in (f"/desk/contracts/{contract_id}", f"/desk/contracts/{contract_id}/billing-start", "/desk/contracts"):
        assert (await portal.get(portal.world.ours.signatory, path)).status_code == 404
    assert (await portal.get(portal.world.desk.clerk, f"/desk/contracts/{uuid4()}")).status_code == 404


async def test_a_clerk_sees_what_follows_and_sets_the_billing_start(portal: Portal) -> None:
    contract_id = await formed(portal, 4)
    clerk, path = portal.world.desk.clerk, f"/desk/contracts/{contract_id}/billing-start"
    empty = await portal.get(clerk, f"{path}?on=")
    assert empty.status_code == 422
    assert "課金開始日を入力してください" in text_of(empty)
    early = await portal.get(clerk, f"{path}?on=2026/10/07")
    assert early.status_code == 422
    assert "承諾日（2026年10月8日）以後" in text_of(early)
    assert 'value="2026/10/07"' in early.text

    confirm = await portal.get(clerk, f"{path}?on=R8.10.31")
    # The day is typed on the page before: 確認 has nothing but what was calculated.
    assert re.findall(r'<input (?![^>]*type="hidden")[^>]*name="on"', confirm.text) == []
    assert set(re.findall(r'type="hidden" name="on" value="([^"]*)"', confirm.text)) == {"2026-10-31", "R8.10.31"}
    assert re.findall(r'<input (?![^>]*type="hidden")[^>]*name="on"', early.text) != []
    words = text_of(confirm)
    for word in ("2026年10月31日（令和8年10月31日）", "2026年11月30日（令和8年11月30日）", "40,000円", "200円"):
        assert word in words
    # Initial fee 100,000 + base 40,000 + one line 200; tax 10 %.
    for word in ("140,200円", "14,020円", "154,220円", "日割はありません", "A10", "A2"):
        assert word in words
    key = re.search(r'name="submission_key" value="([^"]*)"', confirm.text)
    assert key is not None
    data: dict[str, str | list[str]] = {"on": "2026-10-31", "reason": "", "submission_key": key[1]}
    answers = [await portal.post(clerk, path, data) for _ in range(2)]
    assert [answer.headers["location"] for answer in answers] == [f"/desk/contracts/{contract_id}?set=1"] * 2
    assert await started_on(portal, contract_id) == date(2026, 10, 31)
    shown = text_of(await portal.get(clerk, answers[0].headers["location"]))
    assert "課金開始日を設定しました" in shown


async def test_a_correction_needs_a_reason(portal: Portal) -> None:
    contract_id = await formed(portal, 5)
    await in_billing(portal.pool, portal.world, contract_id, date(2026, 10, 20))
    clerk, path = portal.world.desk.clerk, f"/desk/contracts/{contract_id}/billing-start"
    confirm = await portal.get(clerk, f"{path}?on=2026/11/01")
    assert confirm.status_code == 422
    assert "訂正の理由を入力してください" in text_of(confirm)
    refused = await portal.post(clerk, path, {"on": "2026-11-01", "reason": ""})
    assert refused.status_code == 422
    assert await started_on(portal, contract_id) == date(2026, 10, 20)
    same = await portal.post(clerk, path, {"on": "2026-10-20", "reason": "同じ日"})
    assert same.status_code == 409
    right = await portal.post(clerk, path, {"on": "2026-11-01", "reason": "開通の延期"})
    assert right.status_code == 303
    assert await started_on(portal, contract_id) == date(2026, 11, 1)
    assert "開通の延期" in text_of(await portal.get(clerk, f"/desk/contracts/{contract_id}"))


async def test_only_a_clerk_sets_it(portal: Portal) -> None:
    contract_id = await formed(portal, 6)
    desk, path = portal.world.desk, f"/desk/contracts/{contract_id}/billing-start"
    for person in (desk.approver, desk.billing, desk.auditor):
        assert (await portal.post(person, path, {"on": "2026-10-20"})).status_code == 403
    assert await started_on(portal, contract_id) is None
