"""The desk's queue and review pages: who sees what, who may act, what a form that does not hold keeps."""

import json
import re
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import applications, database, events
from tests import makers_applications
from tests.builders import CORPORATE_NUMBERS
from tests.makers_reviews import TAKEN_AT, MadeLine, accepted, made_lines, prepared, ready, submitted
from tests.portals import Portal, text_of

QUEUE = "/desk/applications"


@pytest.fixture(scope="module", autouse=True)
async def begun(portal: Portal) -> None:
    await ready(portal.pool, portal.world)


def line(serial: int) -> tuple[MadeLine, ...]:
    return (MadeLine(access_line_id=f"CAF{serial:010}"),)


async def number_of(portal: Portal, application_id: UUID) -> str:
    async with database.transaction(portal.pool, "staff") as db:
        application = await applications.get(db, application_id)
    assert application is not None
    return application.number or ""


async def state_of(portal: Portal, application_id: UUID) -> str:
    async with database.transaction(portal.pool, "staff") as db:
        return str(await db.scalar(text("SELECT state FROM applications WHERE id = :id"), {"id": application_id}))


async def test_the_queue_lists_what_has_arrived_the_oldest_first(portal: Portal) -> None:
    desk, world = portal.world.desk, portal.world
    later = await submitted(portal.pool, world.ours, line(2), at=datetime(2026, 10, 4, 2, 0, tzinfo=UTC))
    earlier = await submitted(portal.pool, world.theirs, line(1), at=datetime(2026, 10, 4, 1, 0, tzinfo=UTC))
    for person in desk.people:
        answer = await portal.get(person, QUEUE)
        assert answer.status_code == 200
        places = [answer.text.index(str(one)) for one in (earlier, later)]
        assert places == sorted(places)
        assert ("選んだ申込の審査を始める" in answer.text) == (person is desk.clerk)


@pytest.mark.parametrize("spell", ["{}", "{bare}", "{wide}", "  {lower} "])
async def test_a_number_is_found_in_full_width_and_without_hyphens(portal: Portal, spell: str) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(3))
    number = await number_of(portal, application_id)
    wide = number.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}).replace("－", "ー")
    typed = spell.format(number, bare=number.replace("-", ""), wide=wide, lower=number.lower())
    async with await portal.client(portal.world.desk.auditor) as browser:
        found = await browser.get(QUEUE, params={"q": typed})
        other = await browser.get(QUEUE, params={"q": typed, "company": str(portal.world.theirs.id)})
    assert f"{QUEUE}/{application_id}" in found.text
    assert f"{QUEUE}/{application_id}" not in other.text
    assert "条件に合う申込はありません" in text_of(other)


async def test_chosen_applications_are_taken_together_or_not_at_all(portal: Portal) -> None:
    ids = [await submitted(portal.pool, portal.world.ours, line(serial)) for serial in (4, 5, 6)]
    clerk = portal.world.desk.clerk
    nothing = await portal.post(clerk, f"{QUEUE}/take", {})
    assert nothing.status_code == 422
    assert "審査を始める申込を選んでください" in text_of(nothing)
    assert (await portal.post(clerk, f"{QUEUE}/take", {"chosen": [str(ids[0])]})).status_code == 303
    both = await portal.post(clerk, f"{QUEUE}/take", {"chosen": [str(ids[1]), str(ids[0])]})
    assert both.status_code == 409
    assert [await state_of(portal, one) for one in ids] == ["in_review", "submitted", "submitted"]


async def test_the_review_page_shows_everything_but_the_access_key(portal: Portal) -> None:
    application_id = await makers_applications.submitted(portal.pool, portal.world.ours)
    answer = await portal.get(portal.world.desk.auditor, f"{QUEUE}/{application_id}")
    words = text_of(answer)
    for word in (
        "新規契約の審査",
        "例示通信株式会社",
        CORPORATE_NUMBERS[0],
        "CAF0000000001",
        "••••••••",
        "条文チェック",
    ):
        assert word in words
    for word in ("初期費用", "100,000円", "40,000円", "申込を受け付けました"):
        assert word in words
    assert "Ab3dEf7h" not in answer.text
    assert "審査済みにする" not in words


