"""One contract's history, event by event, through the same rules and statements that the portal uses."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from portal.terms import changes, eligibility, options, standing, statements
from portal.terms import contract as facts
from portal.terms import events as ev
from portal.terms.contract import Contract, EndCause
from portal.terms.events import Event, InvalidScenarioError
from portal.terms.offerings import Bandwidth
from portal.terms.option_kinds import OPTIONS
from portal.terms.periods import Month, minimum_term_last_day, months, tokyo_date
from portal.terms.statements import Statement
from portal.terms.violations import Violations


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An event, by its place in the list, that the terms forbid."""

    event: int
    violations: Violations


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a history: the contract's facts, the refusals and the statements."""

    contract: Contract
    refused: tuple[Refusal, ...]
    statements: tuple[Statement, ...]

    @property
    def minimum_term_last_on(self) -> date | None:
        """A2: the last day of the minimum term; None before 課金開始日 is set."""
        starts_on = self.contract.billing_starts_on
        return None if starts_on is None else minimum_term_last_day(starts_on)

    @property
    def last_on(self) -> date | None:
        """The contract's last day, if one is known."""
        return standing.last_on(self.contract)

    @property
    def ended_by(self) -> EndCause | None:
        """What ended it."""
        end = standing.deciding_end(self.contract)
        return None if end is None else end.cause

    def unit_last_on(self, unit: str) -> date | None:
        """The last day of an option unit, if one is known."""
        return standing.unit_span(self.contract.units[unit], self.last_on).last


Answer = tuple[Violations, Contract]
"""What forbids an event, and the contract as it would be if nothing did."""


def simulate(contract: Contract, events: Sequence[Event], *, through: Month) -> Outcome:
    """Run a history and compute its months from acceptance through `through`. A refused event changes nothing.

    Raises InvalidScenarioError, with the place, for an id that is not known or is used twice.
    """
    refused = []
    for place, event in enumerate(events):
        violations, changed = answer(contract, event, f"events[{place}]")
        if violations:
            refused.append(Refusal(event=place, violations=violations))
        else:
            contract = changed
    span = months(Month.of(contract.accepted_on), through)
    return Outcome(
        contract=contract,
        refused=tuple(refused),
        statements=tuple(statements.month(contract, month) for month in span),
    )


def answer(contract: Contract, event: Event, place: str) -> Answer:
    """What the terms say to one event. `place` names it in an InvalidScenarioError."""
    return _HANDLERS[type(event)](contract, event, place)


def _publish(contract: Contract, event: ev.PublishPolicy, _place: str) -> Answer:
    return (), facts.with_policy(contract, facts.PolicyVersion(version=event.version))


def _agree(contract: Contract, event: ev.AgreePolicy, _place: str) -> Answer:
    violations = eligibility.agreeable(contract.policy, event.version, on=tokyo_date(event.at))
    return violations, facts.with_agreement(contract, event.version)


def _impose(contract: Contract, event: ev.ImposeDuties, _place: str) -> Answer:
    edge = facts.PartnerEdge(
        partner=event.partner,
        parent=event.parent,
        contracted_on=tokyo_date(event.at),
        clause_confirmed=True,
        version=facts.ANY_VERSION,
    )
    return (), facts.with_duties(contract, edge)


def _add_lines(contract: Contract, event: ev.LineAdd, place: str) -> Answer:
    ids = [line.id for line in event.lines]
    _refuse_repeated(ids, f"{place}.lines")
    for index, line in enumerate(ids):
        if line in contract.lines:
            raise InvalidScenarioError(f"{place}.lines[{index}].id", f"{line!r} is used twice")
    lines = tuple(
        facts.Line(
            id=line.id,
            dwelling=line.dwelling,
            starts_on=event.starts_on,
            consent=facts.Consent() if line.consented else None,
            partner=line.partner,
        )
        for line in event.lines
    )
    violations = changes.add_lines(contract, lines=lines, on=tokyo_date(event.at), starting=[event.starts_on])
    return violations, facts.with_lines(contract, lines)


def _consent(contract: Contract, event: ev.LineConsent, place: str) -> Answer:
    _know_all(event.lines, contract.lines, f"{place}.lines")
    return (), facts.with_consent(contract, event.lines, facts.Consent())


def _remove_lines(contract: Contract, event: ev.LineRemove, place: str) -> Answer:
    _know_all(event.lines, contract.lines, f"{place}.lines")
    violations = changes.remove_lines(contract, lines=event.lines, last_on=event.last_on)
    return violations, facts.with_removal(contract, event.lines, last_on=event.last_on)


