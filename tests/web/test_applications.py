"""申込 in the browser: typed, saved, confirmed, submitted; kept when it does not hold; shown to those who may."""

import asyncio
import re
from datetime import date
from uuid import UUID, uuid4

import httpx2
import pytest

from portal.records import applications, database
from portal.usecases import reviews
from portal.usecases.reviews import Return
from tests.makers_applications import SUBMITTED_AT, cells, drafted, ready, submitted
from tests.portals import Portal, text_of

NAMES = {
    "回線ID": "access_line_id",
    "アクセスキー": "access_key",
    "住居種別": "dwelling",
    "都道府県": "prefecture",
    "利用者番号": "end_user_ref",
    "同意日時": "consented_at",
    "同意方法": "consent_method",
    "提供条件版": "policy_version",
    "再販先コード": "partner_code",
    "オプション": "options",
}
ANSWERS = {
    "purpose": "resale",
    "contact_email": "moushikomi@example-a.example",
    "wanted_on": "2026/11/1",
    "note": "備考",
}


def row(key: str, typed: dict[str, str]) -> dict[str, str]:
    return {f"lines-{key}-{NAMES[column]}": value for column, value in typed.items()}


def form(revision: int = 1, act: str = "save", **rows: dict[str, str]) -> dict[str, str | list[str]]:
    typed = {name: value for key, cells_ in rows.items() for name, value in row(key.lstrip("_"), cells_).items()}
    return {**ANSWERS, "rows": "typed", "revision": str(revision), "act": act, **typed}


def id_in(answer: httpx2.Response) -> UUID:
    found = re.search(r"/applications/([0-9a-f-]{36})", answer.headers["location"])
    assert found is not None
    return UUID(found[1])


@pytest.fixture(scope="module", autouse=True)
async def _ready(portal: Portal) -> None:
    await ready(portal.pool, portal.world)


async def begun(portal: Portal) -> UUID:
    answer = await portal.post(portal.world.ours.operator, "/applications/new", {"kind": "new_contract:ipoe_shared"})
    assert answer.status_code == 303
    return id_in(answer)


