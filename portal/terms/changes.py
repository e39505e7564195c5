"""第6条, and the formation of a contract: all that forbids a new contract, new or fewer lines, a change.

The rules take the contract's facts as they are now and the act proposed, and answer in the order of the clauses
that a refusal is to name. `on` is the day on which the question is asked.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date

from portal.terms import standing
from portal.terms.contract import (
    BandwidthChange,
    Contract,
    End,
    EndCause,
    Line,
    OfferingChange,
    OptionUnit,
    with_lines,
)
from portal.terms.eligibility import corporation, dwelling, policy_agreed, shared_gate
from portal.terms.offerings import OFFERINGS, Offering, area_violations, formation_violations
from portal.terms.options import add_options, barred_running, outlives_line
from portal.terms.periods import japanese, notice_last_day
from portal.terms.timing import after_end, is_later_first
from portal.terms.violations import Violation, Violations


def form(contract: Contract, *, qualified: bool, on: date) -> Violations:
    """A4-1, A1-n1, F-2, A5, A7: all that forbids a new contract with the lines and option units it would begin with.

    `qualified`: the subscriber is a corporation or accepted as equivalent. A shared contract needs the agreement to
    the traffic policy even without lines.
    """
    bare = replace(contract, lines={}, units={})
    shared = OFFERINGS[contract.offering].controls_traffic
    return (
        *corporation(qualified=qualified),
        *formation_violations(contract.offering, contract.bandwidth, accepted_on=contract.accepted_on),
        *(policy_agreed(contract.policy, on=on) if shared and not contract.lines else ()),
        *add_lines(bare, lines=tuple(contract.lines.values()), units=tuple(contract.units.values()), on=on),
    )


def add_lines(
    contract: Contract,
    *,
    lines: Sequence[Line],
    units: Sequence[OptionUnit] = (),
    on: date,
    starting: Collection[date] = (),
) -> Violations:
    """A5-5, A5-6, A9: all that forbids these new lines, for the offering on their start and those scheduled later.

    `units`: options applied for together with the lines (A7-1, A4-2, A7-2). `starting` adds days to be looked at
    that no line has (an event without lines still has a start).
    """
    days = {line.starts_on for line in lines} | set(starting)
    facing = {day: standing.offerings_from(contract, day) for day in days}
    detached_days = {day for day, some in facing.items() if any(OFFERINGS[one].detached_only for one in some)}
    shared_days = {day for day, some in facing.items() if any(OFFERINGS[one].controls_traffic for one in some)}
    shared = [line for line in lines if line.starts_on in shared_days]
    gate = shared_gate(shared, policy=contract.policy, partners=contract.partners, on=on) if shared_days else ()
    return (
        *after_end(contract, days),
        *dwelling(line for line in lines if line.starts_on in detached_days),
        *gate,
        *(add_options(with_lines(contract, lines), units=units) if units else ()),
    )


def remove_lines(contract: Contract, *, lines: Collection[str], last_on: date) -> Violations:
    """A6-1-2: a reduction is a change without 30 days; refused (A7-9) while an option of a line outlasts it."""
    return outlives_line(contract, lines, last_on=last_on)


def change_offering(contract: Contract, *, change: OfferingChange, on: date) -> Violations:
    """A6-1-1: all that forbids a change of offering: A9, A6-1-1, A1-n1, A4-2, A5-5, A5-6, in this order."""
    entry, effective_on = OFFERINGS[change.to], change.effective_on
    lines = standing.lines_reaching(contract, effective_on)
    areas = None if change.bandwidth is None else change.bandwidth.areas
    gate: Violations = ()
    if entry.controls_traffic:
        gate = shared_gate(lines, policy=contract.policy, partners=contract.partners, on=on, needed_from=effective_on)
    return (
        *after_end(contract, [effective_on]),
        *offering_timing(contract, change),
        *(area_violations(areas) if change.to is Offering.IPOE_CAPPED else ()),
        *barred_running(contract, to=change.to, effective_on=effective_on, on=on),
        *(dwelling(lines) if entry.detached_only else ()),
        *gate,
    )


def offering_timing(contract: Contract, change: OfferingChange) -> Violations:
    """A6-1-1: refuses a change off the first of a later month (reading), or to the offering in force then."""
    reasons = []
    if not is_later_first(change.effective_on, accepted_on=change.accepted_on):
        reasons.append("変更日は、承諾日より後の月の1日にしてください（月額に日割がないため）。")
    if standing.terms_on(contract, change.effective_on).offering is change.to:
        label = OFFERINGS[change.to].label
        reasons.append(f"{japanese(change.effective_on)}の品目は既に{label}です。別の品目を選んでください。")
    return _as_violations("A6-1-1", reasons)


def change_bandwidth(contract: Contract, *, change: BandwidthChange) -> Violations:
    """A6-1-3: all that forbids a change of the ceilings: A9, A6-1-3, A1-n1, in this order."""
    return (
        *after_end(contract, [change.effective_on]),
        *bandwidth_timing(contract, change),
        *area_violations(change.bandwidth.areas),
    )


def bandwidth_timing(contract: Contract, change: BandwidthChange) -> Violations:
    """A6-1-3: refuses while the offering is not `ipoe_capped` then, or off the first of a later month (reading)."""
    reasons = []
    if standing.terms_on(contract, change.effective_on).offering is not Offering.IPOE_CAPPED:
        reasons.append("契約帯域を変更できるのは、変更日の品目が帯域制限である契約です。")
    if not is_later_first(change.effective_on, accepted_on=change.accepted_on):
        reasons.append("変更日は、承諾日より後の月の1日にしてください。")
    return _as_violations("A6-1-3", reasons)


def end_by_notice(*, received_on: date, requested_on: date | None) -> End:
    """A9: the end that a 解約申込書 brings by arriving; nothing refuses it, also while the contract is suspended."""
    return End(cause=EndCause.TERMINATION_NOTICE, last_on=notice_last_day(received_on, requested_on))


def withdraw_notice() -> Violations:
    """A9: a notice that has arrived has taken effect; it is never taken back."""
    return (Violation("A9", "到達した解約申込書は撤回できません。利用を続けるには、新たに申し込んでください。"),)


def _as_violations(clause: str, reasons: Iterable[str]) -> Violations:
    return tuple(Violation(clause, reason) for reason in reasons)
