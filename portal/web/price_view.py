"""料金表 as pages show it: every amount under its number of 別紙1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from portal.records import prices
from portal.records.base import Db
from portal.records.prices import Sheet
from portal.terms.fees import LINE_COUNT_LABELS, Band, PriceSheet
from portal.terms.offerings import OFFERINGS
from portal.terms.option_kinds import OPTIONS
from portal.usecases import facts
from portal.web.shown import ClauseRef, clause_ref

QUOTATION = "これからの契約（見積）"


@dataclass(frozen=True, slots=True)
class PriceRow:
    label: str
    unit: str
    amount: int
    clause: ClauseRef


@dataclass(frozen=True, slots=True)
class PriceGroup:
    title: str
    rows: tuple[PriceRow, ...]


@dataclass(frozen=True, slots=True)
class SheetView:
    """A whole sheet, ready to be shown."""

    id: UUID
    company: str
    covers: str
    effective_from: date
    basis: str
    prepared_at: datetime
    shown_at: datetime | None
    acknowledged_at: datetime | None
    groups: tuple[PriceGroup, ...]


def covers(sheet: Sheet) -> str:
    """What a sheet is for: a contract by its number, or the contracts to come."""
    return f"契約 {sheet.contract_number}" if sheet.contract_number else QUOTATION


async def amounts_of(db: Db, sheet: Sheet) -> PriceSheet:
    bands, options = await prices.bands_of(db, [sheet.id]), await prices.options_of(db, [sheet.id])
    return facts.sheets_from([sheet], bands, options)[0]


async def sheet_view(db: Db, sheet: Sheet) -> SheetView:
    amounts = await amounts_of(db, sheet)
    return SheetView(
        id=sheet.id,
        company=sheet.company,
        covers=covers(sheet),
        effective_from=sheet.effective_from,
        basis=LINE_COUNT_LABELS[amounts.line_count_basis],
        prepared_at=sheet.prepared_at,
        shown_at=sheet.shown_at,
        acknowledged_at=sheet.acknowledged_at,
        groups=(_initial(amounts), *_monthly(amounts), _option_monthly(amounts), _one_off(amounts)),
    )


def _initial(sheet: PriceSheet) -> PriceGroup:
    options = (
        (f"オプションの初期費用：{OPTIONS[kind].label}", "1件", fee) for kind, fee in sheet.option_initial.items()
    )
    return PriceGroup(
        "1 初期費用",
        (_row("初期構築費用", "1契約", sheet.initial_fee, "B1-1"), *(_row(*option, "B1-2") for option in options)),
    )


def _monthly(sheet: PriceSheet) -> tuple[PriceGroup, ...]:
    """B2-1 of each offering; what the terms themselves set to nothing is shown as 0."""
    groups = []
    for offering, entry in OFFERINGS.items():
        maintenance = sheet.line_maintenance.get(offering, 0)
        bandwidth = 0 if entry.counts_lines else sheet.bandwidth_per_100mbps
        rows = (
            *_bands(sheet.base[offering]),
            _row("回線維持費用", "1回線", maintenance, "B2-1-ii"),
            _row("帯域費用", "100Mbps", bandwidth, "B2-1-iii"),
        )
        groups.append(PriceGroup(f"2(1) 月額費用（{entry.label}）日割なし", rows))
    return tuple(groups)


def _bands(bands: Sequence[Band]) -> tuple[PriceRow, ...]:
    if len(bands) == 1:
        return (_row("月額基本料", "1契約", bands[0].amount, "B2-1-i"),)
    rows, least = [], 1
    for band in bands:
        reach = f"{least:,}回線以上" if band.up_to is None else f"{least:,}〜{band.up_to:,}回線"
        rows.append(_row(f"月額基本料（{reach}）", "1契約", band.amount, "B2-1-i"))
        least = (band.up_to or 0) + 1
    return tuple(rows)


def _option_monthly(sheet: PriceSheet) -> PriceGroup:
    rows = tuple(_row(OPTIONS[kind].label, "1件", amount, "B2-2") for kind, amount in sheet.option_monthly.items())
    return PriceGroup("2(2) オプションの月額費用（日割）", rows)


def _one_off(sheet: PriceSheet) -> PriceGroup:
    owed: Mapping[str, tuple[str, str, int]] = {
        "B3-1": ("品目変更手数料", "1回", sheet.offering_change_fee),
        "B3-2": ("亡失負担金（不課税）", "1台", sheet.loss_charge_per_device),
        "B3-3": ("解約費用", "1台", sheet.option_stop_fee_per_device),
    }
    return PriceGroup("3 その他の費用", tuple(_row(*row, clause_id) for clause_id, row in owed.items()))


def _row(label: str, unit: str, amount: int, clause_id: str) -> PriceRow:
    return PriceRow(label, unit, amount, clause_ref(clause_id))
