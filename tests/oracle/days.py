"""What is in service on each day, told by walking through every day of a contract's history."""

import re
from datetime import date, timedelta
from types import SimpleNamespace

from tests.oracle.reading import TOKYO, check_scenario, instant_of, last_of_month

ONE_DAY = timedelta(days=1)


class Days:
    """The facts known so far, and the calendar that follows from them."""

    def __init__(self, scenario):
        check_scenario(scenario)
        self.scenario = scenario
        self.contract = scenario["contract"]
        self.billing_start = date.fromisoformat(self.contract["billing_start"])
        self.accepted_on = self.day_of(self.contract["accepted_at"])
        self.published = []
        self.agreed = set()
        self.parents = {}
        self.lines = {}
        self.units = {}
        self.changes = []
        self.ends = []
        self.one_offs = []
        self.refused = []
        self.days = self.all_days()

    # ---- days

    def day_of(self, instant):
        return instant_of(instant, "").astimezone(TOKYO).date()

    def all_days(self):
        """Every day from before the first to well after the last that the scenario names."""
        named = [date.fromisoformat(found) for found in re.findall(r"\d{4}-\d\d-\d\d", repr(self.scenario))]
        through = last_of_month(date.fromisoformat(self.scenario["through"] + "-01"))
        day, last = min(named) - ONE_DAY, max([*named, through]) + 70 * ONE_DAY
        days = []
        while day <= last:
            days.append(day)
            day += ONE_DAY
        return days

    def thirty_days_after(self, arrival):
        """A9, A7-9: the day of arrival is not counted."""
        day = arrival
        for _ in range(30):
            day += ONE_DAY
        return day

    def notice_last_day(self, event):
        earliest = self.thirty_days_after(self.day_of(event["at"]))
        requested = event.get("requested_last_day")
        return max(earliest, date.fromisoformat(requested)) if requested else earliest

    def minimum_term_last_day(self):
        """A2: walk through the next month until the same day is met, or the month is over."""
        day = last_of_month(self.billing_start) + ONE_DAY
        month = day.month
        while day.month == month:
            if day.day == self.billing_start.day:
                return day - ONE_DAY
            day += ONE_DAY
        return day - ONE_DAY

    def contract_end(self):
        """The earliest last day and what brought it; of two alike, the earlier in the list."""
        best = (None, None)
        for last_day, ended_by in self.ends:
            if best[0] is None or last_day < best[0]:
                best = (last_day, ended_by)
        return best

    def calendar(self):
        """For each day: is the contract running, which lines and units are in service, offering and bandwidth."""
        offering = self.contract["offering"]
        areas = self.contract.get("areas")
        mbps = sum(areas.values()) if areas else self.contract.get("bandwidth_mbps", 0)
        calendar = {}
        for day in self.days:
            for change in self.changes:
                if change.effective == day:
                    offering = change.to or offering
                    mbps = change.mbps
            running = not any(last_day < day for last_day, _ in self.ends)
            calendar[day] = SimpleNamespace(
                running=running,
                offering=offering,
                mbps=mbps,
                lines={i for i, line in self.lines.items() if running and self.in_service(line, day)},
                units={i for i, unit in self.units.items() if running and self.in_service(unit, day)},
            )
        return calendar

    def in_service(self, thing, day):
        return thing.start <= day and not any(last_day < day for last_day in thing.last_days)
