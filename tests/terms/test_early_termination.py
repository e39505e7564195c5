"""第8条, 第11条, 別紙2: the charge for an end before the minimum term has passed."""

import pytest

from portal.terms import early_termination, statements
from portal.terms.contract import Contract, EndCause
from portal.terms.fees import ChargeCode
from portal.terms.offerings import Offering
from portal.terms.option_kinds import OptionKind

from .facts import amount, contract, ended, lines, month, unit


def owed(of: Contract, in_month: str) -> int | None:
    return amount(statements.month(of, month(in_month)), ChargeCode.EARLY_TERMINATION_CHARGE)


@pytest.mark.clause("A11", "holds")
@pytest.mark.clause("B4", "holds")
def test_the_month_not_charged_yet_is_owed_without_options() -> None:
    """課金開始日 01-15, term to 02-14, ended 01-20: January is charged, February is the remainder."""
    having = contract(having=lines(2), units=[unit(kind=OptionKind.IPV4_FIXED)])
    having = ended(having, "2026-01-20")
    assert owed(having, "2026-01") == 50_600
    assert owed(having, "2026-02") is None
    capped = ended(contract(Offering.IPOE_CAPPED), "2026-01-20")
    assert owed(capped, "2026-01") == 150_000


@pytest.mark.clause("A11", "boundary")
@pytest.mark.clause("B4", "boundary")
@pytest.mark.parametrize(
    ("billing", "last_on", "due"),
    [
        ("2026-01-15", "2026-01-31", True),
        ("2026-01-15", "2026-02-01", False),
        ("2026-01-15", "2026-02-13", False),
        ("2026-01-15", "2026-02-14", False),
        ("2026-01-01", "2026-01-30", False),
        ("2026-01-31", "2026-01-31", True),
        ("2026-01-15", "2026-01-14", False),
    ],
)
def test_zero_or_one_month(billing: str, last_on: str, *, due: bool) -> None:
    having = ended(contract(billing=billing, having=lines(1, starts_on="2026-01-01")), last_on)
    assert owed(having, last_on[:7]) == (50_300 if due else None)


@pytest.mark.clause("A8", "holds")
@pytest.mark.clause("A8", "boundary")
@pytest.mark.clause("A11", "boundary")
@pytest.mark.parametrize(
    ("cause", "due"),
    [
        (EndCause.SERVICE_ABOLISHED, False),
        (EndCause.ART28_2, False),
        (EndCause.ART28_3, False),
        (EndCause.SUBSCRIBER_DEFAULT, True),
        (EndCause.AGREED, True),
        (EndCause.TERMINATION_NOTICE, True),
    ],
)
def test_who_is_exempt(cause: EndCause, *, due: bool) -> None:
    having = ended(contract(having=lines(1)), "2026-01-20", cause)
    assert owed(having, "2026-01") == (50_300 if due else None)


def test_the_cause_of_the_earliest_end_decides_and_on_a_tie_the_first() -> None:
    tie = ended(ended(contract(), "2026-01-20", EndCause.AGREED), "2026-01-20", EndCause.SERVICE_ABOLISHED)
    assert owed(tie, "2026-01") == 50_000
    earlier = ended(tie, "2026-01-19", EndCause.SERVICE_ABOLISHED)
    assert owed(earlier, "2026-01") is None


def test_a_contract_never_in_billing_owes_nothing() -> None:
    never = ended(contract(billing=None), "2026-01-20")
    assert early_termination.uncharged_months(never) == ()
    assert owed(never, "2026-01") is None
