"""The form of a price sheet: amounts as typed, bands in rows, and what they read as."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from portal.terms.fees import LINE_COUNT_LABELS, Band, LineCountBasis, PriceSheet
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.usecases.prices import BY_LINES
from portal.web.forms import Form
from portal.web.transaction import Call
from portal.web.typed import count, day, yen

AMOUNT_LABELS = {
    "initial_fee": ("初期構築費用", "B1-1"),
    "base_capped": ("月額基本料（帯域制限）", "B2-1-i"),
    "line_maintenance_ipoe": ("回線維持費用（IPoE接続、1回線）", "B2-1-ii"),
    "line_maintenance_shared": ("回線維持費用（帯域共有、1回線）", "B2-1-ii"),
    "bandwidth_per_100mbps": ("帯域費用（帯域制限、100Mbps）", "B2-1-iii"),
    "offering_change_fee": ("品目変更手数料（1回）", "B3-1"),
    "loss_charge_per_device": ("亡失負担金（1台、不課税）", "B3-2"),
    "option_stop_fee_per_device": ("解約費用（1台）", "B3-3"),
}
OPTION_LABELS = {f"initial-{kind}": f"初期費用 {OPTIONS[kind].label}" for kind in OptionKind} | {
    f"monthly-{kind}": f"月額 {OPTIONS[kind].label}" for kind in OptionKind
}
BASES = tuple((basis.value, label) for basis, label in LINE_COUNT_LABELS.items())
_ROW = re.compile(r"(ipoe|ipoe_shared)-(\d{1,4})-(?:up_to|amount)", re.ASCII)
_COLUMNS = {"up_to": "上限の回線数", "amount": "月額基本料"}


@dataclass(frozen=True)
class BandRow:
    """One row of the editor: its controls are named `{offering}-{key}-{column}`."""

    form: Form
    offering: Offering
    key: str

    def name(self, column: str) -> str:
        return f"{self.offering}-{self.key}-{column}"

    def value(self, column: str) -> str:
        return self.form.value(self.name(column))

    def values(self, column: str) -> tuple[str, ...]:
        return self.form.values(self.name(column))

    def error(self, column: str) -> str | None:
        return self.form.error(self.name(column))

    @property
    def empty(self) -> bool:
        return not any(self.form.text(self.name(column)) for column in _COLUMNS)


@dataclass(frozen=True)
class SheetForm:
    """A form of a price sheet with its rows of bands, in the order typed."""

    form: Form
    keys: dict[Offering, list[str]] = field(default_factory=dict)

    @classmethod
    def posted(cls, call: Call) -> "SheetForm":
        keys = _keys(call.data.keys())
        labels = {name: label for name, (label, _) in AMOUNT_LABELS.items()} | OPTION_LABELS
        labels |= {"target": "対象", "effective_from": "適用開始日", "line_count_basis": "契約回線数の数え方"}
        for offering, found in keys.items():
            for number, key in enumerate(found, start=1):
                for column, label in _COLUMNS.items():
                    labels[f"{offering}-{key}-{column}"] = f"{OFFERINGS[offering].label} {number}段目 {label}"
        return cls(call.form(**labels), keys)

    @classmethod
    def blank(cls, target: str) -> "SheetForm":
        values = {"target": target, "line_count_basis": LineCountBasis.PEAK.value}
        return cls(Form(values), {offering: ["1"] for offering in BY_LINES})

    @classmethod
    def copied(cls, target: str, sheet: PriceSheet, *, instead_of: UUID | None = None) -> "SheetForm":
        """The amounts of another sheet; its first day only where the new sheet is to take its place."""
        values = {"target": target, "line_count_basis": sheet.line_count_basis.value}
        values |= {f"initial-{kind}": f"{amount:,}" for kind, amount in sheet.option_initial.items()}
        values |= {f"monthly-{kind}": f"{amount:,}" for kind, amount in sheet.option_monthly.items()}
        amounts = {
            "initial_fee": sheet.initial_fee,
            "base_capped": sheet.base[Offering.IPOE_CAPPED][0].amount,
            "line_maintenance_ipoe": sheet.line_maintenance[Offering.IPOE],
            "line_maintenance_shared": sheet.line_maintenance[Offering.IPOE_SHARED],
            "bandwidth_per_100mbps": sheet.bandwidth_per_100mbps,
            "offering_change_fee": sheet.offering_change_fee,
            "loss_charge_per_device": sheet.loss_charge_per_device,
            "option_stop_fee_per_device": sheet.option_stop_fee_per_device,
        }
        values |= {name: f"{amount:,}" for name, amount in amounts.items()}
        if instead_of is not None:
            values |= {"effective_from": f"{sheet.effective_on:%Y/%m/%d}", "instead_of": str(instead_of)}
        keys: dict[Offering, list[str]] = {}
        for offering in BY_LINES:
            keys[offering] = [str(number) for number in range(1, len(sheet.base[offering]) + 1)]
            for key, band in zip(keys[offering], sheet.base[offering], strict=True):
                values[f"{offering}-{key}-up_to"] = "" if band.up_to is None else f"{band.up_to:,}"
                values[f"{offering}-{key}-amount"] = f"{band.amount:,}"
        return cls(Form(values), keys)

    def rows(self, offering: Offering) -> tuple[BandRow, ...]:
        return tuple(BandRow(self.form, offering, key) for key in self.keys.get(offering, ()))

    def with_row(self, offering: Offering) -> tuple["SheetForm", str]:
        """One more row at the end, and its key."""
        key = str(max((int(key) for key in self.keys.get(offering, ())), default=0) + 1)
        return SheetForm(self.form, self.keys | {offering: [*self.keys.get(offering, ()), key]}), key

    def without_row(self, offering: Offering, key: str) -> "SheetForm":
        return SheetForm(self.form, self.keys | {offering: [one for one in self.keys[offering] if one != key]})

    def target(self) -> tuple[UUID, UUID | None] | None:
        """The subscriber and contract (None: quotation) that were chosen; None (and a message) for no choice."""
        subscriber, _, contract = self.form.value("target").partition("/")
        try:
            return UUID(subscriber), UUID(contract) if contract else None
        except ValueError:
            self.form.refuse("target", "対象を選んでください。")
            return None

    def instead_of(self) -> UUID | None:
        """The sheet that this one corrects; what is no id corrects none."""
        try:
            return UUID(self.form.value("instead_of"))
        except ValueError:
            return None

    def sheet(self) -> PriceSheet | None:
        """What the form reads as; None, and a message beside each field, when something cannot be read."""
        form = self.form
        effective_on = day(form, "effective_from")
        basis = form.choose("line_count_basis", BASES)
        bands = {offering: self._bands(offering) for offering in BY_LINES}
        amounts = {name: yen(form, name) or 0 for name in (*AMOUNT_LABELS, *OPTION_LABELS)}
        if form.errors or effective_on is None:
            return None
        return PriceSheet(
            effective_on=effective_on,
            initial_fee=amounts["initial_fee"],
            base={**bands, Offering.IPOE_CAPPED: (Band(None, amounts["base_capped"]),)},
            line_maintenance={
                Offering.IPOE: amounts["line_maintenance_ipoe"],
                Offering.IPOE_SHARED: amounts["line_maintenance_shared"],
            },
            bandwidth_per_100mbps=amounts["bandwidth_per_100mbps"],
            option_initial={kind: amounts[f"initial-{kind}"] for kind in OptionKind},
            option_monthly={kind: amounts[f"monthly-{kind}"] for kind in OptionKind},
            offering_change_fee=amounts["offering_change_fee"],
            loss_charge_per_device=amounts["loss_charge_per_device"],
            option_stop_fee_per_device=amounts["option_stop_fee_per_device"],
            line_count_basis=LineCountBasis(basis),
        )

    def _bands(self, offering: Offering) -> tuple[Band, ...]:
        """The rows that are not empty; whether they rise to one without limit is for the use-case to say."""
        typed = [row for row in self.rows(offering) if not row.empty]
        return tuple(
            Band(count(self.form, row.name("up_to")), yen(self.form, row.name("amount")) or 0) for row in typed
        )


def _keys(names: Iterable[str]) -> dict[Offering, list[str]]:
    keys: dict[Offering, list[str]] = {offering: [] for offering in BY_LINES}
    for name in names:
        found = _ROW.fullmatch(name)
        if found and found[2] not in keys[Offering(found[1])]:
            keys[Offering(found[1])].append(found[2])
    return keys
