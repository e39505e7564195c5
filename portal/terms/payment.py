"""When an issued invoice is due: a term of each subscriber, not of the text."""

from datetime import date

from portal.terms.periods import Month


def due_on(issued_on: date, *, months: int, day: int) -> date:
    """The `day` of the month `months` after that of issue; its last day where it has no such day.

    Never before the day of issue: where that day has passed already, the same of the month after.
    """
    month = Month.of(issued_on).plus(months)
    due = _day_of(month, day)
    return due if due >= issued_on else _day_of(month.plus(1), day)


def _day_of(month: Month, day: int) -> date:
    return date(month.year, month.number, min(day, month.days))
