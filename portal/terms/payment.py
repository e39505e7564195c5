"""When an issued invoice is due: a term of each subscriber, not of the text."""

from datetime import date

from portal.terms.periods import Month


def due_on(issued_on: date, *, months: int, day: int) -> date:
    """The `day` of the month `months` after that of issue; its last day where it has no such day."""
    month = Month.of(issued_on).plus(months)
    return date(month.year, month.number, min(day, month.days))
