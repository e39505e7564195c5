"""料金表 in the browser: typed at the desk, shown by another, read and acknowledged by the subscriber."""

import re
from datetime import date
from uuid import uuid4

from portal.records import database, prices
from portal.terms.fees import Band, LineCountBasis
from portal.terms.offerings import Offering
from portal.terms.option_kinds import OptionKind
from portal.usecases import facts
from tests.makers_terms import price_sheet, quote
from tests.portals import Portal, text_of

OPTIONS = ("router_rental", "ipv4_ports_12800", "ipv4_ports_64000", "ipv4_fixed", "dslite_bundle")


def typed(subscriber_id: object, effective_from: str) -> dict[str, str | list[str]]:
    form: dict[str, str | list[str]] = {
        "target": str(subscriber_id),
        "effective_from": effective_from,
        "line_count_basis": "any_day",
        "initial_fee": "１００，０００円",
        "base_capped": "30000",
        "line_maintenance_ipoe": "300",
        "line_maintenance_shared": "200",
        "bandwidth_per_100mbps": "¥40,000",
        "offering_change_fee": "5,000",
        "loss_charge_per_device": "12,000",
        "option_stop_fee_per_device": "3,000",
        "ipoe-1-up_to": "１００",
        "ipoe-1-amount": "50,000",
        "ipoe-2-up_to": "",
        "ipoe-2-amount": "90,000",
        "ipoe_shared-4-up_to": "",
        "ipoe_shared-4-amount": "180,000",
        "ipoe_shared-5-up_to": "",
        "ipoe_shared-5-amount": "",
    }
    return form | {f"initial-{kind}": "0" for kind in OPTIONS} | {f"monthly-{kind}": "1,000" for kind in OPTIONS}


async def test_a_sheet_is_read_as_it_was_typed(portal: Portal) -> None:
    desk, ours = portal.world.desk, portal.world.ours
    form = typed(ours.id, "令和8年11月1日") | {"submission_key": str(uuid4())}
    made = await portal.post(desk.billing, "/desk/price-sheets", form)
    again = await portal.post(desk.billing, "/desk/price-sheets", form)
    address = made.headers["location"]
    assert again.headers["location"] == address
    own = text_of(await portal.get(desk.billing, address))
    assert "あなたが準備しました" in own
    assert "契約者に提示する" not in own
    assert (await portal.post(desk.billing, f"{address}/show", {})).status_code == 403
    assert (await portal.post(desk.auditor, f"{address}/show", {})).status_code == 403
    shown = await portal.post(desk.clerk, f"{address}/show", {})
    assert (shown.status_code, shown.headers["location"]) == (303, address)
    assert (await portal.post(desk.second_billing, f"{address}/show", {})).status_code == 409
    async with database.transaction(portal.pool, "staff") as db:
        found = await prices.in_force_for(db, subscriber_id=ours.id, contract_id=None)
        ids = [sheet.id for sheet in found]
        sheets = facts.sheets_from(found, await prices.bands_of(db, ids), await prices.options_of(db, ids))
    sheet = next(one for one in sheets if one.effective_on == date(2026, 11, 1))
    assert sheet.initial_fee == 100_000
    assert sheet.base[Offering.IPOE] == (Band(100, 50_000), Band(None, 90_000))
    assert sheet.base[Offering.IPOE_SHARED] == (Band(None, 180_000),)
    assert sheet.bandwidth_per_100mbps == 40_000
    assert sheet.option_monthly[OptionKind.DSLITE_BUNDLE] == 1_000
    assert sheet.line_count_basis is LineCountBasis.ANY_DAY


async def test_the_subscriber_reads_every_amount_with_its_number(portal: Portal) -> None:
    ours = portal.world.ours
    sheet_id = await quote(portal.pool, portal.world, ours, sheet=price_sheet(date(2026, 12, 1)))
    page = await portal.get(ours.viewer, f"/price-sheets/{sheet_id}")
    words = text_of(page)
    for amount in ("100,000円", "50,000円", "12,000円", "月額基本料（51〜500回線） 120,000円", "501回線以上"):
        assert amount in words
    for clause in ("B1-1", "B1-2", "B2-1-i", "B2-1-ii", "B2-1-iii", "B2-2", "B3-1", "B3-2", "B3-3", "A10"):
        assert f'href="/clauses/{clause}"' in page.text
    assert "2026年12月 から" in text_of(await portal.get(ours.viewer, "/price-sheets"))


async def test_a_signatory_acknowledges_once(portal: Portal) -> None:
    ours = portal.world.ours
    address = f"/price-sheets/{await quote(portal.pool, portal.world, ours, sheet=price_sheet(date(2027, 1, 1)))}"
    assert "この料金表を確認しました" not in text_of(await portal.get(ours.operator, address))
    assert (await portal.post(ours.operator, f"{address}/acknowledge", {})).status_code == 403
    assert (await portal.post(portal.world.theirs.signatory, f"{address}/acknowledge", {})).status_code == 404
    for _ in range(2):
        done = await portal.post(ours.signatory, f"{address}/acknowledge", {})
        assert (done.status_code, done.headers["location"]) == (303, address)
    words = text_of(await portal.get(ours.signatory, address))
    assert "契約者が確認した日時 2026年10月15日（木）12:00:00" in words
    assert "この料金表を確認しました" not in words
    assert "提示済み（確認あり）" in text_of(await portal.get(portal.world.desk.auditor, f"/desk{address}"))


