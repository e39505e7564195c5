"""What may happen to a contract, as a scenario tells it: one record per type of event, in the words of the house."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from portal.terms.contract import EndCause
from portal.terms.offerings import Dwelling, Offering
from portal.terms.option_kinds import OptionKind


class InvalidScenarioError(ValueError):
    """A scenario that cannot be run; the message is one line that begins with the place."""

    def __init__(self, place: str, reason: str) -> None:
        """`place` as in `events[3].start`; the reason in English, for the command line."""
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that reached the provider."""

    at: datetime


@dataclass(frozen=True, kw_only=True)
class PublishPolicy(Event):
    """The provider publishes a version of the traffic policy."""

    version: str


@dataclass(frozen=True, kw_only=True)
class AgreePolicy(Event):
    """The subscriber agrees to a version."""

    version: str


@dataclass(frozen=True, kw_only=True)
class ImposeDuties(Event):
    """The duties are imposed on a partner by the one above it (None: the subscriber)."""

    partner: str
    parent: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """One line of a `LineAdd`."""

    id: str
    dwelling: Dwelling
    consented: bool
    partner: str | None = None


@dataclass(frozen=True, kw_only=True)
class LineAdd(Event):
    """Lines are applied for and accepted."""

    lines: tuple[NewLine, ...]
    accepted_at: datetime
    starts_on: date


@dataclass(frozen=True, kw_only=True)
class LineConsent(Event):
    """End users of existing lines consent later."""

    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LineRemove(Event):
    """Lines are reduced (A6-1-2)."""

    lines: tuple[str, ...]
    accepted_at: datetime
    last_on: date


@dataclass(frozen=True, kw_only=True)
class OptionAdd(Event):
    """An option unit is applied for and accepted."""

    unit: str
    option: OptionKind
    line: str
    accepted_at: datetime
    starts_on: date


@dataclass(frozen=True, kw_only=True)
class OptionStop(Event):
    """解約申込書 for option units."""

    units: tuple[str, ...]
    requested_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class OfferingChanged(Event):
    """A change of offering is applied for and accepted."""

    to: Offering
    accepted_at: datetime
    effective_on: date
    areas: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class BandwidthChanged(Event):
    """A change of the ceilings is applied for and accepted."""

    areas: Mapping[str, int]
    accepted_at: datetime
    effective_on: date


@dataclass(frozen=True, kw_only=True)
class DeviceLost(Event):
    """A router is reported lost."""

    unit: str


@dataclass(frozen=True, kw_only=True)
class DeviceFound(Event):
    """A lost router is found, and perhaps sent back."""

    unit: str
    returned: bool


@dataclass(frozen=True, kw_only=True)
class TerminationNotice(Event):
    """解約申込書 for the contract."""

    requested_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class WithdrawNotice(Event):
    """The subscriber wants a notice back."""


@dataclass(frozen=True, kw_only=True)
class Terminate(Event):
    """The contract is ended otherwise than by a notice."""

    cause: EndCause
    last_on: date