async def test_from_nothing_to_a_number(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await begun(portal)
    home = f"/applications/{application_id}"
    assert (await portal.get(ours.operator, f"{home}/edit")).status_code == 200
    saved = await portal.post(ours.operator, f"{home}/edit", form(act="confirm", n1=cells(101), n2=cells(102)))
    assert (saved.status_code, saved.headers["location"]) == (303, f"{home}/confirm")
    confirm = await portal.get(ours.signatory, f"{home}/confirm")
    words = text_of(confirm)
    assert "この内容で申し込む" in words
    # 100,000円 to begin with; 40,000円 up to 50 lines and 200円 for each of the two, taxed once.
    assert "100,000円" in words
    assert "44,440円" in words
    sent = await portal.post(ours.signatory, f"{home}/confirm", {"revision": "2"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{home}/receipt")
    receipt = text_of(await portal.get(ours.viewer, f"{home}/receipt"))
    assert re.search(r"A-20261015-\d{5}-[0-9A-Z]", receipt)
    assert "受付は承諾ではありません" in receipt
    shown = text_of(await portal.get(ours.viewer, home))
    assert "受付済" in shown
    assert "CAF0000000102" in shown
    assert "Ab3dEf7h" not in shown


async def test_what_does_not_hold_is_kept_beside_its_message(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await begun(portal)
    typed = form(act="confirm", n1=cells(110, 同意日時="H31.5.1", アクセスキー="short"))
    answer = await portal.post(
        ours.operator, f"/applications/{application_id}/edit", {**typed, "contact_email": "だれか"}
    )
    assert answer.status_code == 422
    assert 'value="H31.5.1"' in answer.text
    assert 'value="だれか"' in answer.text
    assert 'id="lines-n1-consented_at-error"' in answer.text
    assert 'href="#contact_email"' in answer.text
    # Saving, however, takes it as it is.
    answer = await portal.post(ours.operator, f"/applications/{application_id}/edit", {**typed, "act": "save"})
    assert answer.status_code == 303
    again = await portal.get(ours.operator, f"/applications/{application_id}/edit?saved=1")
    assert 'value="H31.5.1"' in again.text
    assert "short" not in again.text
    assert 'value="********"' in again.text


async def test_a_row_with_an_error_says_what_the_database_says_too(portal: Portal) -> None:
    application_id = await begun(portal)
    typed = cells(113, アクセスキー="short", 住居種別="集合", 提供条件版="2030-01")
    answer = await portal.post(
        portal.world.ours.operator, f"/applications/{application_id}/edit", form(act="confirm", n1=typed)
    )
    assert answer.status_code == 422
    assert set(re.findall(r'id="lines-n1-([a-z_]+)-error"', answer.text)) == {
        *("access_key", "dwelling", "policy_version")
    }


async def test_a_masked_key_keeps_what_is_stored(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await begun(portal)
    path = f"/applications/{application_id}/edit"
    await portal.post(ours.operator, path, form(n1=cells(111), n2=cells(112)))
    before = await keys(portal, application_id)
    first, second = before
    rows = {f"_{first}": cells(111, アクセスキー="********"), f"_{second}": cells(112, アクセスキー="Zz9Yy8Xx")}
    answer = await portal.post(ours.operator, path, form(revision=2, act="confirm", **rows))
    assert answer.status_code == 303
    after = await keys(portal, application_id)
    assert after == {first: "Ab3dEf7h", second: "Zz9Yy8Xx"}
    answer = await portal.post(ours.operator, path, form(revision=3, **{f"_{second}": cells(112, アクセスキー="")}))
    assert answer.status_code == 303
    assert await keys(portal, application_id) == {second: "Zz9Yy8Xx"}


async def keys(portal: Portal, application_id: UUID) -> dict[int, str]:
    async with database.transaction(portal.pool, "subscriber", subscriber_id=portal.world.ours.id) as db:
        lines = await applications.lines(db, application_id, subscriber_id=portal.world.ours.id)
    cipher = portal.app.state.services.cipher
    return {line.id: cipher.open(line.access_key_sealed, purpose="access_key").decode() for line in lines}


async def test_rows_are_added_and_taken_out_without_losing_input(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await begun(portal)
    path = f"/applications/{application_id}/edit/rows"
    typed = form(n1=cells(113), n2=cells(114))
    added = await portal.post(ours.operator, path, {**typed, "act": "", "add_lines": "1"})
    assert 'id="lines-n3-access_line_id"' in added.text
    assert 'value="CAF0000000113"' in added.text
    assert "field-error" not in added.text
    gone = await portal.post(ours.operator, path, {**typed, "act": "", "remove_lines": "n1"})
    assert 'value="CAF0000000113"' not in gone.text
    assert 'value="CAF0000000114"' in gone.text
    # Nothing of it is saved, and the form's key is still good for the one act it is for.
    assert await keys(portal, application_id) == {}
    key = str(uuid4())
    for _ in range(2):
        await portal.post(ours.operator, path, {**typed, "submission_key": key, "add_lines": "1"})
    saved = await portal.post(ours.operator, f"/applications/{application_id}/edit", {**typed, "submission_key": key})
    assert saved.headers["location"] == f"/applications/{application_id}/edit?saved=1"
    assert len(await keys(portal, application_id)) == 2


async def test_two_people_editing_lose_neither(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await begun(portal)
    path = f"/applications/{application_id}/edit"
    first = await portal.post(ours.operator, path, {**form(n1=cells(115)), "note": "作業の入力"})
    assert first.status_code == 303
    second = await portal.post(ours.signatory, path, {**form(n1=cells(116)), "note": "署名の入力"})
    words = text_of(second)
    assert second.status_code == 422
    assert "作業 三郎さんが保存しました" in words
    assert "作業の入力" in words
    assert "署名の入力" in words
    assert "CAF0000000115" in words
    assert 'value="CAF0000000116"' in second.text
    assert 'name="revision" value="2"' in second.text
    kept = await portal.get(ours.viewer, f"/applications/{application_id}")
    assert "作業の入力" in text_of(kept)


async def test_every_cell_that_somebody_else_changed_is_listed(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await drafted(portal.pool, ours, [cells(117), cells(118), cells(119)])
    path = f"/applications/{application_id}/edit"
    a, b, c = await keys(portal, application_id)
    masked = {"アクセスキー": "********"}
    theirs = form(
        revision=2,
        **{f"_{a}": cells(117, 都道府県="大阪府", **masked), f"_{b}": cells(118, アクセスキー="Their118")},
    )
    assert (await portal.post(ours.operator, path, theirs)).status_code == 303
    mine = form(
        revision=2,
        **{
            f"_{a}": cells(117, 都道府県="京都府", **masked),
            f"_{b}": cells(118, アクセスキー="Mine0118"),
            f"_{c}": cells(119, **masked),
        },
    )
    second = await portal.post(ours.signatory, path, mine)
    words = text_of(second)
    assert second.status_code == 422
    assert "CAF0000000117 都道府県 大阪府 京都府" in words
    assert "CAF0000000118 アクセスキー （伏せてあります） （別の値を入力しました）" in words
    assert "Their118" not in second.text
    assert "CAF0000000117 住居種別" not in words  # Control: what is the same is not listed.
    assert "CAF0000000117 アクセスキー" not in words
    assert "削除された回線" in words
    assert "CAF0000000119" in words


async def test_a_double_click_submits_once(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await drafted(portal.pool, ours, [cells(120)])
    path = f"/applications/{application_id}/confirm"
    data: dict[str, str | list[str]] = {"revision": "2", "submission_key": str(uuid4())}
    answers = await asyncio.gather(*(portal.post(ours.signatory, path, dict(data)) for _ in range(5)))
    assert {(one.status_code, one.headers["location"]) for one in answers} == {
        (303, f"/applications/{application_id}/receipt")
    }
    shown = text_of(await portal.get(ours.viewer, f"/applications/{application_id}"))
    assert shown.count("申込を受け付けました") == 1


async def test_control_two_forms_of_one_draft_are_two_acts(portal: Portal) -> None:
    """Without the shared key the second act meets the state, not the first one's page."""
    ours = portal.world.ours
    application_id = await drafted(portal.pool, ours, [cells(121)])
    path = f"/applications/{application_id}/confirm"
    answers = await asyncio.gather(*(portal.post(ours.signatory, path, {"revision": "2"}) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [303, 409, 409]


async def test_every_refusal_stands_on_the_page_with_its_clause(portal: Portal) -> None:
    ours = portal.world.ours
    rows = [cells(122, 住居種別="集合"), cells(123, 同意方法="約款のみ"), cells(124, 再販先コード="NOBODY")]
    application_id = await drafted(portal.pool, ours, rows)
    path = f"/applications/{application_id}/confirm"
    for answer in (
        await portal.get(ours.signatory, path),
        await portal.post(ours.signatory, path, {"revision": "2"}),
    ):
        for clause in ("A5-5", "A5-6-2", "A5-6-3"):
            assert f'href="/clauses/{clause}"' in answer.text
        assert "この内容で申し込む" not in answer.text
    assert answer.status_code == 422


async def test_an_operator_is_shown_whom_to_ask(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await drafted(portal.pool, ours, [cells(125)])
    path = f"/applications/{application_id}/confirm"
    words = text_of(await portal.get(ours.operator, path))
    assert "署名権限者に依頼してください" in words
    assert "この内容で申し込む" not in words
    assert (await portal.post(ours.operator, path, {"revision": "2"})).status_code == 403


async def test_another_company_gets_404_everywhere(portal: Portal) -> None:
    application_id = await drafted(portal.pool, portal.world.ours, [cells(126)])
    home = f"/applications/{application_id}"
    stranger = portal.world.theirs.signatory
    for tail in ("", "/edit", "/confirm", "/receipt", "/withdraw", "/discard", "/lines/new", "/lines.csv"):
        assert (await portal.get(stranger, home + tail)).status_code == 404, tail
    for tail in ("/edit", "/edit/rows", "/confirm", "/withdraw", "/discard", "/copy", "/lines/new", "/uploads"):
        assert (await portal.post(stranger, home + tail, form())).status_code == 404, tail


async def test_the_list_finds_a_number_in_any_width(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await submitted(portal.pool, ours, [cells(127)])
    shown = text_of(await portal.get(ours.viewer, f"/applications/{application_id}"))
    found = re.search(r"A-20261015-(\d{5})-[0-9A-Z]", shown)
    assert found is not None
    for asked in (found[0], found[0].lower(), f"Ａ２０２６１０１５{found[1]}", f"ー{found[1]}".strip("ー")):
        answer = await portal.get(ours.viewer, f"/applications?q={asked}")
        assert found[0] in answer.text, asked
    assert found[0] not in (await portal.get(ours.viewer, "/applications?q=ZZZ")).text
    assert found[0] not in (await portal.get(ours.viewer, "/applications?state=draft")).text
    assert found[0] not in (await portal.get(portal.world.theirs.viewer, "/applications")).text


async def test_withdrawing_and_copying(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await submitted(portal.pool, ours, [cells(128)])
    home = f"/applications/{application_id}"
    assert "取り下げますか" in text_of(await portal.get(ours.signatory, f"{home}/withdraw"))
    assert (await portal.get(ours.operator, f"{home}/withdraw")).status_code == 403
    assert (await portal.post(ours.signatory, f"{home}/withdraw", {})).status_code == 303
    assert "取下げ" in text_of(await portal.get(ours.viewer, home))
    copied = await portal.post(ours.operator, f"{home}/copy", {})
    again = await portal.get(ours.operator, copied.headers["location"])
    assert 'value="CAF0000000128"' in again.text


async def test_a_draft_is_discarded(portal: Portal) -> None:
    ours = portal.world.ours
    home = f"/applications/{await drafted(portal.pool, ours, [cells(129)])}"
    assert (await portal.post(ours.viewer, f"{home}/discard", {})).status_code == 403
    assert (await portal.post(ours.operator, f"{home}/discard", {})).headers["location"] == "/applications"
    assert (await portal.get(ours.operator, home)).status_code == 404


async def test_many_rows_are_corrected_one_by_one(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await drafted(portal.pool, ours, [cells(200 + place) for place in range(60)])
    home = f"/applications/{application_id}"
    page = await portal.get(ours.operator, f"{home}/edit")
    assert 'id="lines-' not in page.text.replace('id="lines-table', "")
    assert page.text.count("修正する<") == 50
    row_id = min(await keys(portal, application_id))
    one = await portal.get(ours.operator, f"{home}/lines/{row_id}")
    assert 'value="CAF0000000200"' in one.text
    assert "Ab3dEf7h" not in one.text
    bad = row(str(row_id), cells(200, 都道府県="", アクセスキー="********"))
    assert (await portal.post(ours.operator, f"{home}/lines/{row_id}", {**bad, "revision": "2"})).status_code == 422
    good = row(str(row_id), cells(200, 都道府県="大阪府", アクセスキー="********"))
    saved = await portal.post(ours.operator, f"{home}/lines/{row_id}", {**good, "revision": "2"})
    assert saved.status_code == 303
    assert "大阪府" in (await portal.get(ours.operator, f"{home}/edit")).text
    late = await portal.post(ours.signatory, f"{home}/lines/{row_id}", {**good, "revision": "2"})
    assert late.status_code == 422
    assert "ほかの人が申込を保存しました" in text_of(late)
    added = await portal.post(ours.operator, f"{home}/lines/new", {**row("n1", cells(300)), "revision": "3"})
    assert added.status_code == 303
    gone = await portal.post(ours.operator, f"{home}/lines/{row_id}", {"act": "remove", "revision": "4"})
    assert gone.status_code == 303
    assert row_id not in await keys(portal, application_id)
    # Answers are saved without touching the rows.
    answer = await portal.post(
        ours.operator, f"{home}/edit", {**ANSWERS, "note": "行はそのまま", "revision": "5", "act": "save"}
    )
    assert answer.status_code == 303
    assert len(await keys(portal, application_id)) == 60


async def test_what_staff_send_back_stands_beside_its_field(portal: Portal) -> None:
    ours, desk = portal.world.ours, portal.world.desk
    application_id = await submitted(portal.pool, ours, [cells(140), cells(141)])
    home = f"/applications/{application_id}"
    assert (await portal.get(ours.operator, f"{home}/edit")).status_code == 409
    async with database.transaction(portal.pool, "staff") as db:
        await reviews.take(db, by=desk.clerk, at=SUBMITTED_AT, application_id=application_id)
        await reviews.send_back(
            db,
            by=desk.clerk,
            at=SUBMITTED_AT,
            application_id=application_id,
            returns=[Return("purpose", "目的を確かめてください。"), Return("lines", "県を確かめてください。", 2)],
            return_by=date(2026, 10, 30),
        )
    shown = text_of(await portal.get(ours.viewer, home))
    assert "目的を確かめてください。" in shown
    assert "2026年10月30日（金）" in shown
    assert "内容を直す" not in shown
    page = await portal.get(ours.operator, f"{home}/edit")
    assert re.search(r'id="purpose-error".*?差戻し：目的を確かめてください。', page.text, re.DOTALL)
    first, second = sorted(await keys(portal, application_id))
    assert f'id="lines-{second}-access_line_id-error"' in page.text
    rows = {f"_{first}": cells(140, アクセスキー=""), f"_{second}": cells(141, 都道府県="大阪府", アクセスキー="")}
    saved = await portal.post(ours.operator, f"{home}/edit", form(revision=2, act="confirm", **rows))
    assert saved.headers["location"] == f"{home}/confirm"
    assert "この内容で再提出する" in text_of(await portal.get(ours.signatory, f"{home}/confirm"))
    sent = await portal.post(ours.signatory, f"{home}/confirm", {"revision": "3"})
    assert sent.headers["location"] == f"{home}/receipt"
    assert "再提出を受け付けました" in text_of(await portal.get(ours.viewer, f"{home}/receipt"))
    assert "審査中" in text_of(await portal.get(ours.viewer, home))


async def test_a_viewer_reads_and_changes_nothing(portal: Portal) -> None:
    ours = portal.world.ours
    home = f"/applications/{await drafted(portal.pool, ours, [cells(142)])}"
    page = await portal.get(ours.viewer, home)
    assert page.status_code == 200
    # The file of its lines is all that a viewer may follow from here.
    assert re.findall(rf'href="{home}/([^"]*)"', page.text) == ["submitted.csv"]
    for tail in ("/edit", "/confirm", "/discard", "/withdraw"):
        assert (await portal.get(ours.viewer, home + tail)).status_code == 403, tail
