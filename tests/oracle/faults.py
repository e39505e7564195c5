"""Faulty copies of the oracle, each wrong in one rule. A comparison that does not notice them has no teeth."""

from datetime import UTC, date
from fractions import Fraction

from tests.oracle.days import ONE_DAY
from tests.oracle.oracle import Oracle
from tests.oracle.reading import instant_of, last_of_month


class ArrivalDayCounted(Oracle):
    def thirty_days_after(self, arrival):
        return super().thirty_days_after(arrival) - ONE_DAY


class DaysOfUtc(Oracle):
    def day_of(self, instant):
        return instant_of(instant, "").astimezone(UTC).date()


class MinimumTermOneDayLonger(Oracle):
    def minimum_term_last_day(self):
        return super().minimum_term_last_day() + ONE_DAY


class RequestedDayAlwaysHolds(Oracle):
    def notice_last_day(self, event):
        requested = event.get("requested_last_day")
        return date.fromisoformat(requested) if requested else super().notice_last_day(event)


class LatestNoticeHolds(Oracle):
    def contract_end(self):
        return max(self.ends, default=(None, None))


class BaseProrated(Oracle):
    def b2_1(self, first, calendar):
        days, length = self.billing_days(first, calendar), len(self.month_days(first))
        return [(code, n, int(Fraction(yen * len(days), length))) for code, n, yen in super().b2_1(first, calendar)]


class LinesOfAnyDayByDefault(Oracle):
    basis_by_default = "any_day"


class TaxPerRow(Oracle):
    def tax(self, amounts, first):
        return sum(int(amount * self.rate(first)) for amount in amounts)


class TenPercentAlways(Oracle):
    def rate(self, first):
        return Fraction(10, 100)


class LossTaxed(Oracle):
    out_of_scope = ("early_termination_charge",)


class OptionsRoundedTogether(Oracle):
    def round_units(self, parts):
        return int(sum(parts))


class OptionsBilledBeforeBilling(Oracle):
    def b2_2(self, first, calendar):
        self.billing_start, kept = date.min, self.billing_start
        rows = super().b2_2(first, calendar)
        self.billing_start = kept
        return rows


class EarlyTerminationForEveryCause(Oracle):
    no_charge_for = ()


class EarlyTerminationNeverInBilling(Oracle):
    def early_termination(self, calendar):
        months, amount = super().early_termination(calendar)
        last_day, _ = self.contract_end()
        if last_day is not None and last_day < self.billing_start:
            months, amount = 1, self.sheet_on(self.billing_start)["initial_fee"]
        return months, amount


class StopFeeAfterTheContract(Oracle):
    def owe_stop_fees(self):
        for unit in self.units.values():
            if unit.option == "router_rental" and unit.last_days:
                self.arises("option_stop_fee", min(unit.last_days))


class FeeOnlyIfTheChangeHolds(Oracle):
    def owe_stop_fees(self):
        super().owe_stop_fees()
        last_day, _ = self.contract_end()
        if last_day and any(change.to and change.effective > last_day for change in self.changes):
            self.one_offs = [row for row in self.one_offs if row[1] != "offering_change_fee"]


class DirectPartnerOnly(Oracle):
    def has_gap(self, partner):
        return partner is not None and partner not in self.parents


class ScheduledOfferingOverlooked(Oracle):
    def offerings_from(self, calendar, start):
        return {calendar[start].offering}


class FirstVersionIsCurrent(Oracle):
    def gate(self, consents, partners):
        kept, self.published = self.published, self.published[:1]
        clauses = super().gate(consents, partners)
        self.published = kept
        return clauses


class SheetOfTheMonthsEnd(Oracle):
    def sheet_on(self, day):
        return super().sheet_on(last_of_month(day) + ONE_DAY)


FAULTS = [fault for fault in Oracle.__subclasses__() if fault.__module__ == __name__]
