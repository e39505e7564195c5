"""解約申込書 in the browser: 入力 with what would follow, 確認, 完了, 控え; the desk; and who may not.

`NOTICES=2000 pytest tests/web/test_notices.py` compares more of the random notices.
"""

import io
import os
import re
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database, notices
from tests.makers_notices import contract_in_billing, given, unit_ids, voided
from tests.makers_reviews import MadeLine, made_lines, ready
from tests.oracle.dice import Dice
from tests.oracle.oracle import simulate
from tests.portals import Portal, text_of

NOVEMBER_5 = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
RANDOM_NOTICES = int(os.environ.get("NOTICES", "200"))


@pytest.fixture(scope="module", autouse=True)
async def begun(portal: Portal) -> None:
    await ready(portal.pool, portal.world)


@pytest.fixture(autouse=True)
def november(portal: Portal) -> None:
    portal.clock.at = NOVEMBER_5


@pytest.fixture(scope="module")
async def contract_id(portal: Portal) -> UUID:
    """帯域共有 with two lines, in billing from 2026-10-20."""
    return await contract_in_billing(portal.pool, portal.world, portal.world.ours, made_lines(2))


@pytest.fixture(scope="module")
async def with_routers(portal: Portal) -> UUID:
    """IPoE接続: two lines, a router on each."""
    lines = tuple(MadeLine(access_line_id=f"CAF00000005{n:02}", options=("router_rental",)) for n in range(2))
    return await contract_in_billing(portal.pool, portal.world, portal.world.ours, lines, offering="ipoe")


@pytest.fixture(autouse=True)
async def nothing_given(portal: Portal, owner_pool: AsyncEngine, november: None) -> None:
    """Every notice of the test before is made void, so that each test meets running contracts."""
    async with owner_pool.connect() as db:
        found = (await db.execute(text("SELECT id FROM notices WHERE voided_at IS NULL"))).scalars()
        open_ones = list(found)
    for notice_id in open_ones:
        await voided(portal.pool, portal.world, notice_id)


async def count_of(owner_pool: AsyncEngine) -> int:
    async with owner_pool.connect() as db:
        return int(await db.scalar(text("SELECT count(*) FROM notices")) or 0)


async def test_the_page_shows_what_would_follow(portal: Portal, contract_id: UUID) -> None:
    ours = portal.world.ours
    path = f"/contracts/{contract_id}/notice"
    words = text_of(await portal.get(ours.signatory, path))
    for word in (
        "2026年11月5日（木）（きょう届いた場合）",
        "2026年12月5日（令和8年12月5日）",
        "指定日がないため、この日に効力が生じます。",
        "2026年12月分まで",
        "最低利用期間は2026年11月19日まで。かかりません。",
        "最終利用日が2026年12月6日になります。",
        "A9",
    ):
        assert word in words
    early = text_of(await portal.get(ours.signatory, f"{path}?requested_on=2026/11/10"))
    assert "指定日 2026年11月10日 より遅いため、この日に効力が生じます。" in early
    assert "2026年12月5日（令和8年12月5日）" in early
    first = text_of(await portal.get(ours.operator, f"{path}?requested_on=令和9年1月1日"))
    assert "この1日で1月分の月額費用が全額かかります" in first
    assert "2026年12月31日を最終利用日にすると、1月分の月額費用はかかりません。" in first
    assert "最終利用日は変わりません。" in first
    unread = await portal.get(ours.signatory, f"{path}?requested_on=8.10.15")
    assert unread.status_code == 200
    assert "8.10.15" in unread.text


async def test_a_day_later_may_cost_a_month(portal: Portal, contract_id: UUID) -> None:
    """Arrived on 2026-12-01: last day 12-31. A day later: 2027-01-01, all of January."""
    portal.clock.at = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
    words = text_of(await portal.get(portal.world.ours.signatory, f"/contracts/{contract_id}/notice"))
    assert "最終利用日が2027年1月1日になります。料金が2027年1月分までかかります。" in words
    portal.clock.at = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
    words = text_of(await portal.get(portal.world.ours.signatory, f"/contracts/{contract_id}/notice"))
    assert "この1日で1月分の月額費用が全額かかります" in words
    assert "最も早い最終利用日のため、これより前の日にはできません。" in words


