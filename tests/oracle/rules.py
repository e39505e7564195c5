"""Which events are refused, and by which clauses; what the others leave behind."""

from datetime import date
from types import SimpleNamespace

from tests.oracle.days import Days
from tests.oracle.reading import Invalid, areas_hold

COUNTED = ("ipoe", "ipoe_shared")
PORTS = ("ipv4_ports_12800", "ipv4_ports_64000")
RESTRICTED = ("router_rental", *PORTS, "ipv4_fixed")


class Rules(Days):
    """Takes the events in the order in which they arrived."""

    def process(self, n, event):
        self.check_ids(event, f"events[{n}]")
        clauses = getattr(self, "rules_" + event["type"], lambda event: [])(event)
        if clauses:
            self.refused.append({"event": n, "clause": clauses[0], "clauses": clauses})
        else:
            getattr(self, "do_" + event["type"])(event)

    def check_ids(self, event, place):
        kind = event["type"]
        if kind == "line_add":
            ids = [line["id"] for line in event["lines"]]
            for n, line in enumerate(ids):
                if line in self.lines or line in ids[:n]:
                    raise Invalid(f"{place}.lines[{n}].id", f"{line!r} is used twice")
        if kind == "option_add" and event["unit"] in self.units:
            raise Invalid(f"{place}.unit", f"{event['unit']!r} is used twice")
        lines = event["lines"] if kind in ("line_consent", "line_remove") else []
        for line in [*lines, *([event["line"]] if kind == "option_add" else [])]:
            if line not in self.lines:
                raise Invalid(place, f"{line!r} is not known")
        units = event["units"] if kind == "option_stop" else []
        for unit in [*units, *([event["unit"]] if kind in ("device_lost", "device_found") else [])]:
            if unit not in self.units:
                raise Invalid(place, f"{unit!r} is not known")
            if kind.startswith("device_") and self.units[unit].option != "router_rental":
                raise Invalid(place, f"{unit!r} is no device")

    def after_the_end(self, day):
        last_day, _ = self.contract_end()
        return last_day is not None and day > last_day

    def offerings_from(self, calendar, start):
        """In force on the day, or scheduled for a later day of the contract."""
        return {on.offering for day, on in calendar.items() if day == start or (day > start and on.running)}

    def has_gap(self, partner):
        """A5-6-3: true unless the duties were imposed on the partner and on each above, up to the contractor."""
        seen = []
        while partner is not None:
            if partner in seen or partner not in self.parents:
                return True
            seen.append(partner)
            partner = self.parents[partner]
        return False

    def gate(self, consents, partners):
        """The gate of the shared offering: A5-6-1, A5-6-2, A5-6-3 in this order."""
        clauses = []
        if not self.published or self.published[-1] not in self.agreed:
            clauses.append("A5-6-1")
        if not all(consents):
            clauses.append("A5-6-2")
        if any(self.has_gap(partner) for partner in partners):
            clauses.append("A5-6-3")
        return clauses

    def rules_agree_policy(self, event):
        current = self.published[-1] if self.published else None
        return [] if event["version"] == current else ["A5-6-1"]

    def rules_line_add(self, event):
        start = date.fromisoformat(event["start"])
        offerings = self.offerings_from(self.calendar(), start)
        clauses = ["A9"] if self.after_the_end(start) else []
        if offerings & set(COUNTED) and any(line["dwelling"] == "multi_unit" for line in event["lines"]):
            clauses.append("A5-5")
        if "ipoe_shared" in offerings:
            lines = event["lines"]
            clauses += self.gate([line["consented"] for line in lines], [line.get("partner") for line in lines])
        return clauses

    def rules_line_remove(self, event):
        last_day = date.fromisoformat(event["last_day"])
        for day, on in self.calendar().items():
            if day > last_day and any(self.units[unit].line in event["lines"] for unit in on.units):
                return ["A7-9"]
        return []

    def rules_option_add(self, event):
        start, calendar = date.fromisoformat(event["start"]), self.calendar()
        clauses = ["A9"] if self.after_the_end(start) else []
        if event["line"] not in calendar[start].lines:
            clauses.append("A7-1")
        if event["option"] in RESTRICTED and "ipoe_shared" in self.offerings_from(calendar, start):
            clauses.append("A4-2")
        if event["option"] in PORTS and any(
            self.units[unit].line == event["line"] and self.units[unit].option in PORTS
            for day, on in calendar.items()
            if day >= start
            for unit in on.units
        ):
            clauses.append("A7-2")
        return clauses

    def rules_offering_change(self, event):
        effective, to, calendar = date.fromisoformat(event["effective"]), event["to"], self.calendar()
        later = [on for day, on in calendar.items() if day >= effective]
        lines = [self.lines[i] for i in sorted(set().union(*(on.lines for on in later)))]
        options = {self.units[i].option for on in later for i in on.units}
        clauses = ["A9"] if self.after_the_end(effective) else []
        accepted_on = self.day_of(event["accepted_at"])
        if effective.day != 1 or effective <= accepted_on or to == calendar[effective].offering:
            clauses.append("A6-1-1")
        if to == "ipoe_capped" and not areas_hold(event.get("areas")):
            clauses.append("A1-n1")
        if to == "ipoe_shared" and options & set(RESTRICTED):
            clauses.append("A4-2")
        if to in COUNTED and any(line.dwelling == "multi_unit" for line in lines):
            clauses.append("A5-5")
        if to == "ipoe_shared":
            clauses += self.gate([line.consented for line in lines], [line.partner for line in lines])
        return clauses

    def rules_bandwidth_change(self, event):
        effective = date.fromisoformat(event["effective"])
        clauses = ["A9"] if self.after_the_end(effective) else []
        accepted_on = self.day_of(event["accepted_at"])
        offering = self.calendar()[effective].offering
        if offering != "ipoe_capped" or effective.day != 1 or effective <= accepted_on:
            clauses.append("A6-1-3")
        if not areas_hold(event["areas"]):
            clauses.append("A1-n1")
        return clauses

    def rules_withdraw_notice(self, event):
        return ["A9"]

    def do_publish_policy(self, event):
        self.published.append(event["version"])

    def do_agree_policy(self, event):
        self.agreed.add(event["version"])

    def do_impose_duties(self, event):
        self.parents[event["partner"]] = event.get("parent")

    def do_line_add(self, event):
        for line in event["lines"]:
            self.lines[line["id"]] = SimpleNamespace(
                start=date.fromisoformat(event["start"]),
                last_days=[],
                dwelling=line["dwelling"],
                consented=line["consented"],
                partner=line.get("partner"),
            )

    def do_line_consent(self, event):
        for line in event["lines"]:
            self.lines[line].consented = True

    def do_line_remove(self, event):
        for line in event["lines"]:
            self.lines[line].last_days.append(date.fromisoformat(event["last_day"]))

    def do_option_add(self, event):
        self.units[event["unit"]] = SimpleNamespace(
            start=date.fromisoformat(event["start"]), last_days=[], option=event["option"], line=event["line"]
        )
        self.arises("option_initial", self.day_of(event["accepted_at"]), event["option"])

    def do_option_stop(self, event):
        for unit in event["units"]:
            self.units[unit].last_days.append(self.notice_last_day(event))

    def do_offering_change(self, event):
        areas = event.get("areas")
        self.changes.append(
            SimpleNamespace(
                effective=date.fromisoformat(event["effective"]),
                to=event["to"],
                mbps=sum(areas.values()) if areas else 0,
            )
        )
        self.arises("offering_change_fee", self.day_of(event["accepted_at"]))

    def do_bandwidth_change(self, event):
        effective = date.fromisoformat(event["effective"])
        self.changes.append(SimpleNamespace(effective=effective, to=None, mbps=sum(event["areas"].values())))

    def do_device_lost(self, event):
        self.arises("loss_charge", self.day_of(event["at"]))

    def do_device_found(self, event):
        """A7-7-2: nothing comes back."""

    def do_termination_notice(self, event):
        self.ends.append((self.notice_last_day(event), "termination_notice"))

    def do_terminate(self, event):
        self.ends.append((date.fromisoformat(event["last_day"]), event["cause"]))

    def arises(self, code, day, option=None):
        """Owe a one-off charge on a day."""
        raise NotImplementedError
