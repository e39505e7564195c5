"""The facts of one contract, as the portal loads them and as the simulation builds them. Facts, not states.

Every rule and every statement is computed from these records alone. They are frozen: an act makes a new contract
by one of the functions at the end, so what is refused changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from portal.terms.fees import PriceSheet
from portal.terms.offerings import Bandwidth, Dwelling, Offering
from portal.terms.option_kinds import OptionKind
from portal.terms.periods import earliest

# A scenario says that there is a consent or an agreement, not of which version: this stands for all of them.
ANY_VERSION = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """A5-6-2: an end user's consent to the traffic control, the one that counts for (line, partner, end user)."""

    version: str = ANY_VERSION
    obtained_on: date | None = None
    """None: not said, then no day is checked."""
    weak: bool = False
    """約款のみ: recorded, but opens nothing by itself."""
    weak_accepted: bool = False
    """A reasoned decision by two people lets the weak one count."""
    withdrawn: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """回線: in service from `starts_on` through its own `last_on` (a reduction), at the latest the contract's."""

    id: str
    dwelling: Dwelling
    starts_on: date
    last_on: date | None = None
    consent: Consent | None = None
    partner: str | None = None
    """The partner that serves the end user; None: the subscriber itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PortTypeChange:
    """A6-1-3: 12800 ↔ 64000 on a running ports option, from the first of a month; a change, not stop + new."""

    to: OptionKind
    accepted_on: date
    effective_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionUnit:
    """One unit of an option on one line. `last_on` is the day its stop under A7-9 takes effect, if it was stopped."""

    id: str
    kind: OptionKind
    line: str
    accepted_on: date
    starts_on: date
    last_on: date | None = None
    port_changes: tuple[PortTypeChange, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferingChange:
    """A6-1-1: an accepted change of offering; sets the bandwidth too (its areas, or none)."""

    to: Offering
    accepted_on: date
    effective_on: date
    bandwidth: Bandwidth | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BandwidthChange:
    """A6-1-3: an accepted change of the ceilings; sets nothing else."""

    accepted_on: date
    effective_on: date
    bandwidth: Bandwidth


Change = OfferingChange | BandwidthChange


class EndCause(StrEnum):
    """Why a contract ends."""

    TERMINATION_NOTICE = "termination_notice"
    SUBSCRIBER_DEFAULT = "subscriber_default"
    AGREED = "agreed"
    ART28_2 = "art28_2"
    ART28_3 = "art28_3"
    SERVICE_ABOLISHED = "service_abolished"


END_CAUSE_LABELS: Mapping[EndCause, str] = {
    EndCause.TERMINATION_NOTICE: "解約申込書",
    EndCause.SUBSCRIBER_DEFAULT: "契約者の債務不履行による解除",
    EndCause.AGREED: "合意解約",
    EndCause.ART28_2: "一般規程第28条第2項による解除",
    EndCause.ART28_3: "一般規程第28条第3項による解除",
    EndCause.SERVICE_ABOLISHED: "サービスの廃止",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """One notice that arrived (and is not void), or one termination, with the last day that follows from it."""

    cause: EndCause
    last_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A7-5: one device reported lost."""

    unit: str
    reported_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyVersion:
    """提供条件: one published version."""

    version: str
    effective_on: date = date.min
    agree_by: date | None = None
    """Through this day the agreement to the version before still serves. None: it must be agreed at once."""
    consent_again: bool = False
    """実質: consents to earlier versions no longer count. Otherwise 軽微: they do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyStanding:
    """A5-6-1: what has been published, in that order, and which versions this subscriber agreed to."""

    versions: tuple[PolicyVersion, ...] = ()
    agreed: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class PartnerEdge:
    """A5-6-3: the duties imposed on one partner by the one above it (None: the subscriber)."""

    partner: str
    parent: str | None = None
    contracted_on: date | None = None
    clause_confirmed: bool = False
    version: str | None = None

    @property
    def complete(self) -> bool:
        """Whether contract date, clause confirmation and policy version are all there."""
        return self.contracted_on is not None and self.clause_confirmed and self.version is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspension:
    """利用停止, an act of staff: blocks new applications, never a notice."""

    starts_on: date
    last_on: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """Everything the terms ask about one contract."""

    offering: Offering
    """At formation; `standing.terms_on` says which holds on a day."""
    accepted_on: date
    billing_starts_on: date | None = None
    """課金開始日, set by staff; None until then: not in billing."""
    bandwidth: Bandwidth | None = None
    price_sheets: tuple[PriceSheet, ...] = ()
    lines: Mapping[str, Line] = field(default_factory=dict)
    units: Mapping[str, OptionUnit] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    """Accepted changes in the order of acceptance: on one day the later in the list replaces the other."""
    ends: tuple[End, ...] = ()
    losses: tuple[Loss, ...] = ()
    policy: PolicyStanding = field(default_factory=PolicyStanding)
    partners: Mapping[str, PartnerEdge] = field(default_factory=dict)
    """The subscriber's edges by partner."""
    suspensions: tuple[Suspension, ...] = ()


def with_lines(contract: Contract, lines: Iterable[Line]) -> Contract:
    """The contract with lines added."""
    return replace(contract, lines={**contract.lines, **{line.id: line for line in lines}})


def with_consent(contract: Contract, lines: Collection[str], consent: Consent) -> Contract:
    """The contract with a consent on each of the lines."""
    return with_lines(contract, [replace(contract.lines[line], consent=consent) for line in lines])


def with_removal(contract: Contract, lines: Collection[str], *, last_on: date) -> Contract:
    """The contract with lines reduced (A6-1-2); of several removals of a line the earliest counts."""
    removed = [contract.lines[line] for line in lines]
    return with_lines(contract, [replace(line, last_on=earliest(line.last_on, last_on)) for line in removed])


def with_units(contract: Contract, units: Iterable[OptionUnit]) -> Contract:
    """The contract with option units added, or with later facts of units that it has."""
    return replace(contract, units={**contract.units, **{unit.id: unit for unit in units}})


def with_stop(contract: Contract, units: Collection[str], *, last_on: date) -> Contract:
    """The contract with option units stopped (A7-9); of several stops of a unit the earliest counts."""
    stopped = [contract.units[unit] for unit in units]
    return with_units(contract, [replace(unit, last_on=earliest(unit.last_on, last_on)) for unit in stopped])


def with_change(contract: Contract, change: Change) -> Contract:
    """The contract with an accepted change scheduled."""
    return replace(contract, changes=(*contract.changes, change))


def with_end(contract: Contract, end: End) -> Contract:
    """The contract with a notice or a termination."""
    return replace(contract, ends=(*contract.ends, end))


def with_loss(contract: Contract, loss: Loss) -> Contract:
    """The contract with a loss of a device."""
    return replace(contract, losses=(*contract.losses, loss))


def with_policy(contract: Contract, version: PolicyVersion) -> Contract:
    """The contract after the publication of a version of the traffic policy."""
    return replace(contract, policy=replace(contract.policy, versions=(*contract.policy.versions, version)))


def with_agreement(contract: Contract, version: str) -> Contract:
    """The contract after the subscriber's agreement to a version."""
    return replace(contract, policy=replace(contract.policy, agreed=contract.policy.agreed | {version}))


def with_duties(contract: Contract, edge: PartnerEdge) -> Contract:
    """The contract after duties were imposed on a partner; imposing again replaces its parent."""
    return replace(contract, partners={**contract.partners, edge.partner: edge})