async def test_an_upload_of_many_lines_is_paged(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, made_lines(60, first=7_000))
    first = text_of(await portal.get(portal.world.desk.clerk, f"{QUEUE}/{application_id}"))
    second = text_of(await portal.get(portal.world.desk.clerk, f"{QUEUE}/{application_id}?page=2"))
    assert "CAF0000007049" in first
    assert "CAF0000007050" not in first
    assert "CAF0000007059" in second
    assert "51〜60件目" in second


async def test_subscribers_do_not_even_see_that_the_desk_is_there(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(8))
    for path in (QUEUE, f"{QUEUE}/{application_id}", f"{QUEUE}/{application_id}/accept"):
        assert (await portal.get(portal.world.ours.signatory, path)).status_code == 404
    assert (await portal.get(portal.world.desk.clerk, f"{QUEUE}/{uuid4()}")).status_code == 404


@pytest.mark.parametrize(
    ("move", "roles"),
    [
        ("take", "approver billing auditor"),
        ("prepare", "approver billing auditor"),
        ("send-back", "approver billing auditor"),
        ("accept", "clerk billing auditor"),
        ("decline", "clerk billing auditor"),
        ("advance", "approver billing auditor"),
    ],
)
async def test_only_the_role_of_a_move_may_make_it(portal: Portal, move: str, roles: str) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(9))
    for role in roles.split():
        person = getattr(portal.world.desk, role)
        assert (await portal.post(person, f"{QUEUE}/{application_id}/{move}", {})).status_code == 403
    assert await state_of(portal, application_id) == "submitted"


async def test_a_return_is_written_row_by_row(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(10))
    path, clerk = f"{QUEUE}/{application_id}/send-back", portal.world.desk.clerk
    await portal.post(clerk, f"{QUEUE}/{application_id}/take", {})
    form = await portal.get(clerk, path)
    assert "補正の期限" in text_of(form)
    assert 'value="2026/10/29"' in form.text

    first = {
        "returns-1-field": "purpose",
        "returns-1-reason": "届出の範囲を確かめてください。",
        "return_by": "R8.10.22",
    }
    added = await portal.post(clerk, path, {**first, "add_returns": "1"})
    assert added.status_code == 422
    assert 'name="returns-2-field"' in added.text
    assert "届出の範囲を確かめてください。" in added.text
    removed = await portal.post(clerk, path, {**first, "returns-2-field": "", "remove_returns": "2"})
    assert 'name="returns-2-field"' not in removed.text

    wrong = {"returns-2-field": "line", "returns-2-line": "二", "returns-2-reason": ""}
    kept = await portal.post(clerk, path, {**first, **wrong, "return_by": "10/22"})
    assert kept.status_code == 422
    words = text_of(kept)
    for message in ("回線の行番号を数字で入力してください", "差戻し2：理由を入力してください", "3件の誤り"):
        assert message in words
    past = await portal.post(clerk, path, {**first, "return_by": "2026/10/15"})
    assert past.status_code == 422
    assert "本日より後の日" in text_of(past)

    right = {"returns-2-field": "line", "returns-2-line": "１", "returns-2-reason": "都道府県が違います。"}
    done = await portal.post(clerk, path, {**first, **right})
    assert done.status_code == 303
    page = text_of(await portal.get(clerk, done.headers["location"]))
    assert "申込を差し戻しました" in page
    assert "令和8年10月22日" in page
    shown = text_of(await portal.get(portal.world.ours.operator, f"/applications/{application_id}"))
    assert "都道府県が違います。" in shown


