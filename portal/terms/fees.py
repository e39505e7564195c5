"""別紙1: what each kind of fee amounts to, from the price sheet and the quantities, with its derivation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.terms import yen
from portal.terms.offerings import OFFERINGS, Bandwidth, Offering
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.terms.readings import Source


class LineCountBasis(StrEnum):
    """How a month's line count is taken; only days in billing count."""

    PEAK = "peak"
    ANY_DAY = "any_day"
    MONTH_END = "month_end"


LINE_COUNT_LABELS: Mapping[LineCountBasis, str] = {
    LineCountBasis.PEAK: "月内で最も多い日の回線数",
    LineCountBasis.ANY_DAY: "月内に1日でも利用した回線数",
    LineCountBasis.MONTH_END: "月末の回線数",
}


class TaxClass(StrEnum):
    """標準税率, or 不課税 (outside the scope of the tax)."""

    STANDARD = "standard"
    OUT_OF_SCOPE = "out_of_scope"


class ChargeCode(StrEnum):
    """What a charge is for, in the order of a statement."""

    INITIAL_FEE = "initial_fee"
    OPTION_INITIAL = "option_initial"
    BASE = "base"
    LINE_MAINTENANCE = "line_maintenance"
    BANDWIDTH = "bandwidth"
    OPTION_MONTHLY = "option_monthly"
    OFFERING_CHANGE_FEE = "offering_change_fee"
    LOSS_CHARGE = "loss_charge"
    OPTION_STOP_FEE = "option_stop_fee"
    EARLY_TERMINATION_CHARGE = "early_termination_charge"


CHARGE_LABELS: Mapping[ChargeCode, str] = {
    ChargeCode.INITIAL_FEE: "初期費用",
    ChargeCode.OPTION_INITIAL: "オプション初期費用",
    ChargeCode.BASE: "月額基本料",
    ChargeCode.LINE_MAINTENANCE: "回線維持費用",
    ChargeCode.BANDWIDTH: "帯域費用",
    ChargeCode.OPTION_MONTHLY: "オプション月額費用",
    ChargeCode.OFFERING_CHANGE_FEE: "品目変更手数料",
    ChargeCode.LOSS_CHARGE: "亡失負担金",
    ChargeCode.OPTION_STOP_FEE: "解約費用",
    ChargeCode.EARLY_TERMINATION_CHARGE: "最低利用期間内解除調定金",
}


@dataclass(frozen=True, slots=True)
class Band:
    """A flat fee for up to so many lines (None: no limit)."""

    up_to: int | None
    amount: int


@dataclass(frozen=True, kw_only=True)
class PriceSheet:
    """料金表 of one contract, in force from the first of a month until the next one. Whole yen."""

    effective_on: date
    initial_fee: int
    base: Mapping[Offering, tuple[Band, ...]]
    """For `ipoe_capped` a single band without limit."""
    line_maintenance: Mapping[Offering, int]
    """Per line; no entry for `ipoe_capped`, where the terms say 0."""
    bandwidth_per_100mbps: int
    option_initial: Mapping[OptionKind, int]
    option_monthly: Mapping[OptionKind, int]
    offering_change_fee: int
    loss_charge_per_device: int
    option_stop_fee_per_device: int
    line_count_basis: LineCountBasis = LineCountBasis.PEAK


