"""`portal simulate`: a scenario's JSON in, dates and statements as JSON out. No files, no printing."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

from portal.terms import json_reading as read
from portal.terms.contract import Contract
from portal.terms.events import Event, InvalidScenarioError
from portal.terms.fees import Band, Charge, LineCountBasis, NoPriceError, PriceSheet, sheet_on
from portal.terms.json_reading import Field
from portal.terms.offerings import Bandwidth, Offering, formation_violations
from portal.terms.option_kinds import OPTIONS
from portal.terms.periods import is_first_of_month, tokyo_date
from portal.terms.revisions import REVISIONS
from portal.terms.scenario_events import event
from portal.terms.simulation import Outcome, Refusal, simulate
from portal.terms.statements import Statement

InvalidScenario = InvalidScenarioError

_CONTRACT = {
    "offering": Field(read.choice(Offering), "offering"),
    "accepted_at": Field(read.instant, "accepted_at"),
    "billing_start": Field(read.bounded_day, "billing_starts_on"),
    "areas": Field(read.or_none(read.areas), "areas", optional=True),
    "bandwidth_mbps": Field(read.integer, "undivided_mbps", optional=True),
}
_BAND = {"up_to": Field(read.or_none(read.amount), "up_to"), "amount": Field(read.amount, "amount")}
_BANDS = read.array(lambda value, place: Band(**read.record(value, place, _BAND)))
_BASE = {
    "ipoe": Field(_BANDS, Offering.IPOE),
    "ipoe_shared": Field(_BANDS, Offering.IPOE_SHARED),
    "ipoe_capped": Field(lambda value, place: (Band(None, read.amount(value, place)),), Offering.IPOE_CAPPED),
}
_PER_LINE = {"ipoe": Field(read.amount, Offering.IPOE), "ipoe_shared": Field(read.amount, Offering.IPOE_SHARED)}
_PER_OPTION = {kind.value: Field(read.amount, kind) for kind in OPTIONS}
_PRICE_SHEET = {
    "effective_from": Field(read.day, "effective_on"),
    "initial_fee": Field(read.amount, "initial_fee"),
    "base": Field(lambda value, place: read.record(value, place, _BASE), "base"),
    "line_maintenance": Field(lambda value, place: read.record(value, place, _PER_LINE), "line_maintenance"),
    "bandwidth_per_100mbps": Field(read.amount, "bandwidth_per_100mbps"),
    "option_initial": Field(lambda value, place: read.record(value, place, _PER_OPTION), "option_initial"),
    "option_monthly": Field(lambda value, place: read.record(value, place, _PER_OPTION), "option_monthly"),
    "offering_change_fee": Field(read.amount, "offering_change_fee"),
    "loss_charge_per_device": Field(read.amount, "loss_charge_per_device"),
    "option_stop_fee_per_device": Field(read.amount, "option_stop_fee_per_device"),
    "line_count_basis": Field(read.choice(LineCountBasis), "line_count_basis", optional=True),
}


def _contract(value: object, place: str) -> Contract:
    given = read.record(value, place, _CONTRACT)
    offering, accepted_on = given["offering"], tokyo_date(given["accepted_at"])
    if accepted_on < REVISIONS[0].effective_on:
        raise InvalidScenarioError(f"{place}.accepted_at", f"{accepted_on} is before the first terms")
    bandwidth = None
    if given["areas"] is not None or given["undivided_mbps"] is not None:
        bandwidth = Bandwidth(areas=given["areas"], undivided_mbps=given["undivided_mbps"])
    violations = formation_violations(offering, bandwidth, accepted_on=accepted_on)
    if violations:
        reasons = "".join(f"{violation.clause} {violation.reason}" for violation in violations)
        key = "areas" if given["undivided_mbps"] is None else "bandwidth_mbps"
        raise InvalidScenarioError(f"{place}.{key}", f"breaks {reasons}")
    return Contract(
        offering=offering,
        accepted_on=accepted_on,
        billing_starts_on=given["billing_starts_on"],
        bandwidth=bandwidth,
    )


def _price_sheet(value: object, place: str) -> PriceSheet:
    given = read.record(value, place, _PRICE_SHEET)
    if not is_first_of_month(given["effective_on"]):
        raise InvalidScenarioError(f"{place}.effective_from", f"{given['effective_on']} is not the first of a month")
    if given["line_count_basis"] is None:
        given["line_count_basis"] = LineCountBasis.PEAK
    return PriceSheet(**given)


def _price_sheets(value: object, place: str) -> tuple[PriceSheet, ...]:
    sheets: tuple[PriceSheet, ...] = read.array(_price_sheet)(value, place)
    seen: set[date] = set()
    for index, sheet in enumerate(sheets):
        if sheet.effective_on in seen:
            raise InvalidScenarioError(f"{place}[{index}].effective_from", f"{sheet.effective_on} is used twice")
        seen.add(sheet.effective_on)
    return sheets


_SCENARIO = {
    "through": Field(read.month, "through"),
    "contract": Field(_contract, "contract"),
    "price_sheets": Field(_price_sheets, "price_sheets"),
    "events": Field(read.array(event), "events"),
}


def run(text: str) -> str:
    """Run the scenario (or the list of scenarios) in a text and answer in JSON.

    Raises InvalidScenario with one line that names the place when it cannot be run.
    """
    value = read.load(text)
    answer = _run_list(value) if isinstance(value, list) else _run_one(value)
    return json.dumps(answer, ensure_ascii=False, indent=2)


def _run_list(values: list[object]) -> list[dict[str, Any]]:
    answers = []
    for index, value in enumerate(values):
        try:
            answers.append(_run_one(value))
        except InvalidScenarioError as error:
            raise InvalidScenarioError(f"[{index}].{error.place}", error.reason) from None
    return answers


def _run_one(value: object) -> dict[str, Any]:
    scenario = read.record(value, "", _SCENARIO)
    contract: Contract = scenario["contract"]
    sheets: tuple[PriceSheet, ...] = scenario["price_sheets"]
    events: tuple[Event, ...] = scenario["events"]
    try:
        sheet_on(sheets, contract.accepted_on)
        outcome = simulate(replace(contract, price_sheets=sheets), events, through=scenario["through"])
    except NoPriceError as error:
        raise InvalidScenarioError("price_sheets", str(error)) from None
    return _outcome(outcome)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "minimum_term_last_day": _day(outcome.minimum_term_last_on),
        "contract_last_day": _day(outcome.last_on),
        "ended_by": outcome.ended_by,
        "units": {unit: {"last_day": _day(outcome.unit_last_on(unit))} for unit in outcome.contract.units},
        "refused": [_refusal(refusal) for refusal in outcome.refused],
        "months": [_statement(statement) for statement in outcome.statements],
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    clauses = list(dict.fromkeys(violation.clause for violation in refusal.violations))
    return {
        "event": refusal.event,
        "clause": clauses[0],
        "clauses": clauses,
        "reason": "".join(violation.reason for violation in refusal.violations),
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "month": str(statement.month),
        "charges": [_charge(charge) for charge in statement.charges if charge.amount],
        "standard": statement.standard,
        "out_of_scope": statement.out_of_scope,
        "tax": statement.tax,
        "total": statement.total,
    }


def _charge(charge: Charge) -> dict[str, Any]:
    option = {} if charge.option is None else {"option": charge.option}
    return {
        "code": charge.code,
        **option,
        "clause": charge.clause,
        "quantity": charge.quantity,
        "amount": charge.amount,
        "tax": charge.tax,
        "because": charge.because,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