def _add_option(contract: Contract, event: ev.OptionAdd, place: str) -> Answer:
    if event.unit in contract.units:
        raise InvalidScenarioError(f"{place}.unit", f"{event.unit!r} is used twice")
    _know(event.line, contract.lines, f"{place}.line")
    unit = facts.OptionUnit(
        id=event.unit,
        kind=event.option,
        line=event.line,
        accepted_on=tokyo_date(event.accepted_at),
        starts_on=event.starts_on,
    )
    return options.add_options(contract, units=[unit]), facts.with_units(contract, [unit])


def _stop_options(contract: Contract, event: ev.OptionStop, place: str) -> Answer:
    _know_all(event.units, contract.units, f"{place}.units")
    last_on = options.stop_last_day(tokyo_date(event.at), event.requested_on)
    return (), facts.with_stop(contract, event.units, last_on=last_on)


def _change_offering(contract: Contract, event: ev.OfferingChanged, _place: str) -> Answer:
    change = facts.OfferingChange(
        to=event.to,
        accepted_on=tokyo_date(event.accepted_at),
        effective_on=event.effective_on,
        bandwidth=None if event.areas is None else Bandwidth(areas=event.areas),
    )
    violations = changes.change_offering(contract, change=change, on=tokyo_date(event.at))
    return violations, facts.with_change(contract, change)


def _change_bandwidth(contract: Contract, event: ev.BandwidthChanged, _place: str) -> Answer:
    change = facts.BandwidthChange(
        accepted_on=tokyo_date(event.accepted_at),
        effective_on=event.effective_on,
        bandwidth=Bandwidth(areas=event.areas),
    )
    return changes.change_bandwidth(contract, change=change), facts.with_change(contract, change)


def _lose(contract: Contract, event: ev.DeviceLost, place: str) -> Answer:
    _know_device(contract, event.unit, f"{place}.unit")
    return (), facts.with_loss(contract, facts.Loss(unit=event.unit, reported_on=tokyo_date(event.at)))


def _find(contract: Contract, event: ev.DeviceFound, place: str) -> Answer:
    """A7-7: nothing is refunded, so nothing changes."""
    _know_device(contract, event.unit, f"{place}.unit")
    return (), contract


def _give_notice(contract: Contract, event: ev.TerminationNotice, _place: str) -> Answer:
    end = changes.end_by_notice(received_on=tokyo_date(event.at), requested_on=event.requested_on)
    return (), facts.with_end(contract, end)


def _withdraw_notice(contract: Contract, _event: ev.WithdrawNotice, _place: str) -> Answer:
    return changes.withdraw_notice(), contract


def _terminate(contract: Contract, event: ev.Terminate, _place: str) -> Answer:
    return (), facts.with_end(contract, facts.End(cause=event.cause, last_on=event.last_on))


_HANDLERS: dict[type[Event], Callable[..., Answer]] = {
    ev.PublishPolicy: _publish,
    ev.AgreePolicy: _agree,
    ev.ImposeDuties: _impose,
    ev.LineAdd: _add_lines,
    ev.LineConsent: _consent,
    ev.LineRemove: _remove_lines,
    ev.OptionAdd: _add_option,
    ev.OptionStop: _stop_options,
    ev.OfferingChanged: _change_offering,
    ev.BandwidthChanged: _change_bandwidth,
    ev.DeviceLost: _lose,
    ev.DeviceFound: _find,
    ev.TerminationNotice: _give_notice,
    ev.WithdrawNotice: _withdraw_notice,
    ev.Terminate: _terminate,
}


def _know(name: str, known: Collection[str], place: str) -> None:
    if name not in known:
        raise InvalidScenarioError(place, f"{name!r} is not known")


def _know_all(names: Sequence[str], known: Collection[str], place: str) -> None:
    _refuse_repeated(names, place)
    for index, name in enumerate(names):
        _know(name, known, f"{place}[{index}]")


def _know_device(contract: Contract, unit: str, place: str) -> None:
    _know(unit, contract.units, place)
    if not OPTIONS[contract.units[unit].kind].has_device:
        raise InvalidScenarioError(place, f"{unit!r} is not a router_rental unit")


def _refuse_repeated(names: Sequence[str], place: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise InvalidScenarioError(f"{place}[{index}]", f"{name!r} is used twice")
        seen.add(name)
