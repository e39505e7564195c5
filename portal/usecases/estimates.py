"""見積り: what a contract that is applied for would owe by the price sheet shown (A10). Nothing of it is owed."""

from dataclasses import dataclass, replace
from datetime import date

from portal.terms import fees, statements
from portal.terms.contract import Contract
from portal.terms.fees import PriceSheet
from portal.terms.periods import Month
from portal.terms.statements import Statement


@dataclass(frozen=True)
class Estimate:
    """By the sheet in force: what acceptance brings, and a whole month with every line in service."""

    sheet: PriceSheet
    accepted_on: date
    on_acceptance: Statement
    whole_month: Statement


def estimate(contract: Contract, *, on: date) -> Estimate:
    """A10, B1, B2: the estimate as of a day. Raises fees.NoPriceError when no sheet, or no band, holds.

    Where the first sheet begins later, acceptance is taken to fall on its first day; billing, which staff decide, to
    begin on the first of the month after every line has started.
    """
    if not contract.price_sheets:
        raise fees.NoPriceError("no price sheet has been shown")
    accepted_on = max(on, min(sheet.effective_on for sheet in contract.price_sheets))
    units = {key: replace(unit, accepted_on=accepted_on) for key, unit in contract.units.items()}
    accepted = replace(contract, accepted_on=accepted_on, billing_starts_on=None, units=units)
    starts = [line.starts_on for line in contract.lines.values()]
    month = Month.of(max([accepted_on, *starts])).plus(1)
    return Estimate(
        sheet=fees.sheet_on(contract.price_sheets, accepted_on),
        accepted_on=accepted_on,
        on_acceptance=statements.month(accepted, Month.of(accepted_on)),
        whole_month=statements.month(replace(accepted, billing_starts_on=month.first), month),
    )
