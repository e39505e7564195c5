"""A slow, literal second reading of the rules: it walks through every single day.

It exists to disagree with the product when either is wrong, so it imports nothing of it and shares none of its ideas:
there is no interval arithmetic here, only days, and on each day what is in force on it. The small methods named after
a rule are separate so that a test can break one of them and see that the comparison notices.
"""

from datetime import date
from fractions import Fraction

from tests.oracle.days import ONE_DAY
from tests.oracle.reading import Invalid, last_of_month
from tests.oracle.rules import Rules

NO_CHARGE_FOR = ("art28_2", "art28_3", "service_abolished")
CLAUSE = {
    "initial_fee": "B1-1",
    "option_initial": "B1-2",
    "base": "B2-1-i",
    "line_maintenance": "B2-1-ii",
    "bandwidth": "B2-1-iii",
    "option_monthly": "B2-2",
    "offering_change_fee": "B3-1",
    "loss_charge": "B3-2",
    "option_stop_fee": "B3-3",
    "early_termination_charge": "B4",
}
OUT_OF_SCOPE = ("loss_charge", "early_termination_charge")


class Oracle(Rules):
    """One contract's history, run through day by day. `run()` gives the output of the simulation."""

    basis_by_default = "peak"
    out_of_scope = OUT_OF_SCOPE
    no_charge_for = NO_CHARGE_FOR

    def run(self):
        for n, event in enumerate(self.scenario["events"]):
            self.process(n, event)
        return self.output()

    def sheet_on(self, day):
        in_force = None
        for sheet in sorted(self.scenario["price_sheets"], key=lambda sheet: sheet["effective_from"]):
            if date.fromisoformat(sheet["effective_from"]) <= day:
                in_force = sheet
        return in_force

    def arises(self, code, day, option=None):
        """Owe a one-off charge at the sheet in force on the day it arises."""
        sheet = self.sheet_on(day)
        if sheet is None:
            return  # a day before the contract's first month, which no statement shows
        amount = {
            "initial_fee": lambda: sheet["initial_fee"],
            "option_initial": lambda: sheet["option_initial"][option],
            "offering_change_fee": lambda: sheet["offering_change_fee"],
            "loss_charge": lambda: sheet["loss_charge_per_device"],
            "option_stop_fee": lambda: sheet["option_stop_fee_per_device"],
        }[code]()
        self.one_offs.append((day, code, option, 1, amount))

    def month_days(self, first):
        return [day for day in self.days if (day.year, day.month) == (first.year, first.month)]

    def billing_days(self, first, calendar):
        return [day for day in self.month_days(first) if day >= self.billing_start and calendar[day].running]

    def line_count(self, sheet, days, calendar):
        basis = sheet.get("line_count_basis", self.basis_by_default)
        if basis == "peak":
            return max(len(calendar[day].lines) for day in days)
        if basis == "any_day":
            return len(set().union(*(calendar[day].lines for day in days)))
        return len(calendar[days[-1]].lines)

    def b2_1(self, first, calendar):
        """B2-1 of a month touched by billing: [(code, quantity, amount)]; nothing of it is prorated."""
        days = self.billing_days(first, calendar)
        if not days:
            return []
        sheet, last = self.sheet_on(first), calendar[days[-1]]
        if last.offering == "ipoe_capped":
            bandwidth = int(Fraction(last.mbps, 100) * sheet["bandwidth_per_100mbps"])
            return [("base", 1, sheet["base"]["ipoe_capped"]), ("bandwidth", last.mbps, bandwidth)]
        count = self.line_count(sheet, days, calendar)
        bands = [band for band in sheet["base"][last.offering] if band["up_to"] is None or count <= band["up_to"]]
        if not bands:
            raise Invalid("price_sheets", f"no band of {last.offering} holds {count} lines")
        unit_price = sheet["line_maintenance"][last.offering]
        return [("base", 1, bands[0]["amount"]), ("line_maintenance", count, count * unit_price)]

    def b2_2(self, first, calendar):
        """B2-2 of a month: per unit, by the day, rounded down: [(option, quantity, amount)]."""
        days, length = self.billing_days(first, calendar), len(self.month_days(first))
        rows = {}
        for i, unit in self.units.items():
            used = sum(1 for day in days if i in calendar[day].units)
            if used:
                price = self.sheet_on(first)["option_monthly"][unit.option]
                rows.setdefault(unit.option, []).append(Fraction(price * used, length))
        return [(option, len(parts), self.round_units(parts)) for option, parts in rows.items()]

    def round_units(self, parts):
        return sum(int(part) for part in parts)

    def early_termination(self, calendar):
        """B4: (months, amount) for the months that the remainder touches and that were not charged."""
        last_day, ended_by = self.contract_end()
        if last_day is None or last_day < self.billing_start or ended_by in self.no_charge_for:
            return 0, 0
        remainder = [day for day in self.days if last_day < day <= self.minimum_term_last_day()]
        months = {day.replace(day=1) for day in remainder}
        owed = [month for month in sorted(months) if not self.billing_days(month, calendar)]
        month = last_day.replace(day=1)
        return len(owed), len(owed) * sum(amount for _, _, amount in self.b2_1(month, calendar))

    def unit_last_day(self, unit):
        last_day, _ = self.contract_end()
        return min([*unit.last_days, *([last_day] if last_day else [])], default=None)

    def owe_stop_fees(self):
        """B3-3: routers whose own stop came, after their start and no later than the contract's end."""
        last_day, _ = self.contract_end()
        for unit in self.units.values():
            stop = min(unit.last_days, default=None)
            if unit.option != "router_rental" or stop is None or stop < unit.start:
                continue
            if last_day is None or stop <= last_day:
                self.arises("option_stop_fee", stop)

    def rate(self, first):
        return Fraction(10 if last_of_month(first) >= date(2019, 10, 1) else 8, 100)

    def tax(self, amounts, first):
        return int(sum(amounts) * self.rate(first))

    def output(self):
        calendar = self.calendar()
        last_day, ended_by = self.contract_end()
        self.arises("initial_fee", self.accepted_on)
        self.owe_stop_fees()
        months, amount = self.early_termination(calendar)
        if months:
            self.one_offs.append((last_day, "early_termination_charge", None, months, amount))
        return {
            "minimum_term_last_day": str(self.minimum_term_last_day()),
            "contract_last_day": str(last_day) if last_day else None,
            "ended_by": ended_by,
            "units": {i: {"last_day": as_text(self.unit_last_day(unit))} for i, unit in self.units.items()},
            "refused": self.refused,
            "months": [self.statement(first, calendar) for first in self.months()],
        }

    def months(self):
        through = date.fromisoformat(self.scenario["through"] + "-01")
        firsts, day = [], self.accepted_on.replace(day=1)
        while day <= through:
            firsts.append(day)
            day = last_of_month(day) + ONE_DAY
        return firsts

    def statement(self, first, calendar):
        rows = [(code, None, quantity, amount) for code, quantity, amount in self.b2_1(first, calendar)]
        rows += [("option_monthly", option, count, amount) for option, count, amount in self.b2_2(first, calendar)]
        once = {}
        for day, code, option, quantity, amount in self.one_offs:
            if day.replace(day=1) == first:
                so_far = once.get((code, option), (0, 0))
                once[code, option] = (so_far[0] + quantity, so_far[1] + amount)
        rows += [(code, option, quantity, amount) for (code, option), (quantity, amount) in once.items()]
        charges = [self.charge(*row) for row in rows if row[3]]
        standard = [charge["amount"] for charge in charges if charge["tax"] == "standard"]
        others = sum(charge["amount"] for charge in charges if charge["tax"] == "out_of_scope")
        tax = self.tax(standard, first)
        return {
            "month": first.strftime("%Y-%m"),
            "charges": charges,
            "standard": sum(standard),
            "out_of_scope": others,
            "tax": tax,
            "total": sum(standard) + others + tax,
        }

    def charge(self, code, option, quantity, amount):
        tax = "out_of_scope" if code in self.out_of_scope else "standard"
        row = {"code": code, "clause": CLAUSE[code], "quantity": quantity, "amount": amount, "tax": tax}
        return {**row, "option": option} if option else row


def as_text(day):
    return str(day) if day else None


def simulate(scenario):
    """The oracle's output for one scenario."""
    return Oracle(scenario).run()


def simulate_all(scenarios):
    """The oracle's outputs for a list; the place of an invalid one begins with its number."""
    outputs = []
    for n, scenario in enumerate(scenarios):
        try:
            outputs.append(simulate(scenario))
        except Invalid as invalid:
            raise Invalid(f"[{n}].{invalid.place}", "in a list") from invalid
    return outputs
