"""提供条件 in the browser: read, confirm, agree, and the desk where versions come from."""

import hashlib
import re
from datetime import date
from uuid import uuid4

import pytest

from tests.conftest import NOON
from tests.makers_terms import AGREED_AT, agree, publish_policy
from tests.portals import Portal, text_of


@pytest.fixture(scope="module", autouse=True)
async def versions(portal: Portal) -> None:
    """2026-04, agreed to by ours; then 2026-10, which is the current one."""
    await publish_policy(portal.pool, portal.world)
    await agree(portal.pool, portal.world.ours, at=AGREED_AT)
    await publish_policy(
        portal.pool,
        portal.world,
        version="2026-10",
        material=False,
        effective_on=date(2026, 10, 15),
        agree_by=date(2026, 11, 14),
        at=NOON,
    )


def shown_hash(page: str) -> str:
    return re.findall(r'name="sha256" value="([0-9a-f]{64})"', page)[0]


async def test_the_list_says_what_was_agreed_and_what_waits(portal: Portal) -> None:
    words = text_of(await portal.get(portal.world.ours.viewer, "/policies"))
    assert "2026-10版 同意待ち 軽微" in words
    assert "2026-04版 同意済み 実質" in words
    theirs = text_of(await portal.get(portal.world.theirs.viewer, "/policies"))
    assert "同意済み" not in theirs
    assert "以前の版" in theirs


async def test_only_a_signatory_is_led_to_agree(portal: Portal) -> None:
    ours = portal.world.ours
    assert "/policies/2026-10/agree" in (await portal.get(ours.signatory, "/policies/2026-10")).text
    page = await portal.get(ours.operator, "/policies/2026-10")
    assert "/policies/2026-10/agree" not in page.text
    assert "署名権限者に依頼してください" in text_of(page)
    for address in ("/policies/2026-10/agree", "/policies/2026-10/agree/confirm?read=yes"):
        assert (await portal.get(ours.operator, address)).status_code == 403
    refused = await portal.post(ours.operator, "/policies/2026-10/agree", {"sha256": "0" * 64})
    assert refused.status_code == 403


async def test_the_text_is_read_before_it_is_confirmed(portal: Portal) -> None:
    signatory = portal.world.theirs.signatory
    assert "利用者の明確な同意" in text_of(await portal.get(signatory, "/policies/2026-10/agree"))
    unread = await portal.get(signatory, "/policies/2026-10/agree/confirm")
    assert unread.status_code == 422
    assert "全文を読み、印を付けてください" in text_of(unread)


