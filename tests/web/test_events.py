"""記録: the log of acts, paged by the events' ids, for every member of the staff."""

import ast
import html
import re
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from portal.records import database, events
from portal.web.details import DETAIL_LABELS
from portal.web.verbs import OBJECT_LABELS, VERB_LABELS
from tests.makers_reviews import submitted
from tests.makers_terms import agree, publish_policy, quote
from tests.portals import Portal, text_of

PORTAL = Path(__file__).parent.parent.parent / "portal"


@pytest.fixture(scope="module", autouse=True)
async def acts(portal: Portal) -> None:
    await publish_policy(portal.pool, portal.world)
    await agree(portal.pool, portal.world.ours)
    await quote(portal.pool, portal.world, portal.world.ours)
    async with database.transaction(portal.pool, "staff") as db:
        for number in range(120):
            await events.record(
                db,
                by=portal.world.desk.clerk,
                at=portal.clock.at,
                verb="month_tried",
                object_kind="closing",
                object_id=portal.world.desk.connection_id,
                subscriber_id=None,
                details={"number": f"N-{number:03}"},
            )


def numbers(page: httpx2.Response) -> list[str]:
    return re.findall(r"N-\d{3}", text_of(page))


def link(page: httpx2.Response, rel: str) -> str:
    return re.findall(rf'rel="{rel}" href="([^"]+)"', page.text)[0].replace("&amp;", "&")


async def test_pages_follow_each_other_while_new_events_come_in(portal: Portal) -> None:
    auditor = portal.world.desk.auditor
    first = await portal.get(auditor, "/desk/events?verb=month_tried")
    assert numbers(first) == [f"N-{number:03}" for number in range(119, 69, -1)]
    assert 'rel="prev"' not in first.text
    async with database.transaction(portal.pool, "staff") as db:
        await events.record(
            db,
            by=portal.world.desk.clerk,
            at=portal.clock.at,
            verb="month_tried",
            object_kind="closing",
            object_id=portal.world.desk.connection_id,
            subscriber_id=None,
            details={"number": "N-120"},
        )
    second = await portal.get(auditor, link(first, "next"))
    assert numbers(second) == [f"N-{number:03}" for number in range(69, 19, -1)]
    third = await portal.get(auditor, link(second, "next"))
    assert numbers(third) == [f"N-{number:03}" for number in range(19, -1, -1)]
    assert 'rel="next"' not in third.text
    back = await portal.get(auditor, link(second, "prev"))
    assert numbers(back) == numbers(first)
    newest = await portal.get(auditor, link(back, "prev"))
    assert numbers(newest) == ["N-120"]
    assert 'rel="prev"' not in newest.text


async def test_the_log_is_filtered_by_act_and_object(portal: Portal) -> None:
    clerk = portal.world.desk.clerk
    agreed = text_of(await portal.get(clerk, "/desk/events?verb=policy_agreed"))
    assert "例示通信株式会社 署名 花子（署名権限者）" in agreed.replace("\u3000", " ")
    assert "権限の根拠：代表取締役" in agreed
    sheets = await portal.get(clerk, "/desk/events?kind=price_sheet")
    assert "料金表を提示しました" in text_of(sheets)
    one = re.findall(r"/desk/events\?kind=price_sheet&amp;object=[0-9a-f-]{36}", sheets.text)[0].replace("&amp;", "&")
    words = re.search(r"<tbody>.*</tbody>", (await portal.get(clerk, one)).text, re.DOTALL)
    assert words is not None
    assert words[0].count("<tr>") == 2
    nothing = await portal.get(clerk, "/desk/events?object=no-id&before=x&after=-1")
    assert "条件に合う記録はありません" in text_of(nothing)


async def test_subscribers_are_not_told_of_the_log(portal: Portal) -> None:
    assert (await portal.get(portal.world.ours.admin, "/desk/events")).status_code == 404


def written(name: str) -> set[str]:
    """Every literal that the code gives as this keyword of `events.record` and its helpers."""
    found = set()
    for file in PORTAL.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == name and isinstance(node.value, ast.Constant):
                found.add(node.value.value)
    return found


def test_every_act_and_object_has_a_name() -> None:
    verbs, kinds = written("verb"), written("object_kind")
    assert {"policy_agreed", "month_issued"} <= verbs
    assert verbs - set(VERB_LABELS) == set()
    assert kinds - set(OBJECT_LABELS) == set()


def kept() -> set[str]:
    """Every key that the code writes into the details of an event: `details={…}`, `details = {…}`, `details |= {…}`."""
    found = set()
    for file in (PORTAL / "usecases").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = (isinstance(node, ast.keyword) and node.arg == "details") or (
                isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
                and any(isinstance(part, ast.Name) and part.id == "details" for part in ast.iter_child_nodes(node))
            )
            if named and isinstance(node.value, ast.Dict):
                found |= {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    return found


def test_every_detail_has_a_label() -> None:
    keys = kept()
    # One of each way to write them.
    assert {"month", "code_label", "number", "price_sheet_from"} <= keys
    assert keys - set(DETAIL_LABELS) == set()


async def test_details_are_said_in_words(portal: Portal) -> None:
    desk, contract_id = portal.world.desk, uuid4()
    application_id = await submitted(portal.pool, portal.world.ours, ())
    details: dict[str, dict[str, object]] = {
        "contract_formed": {"application": str(application_id), "starts_on": "2026-12-01"},
        "application_accepted": {"contract": str(contract_id), "starts_on": "2026-12-01"},
        "application_declined": {"code": "not_eligible", "code_label": "利用資格を満たさない"},
        "application_prepared": {"recommendation": "decline"},
        "upload_applied": {"file": "2026-12-01", "rows": 1200, "mode": "append", "sha256": "0" * 64},
        "month_issued": {"month": "2026-10", "invoices": 3, "total": 150000, "contracts": 3},
        "policy_published": {"version": "2026-10"},
    }
    async with database.transaction(portal.pool, "staff") as db:
        for verb, values in details.items():
            await events.record(
                db,
                by=desk.clerk,
                at=portal.clock.at,
                verb=verb,
                object_kind="contract",
                object_id=contract_id,
                subscriber_id=None,
                reason="理由の1行目\n<2行目>",
                details=values,
            )
        number = await db.scalar(text("SELECT number FROM applications WHERE id = :id"), {"id": application_id})
    page = await portal.get(desk.auditor, f"/desk/events?kind=contract&object={contract_id}")
    rows = re.search(r"<tbody>(.*)</tbody>", page.text, re.DOTALL)
    assert rows is not None
    assert "理由の1行目<br>&lt;2行目&gt;<br>" in rows[1]
    words = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", rows[1])))
    for said in (
        f"申込：{number} 利用開始日：2026年12月1日（火）",
        "理由の区分：利用資格を満たさない",
        "審査の結果：審査済 — 謝絶相当",
        "ファイル：2026-12-01",
        "行：1,200行",
        "取り込み方：今ある回線に追加",
        "月：2026年10月",
        "請求書：3件",
        "合計（税込）：150,000円",
        "版：2026-10",
    ):
        assert said in words
    for code in (str(application_id), str(contract_id), "not_eligible", "append", "2026-12-01 利"):
        assert code not in words
