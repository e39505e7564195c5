"""How each type of event of a scenario is read."""

from collections.abc import Callable, Mapping

from portal.terms import events as ev
from portal.terms import json_reading as read
from portal.terms.contract import EndCause
from portal.terms.events import Event, InvalidScenarioError
from portal.terms.json_reading import Field
from portal.terms.offerings import Dwelling, Offering
from portal.terms.option_kinds import OptionKind

_CAUSES = read.choice(EndCause, without=frozenset({EndCause.TERMINATION_NOTICE}))
_IDS = read.array(read.text)
_NEW_LINE = {
    "id": Field(read.text, "id"),
    "dwelling": Field(read.choice(Dwelling), "dwelling"),
    "consented": Field(read.boolean, "consented"),
    "partner": Field(read.or_none(read.text), "partner", optional=True),
}
_VERSION = {"version": Field(read.text, "version")}
_ACCEPTED = {"accepted_at": Field(read.instant, "accepted_at")}
_START = {"start": Field(read.day, "starts_on")}
_EFFECTIVE = {"effective": Field(read.day, "effective_on")}
_LAST_DAY = {"last_day": Field(read.day, "last_on")}
_REQUESTED = {"requested_last_day": Field(read.or_none(read.day), "requested_on", optional=True)}
_UNIT = {"unit": Field(read.text, "unit")}

_EVENTS: Mapping[str, tuple[Callable[..., Event], Mapping[str, Field]]] = {
    "publish_policy": (ev.PublishPolicy, _VERSION),
    "agree_policy": (ev.AgreePolicy, _VERSION),
    "impose_duties": (
        ev.ImposeDuties,
        {
            "partner": Field(read.text, "partner"),
            "parent": Field(read.or_none(read.text), "parent", optional=True),
        },
    ),
    "line_add": (
        ev.LineAdd,
        {
            "lines": Field(
                read.array(lambda value, place: ev.NewLine(**read.record(value, place, _NEW_LINE))), "lines"
            ),
            **_ACCEPTED,
            **_START,
        },
    ),
    "line_consent": (ev.LineConsent, {"lines": Field(_IDS, "lines")}),
    "line_remove": (ev.LineRemove, {"lines": Field(_IDS, "lines"), **_ACCEPTED, **_LAST_DAY}),
    "option_add": (
        ev.OptionAdd,
        {
            **_UNIT,
            "option": Field(read.choice(OptionKind), "option"),
            "line": Field(read.text, "line"),
            **_ACCEPTED,
            **_START,
        },
    ),
    "option_stop": (ev.OptionStop, {"units": Field(_IDS, "units"), **_REQUESTED}),
    "offering_change": (
        ev.OfferingChanged,
        {
            "to": Field(read.choice(Offering), "to"),
            **_ACCEPTED,
            **_EFFECTIVE,
            "areas": Field(read.or_none(read.areas), "areas", optional=True),
        },
    ),
    "bandwidth_change": (
        ev.BandwidthChanged,
        {"areas": Field(read.areas, "areas"), **_ACCEPTED, **_EFFECTIVE},
    ),
    "device_lost": (ev.DeviceLost, _UNIT),
    "device_found": (ev.DeviceFound, {**_UNIT, "returned": Field(read.boolean, "returned")}),
    "termination_notice": (ev.TerminationNotice, _REQUESTED),
    "withdraw_notice": (ev.WithdrawNotice, {}),
    "terminate": (ev.Terminate, {"cause": Field(_CAUSES, "cause"), **_LAST_DAY}),
}


def event(value: object, place: str) -> Event:
    """One event. Refuses an unknown type, and areas of an offering that has none."""
    given = read.mapping(value, place)
    if "type" not in given:
        raise InvalidScenarioError(read.below(place, "type"), "is missing")
    kind = given["type"]
    if not isinstance(kind, str) or kind not in _EVENTS:
        read.fail(read.below(place, "type"), kind, "a type of event")
    build, fields = _EVENTS[kind]
    common = {"at": Field(read.instant, "at"), "type": Field(read.text, "type")}
    keywords = read.record(value, place, common | dict(fields))
    del keywords["type"]
    found = build(**keywords)
    if isinstance(found, ev.OfferingChanged) and found.areas is not None and found.to is not Offering.IPOE_CAPPED:
        raise InvalidScenarioError(read.below(place, "areas"), "belongs to ipoe_capped only")
    return found