async def test_another_companys_sheet_and_a_draft_are_not_found(portal: Portal) -> None:
    ours, theirs = portal.world.ours, portal.world.theirs
    sheet_id = await quote(portal.pool, portal.world, theirs, sheet=price_sheet(date(2027, 2, 1)))
    assert (await portal.get(ours.viewer, f"/price-sheets/{sheet_id}")).status_code == 404
    assert (await portal.get(theirs.viewer, f"/price-sheets/{sheet_id}")).status_code == 200
    draft = await portal.post(portal.world.desk.billing, "/desk/price-sheets", typed(ours.id, "2027/3/1"))
    assert (await portal.get(ours.viewer, draft.headers["location"].removeprefix("/desk"))).status_code == 404
    assert (await portal.get(portal.world.desk.clerk, f"/desk/price-sheets/{uuid4()}")).status_code == 404


async def test_what_cannot_be_read_is_said_beside_its_field(portal: Portal) -> None:
    wrong = typed("", "2026/11/31") | {
        "initial_fee": "-1",
        "monthly-ipv4_fixed": "1,00",
        "ipoe-1-up_to": "0",
        "ipoe-2-amount": "たくさん",
        "line_count_basis": "",
    }
    answer = await portal.post(portal.world.desk.billing, "/desk/price-sheets", wrong)
    assert answer.status_code == 422
    for field in (
        "target",
        "effective_from",
        "initial_fee",
        "monthly-ipv4_fixed",
        "ipoe-1-up_to",
        "ipoe-2-amount",
        "line_count_basis",
    ):
        assert f'id="{field}-error"' in answer.text
        assert f'href="#{field}"' in answer.text
    assert "IPoE接続 2段目 月額基本料" in text_of(answer)
    assert 'value="たくさん"' in answer.text
    assert 'value="１００，０００円"' not in answer.text


async def test_what_the_terms_forbid_is_said_with_its_clause(portal: Portal) -> None:
    wrong = typed(portal.world.theirs.id, "2026/11/02") | {"ipoe-2-up_to": "50"}
    answer = await portal.post(portal.world.desk.billing, "/desk/price-sheets", wrong)
    assert answer.status_code == 422
    words = text_of(answer)
    assert "料金表は月の1日から適用します" in words
    assert "最後の段だけを上限なしにしてください" in words
    assert 'href="/clauses/B2-1-i"' in answer.text


async def test_a_second_sheet_from_the_same_day_is_said_beside_the_day(portal: Portal) -> None:
    form = typed(portal.world.theirs.id, "2027/6/1")
    assert (await portal.post(portal.world.desk.billing, "/desk/price-sheets", form)).status_code == 303
    answer = await portal.post(portal.world.desk.second_billing, "/desk/price-sheets", form)
    assert answer.status_code == 422
    assert 'id="effective_from-error"' in answer.text
    assert "2027年6月からの料金表がすでにあります" in text_of(answer)


async def test_rows_come_and_go_and_keep_what_was_typed(portal: Portal) -> None:
    billing = portal.world.desk.billing
    form = typed(portal.world.ours.id, "2027/9/1") | {"submission_key": str(uuid4())}
    more = await portal.post(billing, "/desk/price-sheets/rows", form | {"add_ipoe": "1"})
    assert re.search(r'id="ipoe-3-up_to"[^>]*autofocus', more.text)
    assert 'value="１００，０００円"' in more.text
    fewer = await portal.post(billing, "/desk/price-sheets/rows", form | {"remove_ipoe": "1"})
    assert 'id="ipoe-1-up_to"' not in fewer.text
    assert 'id="ipoe-2-up_to"' in fewer.text
    # The rows were no act: the same form still makes its sheet.
    made = await portal.post(billing, "/desk/price-sheets", form)
    assert made.headers["location"].startswith("/desk/price-sheets/")


async def test_a_new_sheet_starts_from_another(portal: Portal) -> None:
    sheet_id = await quote(portal.pool, portal.world, portal.world.theirs, sheet=price_sheet(date(2027, 8, 1)))
    page = await portal.get(portal.world.desk.clerk, f"/desk/price-sheets/new?copy={sheet_id}")
    assert f'value="{portal.world.theirs.id}" selected' in page.text
    assert 'name="initial_fee" value="100,000"' in page.text
    assert 'name="ipoe_shared-2-up_to" value="500"' in page.text
    assert 'name="effective_from" value=""' in page.text
    assert (await portal.get(portal.world.desk.auditor, "/desk/price-sheets/new")).status_code == 403