async def test_the_field_of_a_line_is_marked_where_it_stands(portal: Portal) -> None:
    application_id = await makers_applications.submitted(
        portal.pool, portal.world.ours, [makers_applications.cells(71), makers_applications.cells(72)]
    )
    path, clerk = f"{QUEUE}/{application_id}/send-back", portal.world.desk.clerk
    await portal.post(clerk, f"{QUEUE}/{application_id}/take", {})
    reason = {"returns-1-reason": "証拠の日と違います。", "return_by": "2026/10/22"}
    for wrong, message in (
        ({"returns-1-field": "purpose", "returns-1-column": "prefecture"}, "選んだときだけ"),
        ({"returns-1-field": "purpose", "returns-1-line": "2"}, "選んだときだけ"),
        ({"returns-1-field": "line", "returns-1-line": "2", "returns-1-column": "id"}, "回線の列を選んでください"),
    ):
        refused = await portal.post(clerk, path, {**reason, **wrong})
        assert refused.status_code == 422
        assert message in text_of(refused)
    right = {"returns-1-field": "line", "returns-1-line": "2", "returns-1-column": "consented_at"}
    whole = {"returns-2-field": "line", "returns-2-line": "1", "returns-2-reason": "行を確かめてください。"}
    assert (await portal.post(clerk, path, {**reason, **right, **whole})).status_code == 303
    form = (await portal.get(portal.world.ours.operator, f"/applications/{application_id}/edit")).text
    marked = re.findall(r'id="lines-(\d+)-(\w+)-error"', form)
    assert [column for _, column in marked] == ["access_line_id", "consented_at"]
    assert marked[0][0] != marked[1][0]
    assert "回線 2行目 同意日時" in text_of(await portal.get(clerk, f"{QUEUE}/{application_id}"))


async def test_the_drafts_of_a_subscriber_do_not_fill_the_desks_timeline(portal: Portal) -> None:
    application_id = await makers_applications.submitted(portal.pool, portal.world.ours)
    async with database.transaction(portal.pool, "staff") as db:
        told = {one.verb for one in await events.of_object(db, "application", application_id)}
    assert told >= {"application_saved", "application_submitted"}
    words = text_of(await portal.get(portal.world.desk.clerk, f"{QUEUE}/{application_id}"))
    assert "申込を受け付けました" in words
    assert "下書きを保存しました" not in words


async def test_the_review_is_finished_with_a_result_and_a_note(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(11))
    clerk, path = portal.world.desk.clerk, f"{QUEUE}/{application_id}"
    await portal.post(clerk, f"{path}/take", {})
    wrong = await portal.post(clerk, f"{path}/prepare", {"note": " "})
    assert wrong.status_code == 422
    assert "審査の結果を選んでください" in text_of(wrong)
    right = await portal.post(clerk, f"{path}/prepare", {"recommendation": "accept", "note": "不備なし"})
    assert right.status_code == 303
    words = text_of(await portal.get(portal.world.desk.approver, path))
    assert "審査済 — 承諾相当：不備なし" in words
    assert "決裁待ち" in words
    assert "承諾を確認する" in words


