"""A month of one contract: every charge that falls into it, its tax and its total."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from portal.terms import early_termination, fees, standing, yen
from portal.terms.contract import Contract, OfferingChange, OptionUnit
from portal.terms.fees import Charge, ChargeCode, LineCountBasis, PriceSheet, TaxClass
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.terms.periods import Month, Span, days_in, next_day
from portal.terms.readings import tax_rate_on


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """明細 of one month. `charges` hold the rows of 0 yen too, so that a page can show the terms' own zeros."""

    month: Month
    charges: tuple[Charge, ...]
    tax_rate: int
    """Per cent, in force on the month's last day."""

    @property
    def standard(self) -> int:
        """The sum of what is taxed at the standard rate, before tax."""
        return sum(charge.amount for charge in self.charges if charge.tax is TaxClass.STANDARD)

    @property
    def out_of_scope(self) -> int:
        """The sum of what is outside the scope of the tax."""
        return sum(charge.amount for charge in self.charges if charge.tax is TaxClass.OUT_OF_SCOPE)

    @property
    def tax(self) -> int:
        """The tax, rounded down once for the month."""
        return yen.tax(self.standard, rate=self.tax_rate)

    @property
    def total(self) -> int:
        """What is to be paid."""
        return self.standard + self.out_of_scope + self.tax

    @property
    def tax_because(self) -> str:
        """The derivation of the tax."""
        return f"{yen.show(self.standard)} × {self.tax_rate}% = {yen.show(self.tax)}（1円未満切捨て、税率ごとに1回）"


def month(contract: Contract, of: Month) -> Statement:
    """A10: the statement of one month. Raises fees.NoPriceError when a price that is needed is not there."""
    monthly = monthly_fees(contract, of)
    charges = (
        *_on_acceptance(contract, of),
        *monthly,
        *_option_months(contract, of),
        *_events(contract, of),
        *_early_termination(contract, of, monthly),
    )
    order = {code: place for place, code in enumerate(ChargeCode)}
    return Statement(
        month=of,
        charges=tuple(sorted(charges, key=lambda charge: order[charge.code])),
        tax_rate=tax_rate_on(of.last),
    )


def monthly_fees(contract: Contract, of: Month) -> tuple[Charge, ...]:
    """B2-1: base, line maintenance and bandwidth of a month, in full when one day of it is in billing, else none.

    The offering and the ceilings are those of the month's last day, or of the contract's where that is earlier.
    """
    window = billing_window(contract, of)
    if window is None or window.last is None:
        return ()
    sheet = _sheet(contract, of)
    terms = standing.terms_on(contract, window.last)
    lines = line_count(contract, window, sheet.line_count_basis)
    return (
        fees.base(sheet, terms.offering, lines),
        fees.line_maintenance(sheet, terms.offering, lines),
        fees.bandwidth(sheet, terms.offering, terms.bandwidth),
    )


def billing_window(contract: Contract, of: Month) -> Span | None:
    """A10: the days of a month on which the contract is in billing; None when there are none."""
    billing = standing.billing_span(contract)
    return None if billing is None else billing.within(of.first, of.last)


def line_count(contract: Contract, window: Span, basis: LineCountBasis) -> int:
    """A6-1-2, B2-1: a month's line count over its days in billing. A swap within the month counts once at the peak."""
    if window.last is None:
        raise ValueError("lines are counted over a month, which has an end")
    end, close = standing.last_on(contract), window.last
    spans = [
        part
        for line in contract.lines.values()
        if (part := standing.line_span(line, end).within(window.first, close)) is not None
    ]
    if basis is LineCountBasis.ANY_DAY:
        return len(spans)
    if basis is LineCountBasis.MONTH_END:
        return sum(span.last == close for span in spans)
    return _peak(spans, close)


def _peak(spans: Iterable[Span], close: date) -> int:
    """The largest number of spans on one day: a sweep over the days on which the number changes."""
    steps: Counter[date] = Counter()
    for span in spans:
        steps[span.first] += 1
        if span.last is not None and span.last < close:
            steps[next_day(span.last)] -= 1
    return max(accumulate(steps[day] for day in sorted(steps)), default=0)


def _sheet(contract: Contract, of: Month) -> PriceSheet:
    """Sheets begin on the first of a month only, so one of them holds for every day of a month."""
    return fees.sheet_on(contract.price_sheets, of.first)


def _on_acceptance(contract: Contract, of: Month) -> Iterable[Charge]:
    """B1: owed on acceptance, also when what was accepted never begins."""
    if Month.of(contract.accepted_on) == of:
        yield fees.initial_fee(_sheet(contract, of))
    accepted = Counter(unit.kind for unit in contract.units.values() if Month.of(unit.accepted_on) == of)
    for kind in OPTIONS:
        if accepted[kind]:
            yield fees.option_initial(_sheet(contract, of), kind, accepted[kind])


def _option_months(contract: Contract, of: Month) -> Iterable[Charge]:
    """B2-2: by kind, the days on which each unit is in service and the contract in billing."""
    window = billing_window(contract, of)
    if window is None or window.last is None:
        return
    end = standing.last_on(contract)
    served: dict[OptionKind, Counter[int]] = {kind: Counter() for kind in OPTIONS}
    for unit in contract.units.values():
        part = standing.unit_span(unit, end).within(window.first, window.last)
        if part is not None:
            # Port types change on the first of a month only, so a unit is of one kind all month.
            served[standing.kind_on(unit, part.first)][days_in(part)] += 1
    for kind, days in served.items():
        if days:
            yield fees.option_monthly(_sheet(contract, of), kind, days, of.days)


def _events(contract: Contract, of: Month) -> Iterable[Charge]:
    """B3: changes of offering by acceptance, losses by report, stops of a device by their effect."""
    changes = sum(
        isinstance(change, OfferingChange) and Month.of(change.accepted_on) == of for change in contract.changes
    )
    if changes:
        yield fees.offering_change_fee(_sheet(contract, of), changes)
    losses = sum(Month.of(loss.reported_on) == of for loss in contract.losses)
    if losses:
        yield fees.loss_charge(_sheet(contract, of), losses)
    stops = sum(owes_stop_fee(unit, standing.last_on(contract), of) for unit in contract.units.values())
    if stops:
        yield fees.option_stop_fee(_sheet(contract, of), stops)


def owes_stop_fee(unit: OptionUnit, contract_last_on: date | None, of: Month) -> bool:
    """B3-3: whether a unit with a device was stopped under A7-9 in a month, having begun, the contract still there."""
    stopped_on = unit.last_on
    if stopped_on is None or not OPTIONS[unit.kind].has_device or Month.of(stopped_on) != of:
        return False
    return unit.starts_on <= stopped_on and (contract_last_on is None or stopped_on <= contract_last_on)


def _early_termination(contract: Contract, of: Month, monthly: Iterable[Charge]) -> Iterable[Charge]:
    """B4: in the month of the last day, from that month's own B2-1 charges."""
    end = standing.last_on(contract)
    if end is not None and Month.of(end) == of:
        charge = early_termination.charge(contract, monthly=sum(fee.amount for fee in monthly))
        if charge is not None:
            yield charge