async def test_confirm_give_and_read(portal: Portal, owner_pool: AsyncEngine, contract_id: UUID) -> None:
    ours = portal.world.ours
    path = f"/contracts/{contract_id}/notice"
    confirm = await portal.get(ours.signatory, f"{path}?requested_on=2027/1/31&remarks=移転のため&confirm=1")
    assert "この内容で解約申込書を出す" in text_of(confirm)
    assert "2027年1月31日（令和9年1月31日）" in text_of(confirm)
    asked = text_of(await portal.get(ours.operator, f"{path}?confirm=1"))
    assert "署名権限者に依頼してください" in asked
    assert "この内容で解約申込書を出す" not in asked

    key = str(uuid4())
    before = await count_of(owner_pool)
    form = {"submission_key": key, "requested_on": "2027-01-31", "remarks": "移転のため"}
    portal.clock.at = datetime(2026, 11, 5, 14, 59, 59, tzinfo=UTC)
    answers = [await portal.post(ours.signatory, path, dict(form)) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await count_of(owner_pool) == before + 1, "sent three times, one notice"

    done = text_of(await portal.get(ours.signatory, answers[0].headers["location"]))
    for word in (
        "解約申込書が届きました",
        "2026年11月5日（木）23:59:59",
        "2027年1月31日（令和9年1月31日）",
        "N-20261105-",
    ):
        assert word in done
    assert "移転のため" in done
    shown = text_of(await portal.get(ours.viewer, f"/contracts/{contract_id}"))
    assert "解約予定" in shown
    assert "2027年1月31日（令和9年1月31日）" in shown
    assert "解約予定" in text_of(await portal.get(ours.viewer, "/contracts"))
    assert "2027/01/31" in text_of(await portal.get(ours.viewer, "/notices"))
    assert "解約予定" in text_of(await portal.get(portal.world.desk.clerk, f"/desk/contracts/{contract_id}"))

    # After the last day the contract has ended, and so have its lines.
    portal.clock.at = datetime(2027, 1, 31, 15, 0, tzinfo=UTC)
    after = text_of(await portal.get(ours.viewer, f"/contracts/{contract_id}"))
    assert "解約予定" not in after
    assert "0回線" in after
    refused = await portal.get(ours.signatory, path)
    assert refused.status_code == 409
    assert "2027年1月31日に終了しています" in text_of(refused)


async def test_what_cannot_be_read_is_asked_again_with_what_was_typed(
    portal: Portal, owner_pool: AsyncEngine, contract_id: UUID
) -> None:
    path, before = f"/contracts/{contract_id}/notice", await count_of(owner_pool)
    signatory = portal.world.ours.signatory
    for typed in ("来月末", "2026-02-30", "1/2/2026", "9999-12-31"):
        answer = await portal.post(signatory, path, {"requested_on": typed, "remarks": "残る文"})
        assert answer.status_code == 422
        assert typed in answer.text
        assert "残る文" in answer.text
        assert (await portal.get(signatory, f"{path}?requested_on={typed}&confirm=1")).status_code == 422
    long = await portal.post(signatory, path, {"requested_on": "", "remarks": "あ" * 501})
    assert long.status_code == 422
    assert await count_of(owner_pool) == before


async def test_only_the_signatory_gives_notice(portal: Portal, owner_pool: AsyncEngine, with_routers: UUID) -> None:
    ours, before = portal.world.ours, await count_of(owner_pool)
    for person in (ours.admin, ours.operator, ours.viewer):
        for path in ("notice", "option-notice"):
            answer = await portal.post(person, f"/contracts/{with_routers}/{path}", {"requested_on": ""})
            assert answer.status_code == 403
    for person in (portal.world.desk.clerk, portal.world.desk.approver):
        assert (await portal.post(person, f"/contracts/{with_routers}/notice", {})).status_code == 404
    theirs = portal.world.theirs.signatory
    for path in ("notice", "option-notice"):
        assert (await portal.post(theirs, f"/contracts/{with_routers}/{path}", {"units": "1"})).status_code == 404
    assert await count_of(owner_pool) == before


async def test_there_is_no_way_to_approve_reject_or_withdraw(portal: Portal, contract_id: UUID) -> None:
    notice = await given(portal.pool, portal.world.ours, contract_id, at=NOVEMBER_5)
    for act in ("withdraw", "approve", "reject", "accept", "decline", "discard"):
        for person, path in ((portal.world.ours.signatory, "/notices"), (portal.world.desk.approver, "/desk/notices")):
            assert (await portal.post(person, f"{path}/{notice.id}/{act}", {})).status_code == 404


async def test_options_are_chosen_confirmed_and_stopped(portal: Portal, with_routers: UUID) -> None:
    ours = portal.world.ours
    path = f"/contracts/{with_routers}/option-notice"
    first, second = await unit_ids(portal.pool, ours, with_routers)
    empty = text_of(await portal.get(ours.signatory, path))
    assert "CAF0000000500" in empty
    assert "解約するオプションを選ぶと、ここに示します。" in empty
    found = await portal.get(ours.signatory, f"{path}?q=0501&units={first}")
    assert "ほかに1件選んでいます" in text_of(found)
    assert f'type="hidden" name="units" value="{first}"' in found.text
    words = text_of(await portal.get(ours.signatory, f"{path}?units={first}&units={second}&confirm=1"))
    for word in ("6,000円（税抜）", "2台。2026年12月6日以後", "2026年12月5日（令和8年12月5日）", "A7-9", "B3-3"):
        assert word in words
    for nothing in ({"requested_on": ""}, {"units": []}):
        answer = await portal.post(ours.signatory, path, nothing)
        assert answer.status_code == 422
        assert "解約するオプションを選んでください" in text_of(answer)
    for wrong in ("x", "9" * 30, "999999"):
        assert (await portal.post(ours.signatory, path, {"units": wrong})).status_code == 404

    done = await portal.post(ours.signatory, path, {"units": [str(first)]})
    assert done.status_code == 303
    shown = await portal.get(ours.viewer, done.headers["location"])
    words = text_of(shown)
    for word in ("オプションの解約", "CAF0000000500", "3,000円（税抜）", "1台。2026年12月6日以後"):
        assert word in words
    assert "CAF0000000501" not in words
    assert "契約中" in text_of(await portal.get(ours.viewer, f"/contracts/{with_routers}"))
    printed = await portal.get(ours.viewer, done.headers["location"].split("?")[0] + "/pdf")
    assert "CAF0000000500" in pdf_words(printed.content)


def pdf_words(content: bytes) -> str:
    """The words of a PDF without any space between them."""
    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages))


