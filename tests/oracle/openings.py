"""How a random history opens: its days, its contract and its price sheets."""

from datetime import UTC, date, datetime, time, timedelta, timezone

from tests.oracle.dice import Dice
from tests.oracle.oracle import Oracle
from tests.oracle.reading import BASES, OPTIONS, TOKYO, last_of_month

FIRST_DAYS = {
    date(2025, 10, 20): 4,
    date(2026, 1, 5): 4,
    date(2023, 12, 1): 2,
    date(2027, 12, 5): 2,
    date(2024, 11, 20): 4,
    date(2024, 11, 29): 3,
    date(2019, 7, 20): 3,
    date(2019, 9, 10): 2,
    date(2016, 6, 1): 1,
}


def first_of_next(day, months=1):
    for _ in range(months):
        day = last_of_month(day) + timedelta(days=1)
    return day


class Opening:
    """A contract with its prices, and an oracle that runs along."""

    def __init__(self, seed):
        self.dice = Dice(seed)
        self.free_ids, self.free_units, self.last_id = [], [], 0
        self.crowded, self.crowd = self.dice.chance(30), []
        self.begin()
        firsts = [first_of_next(self.accepted_on, months) for months in range(1, 14, self.dice.between(1, 3))]
        self.crowd = [day for first in firsts for day in (first - timedelta(days=1), first, first.replace(day=20))]

    # ---- days and instants

    def near(self, day, spread):
        """A day up to `spread` days later, often moved to a day that matters; in a crowded history to one of a few."""
        day += timedelta(days=self.dice.between(0, spread))
        if self.crowded and self.dice.chance(70):
            later = [crowd for crowd in self.crowd if crowd >= day]
            return min(later, default=day)
        last = last_of_month(day)
        return self.dice.weighted(
            {day: 50, last: 18, last + timedelta(days=1): 14, last - timedelta(days=self.dice.below(3)): 10}
            | ({day.replace(day=15): 4} if day.day <= 15 else {})
        )

    def instant(self, day):
        """An instant whose date in Tokyo is `day`, often next to midnight, written in several ways."""
        clock = self.dice.weighted({time(0): 2, time(23, 59, 59): 2, time(9): 2, time(self.dice.below(24), 30): 3})
        moment = datetime.combine(day, clock, TOKYO)
        zone = self.dice.weighted({"tokyo": 5, "z": 3, "utc": 1, "west": 1})
        if zone == "tokyo":
            return moment.isoformat()
        if zone == "west":
            return moment.astimezone(timezone(timedelta(hours=-5))).isoformat()
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z" if zone == "z" else "+00:00")

    # ---- contract and prices

    def begin(self):
        dice = self.dice
        earliest = dice.weighted(FIRST_DAYS)
        self.accepted_on = self.near(earliest, dice.pick([1, 12, 40]))
        self.today = self.accepted_on
        offering = dice.weighted({"ipoe": 4, "ipoe_shared": 4, "ipoe_capped": 4})
        billing_start = self.near(self.accepted_on, dice.weighted({0: 1, 20: 5, 60: 3, 150: 1}))
        contract = {
            "offering": offering,
            "accepted_at": self.instant(self.accepted_on),
            "billing_start": str(billing_start),
        }
        if offering == "ipoe_capped":
            if self.accepted_on <= date(2024, 11, 30) and dice.chance(70):
                contract["bandwidth_mbps"] = dice.pick([1, 50, 99, 150, 250, 300, 777, 1000])
            else:
                contract["areas"] = self.areas()
        elif dice.chance(10):
            contract["areas"] = None
        self.offering = offering
        self.scenario = {"through": "", "contract": contract, "price_sheets": self.sheets(), "events": []}
        far = str(self.accepted_on + timedelta(days=800))
        self.oracle = Oracle({**self.scenario, "through": far[:7]})

    def areas(self):
        return {area: 100 * self.dice.between(1, 6) for area in self.dice.some(["east-1", "west-1", "north-2"], 3)}

    def bad_areas(self):
        return self.dice.pick([{}, {"east-1": 250}, {"east-1": 0}, {"east-1": 100, "west-1": 50}, {"east-1": -100}])

    def bands(self):
        limits = sorted(self.dice.some([0, 1, 2, 3, 4, 5], 3)) if self.dice.chance(80) else []
        return [{"up_to": limit, "amount": self.price(90000)} for limit in [*limits, None]]

    def price(self, most):
        return 0 if self.dice.chance(4) else self.dice.between(1, most)

    def sheets(self):
        firsts = [self.accepted_on.replace(day=1)]
        if self.dice.chance(30):
            firsts[0] = (firsts[0] - timedelta(days=40)).replace(day=1)
        while self.dice.chance(55) and len(firsts) < 5:
            firsts.append(first_of_next(firsts[-1], self.dice.between(1, 3)))
        sheets = [self.sheet(first) for first in firsts]
        return sheets[::-1] if self.dice.chance(20) else sheets

    def sheet(self, first):
        sheet = {
            "effective_from": str(first),
            "initial_fee": self.price(200000),
            "base": {"ipoe": self.bands(), "ipoe_shared": self.bands(), "ipoe_capped": self.price(50000)},
            "line_maintenance": {"ipoe": self.price(999), "ipoe_shared": self.price(999)},
            "bandwidth_per_100mbps": self.price(50000),
            "option_initial": {option: self.price(3000) for option in OPTIONS},
            "option_monthly": {option: self.price(2500) for option in OPTIONS},
            "offering_change_fee": self.price(9000),
            "loss_charge_per_device": self.price(20000),
            "option_stop_fee_per_device": self.price(5000),
        }
        if self.dice.chance(60):
            sheet["line_count_basis"] = self.dice.pick(BASES)
        return sheet
