"""料金表 (A10, 別紙1): the amounts quoted to a subscriber, prepared by one of the staff and shown by another."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from math import inf
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, update

from portal.records import contracts, events, invoices, prices, subscribers
from portal.records.base import Db
from portal.records.members import Person
from portal.records.prices import Sheet
from portal.terms.fees import Band, PriceSheet
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.terms.periods import Month, is_first_of_month, tokyo_date
from portal.terms.revisions import REVISIONS
from portal.terms.violations import Violation, Violations
from portal.usecases import mail
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused

CLAUSE = "A10"
BY_LINES = (Offering.IPOE, Offering.IPOE_SHARED)
# A reading: the terms set no bounds, but a price before the original terms, or years ahead, is a slip of the hand.
EARLIEST = Month.of(REVISIONS[0].effective_on)
MONTHS_AHEAD = 36


async def prepare(
    db: Db,
    *,
    by: Person,
    at: datetime,
    subscriber_id: UUID,
    contract_id: UUID | None,
    sheet: PriceSheet,
    instead_of: UUID | None = None,
) -> UUID:
    """Prepare a price sheet of a contract, or (None) the quotation for the subscriber's contracts to come.

    Refuses a sheet that does not begin on the first of a month, or in a month that cannot be meant, amounts below zero
    and bands that do not rise to one without limit; Conflict when a sheet of the same contract begins on the same day.
    `instead_of`: the sheet that this one corrects, discarded in the same act unless it was shown or discarded
    meanwhile; whoever corrects is the preparer.
    """
    accepted_on = await _accepted_on(db, subscriber_id, contract_id)
    if violations := (*faults(sheet), *_misdated(sheet, on=tokyo_date(at), accepted_on=accepted_on)):
        raise Refused(violations)
    corrected = await prices.get(db, instead_of) if instead_of else None
    if corrected is not None and corrected.shown_at is None:
        await discard(db, by=by, at=at, sheet_id=corrected.id)
    begins = sheet.effective_on
    if await prices.taken(db, subscriber_id=subscriber_id, contract_id=contract_id, effective_from=begins):
        raise Conflict(
            f"{Month.of(begins).japanese}からの料金表がすでにあります。別の適用開始月にしてください。"
            "提示前のものは、その料金表の画面の「この内容を直す」で直すか、「破棄する」で破棄できます。"
        )
    sheet_id = uuid4()
    await db.execute(
        insert(prices.sheets).values(
            id=sheet_id,
            subscriber_id=subscriber_id,
            contract_id=contract_id,
            prepared_by=by.id,
            prepared_at=at,
            **_columns(sheet),
        )
    )
    whose = {"subscriber_id": subscriber_id, "sheet_id": sheet_id}
    await db.execute(insert(prices.bands), [whose | row for row in _band_rows(sheet)])
    await db.execute(insert(prices.option_prices), [whose | row for row in _option_rows(sheet)])
    await _tell(db, sheet_id, subscriber_id, by=by, at=at, verb="price_sheet_prepared")
    return sheet_id


async def show(db: Db, *, by: Person, at: datetime, sheet_id: UUID) -> None:
    """A10: show a price sheet to the subscriber; from then on it is in force from its first day.

    By another person than the preparer. Refuses a sheet whose first month, or a later one, is invoiced already.
    """
    sheet = await _unshown(db, sheet_id)
    if sheet.prepared_by == by.id:
        raise Forbidden("自分が準備した料金表は提示できません。ほかの担当者が提示します。")
    if sheet.contract_id is not None:
        await prices.hold_closings(db, sheet.effective_from)
        if await invoices.issued_from(db, sheet.contract_id, sheet.effective_from):
            month = Month.of(sheet.effective_from).japanese
            reason = f"{month}以後の請求書が発行済みです。適用開始月を後の月に直すか、この料金表を破棄してください。"
            raise Refused([Violation(CLAUSE, reason)])
    await db.execute(update(prices.sheets).where(prices.sheets.c.id == sheet_id).values(shown_by=by.id, shown_at=at))
    await _tell(
        db,
        sheet_id,
        sheet.subscriber_id,
        by=by,
        at=at,
        verb="price_sheet_shown",
        effective_from=sheet.effective_from,
    )


async def discard(db: Db, *, by: Person, at: datetime, sheet_id: UUID) -> None:
    """Discard a price sheet that was never shown, by anybody who prepares them. Conflict when it was shown."""
    sheet = await _unshown(db, sheet_id)
    await db.execute(delete(prices.sheets).where(prices.sheets.c.id == sheet_id))
    details = {"price_sheet_from": sheet.effective_from.isoformat()}
    await _tell(db, sheet_id, sheet.subscriber_id, by=by, at=at, verb="price_sheet_discarded", details=details)


async def acknowledge(db: Db, *, by: Person, at: datetime, subscriber_id: UUID, sheet_id: UUID) -> None:
    """A10: the subscriber says that it has seen a shown sheet. Evidence only: the sheet is in force without it.

    A second acknowledgement changes nothing.
    """
    sheet = await prices.get(db, sheet_id, subscriber_id=subscriber_id)
    if sheet is None:
        raise NotFound
    where = (
        (prices.sheets.c.id == sheet_id)
        & (prices.sheets.c.subscriber_id == subscriber_id)
        & prices.sheets.c.acknowledged_at.is_(None)
    )
    done = await db.execute(update(prices.sheets).where(where).values(acknowledged_by=by.id, acknowledged_at=at))
    if done.rowcount:
        await _tell(db, sheet_id, subscriber_id, by=by, at=at, verb="price_sheet_acknowledged")


async def carry_into_contract(db: Db, *, subscriber_id: UUID, contract_id: UUID, at: datetime) -> int:
    """A10: copy the shown quotation into a contract formed at `at`: the sheet in force that day and all later ones.

    With who prepared and showed each, and when. Refuses when no quotation is in force on that day. Gives how many.
    """
    quoted = await prices.in_force_for(db, subscriber_id=subscriber_id, contract_id=None)
    begun = [sheet.effective_from for sheet in quoted if sheet.effective_from <= tokyo_date(at)]
    if not begun:
        raise Refused([Violation(CLAUSE, "承諾の日に適用される料金表が提示されていません。先に提示してください。")])
    carried = [sheet for sheet in quoted if sheet.effective_from >= begun[-1]]
    for sheet in carried:
        await prices.copy(db, sheet.id, subscriber_id=subscriber_id, contract_id=contract_id)
    return len(carried)


def faults(sheet: PriceSheet) -> Violations:
    """A10, 別紙1: refuses a sheet that could not be charged by; every reason at once."""
    violations = []
    if not is_first_of_month(sheet.effective_on):
        violations.append(Violation(CLAUSE, "料金表は月の1日から適用します。適用開始日を1日にしてください。"))
    for offering in BY_LINES:
        if not _rises_without_end(sheet.base[offering]):
            label = OFFERINGS[offering].label
            reason = (
                f"{label}の月額基本料は、上限の回線数が小さい段から順に並べ、最後の段だけを上限なしにしてください。"
            )
            violations.append(Violation("B2-1-i", reason))
    if set(sheet.option_initial) != set(OPTIONS) or set(sheet.option_monthly) != set(OPTIONS):
        violations.append(Violation("B2-2", "すべてのオプションの初期費用と月額を定めてください。"))
    if min(_every_amount(sheet)) < 0:
        violations.append(Violation(CLAUSE, "0円より小さい金額があります。0円以上にしてください。"))
    return tuple(violations)


def _misdated(sheet: PriceSheet, *, on: date, accepted_on: date | None) -> Violations:
    """A10: refuses a first month before the terms, before the contract (if any), or too far ahead of today."""
    begins, latest = sheet.effective_on, Month.of(on).plus(MONTHS_AHEAD)
    reason = None
    if begins < EARLIEST.first:
        reason = f"個別規程が始まった{EARLIEST.japanese}より前の月からは適用できません。"
    elif accepted_on is not None and begins < Month.of(accepted_on).first:
        reason = f"契約を承諾した{Month.of(accepted_on).japanese}より前の月からは適用できません。"
    elif begins > latest.last:
        reason = f"適用開始月は、{latest.japanese}（今月から{MONTHS_AHEAD}か月後）までにしてください。"
    return (Violation(CLAUSE, reason),) if reason else ()


async def _accepted_on(db: Db, subscriber_id: UUID, contract_id: UUID | None) -> date | None:
    """The day on which the contract was formed; None for the contracts to come of a subscriber that exists."""
    if contract_id is None:
        if await subscribers.get(db, subscriber_id) is None:
            raise NotFound
        return None
    contract = await contracts.get(db, contract_id, subscriber_id=subscriber_id)
    if contract is None:
        raise NotFound
    return tokyo_date(contract.accepted_at)


async def _unshown(db: Db, sheet_id: UUID) -> Sheet:
    """A sheet to be shown or discarded, held to the end of the transaction. Conflict when it was shown."""
    sheet = await prices.get(db, sheet_id, for_update=True)
    if sheet is not None:
        return sheet
    if await prices.get(db, sheet_id) is not None:
        raise Conflict("この料金表はすでに提示されています。")
    raise NotFound


def _rises_without_end(bands: Sequence[Band]) -> bool:
    """Whether each band reaches further than the one before, the first beyond 0, and the last without limit."""
    limits = [0, *(inf if band.up_to is None else band.up_to for band in bands)]
    return limits[-1] == inf and all(low < high for low, high in pairwise(limits))


def _every_amount(sheet: PriceSheet) -> list[int]:
    columns = _columns(sheet)
    return [
        *(columns[name] for name in prices.AMOUNTS),
        *(band.amount for bands in sheet.base.values() for band in bands),
        *sheet.option_initial.values(),
        *sheet.option_monthly.values(),
    ]


def _columns(sheet: PriceSheet) -> dict[str, Any]:
    return {
        "effective_from": sheet.effective_on,
        "initial_fee": sheet.initial_fee,
        "base_capped": sheet.base[Offering.IPOE_CAPPED][0].amount,
        "line_maintenance_ipoe": sheet.line_maintenance[Offering.IPOE],
        "line_maintenance_shared": sheet.line_maintenance[Offering.IPOE_SHARED],
        "bandwidth_per_100mbps": sheet.bandwidth_per_100mbps,
        "offering_change_fee": sheet.offering_change_fee,
        "loss_charge_per_device": sheet.loss_charge_per_device,
        "option_stop_fee_per_device": sheet.option_stop_fee_per_device,
        "line_count_basis": sheet.line_count_basis.value,
    }


def _band_rows(sheet: PriceSheet) -> list[dict[str, Any]]:
    return [
        {"offering": offering.value, "position": position, "up_to": band.up_to, "amount": band.amount}
        for offering in BY_LINES
        for position, band in enumerate(sheet.base[offering], start=1)
    ]


def _option_rows(sheet: PriceSheet) -> list[dict[str, Any]]:
    return [
        {"option": option.value, "initial": sheet.option_initial[option], "monthly": sheet.option_monthly[option]}
        for option in OptionKind
    ]


async def _tell(
    db: Db,
    sheet_id: UUID,
    subscriber_id: UUID,
    *,
    by: Person,
    at: datetime,
    verb: str,
    details: dict[str, Any] | None = None,
    **told: object,
) -> None:
    await events.record(
        db,
        by=by,
        at=at,
        verb=verb,
        object_kind="price_sheet",
        object_id=sheet_id,
        subscriber_id=subscriber_id,
        clauses=(CLAUSE,),
        details=details,
    )
    await mail.tell(
        db, verb=verb, at=at, object_kind="price_sheet", object_id=sheet_id, subscriber_id=subscriber_id, **told
    )
