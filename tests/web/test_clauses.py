"""条文トレース: every clause has its page, for subscribers and staff."""

import re

import pytest

from portal.terms.clauses import CLAUSES
from tests.portals import Portal, text_of


async def test_the_list_holds_every_clause(portal: Portal) -> None:
    page = await portal.get(portal.world.ours.viewer, "/clauses")
    linked = set(re.findall(r'href="/clauses/([^"]+)"', page.text))
    assert linked == set(CLAUSES)
    assert len(linked) == 53


@pytest.mark.parametrize("clause_id", sorted(CLAUSES))
async def test_every_clause_has_a_page(portal: Portal, clause_id: str) -> None:
    page = await portal.get(portal.world.desk.auditor, f"/clauses/{clause_id}")
    assert page.status_code == 200
    assert CLAUSES[clause_id].wording in text_of(page)


async def test_a_page_says_who_is_bound_by_which_rule_and_reading(portal: Portal) -> None:
    words = text_of(await portal.get(portal.world.ours.viewer, "/clauses/A9"))
    assert "拘束される者 契約者" in words
    assert "terms.periods.notice_last_day" in words
    assert "30日の計算に、通知が到達した日を含めない" in words
    assert "運用上の読み" in words
    excused = text_of(await portal.get(portal.world.ours.viewer, "/clauses/A12"))
    assert "規則がない理由 約束も自動減額もしない" in excused


async def test_links_lead_to_the_readers_own_pages(portal: Portal) -> None:
    ours = await portal.get(portal.world.ours.viewer, "/clauses/A5-6-1")
    desk = await portal.get(portal.world.desk.auditor, "/clauses/A5-6-1")
    main = re.compile(r"<main.*</main>", re.DOTALL)
    assert 'href="/policies"' in main.findall(ours.text)[0]
    assert 'href="/desk/policies"' in main.findall(desk.text)[0]
    assert 'href="/policies"' not in main.findall(desk.text)[0]


async def test_nobody_and_nothing(portal: Portal) -> None:
    assert (await portal.get(None, "/clauses/A9")).status_code == 303
    assert (await portal.get(portal.world.ours.viewer, "/clauses/A99")).status_code == 404