async def test_the_desk_acknowledges_and_voids_by_two_people(portal: Portal, contract_id: UUID) -> None:
    desk, ours = portal.world.desk, portal.world.ours
    notice = await given(portal.pool, ours, contract_id, at=NOVEMBER_5)
    path = f"/desk/notices/{notice.id}"
    assert "届いた解約申込書を確認する" in text_of(await portal.get(desk.clerk, "/desk"))
    queue = text_of(await portal.get(desk.clerk, "/desk/notices?state=arrived"))
    assert notice.number in queue
    for person in (desk.approver, desk.billing, desk.auditor):
        assert (await portal.post(person, f"{path}/acknowledge", {})).status_code == 403
    assert (await portal.post(desk.clerk, f"{path}/acknowledge", {})).status_code == 303
    assert (await portal.post(desk.clerk, f"{path}/acknowledge", {})).status_code == 409
    assert notice.number not in text_of(await portal.get(desk.clerk, "/desk/notices?state=arrived"))

    assert (await portal.post(desk.approver, f"{path}/void", {})).status_code == 409
    kept = await portal.post(desk.clerk, f"{path}/prepare-void", {"code": "", "reason": "書きかけ"})
    assert kept.status_code == 422
    assert "書きかけ" in kept.text
    assert "無効の理由を選んでください" in text_of(kept)
    good = {"code": "no_authority", "reason": "届出人は退職していた"}
    assert (await portal.post(desk.approver, f"{path}/prepare-void", dict(good))).status_code == 403
    assert (await portal.post(desk.clerk, f"{path}/prepare-void", dict(good))).status_code == 303
    assert (await portal.post(desk.clerk, f"{path}/void", {})).status_code == 403
    assert "解約予定" in text_of(await portal.get(ours.viewer, f"/contracts/{contract_id}"))
    assert "解約申込書の無効を確かめる" in text_of(await portal.get(desk.approver, "/desk"))
    page = await portal.get(desk.approver, path)
    prepared_at = re.search(r'name="prepared_at" value="([^"]+)"', page.text)
    assert prepared_at is not None
    answer = await portal.post(desk.approver, f"{path}/void", {"prepared_at": prepared_at[1]})
    assert answer.status_code == 303
    assert "解約予定" not in text_of(await portal.get(ours.viewer, f"/contracts/{contract_id}"))
    words = text_of(await portal.get(ours.viewer, f"/notices/{notice.id}"))
    assert "この解約申込書は無効です" in words
    assert "届出人は退職していた" in words
    assert (await portal.post(desk.clerk, f"{path}/prepare-void", dict(good))).status_code == 409


async def test_the_one_who_prepared_may_not_void_even_as_approver(
    portal: Portal, owner_pool: AsyncEngine, contract_id: UUID
) -> None:
    """The clerk who became an approver meanwhile: by person, not by role."""
    notice = await given(portal.pool, portal.world.ours, contract_id, at=NOVEMBER_5)
    clerk = portal.world.desk.second_clerk
    path = f"/desk/notices/{notice.id}"
    good = {"code": "no_authority", "reason": "確かめた"}
    assert (await portal.post(clerk, f"{path}/prepare-void", dict(good))).status_code == 303
    async with owner_pool.begin() as db:
        await db.execute(text("UPDATE staff SET roles = '{clerk,approver}' WHERE id = :id"), {"id": clerk.id})
    refused = await portal.post(clerk, f"{path}/void", {})
    assert refused.status_code == 403
    assert "職務分掌" in text_of(refused)
    page = await portal.get(clerk, path)
    assert "あなたが準備したため" in text_of(page)
    assert "無効にする</button>" not in page.text


