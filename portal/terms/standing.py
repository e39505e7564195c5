"""A contract, a line, an option unit on a given day: states derived from the facts, never stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.terms.contract import Contract, End, Line, OfferingChange, OptionUnit
from portal.terms.offerings import Bandwidth, Offering
from portal.terms.option_kinds import OptionKind
from portal.terms.periods import Span, earliest


@dataclass(frozen=True, slots=True)
class Terms:
    """The offering and the ceilings that hold from a day (None: from formation) until the next change."""

    starts_on: date | None
    offering: Offering
    bandwidth: Bandwidth | None


class ContractState(StrEnum):
    """Where a contract stands on a day."""

    PREPARING = "preparing"
    IN_BILLING = "in_billing"
    ENDING = "ending"
    ENDED = "ended"


CONTRACT_STATE_LABELS: Mapping[ContractState, str] = {
    ContractState.PREPARING: "課金開始前",
    ContractState.IN_BILLING: "契約中",
    ContractState.ENDING: "解約予定",
    ContractState.ENDED: "終了",
}


class ServiceState(StrEnum):
    """Where a line or an option unit stands on a day."""

    PLANNED = "planned"
    IN_SERVICE = "in_service"
    ENDING = "ending"
    ENDED = "ended"


SERVICE_STATE_LABELS: Mapping[ServiceState, str] = {
    ServiceState.PLANNED: "開通予定",
    ServiceState.IN_SERVICE: "利用中",
    ServiceState.ENDING: "終了予定",
    ServiceState.ENDED: "終了",
}


def deciding_end(contract: Contract) -> End | None:
    """A9: the notice or termination that ends the contract: the earliest last day, on a tie the first in the list."""
    return min(contract.ends, key=lambda end: end.last_on, default=None)


def last_on(contract: Contract) -> date | None:
    """The contract's last day, if one is known."""
    end = deciding_end(contract)
    return None if end is None else end.last_on


def billing_span(contract: Contract) -> Span | None:
    """A10: the days in billing, from 課金開始日 to the last day; None before staff set it, or when it never begins."""
    if contract.billing_starts_on is None:
        return None
    end = last_on(contract)
    if end is not None and end < contract.billing_starts_on:
        return None
    return Span(contract.billing_starts_on, end)


def line_span(line: Line, contract_last_on: date | None) -> Span:
    """A9: the days on which a line is in service; it ends with the contract at the latest."""
    return Span(line.starts_on, earliest(line.last_on, contract_last_on))


def unit_span(unit: OptionUnit, contract_last_on: date | None) -> Span:
    """A7-x: the days on which an option unit is in service; it ends with the contract at the latest."""
    return Span(unit.starts_on, earliest(unit.last_on, contract_last_on))


def lines_reaching(contract: Contract, day: date) -> tuple[Line, ...]:
    """The lines in service on or after a day."""
    end = last_on(contract)
    return tuple(line for line in contract.lines.values() if line_span(line, end).reaches(day))


def units_reaching(contract: Contract, day: date) -> tuple[OptionUnit, ...]:
    """The option units in service on or after a day."""
    end = last_on(contract)
    return tuple(unit for unit in contract.units.values() if unit_span(unit, end).reaches(day))


def lines_on(contract: Contract, day: date) -> tuple[Line, ...]:
    """The lines in service on a day."""
    end = last_on(contract)
    return tuple(line for line in contract.lines.values() if line_span(line, end).holds(day))


def timeline(contract: Contract) -> tuple[Terms, ...]:
    """What holds from when, formation first. On one day the change later in the list replaces the other."""
    stages = [Terms(None, contract.offering, contract.bandwidth)]
    for change in sorted(contract.changes, key=lambda change: change.effective_on):
        offering = change.to if isinstance(change, OfferingChange) else stages[-1].offering
        stage = Terms(change.effective_on, offering, change.bandwidth)
        if stages[-1].starts_on == change.effective_on:
            stages.pop()
        stages.append(stage)
    return tuple(stages)


def terms_on(contract: Contract, day: date) -> Terms:
    """The offering and ceilings in force on a day."""
    return _stage_on(timeline(contract), day)


def offerings_from(contract: Contract, day: date) -> frozenset[Offering]:
    """The offering in force on a day and those scheduled for later ones, up to the contract's last day."""
    stages, end = timeline(contract), last_on(contract)
    later = (
        stage.offering
        for stage in stages
        if stage.starts_on is not None and day < stage.starts_on and (end is None or stage.starts_on <= end)
    )
    return frozenset((_stage_on(stages, day).offering, *later))


def kind_on(unit: OptionUnit, day: date) -> OptionKind:
    """A6-1-3: the kind of an option unit on a day, after the port type changes effective by then."""
    kind = unit.kind
    for change in sorted(unit.port_changes, key=lambda change: change.effective_on):
        if change.effective_on <= day:
            kind = change.to
    return kind


def is_suspended(contract: Contract, day: date) -> bool:
    """利用停止: whether new applications are blocked on a day. Notices never are."""
    return any(Span(pause.starts_on, pause.last_on).holds(day) for pause in contract.suspensions)


def contract_state(contract: Contract, day: date) -> ContractState:
    """Where the contract stands on a day."""
    end = last_on(contract)
    if end is not None:
        return ContractState.ENDED if end < day else ContractState.ENDING
    begun = contract.billing_starts_on is not None and contract.billing_starts_on <= day
    return ContractState.IN_BILLING if begun else ContractState.PREPARING


def service_state(span: Span, day: date) -> ServiceState:
    """Where a line or an option unit with these days in service stands on a day."""
    if span.last is not None and (span.last < day or span.last < span.first):
        return ServiceState.ENDED
    if day < span.first:
        return ServiceState.PLANNED
    return ServiceState.IN_SERVICE if span.last is None else ServiceState.ENDING


def _stage_on(stages: Iterable[Terms], day: date) -> Terms:
    """The last stage that has begun; formation has always begun."""
    return [stage for stage in stages if stage.starts_on is None or stage.starts_on <= day][-1]
