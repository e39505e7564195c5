"""All date arithmetic of the portal. Days are days in Asia/Tokyo, last days are inclusive and end at 24:00."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Self

# Japan has kept one offset since 1951, so no time-zone database is needed (and none is read).
TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")
NOTICE_DAYS = 30
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


def tokyo_date(instant: datetime) -> date:
    """The day in Asia/Tokyo on which an instant falls. Refuses an instant without an offset."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return instant.astimezone(TOKYO).date()


def tokyo_midnight(day: date) -> datetime:
    """The instant at which a day begins in Asia/Tokyo."""
    return datetime.combine(day, time(), tzinfo=TOKYO)


def shift(instant: datetime, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> datetime:
    """An instant moved by a length of time (sessions, retries); dates of the terms never use this."""
    return instant + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def add_days(day: date, days: int) -> date:
    """The day so many days after (negative: before) a day; the day itself is not counted."""
    return day + timedelta(days=days)


def next_day(day: date) -> date:
    """The day after."""
    return add_days(day, 1)


def previous_day(day: date) -> date:
    """The day before."""
    return add_days(day, -1)


def earliest(*days: date | None) -> date | None:
    """The earliest of the days that are known; None when none is."""
    return min((day for day in days if day is not None), default=None)


def japanese(day: date) -> str:
    """A day as derivations and reasons write it: 2026年10月15日."""
    return f"{day.year}年{day.month}月{day.day}日"


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month."""

    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuses what is not a month."""
        if not (1 <= self.number <= 12 and 1 <= self.year <= 9999):
            raise ValueError(f"{self.year}-{self.number} is not a month")

    @classmethod
    def of(cls, day: date) -> Self:
        """The month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-04`. Raises ValueError for anything else."""
        found = _MONTH.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not a month")
        return cls(int(found[1]), int(found[2]))

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def days(self) -> int:
        """The number of its days."""
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, self.number, self.days)

    def plus(self, months: int) -> "Month":
        """The month so many months later."""
        years, index = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, index + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def japanese(self) -> str:
        """As derivations write it: 2026年4月."""
        return f"{self.year}年{self.number}月"


def months(first: Month, last: Month) -> Iterator[Month]:
    """The months from `first` through `last`; none when `last` is earlier."""
    month = first
    while month <= last:
        yield month
        month = month.plus(1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` through `last` (None: no end known). A last day before the first: never."""

    first: date
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the day is in it."""
        return self.first <= day and (self.last is None or day <= self.last)

    def reaches(self, day: date) -> bool:
        """Whether it has a day on or after `day`."""
        return self.last is None or max(self.first, day) <= self.last

    def outlasts(self, day: date) -> bool:
        """Whether it has a day after `day`."""
        return self.last is None or (day < self.last and self.first <= self.last)

    def within(self, first: date, last: date) -> "Span | None":
        """Its part from `first` through `last`; None when no day is left."""
        begin = max(self.first, first)
        end = last if self.last is None else min(self.last, last)
        return Span(begin, end) if begin <= end else None


def days_in(span: Span) -> int:
    """The number of days of a span with an end, both ends counted."""
    if span.last is None:
        raise ValueError("a span without an end has no number of days")
    return max(0, (span.last - span.first).days + 1)


def is_first_of_month(day: date) -> bool:
    """Whether a day is the first of its month (reading: changes take effect on such days only)."""
    return day.day == 1


def first_of_month_from(day: date) -> date:
    """The earliest first of a month on or after a day."""
    return day if is_first_of_month(day) else Month.of(day).plus(1).first


def earliest_last_day(received_on: date) -> date:
    """A9, A7-9: the earliest last day a notice can bring: thirty days after arrival, the day of arrival not counted."""
    return add_days(received_on, NOTICE_DAYS)


def notice_last_day(received_on: date, requested_on: date | None) -> date:
    """A9, A7-9: the later of arrival + 30 days and the requested date; without a requested date the former."""
    earliest_on = earliest_last_day(received_on)
    return earliest_on if requested_on is None else max(earliest_on, requested_on)


def minimum_term_last_day(billing_starts_on: date) -> date:
    """A2: last day of one month from 課金開始日, that day counted; the month's end where the next has no such day."""
    following = Month.of(billing_starts_on).plus(1)
    if billing_starts_on.day > following.days:
        return following.last
    return previous_day(date(following.year, following.number, billing_starts_on.day))