MONTHS = [date(year, month, 1) for year in (2027, 2028) for month in range(1, 13)]
# Midnight in Tokyo is 15:00 UTC.
CLOCK = [(14, 59, 59), (15, 0, 0), (15, 0, 1), (0, 0, 0), (23, 59, 59), (6, 30, 0)]


def random_notice(dice: Dice) -> tuple[datetime, date | None]:
    """Around month ends, leap days and midnight in Tokyo, with requests about thirty days later, or none."""
    day = dice.pick([*MONTHS, *[date(2028, 2, 29)] * 4]) + timedelta(days=dice.between(-3, 2))
    at = datetime.combine(day, time(*dice.pick(CLOCK)), tzinfo=UTC)
    days = dice.pick([None, dice.between(26, 35), dice.between(-5, 400)])
    return at, None if days is None else day + timedelta(days=days)


def by_the_oracle(at: datetime, requested_on: date | None) -> date:
    """The last day that the oracle, which counts day by day, gives the same notice."""
    option = dict.fromkeys(("router_rental", "ipv4_ports_12800", "ipv4_ports_64000", "ipv4_fixed", "dslite_bundle"), 0)
    bands = [{"up_to": None, "amount": 0}]
    sheet = {
        "effective_from": "2026-04-01",
        "initial_fee": 0,
        "base": {"ipoe": bands, "ipoe_shared": bands, "ipoe_capped": 0},
        "line_maintenance": {"ipoe": 0, "ipoe_shared": 0},
        "bandwidth_per_100mbps": 0,
        "option_initial": option,
        "option_monthly": option,
        "offering_change_fee": 0,
        "loss_charge_per_device": 0,
        "option_stop_fee_per_device": 0,
    }
    scenario = {
        "through": "2026-10",
        "contract": {
            "offering": "ipoe_shared",
            "accepted_at": "2026-10-08T10:00:00+09:00",
            "billing_start": "2026-10-20",
        },
        "price_sheets": [sheet],
        "events": [
            {
                "at": at.isoformat(),
                "type": "termination_notice",
                "requested_last_day": requested_on.isoformat() if requested_on else None,
            }
        ],
    }
    return date.fromisoformat(simulate(scenario)["contract_last_day"])


@pytest.mark.clause("A9", "boundary")
async def test_stored_shown_printed_and_counted_day_by_day_are_one_date(portal: Portal, contract_id: UUID) -> None:
    dice, ours = Dice(20261105), portal.world.ours
    for _ in range(RANDOM_NOTICES):
        at, requested_on = random_notice(dice)
        portal.clock.at = at
        form = {"requested_on": f"{requested_on:%Y/%m/%d}" if requested_on else ""}
        answer = await portal.post(ours.signatory, f"/contracts/{contract_id}/notice", dict(form))
        assert answer.status_code == 303, (at, requested_on)
        address = answer.headers["location"].split("?")[0]
        notice_id = UUID(address.rsplit("/", 1)[1])
        async with database.transaction(portal.pool, "staff") as db:
            stored = await notices.get(db, notice_id)
        assert stored is not None
        expected = by_the_oracle(at, requested_on)
        assert stored.effective_on == expected, (at, requested_on)
        written = f"{expected.year}年{expected.month}月{expected.day}日（令和{expected.year - 2018}年"
        page = await portal.get(ours.viewer, address)
        shown = re.search(r"最終利用日</dt><dd><strong><time datetime=\"([^\"]+)\">([^<]+)<", page.text)
        assert shown is not None
        assert shown[1] == expected.isoformat()
        assert shown[2].startswith(written)
        assert f"最終利用日{written}" in pdf_words((await portal.get(ours.viewer, f"{address}/pdf")).content)
        await voided(portal.pool, portal.world, notice_id, at=at)


def test_control_the_oracle_knows_another_date_when_the_arrival_is_another() -> None:
    """A second earlier, at midnight in Tokyo, is a day earlier: the comparison above would notice."""
    before, after = datetime(2028, 1, 30, 14, 59, 59, tzinfo=UTC), datetime(2028, 1, 30, 15, 0, tzinfo=UTC)
    assert (by_the_oracle(before, None), by_the_oracle(after, None)) == (date(2028, 2, 29), date(2028, 3, 1))
