"""Random histories of one contract, mostly plausible, a good share refused, crowded around the days that matter.

`history(seed)` is a valid scenario; its dates cluster at month ends, leap days, midnight in Tokyo, 2019-10-01 and
2024-12-01. An oracle runs along, only so that no event names the id of a refused one, which would be invalid.
"""

from datetime import date, timedelta

from tests.oracle.openings import Opening, first_of_next
from tests.oracle.reading import CAUSES, OFFERINGS, OPTIONS

WEIGHTS = {
    "line_add": 22,
    "option_add": 24,
    "option_stop": 10,
    "line_remove": 8,
    "line_consent": 4,
    "offering_change": 12,
    "bandwidth_change": 5,
    "publish_policy": 3,
    "agree_policy": 4,
    "impose_duties": 6,
    "device_lost": 8,
    "device_found": 4,
    "termination_notice": 4,
    "withdraw_notice": 1,
    "terminate": 5,
}
ENDINGS = ("termination_notice", "terminate")
PARTNERS = ("P1", "P2", "P3", "P4", "P5", "P6")
VERSIONS = ("v1", "v2", "v3")


class Writer(Opening):
    """Writes one history, event by event."""

    def write(self):
        if self.dice.chance(75):
            self.add({"type": "publish_policy", "version": "v1"})
            self.add({"type": "agree_policy", "version": "v1"})
        if self.dice.chance(60):
            self.add({"type": "impose_duties", "partner": "P1", "parent": None})
            self.add({"type": "impose_duties", "partner": "P2", "parent": "P1"})
        self.add(self.line_add())
        length = self.dice.between(3, 28)
        for n in range(length):
            self.pass_time()
            early = n < length * 0.7 and self.dice.chance(75)
            kind = self.dice.weighted({kind: n for kind, n in WEIGHTS.items() if not (early and kind in ENDINGS)})
            event = getattr(self, kind)()
            if event:
                self.add(event)
            if event and kind == "line_remove" and self.dice.chance(50):
                self.add(self.swapped_in(date.fromisoformat(event["last_day"]) + timedelta(days=1)))
        if self.dice.chance(20):
            self.add(self.early_end())
        through = first_of_next(self.today, self.dice.below(5))
        if self.dice.chance(5):
            through = self.accepted_on
        self.scenario["through"] = through.strftime("%Y-%m")
        return self.scenario

    def pass_time(self):
        if self.dice.chance(75):
            self.today = self.near(self.today, self.dice.pick([1, 4, 12]))
        elif self.dice.chance(15):
            self.today = max(self.accepted_on, self.today - timedelta(days=self.dice.between(1, 9)))

    def add(self, event):
        event = {"at": self.instant(self.today), **event}
        refusals = len(self.oracle.refused)
        self.oracle.process(len(self.scenario["events"]), event)
        self.scenario["events"].append(event)
        if len(self.oracle.refused) > refusals:
            self.free_ids += [line["id"] for line in event["lines"]] if event["type"] == "line_add" else []
            self.free_units += [event["unit"]] if event["type"] == "option_add" else []
        elif event["type"] == "offering_change":
            self.offering = event["to"]

    def acceptance(self):
        self.accepted_day = self.today + timedelta(days=self.dice.pick([0, 0, 0, 1, 3]))
        return self.instant(self.accepted_day)

    def new_id(self, letter):
        self.last_id += 1
        return f"{letter}{self.last_id}"

    def line_id(self):
        if self.free_ids and self.dice.chance(60):
            line = self.free_ids.pop()
            if line not in self.oracle.lines:
                return line
        return self.new_id("L")

    def line_add(self):
        ids = sorted({self.line_id() for _ in range(self.dice.weighted({1: 5, 2: 3, 4: 1}))})
        multi_unit = 60 if self.offering == "ipoe_capped" else 6
        lines = []
        for line in ids:
            dwelling = "multi_unit" if self.dice.chance(multi_unit) else "detached"
            new = {"id": line, "dwelling": dwelling, "consented": self.dice.chance(85)}
            partner = self.dice.weighted({None: 12, "P1": 4, "P2": 4, **dict.fromkeys(PARTNERS[2:], 1)})
            lines.append(new | ({"partner": partner} if partner or self.dice.chance(50) else {}))
        accepted_at = self.acceptance()
        start = self.near(self.accepted_day, self.dice.pick([0, 5, 30]))
        return {"type": "line_add", "lines": lines, "accepted_at": accepted_at, "start": str(start)}

    def swapped_in(self, start):
        """A line for the one that was taken away the day before."""
        return {**self.line_add(), "start": str(start)}

    def known_line(self):
        return self.dice.pick(sorted(self.oracle.lines)) if self.oracle.lines else None

    def line_consent(self):
        if self.oracle.lines:
            return {"type": "line_consent", "lines": self.dice.some(sorted(self.oracle.lines), 4)}
        return None

    def line_remove(self):
        if not self.oracle.lines:
            return None
        occupied = {unit.line for unit in self.oracle.units.values() if not unit.last_days}
        bare = sorted(set(self.oracle.lines) - occupied)
        lines = self.dice.some(bare if bare and self.dice.chance(70) else sorted(self.oracle.lines), 2)
        accepted_at = self.acceptance()
        back = timedelta(days=self.dice.pick([0, 0, 0, 0, 5]))
        last_day = self.near(self.accepted_day - back, self.dice.pick([0, 10, 40]))
        return {"type": "line_remove", "lines": lines, "accepted_at": accepted_at, "last_day": str(last_day)}

    def option_add(self):
        line = self.known_line()
        if line is None:
            return None
        free = 45 if self.offering == "ipoe_shared" else 10
        option = "dslite_bundle" if self.dice.chance(free) else self.dice.pick(["router_rental", *OPTIONS])
        accepted_at = self.acceptance()
        earliest = self.accepted_day
        if self.dice.chance(85):
            earliest = max(earliest, self.oracle.lines[line].start)
        start = self.near(earliest, self.dice.pick([0, 5, 40]))
        return {
            "type": "option_add",
            "unit": self.free_units.pop() if self.free_units and self.dice.chance(60) else self.new_id("U"),
            "option": option,
            "line": line,
            "accepted_at": accepted_at,
            "start": str(start),
        }

    def requested(self):
        """The rest of a notice: a requested date too early, later, none, or left out."""
        if self.dice.chance(20):
            return {}
        day = self.near(self.today + timedelta(days=self.dice.pick([0, 20, 29, 30, 31])), self.dice.pick([0, 1, 40]))
        return {"requested_last_day": None if self.dice.chance(40) else str(day)}

    def option_stop(self):
        if not self.oracle.units:
            return None
        return {"type": "option_stop", "units": self.dice.some(sorted(self.oracle.units), 3), **self.requested()}

    def effective(self):
        """Mostly the first of a month to come, often one that another change has already taken."""
        taken = [change.effective for change in self.oracle.changes if change.effective > self.accepted_day]
        if taken and self.dice.chance(35):
            return self.dice.pick(taken)
        if self.dice.chance(8):
            return self.near(self.accepted_day, 20)
        return first_of_next(self.accepted_day, self.dice.pick([1, 1, 2, 2, 3]))

    def offering_change(self):
        to = self.dice.pick([offering for offering in OFFERINGS if offering != self.offering or self.dice.chance(30)])
        areas = {"areas": None} if self.dice.chance(10) else {}
        if to == "ipoe_capped" and self.dice.chance(90):
            areas = {"areas": self.areas() if self.dice.chance(85) else self.bad_areas()}
        accepted_at = self.acceptance()
        effective = str(self.effective())
        return {"type": "offering_change", "to": to, "accepted_at": accepted_at, "effective": effective, **areas}

    def bandwidth_change(self):
        areas = self.areas() if self.dice.chance(85) else self.bad_areas()
        accepted_at = self.acceptance()
        effective = str(self.effective())
        return {"type": "bandwidth_change", "areas": areas, "accepted_at": accepted_at, "effective": effective}

    def publish_policy(self):
        return {"type": "publish_policy", "version": self.dice.pick(VERSIONS)}

    def agree_policy(self):
        current = self.oracle.published[-1] if self.oracle.published else "v1"
        return {"type": "agree_policy", "version": current if self.dice.chance(75) else self.dice.pick(VERSIONS)}

    def impose_duties(self):
        event = {"type": "impose_duties", "partner": self.dice.pick(PARTNERS)}
        parent = self.dice.pick([None, None, None, *PARTNERS])
        return event | ({"parent": parent} if parent or self.dice.chance(50) else {})

    def routers(self):
        return sorted(i for i, unit in self.oracle.units.items() if unit.option == "router_rental")

    def device_lost(self):
        return {"type": "device_lost", "unit": self.dice.pick(self.routers())} if self.routers() else None

    def device_found(self):
        if not self.routers():
            return None
        return {"type": "device_found", "unit": self.dice.pick(self.routers()), "returned": self.dice.chance(50)}

    def termination_notice(self):
        return {"type": "termination_notice", **self.requested()}

    def withdraw_notice(self):
        return {"type": "withdraw_notice"}

    def terminate(self):
        last_day = self.near(self.today - timedelta(days=self.dice.pick([0, 0, 3])), self.dice.pick([0, 10, 60]))
        return self.ended_on(last_day)

    def early_end(self):
        """An end around the minimum term, known late, so that it meets a contract full of life."""
        first = self.oracle.billing_start - timedelta(days=self.dice.pick([0, 0, 0, 5]))
        ends = [self.oracle.minimum_term_last_day(), self.near(first, 31), self.near(first, 9), self.near(first, 2)]
        return self.ended_on(self.dice.pick(ends))

    def ended_on(self, last_day):
        cause = self.dice.pick(["subscriber_default", "agreed", *CAUSES])
        return {"type": "terminate", "cause": cause, "last_day": str(max(last_day, self.accepted_on))}


def history(seed):
    """The valid scenario of this seed."""
    return Writer(seed).write()
