"""第6条第1項第2号, 別紙1: the number of lines that a month is charged for."""

from dataclasses import replace

import pytest

from portal.terms import statements
from portal.terms.contract import with_removal
from portal.terms.fees import LineCountBasis
from portal.terms.periods import Span

from .facts import SHEET, charged, contract, day, ended, line


@pytest.mark.clause("A6-1-2", "holds")
@pytest.mark.clause("A6-1-2", "boundary")
@pytest.mark.parametrize(
    ("basis", "count"), [(LineCountBasis.PEAK, 2), (LineCountBasis.ANY_DAY, 3), (LineCountBasis.MONTH_END, 1)]
)
def test_three_ways_to_count_lines(basis: LineCountBasis, count: int) -> None:
    """L1 to the 10th, L2 from the 11th to the 20th, L3 from the 11th: never three at once, one at the end."""
    having = contract(
        having=[
            line("L1", starts_on="2026-01-15", last_on="2026-02-10"),
            line("L2", starts_on="2026-02-11", last_on="2026-02-20"),
            line("L3", starts_on="2026-02-11"),
        ]
    )
    window = Span(day("2026-02-01"), day("2026-02-28"))
    assert statements.line_count(having, window, basis) == count


@pytest.mark.clause("A6-1-2", "boundary")
@pytest.mark.parametrize(("last_on", "peak"), [("2026-02-10", 1), ("2026-02-11", 2)])
def test_a_swap_within_the_month_counts_once(last_on: str, peak: int) -> None:
    swapped = contract(having=[line("L1"), line("L2", starts_on="2026-02-11")])
    swapped = with_removal(swapped, ["L1"], last_on=day(last_on))
    assert charged(swapped, "2026-02")["line_maintenance"] == 300 * peak


@pytest.mark.parametrize("basis", list(LineCountBasis))
def test_only_days_in_billing_count_lines(basis: LineCountBasis) -> None:
    sheet = replace(SHEET, line_count_basis=basis)
    before = line("L1", starts_on="2026-01-01", last_on="2026-01-14")
    having = contract(having=[before, line("L2")], price_sheets=(sheet,))
    assert charged(having, "2026-01")["line_maintenance"] == 300
    after = ended(
        contract(having=[line("L1"), line("L2", starts_on="2026-02-11")], price_sheets=(sheet,)), "2026-02-10"
    )
    assert charged(after, "2026-02")["line_maintenance"] == 300