@pytest.mark.clause("A5-6-1", "holds")
async def test_agreeing_leads_to_a_receipt_and_a_sheet_of_paper(portal: Portal) -> None:
    signatory = portal.world.theirs.signatory
    confirm = await portal.get(signatory, "/policies/2026-10/agree/confirm?read=yes")
    sha256 = shown_hash(confirm.text)
    downloaded = await portal.get(signatory, "/policies/2026-10/text")
    assert hashlib.sha256(downloaded.content).hexdigest() == sha256
    assert "代表取締役" in text_of(confirm)
    form = {"sha256": sha256, "submission_key": str(uuid4())}
    for _ in range(2):
        answer = await portal.post(signatory, "/policies/2026-10/agree", form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/policies/2026-10/agreed")
    # Another form for the same version changes nothing and leads to the same place.
    again = await portal.post(signatory, "/policies/2026-10/agree", {"sha256": sha256})
    assert again.headers["location"] == "/policies/2026-10/agreed"
    receipt = text_of(await portal.get(signatory, "/policies/2026-10/agreed"))
    paper = text_of(await portal.get(portal.world.theirs.viewer, "/policies/2026-10/agreement"))
    number = re.findall(r"G-20261015-00001-[A-Z0-9]", receipt)[0]
    assert number in paper
    assert sha256 in paper
    assert "署名 花子" in paper
    assert "2026年10月15日（木）12:00:00" in paper
    assert "同意の手続きへ" not in text_of(await portal.get(signatory, "/policies/2026-10"))
    assert (await portal.get(portal.world.ours.signatory, "/policies/2026-10/agreement")).status_code == 404


@pytest.mark.clause("A5-6-1", "refused")
async def test_a_version_that_is_not_the_current_one_is_refused_with_the_clause(portal: Portal) -> None:
    signatory = portal.world.theirs.signatory
    confirm = await portal.get(signatory, "/policies/2026-04/agree/confirm?read=yes")
    answer = await portal.post(signatory, "/policies/2026-04/agree", {"sha256": shown_hash(confirm.text)})
    assert answer.status_code == 422
    assert "2026-04版には同意できません。現行は2026-10版です" in text_of(answer)
    assert 'href="/clauses/A5-6-1"' in answer.text


async def test_another_text_than_the_shown_one_is_a_conflict(portal: Portal) -> None:
    answer = await portal.post(portal.world.ours.signatory, "/policies/2026-10/agree", {"sha256": "0" * 64})
    assert answer.status_code == 409
    assert "一致しません" in text_of(answer)


async def test_an_unknown_version_is_not_found(portal: Portal) -> None:
    for address in ("/policies/none", "/policies/none/agree", "/policies/none/agreed", "/policies/none/text"):
        assert (await portal.get(portal.world.ours.signatory, address)).status_code == 404
    assert (await portal.get(portal.world.desk.clerk, "/desk/policies/none")).status_code == 404


FORM = {
    "version": "２０２７-01",
    "title": "帯域共有 提供条件",
    "body": "# 見出し\r\n本文<b>です</b>。",
    "material": "yes",
    "effective_on": "令和9年1月1日",
    "agree_by": "2027/1/31",
    "revises": "",
}


async def test_a_version_is_prepared_revised_and_published_by_two_people(portal: Portal) -> None:
    desk = portal.world.desk
    made = await portal.post(desk.clerk, "/desk/policies", FORM)
    assert made.headers["location"] == "/desk/policies/2027-01"
    assert (await portal.get(portal.world.ours.viewer, "/policies/2027-01")).status_code == 404
    shown = await portal.get(desk.clerk, "/desk/policies/2027-01")
    assert "<h2>見出し</h2>" in shown.text
    assert "本文&lt;b&gt;です&lt;/b&gt;。" in shown.text
    assert "あなたが準備しました" in text_of(shown)
    assert "/publish" not in shown.text
    assert (await portal.post(desk.clerk, "/desk/policies/2027-01/publish", {"sha256": "0"})).status_code == 403

    page = await portal.get(desk.second_clerk, "/desk/policies/new?version=2027-01")
    assert 'value="2027/01/01"' in page.text
    revised = await portal.post(
        desk.second_clerk, "/desk/policies", FORM | {"version": "2027-01", "revises": "2027-01", "body": "新しい本文"}
    )
    assert revised.status_code == 303
    review = await portal.get(desk.approver, "/desk/policies/2027-01")
    assert "新しい本文" in review.text
    published = await portal.post(desk.approver, "/desk/policies/2027-01/publish", {"sha256": shown_hash(review.text)})
    assert published.status_code == 303
    assert "効力発生前" in text_of(await portal.get(portal.world.ours.viewer, "/policies/2027-01"))
    after = text_of(await portal.get(desk.auditor, "/desk/policies/2027-01"))
    assert "契約者の同意（0社／2社）" in after
    assert "提供条件の下書きを直しました" in after


async def test_what_does_not_hold_is_said_beside_its_field_and_kept(portal: Portal) -> None:
    wrong = FORM | {"version": "第三版", "title": "", "effective_on": "平成31年5月1日", "material": "maybe"}
    answer = await portal.post(portal.world.desk.clerk, "/desk/policies", wrong)
    assert answer.status_code == 422
    for field in ("version", "title", "effective_on", "material"):
        assert f'id="{field}-error"' in answer.text
    assert 'value="平成31年5月1日"' in answer.text
    early = FORM | {"version": "2026-00", "effective_on": "2026/10/14", "agree_by": "2026/10/13"}
    answer = await portal.post(portal.world.desk.clerk, "/desk/policies", early)
    assert "今日以後の日を入力してください" in text_of(answer)
    assert "効力発生日以後の日を入力してください" in text_of(answer)
    taken = await portal.post(portal.world.desk.clerk, "/desk/policies", FORM | {"version": "2026-10"})
    assert taken.status_code == 422
    assert "2026-10版はすでにあります" in text_of(taken)


async def test_the_desk_sees_who_has_agreed(portal: Portal) -> None:
    words = text_of(await portal.get(portal.world.desk.auditor, "/desk/policies/2026-04"))
    assert "契約者の同意（1社／2社）" in words
    assert "見本ネット株式会社 未同意" in words
    assert "署名 花子（代表取締役）" in words
    assert "新しい版を準備する" not in text_of(await portal.get(portal.world.desk.auditor, "/desk/policies"))
