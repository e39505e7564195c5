"""From when an act may take effect: not after the contract's end, and for some on the first of a later month only."""

from collections.abc import Iterable
from datetime import date

from portal.terms import standing
from portal.terms.contract import Contract
from portal.terms.periods import is_first_of_month, japanese
from portal.terms.violations import Violation, Violations


def after_end(contract: Contract, days: Iterable[date]) -> Violations:
    """A9: refuses what would begin after the contract's last day, as far as that is known now."""
    end = standing.last_on(contract)
    if end is None or all(day <= end for day in days):
        return ()
    return (Violation("A9", f"契約は{japanese(end)}に終了します。それより後に始まる申込はできません。"),)


def is_later_first(effective_on: date, *, accepted_on: date) -> bool:
    """A6-1-1, A6-1-3: whether a day is a first of a month after the day of acceptance (reading)."""
    return is_first_of_month(effective_on) and effective_on > accepted_on