class NoPriceError(LookupError):
    """There is no price sheet for a day, or no band for a number of lines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """Owed: one row of a statement, with its clause, its source and its derivation."""

    code: ChargeCode
    clause: str
    quantity: int
    amount: int
    because: str
    source: Source = Source.TEXT
    tax: TaxClass = TaxClass.STANDARD
    option: OptionKind | None = None


def sheet_on(sheets: Sequence[PriceSheet], day: date) -> PriceSheet:
    """A10: the price sheet in force on a day. Raises NoPriceError when none is."""
    in_force = [sheet for sheet in sheets if sheet.effective_on <= day]
    if not in_force:
        raise NoPriceError(f"no price sheet is in force on {day}")
    return max(in_force, key=lambda sheet: sheet.effective_on)


def initial_fee(sheet: PriceSheet) -> Charge:
    """B1-1: the build fee, owed on acceptance."""
    return Charge(
        code=ChargeCode.INITIAL_FEE,
        clause="B1-1",
        quantity=1,
        amount=sheet.initial_fee,
        because=f"初期構築費用 {yen.show(sheet.initial_fee)}（申込の承諾により発生）",
    )


def option_initial(sheet: PriceSheet, kind: OptionKind, units: int) -> Charge:
    """B1-2: the initial fee of an option, per unit, owed on acceptance."""
    price = sheet.option_initial[kind]
    return Charge(
        code=ChargeCode.OPTION_INITIAL,
        option=kind,
        clause="B1-2",
        quantity=units,
        amount=price * units,
        because=f"{OPTIONS[kind].label} {_times(price, units, '件')}（申込の承諾により発生）",
    )


def base(sheet: PriceSheet, offering: Offering, lines: int) -> Charge:
    """B2-1-i: the flat base fee, by band of line count or (capped) one amount; never prorated."""
    band = next((band for band in sheet.base[offering] if band.up_to is None or lines <= band.up_to), None)
    if band is None:
        raise NoPriceError(f"base.{offering} has no band for {lines} lines")
    label = OFFERINGS[offering].label
    if OFFERINGS[offering].counts_lines:
        limit = "上限なし" if band.up_to is None else f"{band.up_to:,}回線まで"
        counted = f"{LINE_COUNT_LABELS[sheet.line_count_basis]} {lines:,}回線 → 「{limit}」の定額"
    else:
        counted = "定額"
    return Charge(
        code=ChargeCode.BASE,
        clause="B2-1-i",
        quantity=1,
        amount=band.amount,
        because=f"{label}：{counted} {yen.show(band.amount)}（日割なし）",
    )


def line_maintenance(sheet: PriceSheet, offering: Offering, lines: int) -> Charge:
    """B2-1-ii: per line and month, never prorated; 0 yen for `ipoe_capped` by the terms themselves."""
    if OFFERINGS[offering].counts_lines:
        price = sheet.line_maintenance[offering]
        counted = LINE_COUNT_LABELS[sheet.line_count_basis]
        amount, because = price * lines, f"{counted}：{_times(price, lines, '回線')}（日割なし）"
    else:
        amount, because = 0, f"{OFFERINGS[offering].label}の回線維持費用は、別紙1により0円"
    return Charge(code=ChargeCode.LINE_MAINTENANCE, clause="B2-1-ii", quantity=lines, amount=amount, because=because)


def bandwidth(sheet: PriceSheet, offering: Offering, contracted: Bandwidth | None) -> Charge:
    """B2-1-iii: per 100 Mbps of the contract's cap, never prorated; 0 yen for the others by the terms themselves."""
    if OFFERINGS[offering].counts_lines or contracted is None:
        return Charge(
            code=ChargeCode.BANDWIDTH,
            clause="B2-1-iii",
            quantity=0,
            amount=0,
            because=f"{OFFERINGS[offering].label}の帯域費用は、別紙1により0円",
        )
    mbps, price = contracted.mbps, sheet.bandwidth_per_100mbps
    amount = yen.per_hundred(price, mbps)
    by_area = ""
    if contracted.areas is not None and len(contracted.areas) > 1:
        by_area = "（" + " + ".join(f"{area} {value:,}" for area, value in contracted.areas.items()) + "）"
    cut = "（1円未満切捨て）" if price * mbps % 100 else ""
    return Charge(
        code=ChargeCode.BANDWIDTH,
        clause="B2-1-iii",
        quantity=mbps,
        amount=amount,
        because=f"契約帯域 {mbps:,}Mbps{by_area} ÷ 100 × {yen.show(price)} = {yen.show(amount)}{cut}（日割なし）",
    )


def option_monthly(sheet: PriceSheet, kind: OptionKind, days: Mapping[int, int], month_days: int) -> Charge:
    """B2-2: an option's month, prorated by the day and cut off per unit. `days`: days in service → units."""
    price = sheet.option_monthly[kind]
    amount, parts = 0, []
    for served, units in sorted(days.items(), reverse=True):
        each = yen.prorated(price, days=served, of_days=month_days)
        amount += each * units
        parts.append(_prorated_part(price, served, month_days, each, units))
    total = f"、計 {yen.show(amount)}" if len(parts) > 1 else ""
    return Charge(
        code=ChargeCode.OPTION_MONTHLY,
        option=kind,
        clause="B2-2",
        quantity=sum(days.values()),
        amount=amount,
        because=f"{OPTIONS[kind].label} " + "、".join(parts) + total,
        source=Source.GENERAL_TERMS,
    )


def offering_change_fee(sheet: PriceSheet, changes: int) -> Charge:
    """B3-1: the fee of a change of offering, once per accepted change."""
    price = sheet.offering_change_fee
    return Charge(
        code=ChargeCode.OFFERING_CHANGE_FEE,
        clause="B3-1",
        quantity=changes,
        amount=price * changes,
        because=f"品目変更手数料 {_times(price, changes, '回')}（変更の承諾により発生）",
    )


def loss_charge(sheet: PriceSheet, devices: int) -> Charge:
    """A7-6, B3-2: the loss charge, per device reported lost, whatever the cause; outside the tax; never refunded."""
    price = sheet.loss_charge_per_device
    return Charge(
        code=ChargeCode.LOSS_CHARGE,
        clause="B3-2",
        quantity=devices,
        amount=price * devices,
        because=f"亡失負担金 {_times(price, devices, '台')}（通知の到達した月、不課税、返金なし）",
        source=Source.READING,
        tax=TaxClass.OUT_OF_SCOPE,
    )


def option_stop_fee(sheet: PriceSheet, devices: int) -> Charge:
    """B3-3: the fee of a stop under A7-9, per device, in the month the stop takes effect."""
    price = sheet.option_stop_fee_per_device
    return Charge(
        code=ChargeCode.OPTION_STOP_FEE,
        clause="B3-3",
        quantity=devices,
        amount=price * devices,
        because=f"解約費用 {_times(price, devices, '台')}（利用の停止の効力が生じた月）",
        source=Source.READING,
    )


def _times(price: int, quantity: int, unit: str) -> str:
    return f"{yen.show(price)} × {quantity:,}{unit} = {yen.show(price * quantity)}"


def _prorated_part(price: int, served: int, month_days: int, each: int, units: int) -> str:
    cut = "（1円未満切捨て）" if price * served % month_days else ""
    one = f"{yen.show(price)} × {served}日 ÷ {month_days}日 = {yen.show(each)}{cut}"
    return one if units == 1 else f"1件 {one}、{yen.show(each)} × {units:,}件 = {yen.show(each * units)}"