async def test_the_desk_lists_by_company(portal: Portal) -> None:
    theirs = portal.world.theirs
    await quote(portal.pool, portal.world, theirs, sheet=price_sheet(date(2028, 1, 1)))
    await quote(portal.pool, portal.world, portal.world.ours, sheet=price_sheet(date(2028, 2, 1)))
    words = text_of(await portal.get(portal.world.desk.auditor, f"/desk/price-sheets?company={theirs.id}"))
    assert "2028年1月 から" in words
    assert "2028年2月 から" not in words


def address_in(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


async def test_a_typo_is_corrected_before_the_sheet_is_shown(portal: Portal) -> None:
    desk, ours = portal.world.desk, portal.world.ours
    wrong = typed(ours.id, "2027/11/1") | {"initial_fee": "1,000,000"}
    address = (await portal.post(desk.billing, "/desk/price-sheets", wrong)).headers["location"]
    sheet_id = address.rpartition("/")[2]
    assert "この内容を直す" in text_of(await portal.get(desk.second_billing, address))
    assert "この内容を直す" not in text_of(await portal.get(desk.auditor, address))
    form = await portal.get(desk.second_billing, f"/desk/price-sheets/new?revise={sheet_id}")
    assert address_in(form.text, "instead_of") == sheet_id
    assert address_in(form.text, "effective_from") == "2027/11/01"
    assert address_in(form.text, "initial_fee") == "1,000,000"
    # Rows and refusals keep that it is a correction.
    right = typed(ours.id, "2027/11/01") | {"instead_of": sheet_id}
    more = await portal.post(desk.second_billing, "/desk/price-sheets/rows", right | {"add_ipoe": "1"})
    assert address_in(more.text, "instead_of") == sheet_id
    refused = await portal.post(desk.second_billing, "/desk/price-sheets", right | {"initial_fee": "x"})
    assert address_in(refused.text, "instead_of") == sheet_id
    assert (await portal.get(desk.billing, address)).status_code == 200
    made = await portal.post(desk.second_billing, "/desk/price-sheets", right)
    assert made.status_code == 303
    assert (await portal.get(desk.billing, address)).status_code == 404
    assert (await portal.post(desk.billing, f"{made.headers['location']}/show", {})).status_code == 303
    late = await portal.get(
        desk.billing, f"/desk/price-sheets/new?revise={made.headers['location'].rpartition('/')[2]}"
    )
    assert late.status_code == 409


async def test_a_sheet_is_discarded_after_it_was_asked(portal: Portal) -> None:
    desk, ours = portal.world.desk, portal.world.ours
    form = typed(ours.id, "2027/12/1")
    address = (await portal.post(desk.billing, "/desk/price-sheets", form)).headers["location"]
    asked = text_of(await portal.get(desk.clerk, f"{address}/discard"))
    assert "この料金表を破棄しますか" in asked
    assert "2027年12月から" in asked.replace(" ", "")
    assert (await portal.get(desk.auditor, f"{address}/discard")).status_code == 403
    assert (await portal.post(desk.auditor, f"{address}/discard", {})).status_code == 403
    assert (await portal.post(ours.signatory, f"{address}/discard", {})).status_code == 404
    assert (await portal.get(desk.clerk, address)).status_code == 200
    done = await portal.post(desk.clerk, f"{address}/discard", {})
    assert (done.status_code, done.headers["location"]) == (303, "/desk/price-sheets")
    assert (await portal.get(desk.clerk, address)).status_code == 404
    assert (await portal.post(desk.clerk, f"{address}/discard", {})).status_code == 404
    log = text_of(await portal.get(desk.auditor, "/desk/events?verb=price_sheet_discarded"))
    assert "提示前の料金表を破棄しました" in log
    assert "料金表の適用開始日：2027年12月1日（水）" in log
    assert (await portal.post(desk.billing, "/desk/price-sheets", form)).status_code == 303


async def test_a_shown_sheet_has_no_way_to_be_discarded(portal: Portal) -> None:
    desk = portal.world.desk
    sheet_id = await quote(portal.pool, portal.world, portal.world.ours, sheet=price_sheet(date(2028, 5, 1)))
    address = f"/desk/price-sheets/{sheet_id}"
    words = text_of(await portal.get(desk.clerk, address))
    assert "破棄する" not in words
    assert "この内容を直す" not in words
    assert (await portal.get(desk.clerk, f"{address}/discard")).status_code == 409
    assert (await portal.post(desk.clerk, f"{address}/discard", {})).status_code == 409
    assert (await portal.get(desk.clerk, address)).status_code == 200


async def test_a_month_that_cannot_be_meant_is_refused_with_the_clause(portal: Portal) -> None:
    for month in ("0001-01-01", "2000-01-01", "2031-01-01", "9999-12-01"):
        answer = await portal.post(portal.world.desk.billing, "/desk/price-sheets", typed(portal.world.ours.id, month))
        assert answer.status_code == 422
    refused = await portal.post(
        portal.world.desk.billing, "/desk/price-sheets", typed(portal.world.ours.id, "2000-01-01")
    )
    assert "個別規程が始まった2016年6月より前の月からは適用できません" in text_of(refused)
