"""What a 解約申込書 brings: its day and why, what is charged last, what goes back. Only put together here, by terms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from portal.terms import changes, derivations, fees, options, standing, statements
from portal.terms.contract import Contract, with_end, with_stop
from portal.terms.fees import Charge, ChargeCode
from portal.terms.periods import Month, earliest_last_day, minimum_term_last_day, next_day


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What follows from a notice that arrives on a day.

    `last_on`: the day this notice brings. `ends_on`: the day that counts, where another notice brings an earlier one.
    `last_month`: the last month that is charged; None while nothing is charged (before 課金開始日). `charges`: what the
    end itself costs (B4, or B3-3 for options). `priced`: whether there is a price sheet for these charges.
    `return_days`: of each rented device the day from which it is to be returned, the first one first (A7-4).
    """

    received_on: date
    requested_on: date | None
    earliest_on: date
    last_on: date
    because: str
    ends_on: date
    last_month: Month | None
    warning: str | None
    term_last_on: date | None
    charges: tuple[Charge, ...]
    priced: bool
    return_days: tuple[date, ...]

    @property
    def cost(self) -> int:
        """What the end itself costs, in yen."""
        return sum(charge.amount for charge in self.charges)


def of_contract(contract: Contract, *, received_on: date, requested_on: date | None) -> Outlook:
    """A9, B4, A7-4: what a notice for the whole contract brings. Options end with it and cost nothing (A7-x, B3-3)."""
    end = changes.end_by_notice(received_on=received_on, requested_on=requested_on)
    ended = with_end(contract, end)
    ends_on = standing.last_on(ended) or end.last_on
    month = Month.of(ends_on)
    charged = statements.billing_window(ended, month) is not None
    charges, priced = _charges(ended, month, ChargeCode.EARLY_TERMINATION_CHARGE) if charged else ((), True)
    starts_on = contract.billing_starts_on
    return Outlook(
        received_on=received_on,
        requested_on=requested_on,
        earliest_on=earliest_last_day(received_on),
        last_on=end.last_on,
        because=derivations.notice(received_on, requested_on),
        ends_on=ends_on,
        last_month=month if charged else None,
        warning=derivations.last_use_warning(ends_on) if charged else None,
        term_last_on=minimum_term_last_day(starts_on) if starts_on else None,
        charges=charges,
        priced=priced,
        return_days=_return_days(ended, ended.units, from_=received_on, contract_last_on=ends_on),
    )


def of_options(contract: Contract, units: Collection[str], *, received_on: date, requested_on: date | None) -> Outlook:
    """A7-8, A7-9, B3-3, A7-4: what a notice for these options brings. There is no minimum term and no warning."""
    last_on = options.stop_last_day(received_on, requested_on)
    stopped = with_stop(contract, units, last_on=last_on)
    contract_last_on = standing.last_on(contract)
    month = Month.of(last_on)
    new = [key for key in units if stopped.units[key].last_on == last_on != contract.units[key].last_on]
    owed = [key for key in new if statements.owes_stop_fee(stopped.units[key], contract_last_on, month)]
    charges, priced = _stop_fee(contract, len(owed), month)
    ends_on = last_on if contract_last_on is None else min(last_on, contract_last_on)
    charged = statements.billing_window(contract, Month.of(ends_on)) is not None
    return Outlook(
        received_on=received_on,
        requested_on=requested_on,
        earliest_on=earliest_last_day(received_on),
        last_on=last_on,
        because=derivations.notice(received_on, requested_on),
        ends_on=ends_on,
        last_month=Month.of(ends_on) if charged else None,
        warning=None,
        term_last_on=None,
        charges=charges,
        priced=priced,
        return_days=_return_days(stopped, units, from_=received_on, contract_last_on=contract_last_on),
    )


def a_day_later(contract: Contract, units: Sequence[str] | None, today: Outlook) -> Outlook:
    """The same notice, had it arrived on the next day."""
    received_on = next_day(today.received_on)
    if units is None:
        return of_contract(contract, received_on=received_on, requested_on=today.requested_on)
    return of_options(contract, units, received_on=received_on, requested_on=today.requested_on)


def _charges(contract: Contract, month: Month, code: ChargeCode) -> tuple[tuple[Charge, ...], bool]:
    try:
        return tuple(charge for charge in statements.month(contract, month).charges if charge.code is code), True
    except fees.NoPriceError:
        return (), False


def _stop_fee(contract: Contract, count: int, month: Month) -> tuple[tuple[Charge, ...], bool]:
    if not count:
        return (), True
    try:
        return (fees.option_stop_fee(fees.sheet_on(contract.price_sheets, month.first), count),), True
    except fees.NoPriceError:
        return (), False


def _return_days(
    contract: Contract, units: Collection[str], *, from_: date, contract_last_on: date | None
) -> tuple[date, ...]:
    """A7-4: of each rented device among these units that has not ended before a day, when its return begins."""
    days = (
        options.return_from(contract.units[key], contract_last_on)
        for key in units
        if standing.unit_span(contract.units[key], contract_last_on).reaches(from_)
    )
    return tuple(sorted(day for day in days if day is not None))
