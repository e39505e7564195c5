"""第4条第2項, 第7条: which options a line may have, from when, and how they stop."""

from collections.abc import Collection, Sequence
from datetime import date

from portal.terms import standing
from portal.terms.contract import Contract, OptionUnit, PortTypeChange
from portal.terms.offerings import Offering
from portal.terms.option_kinds import OPTIONS
from portal.terms.periods import (
    Span,
    earliest_last_day,
    first_of_month_from,
    japanese,
    next_day,
    notice_last_day,
)
from portal.terms.timing import after_end, is_later_first
from portal.terms.violations import Violation, Violations, name_some


def add_options(contract: Contract, *, units: Sequence[OptionUnit]) -> Violations:
    """A7-1: all that forbids adding these units (of new ids, on known lines): A9, A7-1, A4-2, A7-2, in this order."""
    return (
        *after_end(contract, [unit.starts_on for unit in units]),
        *line_in_service(contract, units),
        *barred_on_offering(contract, units),
        *one_port_type(contract, units),
    )


def line_in_service(contract: Contract, units: Sequence[OptionUnit]) -> Violations:
    """A7-1: refuses an option whose line is not in service on the option's first day."""
    end = standing.last_on(contract)
    idle = tuple(
        unit.id for unit in units if not standing.line_span(contract.lines[unit.line], end).holds(unit.starts_on)
    )
    if not idle:
        return ()
    reason = (
        f"オプションの開始日に回線が利用中ではありません（{name_some(idle)}）。回線の利用期間内の開始日にしてください。"
    )
    return (Violation("A7-1", reason, idle),)


def barred_on_offering(contract: Contract, units: Sequence[OptionUnit]) -> Violations:
    """A4-2: refuses options that the offering in force on their start, or one scheduled later, does not allow."""
    facing = {day: standing.offerings_from(contract, day) for day in {unit.starts_on for unit in units}}
    barred = tuple(unit.id for unit in units if OPTIONS[unit.kind].barred_on & facing[unit.starts_on])
    if not barred:
        return ()
    reason = (
        f"帯域共有では利用できないオプションです（{name_some(barred)}）。"
        "IPoE接続または帯域制限の契約で申し込んでください。"
    )
    return (Violation("A4-2", reason, barred),)


def one_port_type(contract: Contract, units: Sequence[OptionUnit]) -> Violations:
    """A7-2: refuses a ports option where another one of the line is in service on or after its start (reading)."""
    end = standing.last_on(contract)
    ports: dict[str, list[Span]] = {}
    for unit in contract.units.values():
        if OPTIONS[unit.kind].is_port_type:
            ports.setdefault(unit.line, []).append(standing.unit_span(unit, end))
    second = []
    for unit in units:
        if OPTIONS[unit.kind].is_port_type:
            others = ports.setdefault(unit.line, [])
            if any(other.reaches(unit.starts_on) for other in others):
                second.append(unit.id)
            others.append(standing.unit_span(unit, end))
    if not second:
        return ()
    reason = (
        f"ポート拡張の種別は1回線に一つです（{name_some(second)}）。"
        "種別の変更を申し込むか、停止の効力が生じた後の開始日にしてください。"
    )
    return (Violation("A7-2", reason, tuple(second)),)


def barred_running(contract: Contract, *, to: Offering, effective_on: date, on: date) -> Violations:
    """A4-2: refuses a change to an offering that bars an option still in service on or after its first day."""
    running = tuple(
        unit.id for unit in standing.units_reaching(contract, effective_on) if to in OPTIONS[unit.kind].barred_on
    )
    if not running:
        return ()
    earliest_on = earliest_change_after_stop(on)
    reason = (
        f"帯域共有では利用できないオプションが変更日以後も利用中です（{name_some(running)}）。"
        f"先に利用を停止してください。本日停止を通知した場合、最短の変更日は{japanese(earliest_on)}です。"
    )
    return (Violation("A4-2", reason, running),)


def earliest_change_after_stop(on: date) -> date:
    """A4-2, A7-9: the first change date left free of options whose stop arrives on this day."""
    return first_of_month_from(next_day(earliest_last_day(on)))


def outlives_line(contract: Contract, lines: Collection[str], *, last_on: date) -> Violations:
    """A7-9: refuses to end lines with an option in service after their last day: options have their own notice."""
    end, ending = standing.last_on(contract), frozenset(lines)
    running = tuple(
        unit.id
        for unit in contract.units.values()
        if unit.line in ending and standing.unit_span(unit, end).outlasts(last_on)
    )
    if not running:
        return ()
    reason = (
        f"回線の最終利用日より後も利用中のオプションがあります（{name_some(running)}）。"
        "先にオプションの解約申込書を提出し、停止の効力が生じる日以後を回線の最終利用日にしてください。"
    )
    return (Violation("A7-9", reason, running),)


def stop_last_day(received_on: date, requested_on: date | None) -> date:
    """A7-8, A7-9: the day a stop takes effect: the later of arrival + 30 days and the request; no minimum term."""
    return notice_last_day(received_on, requested_on)


def change_port_type(contract: Contract, *, unit: str, change: PortTypeChange) -> Violations:
    """A6-1-3: refuses a port type change that is none, off the first of a later month, or outside the unit's days."""
    running = contract.units[unit]
    before = standing.kind_on(running, change.effective_on)
    reasons = []
    if not (OPTIONS[before].is_port_type and OPTIONS[change.to].is_port_type) or before is change.to:
        reasons.append("ポート拡張オプションの別の種別を選んでください。")
    if not is_later_first(change.effective_on, accepted_on=change.accepted_on):
        reasons.append("変更日は、承諾日より後の月の1日にしてください。")
    if not standing.unit_span(running, standing.last_on(contract)).holds(change.effective_on):
        reasons.append("変更日にこのオプションは利用中ではありません。")
    ended = after_end(contract, [change.effective_on])
    return (*ended, *(Violation("A6-1-3", reason, (unit,)) for reason in reasons))


def return_from(unit: OptionUnit, contract_last_on: date | None) -> date | None:
    """A7-4: the day from which a rented device is to be returned without delay: the one after the unit's last day.

    None while no end is known, and for options without a device.
    """
    last = standing.unit_span(unit, contract_last_on).last
    return next_day(last) if last is not None and OPTIONS[unit.kind].has_device else None


def lendable(serial: str, *, lost: Collection[str]) -> Violations:
    """A7-7: refuses to lend a device that was once reported lost, even one that came back."""
    if serial not in lost:
        return ()
    return (Violation("A7-7", f"機器{serial}は亡失品として届出済みです。再び貸与できません。", (serial,)),)
