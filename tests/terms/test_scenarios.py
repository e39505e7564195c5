"""The simulation's JSON: what it answers, and how it names the place of what it cannot run."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from portal.terms import scenarios

OPTIONS = ("router_rental", "ipv4_ports_12800", "ipv4_ports_64000", "ipv4_fixed", "dslite_bundle")
SHEET: dict[str, Any] = {
    "effective_from": "2025-12-01",
    "initial_fee": 100_000,
    "base": {
        "ipoe": [{"up_to": 100, "amount": 50_000}, {"up_to": None, "amount": 90_000}],
        "ipoe_shared": [{"up_to": None, "amount": 40_000}],
        "ipoe_capped": 30_000,
    },
    "line_maintenance": {"ipoe": 300, "ipoe_shared": 200},
    "bandwidth_per_100mbps": 40_000,
    "option_initial": dict(zip(OPTIONS, (1_000, 0, 0, 500, 0), strict=True)),
    "option_monthly": dict(zip(OPTIONS, (500, 300, 900, 1_000, 100), strict=True)),
    "offering_change_fee": 5_000,
    "loss_charge_per_device": 12_000,
    "option_stop_fee_per_device": 3_000,
    "line_count_basis": "any_day",
}
ADD = {
    "at": "2026-01-20T09:00:00+09:00",
    "type": "line_add",
    "accepted_at": "2026-01-21T09:00:00+09:00",
    "start": "2026-01-22",
    "lines": [{"id": "CAF0000000001", "dwelling": "multi_unit", "consented": False, "partner": None}],
}
RENT = {
    "at": "2026-01-25T09:00:00+09:00",
    "type": "option_add",
    "unit": "R1",
    "option": "router_rental",
    "line": "CAF0000000001",
    "accepted_at": "2026-01-26T09:00:00+09:00",
    "start": "2026-01-28",
}
TO_IPOE = {
    "at": "2026-02-01T09:00:00+09:00",
    "type": "offering_change",
    "to": "ipoe",
    "accepted_at": "2026-02-02T09:00:00+09:00",
    "effective": "2026-03-01",
}
STOP = {"at": "2026-03-04T14:59:59Z", "type": "option_stop", "units": ["R1"], "requested_last_day": None}
SCENARIO: dict[str, Any] = {
    "through": "2026-04",
    "contract": {
        "offering": "ipoe_capped",
        "accepted_at": "2025-12-10T10:00:00+09:00",
        "billing_start": "2026-01-15",
        "areas": {"east-1": 300},
    },
    "price_sheets": [SHEET],
    "events": [ADD, RENT, TO_IPOE, STOP],
}


def run(scenario: object) -> Any:
    return json.loads(scenarios.run(json.dumps(scenario)))


def rows(month: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(charge["code"], charge["quantity"], charge["amount"]) for charge in month["charges"]]


def test_a_history_comes_out_to_the_yen_and_the_day() -> None:
    answer = run(SCENARIO)
    assert answer["minimum_term_last_day"] == "2026-02-14"
    assert answer["contract_last_day"] is None
    assert answer["ended_by"] is None
    assert answer["units"] == {"R1": {"last_day": "2026-04-03"}}
    (refusal,) = answer["refused"]
    assert (refusal["event"], refusal["clause"], refusal["clauses"]) == (2, "A5-5", ["A5-5"])
    december, january, february, march, april = answer["months"]
    assert rows(december) == [("initial_fee", 1, 100_000)]
    assert rows(january) == [
        ("option_initial", 1, 1_000),
        ("base", 1, 30_000),
        ("bandwidth", 300, 120_000),
        ("option_monthly", 1, 64),
    ]
    assert (january["standard"], january["tax"], january["total"]) == (151_064, 15_106, 166_170)
    assert [february["total"], march["total"]] == [165_550, 165_550]
    assert rows(april)[2:] == [("option_monthly", 1, 50), ("option_stop_fee", 1, 3_000)]
    assert (april["standard"], april["out_of_scope"], april["tax"], april["total"]) == (153_050, 0, 15_305, 168_355)


@pytest.mark.parametrize(
    ("at", "last_day"), [("2026-03-04T14:59:59Z", "2026-04-03"), ("2026-03-04T15:00:00Z", "2026-04-04")]
)
def test_a_notice_on_both_sides_of_midnight_in_tokyo(at: str, last_day: str) -> None:
    notice = {"at": at, "type": "termination_notice"}
    answer = run({**SCENARIO, "events": [notice]})
    assert (answer["contract_last_day"], answer["ended_by"]) == (last_day, "termination_notice")


@pytest.mark.clause("A7-7", "boundary")
@pytest.mark.parametrize("returned", [True, False])
def test_a_found_device_changes_nothing(*, returned: bool) -> None:
    lost = {"at": "2026-02-10T09:00:00+09:00", "type": "device_lost", "unit": "R1"}
    found = {"at": "2026-02-11T09:00:00+09:00", "type": "device_found", "unit": "R1", "returned": returned}
    without = run({**SCENARIO, "events": [ADD, RENT, lost]})
    assert without["months"][2]["out_of_scope"] == 12_000
    assert run({**SCENARIO, "events": [ADD, RENT, lost, found]}) == without


def test_a_refused_event_does_not_register_its_ids() -> None:
    shared = {**TO_IPOE, "to": "ipoe"}
    refused = {**ADD, "start": "2026-03-01"}
    detached = {**ADD, "lines": [{"id": "CAF0000000001", "dwelling": "detached", "consented": False}]}
    answer = run({**SCENARIO, "events": [shared, refused, detached, RENT]})
    assert [refusal["event"] for refusal in answer["refused"]] == [1]
    assert list(answer["units"]) == ["R1"]
    with pytest.raises(scenarios.InvalidScenario, match=r"^events\[2\]\.line: 'CAF0000000001' is not known$"):
        run({**SCENARIO, "events": [shared, refused, RENT]})


def test_a_list_is_answered_by_a_list_and_names_its_place() -> None:
    assert run([SCENARIO, SCENARIO]) == [run(SCENARIO), run(SCENARIO)]
    assert run([]) == []
    with pytest.raises(scenarios.InvalidScenario, match=r"^\[1\]\.through: "):
        run([SCENARIO, {**SCENARIO, "through": "2026-13"}])


def set_(*path: str | int, to: object) -> Callable[[Any], None]:
    def change(scenario: Any) -> None:
        for key in path[:-1]:
            scenario = scenario[key]
        scenario[path[-1]] = to

    return change


def drop(*path: str | int) -> Callable[[Any], None]:
    def change(scenario: Any) -> None:
        for key in path[:-1]:
            scenario = scenario[key]
        del scenario[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_("events", 0, "start", to="2026-02-30"), "events[0].start: '2026-02-30' is not a date"),
        (set_("events", 0, "start", to="20260122"), "events[0].start: '20260122' is not a date"),
        (set_("events", 0, "start", to=20260122), "events[0].start: 20260122 is not a date"),
        (set_("events", 0, "at", to="2026-01-20T09:00:00"), "events[0].at: '2026-01-20T09:00:00' is not an instant"),
        (set_("events", 0, "at", to="2026-01-20"), "events[0].at: '2026-01-20' is not an instant"),
        (set_("events", 0, "at", to="2026-01-20T25:00:00Z"), "events[0].at: "),
        (set_("events", 0, "at", to="9999-12-31T23:00:00Z"), "events[0].at: "),
        (set_("events", 0, "lines", 0, "consented", to=0), "events[0].lines[0].consented: 0 is not true or false"),
        (set_("events", 0, "lines", 0, "dwelling", to="flat"), "events[0].lines[0].dwelling: 'flat' is not one of"),
        (set_("events", 0, "lines", 0, "id", to=None), "events[0].lines[0].id: None is not a string"),
        (set_("events", 0, "lines", 0, "id", to="\ud800"), "events[0].lines[0].id: "),
        (set_("events", 0, "lines", to={}), "events[0].lines: {} is not an array"),
        (
            set_("events", 0, "lines", to=[{"id": "A", "dwelling": "detached", "consented": True}] * 2),
            "events[0].lines[1]",
        ),
        (set_("events", 0, "colour", to="red"), "events[0].colour: is not a known key"),
        (set_("events", 0, "type", to="line_swap"), "events[0].type: 'line_swap' is not a type of event"),
        (drop("events", 0, "type"), "events[0].type: is missing"),
        (drop("events", 0, "accepted_at"), "events[0].accepted_at: is missing"),
        (set_("events", 0, to="line_add"), "events[0]: 'line_add' is not an object"),
        (set_("events", 1, "line", to="X"), "events[1].line: 'X' is not known"),
        (set_("events", 2, "areas", to={"a": 100}), "events[2].areas: belongs to ipoe_capped only"),
        (set_("events", 3, "units", to=["R9"]), "events[3].units[0]: 'R9' is not known"),
        (set_("events", 3, "units", to=["R1", "R1"]), "events[3].units[1]: 'R1' is used twice"),
        (set_("events", 1, "unit", to="R9"), "events[3].units[0]: 'R1' is not known"),
        (set_("through", to="2026-4"), "through: '2026-4' is not a month"),
        (drop("contract"), "contract: is missing"),
        (set_("contract", "areas", to={"east-1": 150}), "contract.areas: breaks A1-n1"),
        (set_("contract", "areas", to={"east-1": True}), "contract.areas.east-1: True is not a whole number"),
        (set_("contract", "areas", to={"east-1": 100.0}), "contract.areas.east-1: 100.0 is not a whole number"),
        (set_("contract", "areas", to=None), "contract.areas: breaks A1-n1"),
        (set_("contract", "bandwidth_mbps", to=300), "contract.bandwidth_mbps: "),
        (set_("contract", "offering", to="ipoe"), "contract.areas: breaks A1-3"),
        (set_("contract", "accepted_at", to="2016-05-31T23:59:59+09:00"), "contract.accepted_at: 2016-05-31"),
        (set_("contract", "accepted_at", to="2025-11-30T23:59:59+09:00"), "price_sheets: no price sheet"),
        (set_("contract", "billing_start", to=None), "contract.billing_start: None is not a date"),
        (set_("price_sheets", to=[]), "price_sheets: no price sheet"),
        (set_("price_sheets", to=[SHEET, SHEET]), "price_sheets[1].effective_from: 2025-12-01 is used twice"),
        (set_("price_sheets", 0, "effective_from", to="2025-12-02"), "price_sheets[0].effective_from: 2025-12-02"),
        (set_("price_sheets", 0, "initial_fee", to=-1), "price_sheets[0].initial_fee: -1 is not an amount"),
        (set_("price_sheets", 0, "initial_fee", to="0"), "price_sheets[0].initial_fee: '0' is not a whole number"),
        (set_("price_sheets", 0, "initial_fee", to=10**16), "price_sheets[0].initial_fee: is too large"),
        (
            drop("price_sheets", 0, "option_initial", "ipv4_fixed"),
            "price_sheets[0].option_initial.ipv4_fixed: is missing",
        ),
        (drop("price_sheets", 0, "base", "ipoe", 0, "up_to"), "price_sheets[0].base.ipoe[0].up_to: is missing"),
        (
            set_("price_sheets", 0, "line_count_basis", to="mean"),
            "price_sheets[0].line_count_basis: 'mean' is not one of",
        ),
    ],
)
def test_what_cannot_be_run_names_its_place(change: Callable[[Any], None], message: str) -> None:
    scenario = deepcopy(SCENARIO)
    change(scenario)
    with pytest.raises(scenarios.InvalidScenario) as refused:
        run(scenario)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "file: is not JSON"),
        ("{", "file: is not JSON"),
        ('{"through": NaN}', "file: is not JSON"),
        ("[" * 100_000, "file: "),
        ("3", "scenario: 3 is not an object"),
        ('{"through": "2026-04", "through": "2026-05"}', "through: stands there twice"),
    ],
)
def test_what_is_no_json_is_said_to_be_none(text: str, message: str) -> None:
    with pytest.raises(scenarios.InvalidScenario) as refused:
        scenarios.run(text)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("left_out", [["partner"], []])
def test_null_may_be_left_out_where_it_may_stand(left_out: list[str]) -> None:
    scenario = deepcopy(SCENARIO)
    for key in left_out:
        del scenario["events"][0]["lines"][0][key]
    del scenario["price_sheets"][0]["line_count_basis"]
    del scenario["events"][3]["requested_last_day"]
    assert run(scenario)["months"][4]["total"] == 168_355
