"""When things happen in the demo: months and days before the real today, never after the moment of the first run."""

from dataclasses import dataclass
from datetime import date, datetime

from portal.terms.periods import Month, add_days, shift, tokyo_date, tokyo_midnight


@dataclass(frozen=True)
class Calendar:
    """Everything is counted from `now`, the moment at which the demo is made."""

    now: datetime

    @property
    def today(self) -> date:
        return tokyo_date(self.now)

    def month(self, months: int) -> Month:
        """The month so many months from this one (negative: before)."""
        return Month.of(self.today).plus(months)

    def day(self, months: int, day: int) -> date:
        """A day of a month before or after this one; days 1 to 28 are in every month."""
        return add_days(self.month(months).first, day - 1)

    def at(self, months: int, day: int, hour: int = 10) -> datetime:
        """An hour of that day in Asia/Tokyo, or now where that is still to come."""
        return self._passed(self.day(months, day), hour)

    def ahead(self, days: int) -> date:
        """The day so many days from today (negative: ago)."""
        return add_days(self.today, days)

    def ago(self, days: int, hour: int = 10) -> datetime:
        """An hour of the day so many days ago, or now where that is still to come."""
        return self._passed(self.ahead(-days), hour)

    def _passed(self, day: date, hour: int) -> datetime:
        return min(shift(tokyo_midnight(day), hours=hour), self.now)
