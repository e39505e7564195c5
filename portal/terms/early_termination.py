"""第11条, 別紙2: the charge for a contract that ends before its minimum term has passed."""

from portal.terms import standing, yen
from portal.terms.contract import Contract, EndCause
from portal.terms.fees import Charge, ChargeCode, TaxClass
from portal.terms.periods import Month, japanese, minimum_term_last_day, months

# 28条2項・3項: the text itself. 廃止 (A8): the general terms.
EXEMPT = frozenset({EndCause.ART28_2, EndCause.ART28_3, EndCause.SERVICE_ABOLISHED})


def is_exempt(cause: EndCause) -> bool:
    """A8, A11: whether an end of this cause owes no early-termination charge."""
    return cause in EXEMPT


def uncharged_months(contract: Contract) -> tuple[Month, ...]:
    """A11, B4: the months of the remaining minimum term that are not charged in full already: none or one.

    The remainder begins the day after the last day; the last day's own month has been charged, so only later months
    are left. None when the contract was never in billing, reached the end of its term, or its end is exempt.
    """
    end, billing = standing.deciding_end(contract), standing.billing_span(contract)
    if end is None or billing is None or is_exempt(end.cause):
        return ()
    term_last_on = minimum_term_last_day(billing.first)
    if end.last_on >= term_last_on:
        return ()
    return tuple(months(Month.of(end.last_on).plus(1), Month.of(term_last_on)))


def charge(contract: Contract, *, monthly: int) -> Charge | None:
    """B4: the B2-1 charges of the last month (`monthly`, yen) for each uncharged month; options are not in it."""
    remaining, end = uncharged_months(contract), standing.last_on(contract)
    if not remaining or end is None or contract.billing_starts_on is None:
        return None
    term_last_on = minimum_term_last_day(contract.billing_starts_on)
    amount = monthly * len(remaining)
    return Charge(
        code=ChargeCode.EARLY_TERMINATION_CHARGE,
        clause="B4",
        quantity=len(remaining),
        amount=amount,
        because=(
            f"最終利用日 {japanese(end)} は最低利用期間の末日 {japanese(term_last_on)} より前。"
            f"未請求の {'・'.join(month.japanese for month in remaining)}：最終月の月額費用 "
            f"{yen.show(monthly)} × {len(remaining)}か月 = {yen.show(amount)}（不課税）"
        ),
        tax=TaxClass.OUT_OF_SCOPE,
    )
