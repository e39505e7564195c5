"""Reads a scenario's JSON and says where it is not a scenario. Imports nothing of the product."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta, timezone

TOKYO = timezone(timedelta(hours=9))
OFFERINGS = ("ipoe", "ipoe_shared", "ipoe_capped")
OPTIONS = ("router_rental", "ipv4_ports_12800", "ipv4_ports_64000", "ipv4_fixed", "dslite_bundle")
CAUSES = ("subscriber_default", "agreed", "art28_2", "art28_3", "service_abolished")
BASES = ("peak", "any_day", "month_end")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")


class Invalid(Exception):
    """The file is not a valid scenario; `place` says where, such as `events[3].start`."""

    def __init__(self, place, why):
        super().__init__(f"{place}: {why}")
        self.place = place


def day_of(value, place):
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise Invalid(place, f"{value!r} is not a date")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Invalid(place, f"{value!r} is not a date") from None


def instant_of(value, place):
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise Invalid(place, f"{value!r} is not an instant with an offset")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise Invalid(place, f"{value!r} is not an instant") from None


def month_of(value, place):
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d", value):
        raise Invalid(place, f"{value!r} is not a month")
    return day_of(value + "-01", place)


def text(value, place):
    if not isinstance(value, str):
        raise Invalid(place, f"{value!r} is not a text")


def yes_or_no(value, place):
    if not isinstance(value, bool):
        raise Invalid(place, f"{value!r} is neither true nor false")


def whole(value, place):
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(place, f"{value!r} is not a whole number")


def ids(value, place):
    list_of(text)(value, place)
    for n, item in enumerate(value):
        if item in value[:n]:
            raise Invalid(f"{place}[{n}]", f"{item!r} is named twice")


def yen(value, place):
    whole(value, place)
    if value < 0:
        raise Invalid(place, f"{value!r} is negative")


def one_of(*choices):
    def check(value, place):
        if not isinstance(value, str) or value not in choices:
            raise Invalid(place, f"{value!r} is none of {choices}")

    return check


def optional(check):
    def check_or_null(value, place):
        if value is not None:
            check(value, place)

    check_or_null.optional = True
    return check_or_null


def nullable(check):
    def check_if_not_null(value, place):
        if value is not None:
            check(value, place)

    return check_if_not_null


def not_null(check):
    def check_if_there(value, place):
        check(value, place)

    check_if_there.optional = True
    return check_if_there


def list_of(check):
    def check_list(value, place):
        if not isinstance(value, list):
            raise Invalid(place, "is not a list")
        for n, item in enumerate(value):
            check(item, f"{place}[{n}]")

    return check_list


def table(**keys):
    def check_table(value, place):
        if not isinstance(value, dict):
            raise Invalid(place, "is not an object")
        for key in value:
            if key not in keys:
                raise Invalid(f"{place}.{key}" if place else key, "unknown key")
        for key, check in keys.items():
            here = f"{place}.{key}" if place else key
            if key in value:
                check(value[key], here)
            elif not getattr(check, "optional", False):
                raise Invalid(here, "is missing")

    return check_table


def mbps_by_area(value, place):
    if not isinstance(value, dict):
        raise Invalid(place, "is not an object")
    for area, mbps in value.items():
        whole(mbps, f"{place}.{area}")


def areas_hold(areas):
    """A1-n1: at least one area, each a multiple of 100 Mbps and at least 100."""
    return bool(areas) and all(mbps >= 100 and mbps % 100 == 0 for mbps in areas.values())


LINE = table(id=text, dwelling=one_of("detached", "multi_unit"), consented=yes_or_no, partner=optional(text))
BANDS = list_of(table(up_to=nullable(yen), amount=yen))
PER_OPTION = table(**dict.fromkeys(OPTIONS, yen))
SHEET = table(
    effective_from=day_of,
    initial_fee=yen,
    base=table(ipoe=BANDS, ipoe_shared=BANDS, ipoe_capped=yen),
    line_maintenance=table(ipoe=yen, ipoe_shared=yen),
    bandwidth_per_100mbps=yen,
    option_initial=PER_OPTION,
    option_monthly=PER_OPTION,
    offering_change_fee=yen,
    loss_charge_per_device=yen,
    option_stop_fee_per_device=yen,
    line_count_basis=not_null(one_of(*BASES)),
)
CONTRACT = table(
    offering=one_of(*OFFERINGS),
    accepted_at=instant_of,
    billing_start=day_of,
    areas=optional(mbps_by_area),
    bandwidth_mbps=not_null(whole),
)
EVENTS = {
    "publish_policy": {"version": text},
    "agree_policy": {"version": text},
    "impose_duties": {"partner": text, "parent": optional(text)},
    "line_add": {"lines": list_of(LINE), "accepted_at": instant_of, "start": day_of},
    "line_consent": {"lines": ids},
    "line_remove": {"lines": ids, "accepted_at": instant_of, "last_day": day_of},
    "option_add": {
        "unit": text,
        "option": one_of(*OPTIONS),
        "line": text,
        "accepted_at": instant_of,
        "start": day_of,
    },
    "option_stop": {"units": ids, "requested_last_day": optional(day_of)},
    "offering_change": {
        "to": one_of(*OFFERINGS),
        "accepted_at": instant_of,
        "effective": day_of,
        "areas": optional(mbps_by_area),
    },
    "bandwidth_change": {"areas": mbps_by_area, "accepted_at": instant_of, "effective": day_of},
    "device_lost": {"unit": text},
    "device_found": {"unit": text, "returned": yes_or_no},
    "termination_notice": {"requested_last_day": optional(day_of)},
    "withdraw_notice": {},
    "terminate": {"cause": one_of(*CAUSES), "last_day": day_of},
}


def event(value, place):
    if not isinstance(value, dict):
        raise Invalid(place, "is not an object")
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in EVENTS:
        raise Invalid(f"{place}.type", f"{kind!r} is no type of event")
    table(at=instant_of, type=text, **EVENTS[kind])(value, place)
    if value.get("areas") is not None and value.get("to", "ipoe_capped") != "ipoe_capped":
        raise Invalid(f"{place}.areas", "belongs to ipoe_capped only")


SCENARIO = table(through=month_of, contract=CONTRACT, price_sheets=list_of(SHEET), events=list_of(event))


def check_scenario(scenario):
    """Raise Invalid unless the scenario can be run; ids are checked by the run itself."""
    SCENARIO(scenario, "")
    contract, sheets = scenario["contract"], scenario["price_sheets"]
    accepted_on = instant_of(contract["accepted_at"], "contract.accepted_at").astimezone(TOKYO).date()
    if accepted_on < date(2016, 6, 1):
        raise Invalid("contract.accepted_at", "is before the terms began")
    firsts = [day_of(sheet["effective_from"], f"price_sheets[{n}]") for n, sheet in enumerate(sheets)]
    for n, first in enumerate(firsts):
        place = f"price_sheets[{n}].effective_from"
        if first.day != 1:
            raise Invalid(place, "is not the first of a month")
        if first in firsts[:n]:
            raise Invalid(place, "is there twice")
    if not any(first <= accepted_on for first in firsts):
        raise Invalid("price_sheets", "none is in force on the date of contract.accepted_at")
    check_bandwidth(contract, accepted_on)


def check_bandwidth(contract, accepted_on):
    areas, alone = contract.get("areas"), contract.get("bandwidth_mbps")
    if contract["offering"] != "ipoe_capped":
        if areas is not None or alone is not None:
            raise Invalid("contract", "neither areas nor bandwidth_mbps is allowed for this offering")
    elif (areas is None) == (alone is None):
        raise Invalid("contract", "exactly one of areas and bandwidth_mbps")
    elif alone is not None:
        if accepted_on > date(2024, 11, 30):
            raise Invalid("contract.bandwidth_mbps", "areas are required since 2024-12-01 (F-2)")
        if alone <= 0:
            raise Invalid("contract.bandwidth_mbps", "is not positive")
    elif not areas_hold(areas):
        raise Invalid("contract.areas", "each a multiple of 100 and at least 100 (A1-n1)")


def last_of_month(day):
    return day.replace(day=monthrange(day.year, day.month)[1])
