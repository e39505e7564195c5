"""Valid histories made invalid in one place each, and the place that the message must name."""

from copy import deepcopy

from tests.oracle.histories import history

ANY = ""  # more than one place may fairly be named


def _set(path, value):
    def change(scenario):
        target = scenario
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


def _drop(*path):
    def change(scenario):
        target = scenario
        for key in path[:-1]:
            target = target[key]
        del target[path[-1]]

    return change


def _event(**event):
    """Append an event that is well formed but for what is given."""

    def change(scenario):
        scenario["events"].append({"at": AT, **event})

    return change


def _only_sheet_from(day):
    def change(scenario):
        scenario["price_sheets"] = [{**scenario["price_sheets"][0], "effective_from": day}]

    return change


AT = "2027-01-10T09:00:00+09:00"
SHEET = ("price_sheets", 0)
NEW_LINE = {"id": "NEW", "dwelling": "detached", "consented": True, "partner": None}
ADD_LINES = {"type": "line_add", "accepted_at": AT, "start": "2027-01-20"}
ADD_OPTION = {"type": "option_add", "unit": "NEW", "option": "dslite_bundle", "accepted_at": AT, "start": "2027-01-20"}

# name → (change, place); `{last}` is the number of the event that was appended
SPOILS = {
    "unknown key": (_set(["note"], "x"), "note"),
    "no through": (_drop("through"), "through"),
    "month 13": (_set(["through"], "2026-13"), "through"),
    "a day as month": (_set(["through"], "2026-04-01"), "through"),
    "no contract": (_drop("contract"), "contract"),
    "contract is a list": (_set(["contract"], []), "contract"),
    "unknown key of the contract": (_set(["contract", "name"], "x"), "contract.name"),
    "no billing start": (_drop("contract", "billing_start"), "contract.billing_start"),
    "billing start null": (_set(["contract", "billing_start"], None), "contract.billing_start"),
    "30 February": (_set(["contract", "billing_start"], "2026-02-30"), "contract.billing_start"),
    "29 February of a common year": (_set(["contract", "billing_start"], "2026-02-29"), "contract.billing_start"),
    "short date": (_set(["contract", "billing_start"], "2026-2-3"), "contract.billing_start"),
    "compact date": (_set(["contract", "billing_start"], "20260203"), "contract.billing_start"),
    "date is a number": (_set(["contract", "billing_start"], 20260203), "contract.billing_start"),
    "unknown offering": (_set(["contract", "offering"], "ipoe_fast"), "contract.offering"),
    "no offset": (_set(["contract", "accepted_at"], "2026-01-10T10:00:00"), "contract.accepted_at"),
    "date as instant": (_set(["contract", "accepted_at"], "2026-01-10"), "contract.accepted_at"),
    "hour 25": (_set(["contract", "accepted_at"], "2026-01-10T25:00:00+09:00"), "contract.accepted_at"),
    "before the terms": (_set(["contract", "accepted_at"], "2016-05-31T14:59:59Z"), ANY),
    "no sheets": (_set(["price_sheets"], []), ANY),
    "sheets too late": (_only_sheet_from("2035-01-01"), ANY),
    "sheet from the second": (_set([*SHEET, "effective_from"], "2016-01-02"), "price_sheets[0].effective_from"),
    "sheet key missing": (_drop(*SHEET, "initial_fee"), "price_sheets[0].initial_fee"),
    "unknown key of a sheet": (_set([*SHEET, "discount"], 1), "price_sheets[0].discount"),
    "amount is a text": (_set([*SHEET, "initial_fee"], "100"), "price_sheets[0].initial_fee"),
    "amount is a fraction": (_set([*SHEET, "initial_fee"], 100.5), "price_sheets[0].initial_fee"),
    "amount is true": (_set([*SHEET, "initial_fee"], True), "price_sheets[0].initial_fee"),
    "amount null": (_set([*SHEET, "loss_charge_per_device"], None), "price_sheets[0].loss_charge_per_device"),
    "base of one offering missing": (_drop(*SHEET, "base", "ipoe_shared"), "price_sheets[0].base"),
    "band without amount": (_set([*SHEET, "base", "ipoe"], [{"up_to": None}]), "price_sheets[0].base.ipoe"),
    "option price missing": (_drop(*SHEET, "option_monthly", "ipv4_fixed"), "price_sheets[0].option_monthly"),
    "unknown option price": (_set([*SHEET, "option_initial", "wifi"], 1), "price_sheets[0].option_initial"),
    "unknown basis": (_set([*SHEET, "line_count_basis"], "average"), "price_sheets[0].line_count_basis"),
    "no events": (_drop("events"), "events"),
    "events is an object": (_set(["events"], {}), "events"),
    "event is a text": (_set(["events", 0], "line_add"), "events[0]"),
    "unknown type": (_set(["events", 0, "type"], "cancel"), "events[0].type"),
    "no type": (_drop("events", 0, "type"), "events[0]"),
    "no arrival": (_drop("events", 0, "at"), "events[0].at"),
    "arrival without offset": (_set(["events", 0, "at"], "2026-01-10T10:00:00"), "events[0].at"),
    "key of another event": (_set(["events", 0, "cause"], "agreed"), "events[0].cause"),
    "unknown line": (_event(type="line_consent", lines=["NOBODY"]), "events[{last}]"),
    "unknown unit": (_event(type="option_stop", units=["NOBODY"], requested_last_day=None), "events[{last}]"),
    "unknown router": (_event(type="device_lost", unit="NOBODY"), "events[{last}]"),
    "option on an unknown line": (_event(**ADD_OPTION, line="NOBODY"), "events[{last}]"),
    "lines is a text": (_event(type="line_consent", lines="L1"), "events[{last}].lines"),
    "id is a number": (_event(type="line_consent", lines=[1]), "events[{last}].lines[0]"),
    "twice in one event": (_event(**ADD_LINES, lines=[NEW_LINE, NEW_LINE]), "events[{last}]"),
    "unknown dwelling": (
        _event(**ADD_LINES, lines=[{**NEW_LINE, "dwelling": "tent"}]),
        "events[{last}].lines[0].dwelling",
    ),
    "consent as text": (
        _event(**ADD_LINES, lines=[{**NEW_LINE, "consented": "yes"}]),
        "events[{last}].lines[0].consented",
    ),
    "unknown key of a line": (_event(**ADD_LINES, lines=[{**NEW_LINE, "key": 1}]), "events[{last}].lines[0].key"),
    "unknown option": (_event(**{**ADD_OPTION, "option": "wifi"}, line="L1"), "events[{last}].option"),
    "no start": (_event(type="line_add", accepted_at=AT, lines=[NEW_LINE]), "events[{last}].start"),
    "unknown cause": (_event(type="terminate", cause="tired", last_day="2027-02-01"), "events[{last}].cause"),
    "last day null": (_event(type="terminate", cause="agreed", last_day=None), "events[{last}].last_day"),
    "31 April": (
        _event(type="termination_notice", requested_last_day="2027-04-31"),
        "events[{last}].requested_last_day",
    ),
    "unknown target": (
        _event(type="offering_change", to="capped", accepted_at=AT, effective="2027-02-01"),
        "events[{last}].to",
    ),
    "areas with another offering": (
        _event(type="offering_change", to="ipoe", accepted_at=AT, effective="2027-02-01", areas={"east-1": 100}),
        "events[{last}].areas",
    ),
    "named twice in one event": (_event(type="line_consent", lines=["L1", "L1"]), "events[{last}].lines[1]"),
    "no limit named": (_set([*SHEET, "base", "ipoe"], [{"amount": 1}]), "price_sheets[0].base.ipoe[0].up_to"),
    "areas as text": (
        _event(type="bandwidth_change", areas={"east-1": "300"}, accepted_at=AT, effective="2027-02-01"),
        "events[{last}].areas",
    ),
    "returned as number": (_event(type="device_found", unit="NOBODY", returned=1), "events[{last}]"),
}


def spoil(seed, name):
    """An invalid scenario and the place (or its beginning) that the message must name."""
    scenario = deepcopy(history(seed))
    change, place = SPOILS[name]
    change(scenario)
    return scenario, place.format(last=len(scenario.get("events", [])) - 1)
