"""記録: the log of acts, paged by the events' ids, for every member of the staff."""

import ast
import re
from pathlib import Path

import httpx2
import pytest

from portal.records import database, events
from portal.web.verbs import OBJECT_LABELS, VERB_LABELS
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