def hidden(body: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', body)
    assert found is not None
    return found[1]


async def test_an_approver_confirms_and_accepts_once(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(12))
    await prepared(portal.pool, portal.world, application_id)
    approver, path = portal.world.desk.approver, f"{QUEUE}/{application_id}"
    entry = await portal.get(approver, f"{path}/accept")
    assert 'value="2026/10/16"' in entry.text
    assert "承諾する内容を確かめてください" not in text_of(entry)
    early = await portal.get(approver, f"{path}/accept?starts_on=2026/10/14")
    assert early.status_code == 422
    assert "本日）以後の日" in text_of(early)
    assert "成立する契約" not in text_of(early)
    confirm = await portal.get(approver, f"{path}/accept?starts_on=R8.11.1")
    words = text_of(confirm)
    for word in (
        "2026年11月1日（令和8年11月1日）",
        "初期費用",
        "100,000円",
        "月額基本料",
        "40,000円",
        "B2-1-i",
        "適合",
    ):
        assert word in words
    seen, key = hidden(confirm.text, "seen"), hidden(confirm.text, "submission_key")
    data: dict[str, str | list[str]] = {"starts_on": "2026-11-01", "seen": seen, "submission_key": key}
    answers = [await portal.post(approver, f"{path}/accept", data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert {answer.headers["location"] for answer in answers} == {f"{path}/done"}
    async with database.transaction(portal.pool, "staff") as db:
        formed = await db.scalar(
            text("SELECT count(*) FROM contracts WHERE application_id = :id"), {"id": application_id}
        )
    assert formed == 1
    done = text_of(await portal.get(approver, f"{path}/done"))
    for word in ("申込を承諾しました", "契約番号", "次に動く人"):
        assert word in done
    again = await portal.post(approver, f"{path}/accept", {"starts_on": "2026-11-01", "seen": seen})
    assert again.status_code == 409


def fields(body: str) -> set[str]:
    """The names of what a person can type into on the page itself, without the search of the head."""
    found = re.findall(r"<(?:input|textarea|select)\b[^>]*>", body)
    return {re.findall(r'name="([^"]*)"', one)[0] for one in found if 'type="hidden"' not in one and "name=" in one}


async def test_the_day_of_an_acceptance_cannot_be_typed_where_it_is_confirmed(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(30))
    await prepared(portal.pool, portal.world, application_id)
    approver, path = portal.world.desk.approver, f"{QUEUE}/{application_id}/accept"
    entry = await portal.get(approver, path)
    assert "starts_on" in fields(entry.text)
    assert 'method="post" action="' + path not in entry.text
    confirm = await portal.get(approver, f"{path}?starts_on=2026/11/02")
    assert "starts_on" not in fields(confirm.text)
    assert hidden(confirm.text, "starts_on") == "2026-11-02"
    again = await portal.get(approver, f"{path}?starts_on=2026/11/02&edit=修正する")
    assert "starts_on" in fields(again.text)
    assert 'value="2026/11/02"' in again.text
    for typed in ("", "2026-10-14", "11/2"):
        refused = await portal.post(approver, path, {"starts_on": typed, "seen": "2026-10-07T01:00:00+00:00"})
        assert refused.status_code == 422
        assert "starts_on" in fields(refused.text)
    assert await state_of(portal, application_id) == "in_review"


async def test_a_decided_application_is_not_judged_again(portal: Portal) -> None:
    """Its own lines are in service, so another day's facts would accuse it of itself."""
    application_id = await submitted(portal.pool, portal.world.ours, line(31))
    await prepared(portal.pool, portal.world, application_id)
    path = f"{QUEUE}/{application_id}"
    before = text_of(await portal.get(portal.world.desk.clerk, path))
    assert "条文チェック" in before
    assert "決定済み" not in before
    seen = "2026-10-07T01:00:00+00:00"
    await portal.post(portal.world.desk.approver, f"{path}/accept", {"starts_on": "2026-10-15", "seen": seen})
    words = text_of(await portal.get(portal.world.desk.clerk, path))
    for word in ("決定済み", "承諾の時に確かめた条文", "A5-6-2", "A10"):
        assert word in words
    for word in ("条文チェック", "ほかの契約で利用中", "承諾により生じる料金"):
        assert word not in words
    declined = await submitted(portal.pool, portal.world.ours, line(32))
    await prepared(portal.pool, portal.world, declined)
    reason = {"code": "out_of_area", "reason": "区域外です"}
    await portal.post(portal.world.desk.approver, f"{QUEUE}/{declined}/decline", reason)
    words = text_of(await portal.get(portal.world.desk.clerk, f"{QUEUE}/{declined}"))
    assert "決定済み" in words
    assert "承諾の時に確かめた条文" not in words


async def test_staff_read_every_answer_and_the_totals(portal: Portal, owner_pool: AsyncEngine) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(33))
    answers = {
        "purpose": "own_use",
        "contact_email": "line@example.co.jp",
        "wanted_on": "R8.12.1",
        "note": "一行目です。\r\n<b>二行目</b>です。",
    }
    async with owner_pool.begin() as db:
        await db.execute(
            text("UPDATE applications SET answers = CAST(:answers AS jsonb) WHERE id = :id"),
            {"answers": json.dumps(answers), "id": application_id},
        )
    await prepared(portal.pool, portal.world, application_id)
    path = f"{QUEUE}/{application_id}"
    pages = [
        (portal.world.desk.clerk, path),
        (portal.world.desk.approver, f"{path}/accept?starts_on=2026/11/01"),
        (portal.world.desk.approver, f"{path}/decline?code=out_of_area&reason=区域外です"),
    ]
    for person, page in pages:
        answer = await portal.get(person, page)
        words = text_of(answer)
        for word in ("自社で利用する", "line@example.co.jp", "2026年12月1日"):
            assert word in words
        assert "一行目です。<br>&lt;b&gt;二行目&lt;/b&gt;です。" in answer.text
    for person, page in pages[:2]:
        words = text_of(await portal.get(person, page))
        # On acceptance 100,000 + 10,000; a month 40,000 + 1 × 200 = 40,200, tax 4,020.
        for word in ("100,000円", "110,000円", "40,200円", "4,020円", "44,220円", "小計（税抜）", "合計（税込）"):
            assert word in words


async def test_an_acceptance_that_does_not_hold_says_every_clause_and_changes_nothing(portal: Portal) -> None:
    lines = (
        MadeLine(access_line_id="CAF0000000013", dwelling="multi_unit"),
        MadeLine(access_line_id="CAF0000000014", consented_at=None),
    )
    application_id = await submitted(portal.pool, portal.world.ours, lines)
    await prepared(portal.pool, portal.world, application_id)
    approver, path = portal.world.desk.approver, f"{QUEUE}/{application_id}/accept"
    confirm = await portal.get(approver, f"{path}?starts_on=2026/11/01")
    assert "このままでは承諾できません" in text_of(confirm)
    assert 'action="' + path + '" novalidate>\n  <input type="hidden" name="submission_key"' not in confirm.text
    refused = await portal.post(approver, path, {"starts_on": "2026-11-01", "seen": "2026-10-07T01:00:00+00:00"})
    assert refused.status_code == 422
    words = text_of(refused)
    for word in ("次の理由で、承諾できません （2件）", "A5-5", "A5-6-2", "CAF0000000013"):
        assert word.replace(" ", "") in words.replace(" ", "")
    assert 'value="2026-11-01"' in refused.text
    assert await state_of(portal, application_id) == "in_review"


async def test_who_finished_the_review_sees_why_they_may_not_decide(portal: Portal, owner_pool: AsyncEngine) -> None:
    """Two roles in one person: the second clerk has become an approver as well."""
    both, application_id = portal.world.desk.second_clerk, await submitted(portal.pool, portal.world.ours, line(15))
    async with owner_pool.begin() as db:
        await db.execute(text("UPDATE staff SET roles = ARRAY['clerk', 'approver'] WHERE id = :id"), {"id": both.id})
    path = f"{QUEUE}/{application_id}"
    await portal.post(both, f"{path}/take", {})
    await portal.post(both, f"{path}/prepare", {"recommendation": "accept", "note": "不備なし"})
    words = text_of(await portal.get(both, path))
    assert "この申込は、あなたが審査を終えました。" in words
    assert "承諾を確認する" not in words
    refused = await portal.post(both, f"{path}/accept", {"starts_on": "2026-11-01"})
    assert refused.status_code == 403
    assert "ほかの決裁者が行います" in text_of(refused)


async def test_a_decline_is_confirmed_and_its_reason_shown(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(16))
    await prepared(portal.pool, portal.world, application_id)
    approver, path = portal.world.desk.approver, f"{QUEUE}/{application_id}/decline"
    assert (await portal.get(approver, path)).status_code == 200
    wrong = await portal.get(approver, f"{path}?code=&reason=区域外です")
    assert wrong.status_code == 422
    assert "区域外です" in wrong.text
    confirm = text_of(await portal.get(approver, f"{path}?code=out_of_area&reason=区域外です"))
    assert "提供区域外" in confirm
    assert "謝絶する内容を確かめてください" in confirm
    edited = await portal.get(approver, f"{path}?code=out_of_area&reason=区域外です&edit=1")
    assert "確認へ進む" in text_of(edited)
    nothing = await portal.post(approver, path, {"code": "out_of_area", "reason": ""})
    assert nothing.status_code == 422
    done = await portal.post(approver, path, {"code": "out_of_area", "reason": "区域外です"})
    assert done.headers["location"].endswith("/done")
    assert "申込を謝絶しました" in text_of(await portal.get(approver, done.headers["location"]))
    assert "区域外です" in text_of(await portal.get(approver, f"{QUEUE}/{application_id}"))


async def test_the_work_after_acceptance_is_recorded(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(17))
    await prepared(portal.pool, portal.world, application_id)
    approver, clerk, path = portal.world.desk.approver, portal.world.desk.clerk, f"{QUEUE}/{application_id}"
    seen = "2026-10-07T01:00:00+00:00"
    await portal.post(approver, f"{path}/accept", {"starts_on": "2026-10-16", "seen": seen})
    assert (await portal.post(clerk, f"{path}/advance", {})).status_code == 422
    assert (await portal.post(clerk, f"{path}/advance", {"move": "provision"})).status_code == 303
    words = text_of(await portal.get(clerk, path))
    assert "手配中" in words
    assert "開通を記録する" in words
    refused = await portal.post(clerk, f"{path}/advance", {"move": "find_infeasible", "reason": "　"})
    assert refused.status_code == 422
    assert "理由を入力してください" in text_of(refused)
    assert (await portal.post(clerk, f"{path}/advance", {"move": "put_in_service"})).status_code == 422
    assert await state_of(portal, application_id) == "provisioning"


async def test_the_service_is_recorded_with_a_day_that_is_confirmed(portal: Portal) -> None:
    """On 2026-10-15; the line may begin on 2026-10-10."""
    application_id = await submitted(portal.pool, portal.world.ours, line(34))
    await accepted(portal.pool, portal.world, application_id, starts_on=date(2026, 10, 10))
    clerk, path = portal.world.desk.clerk, f"{QUEUE}/{application_id}"
    assert (await portal.get(clerk, f"{path}/in-service")).status_code == 409
    await portal.post(clerk, f"{path}/advance", {"move": "provision"})
    assert f'href="{path}/in-service"' in (await portal.get(clerk, path)).text
    assert 'value="2026/10/15"' in (await portal.get(clerk, f"{path}/in-service")).text
    for typed, message in (
        ("", "開通日を入力してください"),
        ("2026/10/09", "利用開始日（2026年10月10日）以後"),
        ("2026/10/16", "本日（2026年10月15日）以前"),
    ):
        asked = await portal.get(clerk, f"{path}/in-service?on={typed}")
        posted = await portal.post(clerk, f"{path}/in-service", {"on": typed})
        for answer in (asked, posted):
            assert answer.status_code == 422
            assert message in text_of(answer)
            assert f'value="{typed}"' in answer.text
    confirm = await portal.get(clerk, f"{path}/in-service?on=R8.10.10")
    assert "2026年10月10日（令和8年10月10日）" in text_of(confirm)
    assert "on" not in fields(confirm.text)
    for person in (portal.world.desk.approver, portal.world.desk.billing, portal.world.desk.auditor):
        assert (await portal.post(person, f"{path}/in-service", {"on": "2026-10-10"})).status_code == 403
    assert await state_of(portal, application_id) == "provisioning"
    day = {"on": hidden(confirm.text, "on"), "submission_key": hidden(confirm.text, "submission_key")}
    assert [(await portal.post(clerk, f"{path}/in-service", day)).status_code for _ in range(2)] == [303, 303]
    assert await state_of(portal, application_id) == "in_service"
    assert "開通日：2026年10月10日" in text_of(await portal.get(clerk, path))


async def test_the_done_page_is_only_there_when_something_is_done(portal: Portal) -> None:
    application_id = await submitted(portal.pool, portal.world.ours, line(18), at=TAKEN_AT)
    assert (await portal.get(portal.world.desk.clerk, f"{QUEUE}/{application_id}/done")).status_code == 404
    for person, page in ((portal.world.desk.approver, "accept"), (portal.world.desk.clerk, "send-back")):
        assert (await portal.get(person, f"{QUEUE}/{application_id}/{page}")).status_code == 409
