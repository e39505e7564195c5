"""再販先 in the browser: the tree with its gaps, a new partner, the record of duties."""

from uuid import uuid4

import pytest

from tests.makers_terms import publish_policy
from tests.portals import Portal, text_of

DUTIES = {"parent": "", "contracted_on": "令和8年10月1日", "version": "2026-04", "clause_confirmed": "yes"}


@pytest.fixture(scope="module", autouse=True)
async def policy(portal: Portal) -> None:
    await publish_policy(portal.pool, portal.world)


async def added(portal: Portal, code: str, parent: str = "") -> str:
    """The address of a new partner of ours."""
    answer = await portal.post(
        portal.world.ours.operator, "/partners", {"code": code, "name": f"例示販売{code}", "parent": parent}
    )
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_an_empty_list_says_how_to_begin(portal: Portal) -> None:
    words = text_of(await portal.get(portal.world.theirs.operator, "/partners"))
    assert "再販先はまだありません" in words
    assert "再販先を登録する" in words
    assert "再販先を登録する" not in text_of(await portal.get(portal.world.theirs.viewer, "/partners"))


@pytest.mark.clause("A5-6-3", "holds")
async def test_the_list_marks_gaps_until_every_edge_has_its_duties(portal: Portal) -> None:
    operator = portal.world.ours.operator
    top = await added(portal, "T1")
    below = await added(portal, "T2", top.removeprefix("/partners/"))
    words = text_of(await portal.get(operator, "/partners"))
    assert "自社 → T1 → T2" in words
    assert words.count("義務の記録がありません") == 2
    parent = top.removeprefix("/partners/")
    assert (await portal.post(operator, f"{below}/duties", DUTIES | {"parent": parent})).status_code == 303
    assert "上位の T1 に記録がありません" in text_of(await portal.get(operator, below))
    assert (await portal.post(operator, f"{top}/duties", DUTIES)).status_code == 303
    words = text_of(await portal.get(operator, below))
    assert "そろっています" in words
    assert "2026年10月1日（木）" in words
    assert "再販先に義務を負わせた契約を記録しました" in words


@pytest.mark.clause("A5-6-3", "refused")
async def test_a_circle_is_refused_with_the_clause(portal: Portal) -> None:
    top = await added(portal, "C1")
    below = await added(portal, "C2", top.removeprefix("/partners/"))
    answer = await portal.post(
        portal.world.ours.signatory, f"{top}/duties", DUTIES | {"parent": below.removeprefix("/partners/")}
    )
    assert answer.status_code == 422
    assert "C2 は C1 の下にあります" in text_of(answer)
    assert 'href="/clauses/A5-6-3"' in answer.text
    assert 'value="令和8年10月1日"' in answer.text


async def test_what_does_not_hold_is_said_beside_its_field(portal: Portal) -> None:
    partner = await added(portal, "F1")
    wrong = {"parent": "", "contracted_on": "8.10.15", "version": "none"}
    answer = await portal.post(portal.world.ours.operator, f"{partner}/duties", wrong)
    assert answer.status_code == 422
    for field in ("contracted_on", "version", "clause_confirmed"):
        assert f'id="{field}-error"' in answer.text
    future = await portal.post(portal.world.ours.operator, f"{partner}/duties", DUTIES | {"contracted_on": "20261016"})
    assert future.status_code == 422
    assert "契約日が今日より後です" in text_of(future)


async def test_a_partner_is_added_once(portal: Portal) -> None:
    operator, form = portal.world.ours.operator, {"code": "D1", "name": "髙﨑①販売", "submission_key": str(uuid4())}
    first = await portal.post(operator, "/partners", form)
    second = await portal.post(operator, "/partners", form)
    assert first.headers["location"] == second.headers["location"]
    assert "髙﨑①販売" in (await portal.get(operator, first.headers["location"])).text
    other = await portal.post(operator, "/partners", {"code": "D1", "name": "別の会社"})
    assert other.status_code == 422
    assert "再販先コード D1 はすでに使われています" in text_of(other)
    assert 'value="別の会社"' in other.text
    nothing = await portal.post(operator, "/partners", {"code": "", "name": "a" * 201})
    assert 'id="code-error"' in nothing.text
    assert 'id="name-error"' in nothing.text


async def test_other_companies_and_roles_stay_out(portal: Portal) -> None:
    ours = await added(portal, "X1")
    stranger, viewer = portal.world.theirs.operator, portal.world.ours.viewer
    assert (await portal.get(stranger, ours)).status_code == 404
    assert (await portal.post(stranger, f"{ours}/duties", DUTIES)).status_code == 404
    below_ours = {"code": "Y1", "name": "例示", "parent": ours.removeprefix("/partners/")}
    assert (await portal.post(stranger, "/partners", below_ours)).status_code == 404
    assert (await portal.post(stranger, "/partners", below_ours | {"parent": "no-id"})).status_code == 404
    assert "記録する" not in text_of(await portal.get(viewer, ours)).replace("記録する日", "")
    assert (await portal.post(viewer, f"{ours}/duties", DUTIES)).status_code == 403
    assert (await portal.get(viewer, "/partners/new")).status_code == 403
    assert (await portal.get(portal.world.desk.clerk, ours)).status_code == 404


async def test_what_is_read_otherwise_than_typed_is_shown_first(portal: Portal) -> None:
    operator = portal.world.ours.operator
    form = {"code": "Ｐ－００１", "name": "例示ﾊﾝﾊﾞｲ", "submission_key": str(uuid4())}
    answer = await portal.post(operator, "/partners", form)
    assert answer.status_code == 422
    assert "P-001 と読み替えます。よければこのまま登録してください。" in text_of(answer)
    assert "例示ハンバイ と読み替えます。" in text_of(answer)
    assert 'name="code" value="P-001"' in answer.text
    assert 'name="name" value="例示ハンバイ"' in answer.text
    assert "P-001" not in text_of(await portal.get(operator, "/partners"))
    # What the page now holds is taken as it stands, by the same press of the same form.
    made = await portal.post(operator, "/partners", form | {"code": "P-001", "name": "例示ハンバイ"})
    assert made.status_code == 303
    assert "再販先 P-001" in text_of(await portal.get(operator, made.headers["location"]))


@pytest.mark.parametrize(
    ("code", "refused"),
    [("=1+1", True), ("＝１", True), ("+81", True), ("-P1", True), ("@SUM", True), ("＠A", True), ("P=+-@1", False)],
)
async def test_a_code_that_a_spreadsheet_would_run_is_refused(portal: Portal, code: str, refused: bool) -> None:
    answer = await portal.post(portal.world.ours.operator, "/partners", {"code": code, "name": "例示販売"})
    assert answer.status_code == (422 if refused else 303)
    assert ("数式として動く値です" in text_of(answer)) is refused
