"""When an issued invoice is due."""

from datetime import date

import pytest

from portal.terms.payment import due_on


@pytest.mark.parametrize(
    ("issued_on", "months", "day", "due"),
    [
        (date(2026, 11, 2), 1, 31, date(2026, 12, 31)),
        (date(2026, 11, 2), 1, 25, date(2026, 12, 25)),
        (date(2026, 12, 1), 1, 31, date(2027, 1, 31)),
        (date(2026, 1, 5), 1, 31, date(2026, 2, 28)),
        (date(2028, 1, 5), 1, 31, date(2028, 2, 29)),
        (date(2026, 3, 31), 1, 31, date(2026, 4, 30)),
        (date(2026, 11, 30), 6, 31, date(2027, 5, 31)),
        (date(2026, 11, 2), 0, 31, date(2026, 11, 30)),
        (date(2026, 11, 2), 1, 1, date(2026, 12, 1)),
    ],
)
def test_the_day_of_the_month_so_many_months_later(issued_on: date, months: int, day: int, due: date) -> None:
    assert due_on(issued_on, months=months, day=day) == due


@pytest.mark.parametrize(
    ("issued_on", "due"),
    [
        (date(2026, 11, 9), date(2026, 11, 10)),
        (date(2026, 11, 10), date(2026, 11, 10)),
        (date(2026, 11, 11), date(2026, 12, 10)),
        (date(2026, 12, 11), date(2027, 1, 10)),
    ],
)
def test_never_due_before_it_is_issued(issued_on: date, due: date) -> None:
    assert due_on(issued_on, months=0, day=10) == due
