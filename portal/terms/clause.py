"""What the registry says of one clause."""

from dataclasses import dataclass
from enum import StrEnum

from portal.terms.readings import Reading, Source, readings_of


class Bound(StrEnum):
    """Whom a clause binds."""

    SUBSCRIBER = "契約者"
    PROVIDER = "当社"
    BOTH = "双方"


class Duty(StrEnum):
    """What software does about a clause."""

    ENFORCE = "E"
    RECORD = "R"
    COMPUTE = "C"
    WORKFLOW = "W"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause. `enforced_by`: dotted names of functions; or else `excused`: why there is none."""

    id: str
    display: str
    wording: str
    bound: Bound
    duties: frozenset[Duty]
    source: Source
    enforced_by: tuple[str, ...] = ()
    excused: str | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings and general terms that complete it."""
        return readings_of(self.id)


def _by(names: str) -> tuple[str, ...]:
    return tuple(f"portal.terms.{name}" for name in names.split())


def enforced(
    id_: str, display: str, wording: str, bound: Bound, duties: str, *, by: str, source: Source = Source.TEXT
) -> Clause:
    """A clause with the functions that enforce or compute it, by their names below `portal.terms`."""
    return Clause(id_, display, wording, bound, frozenset(map(Duty, duties)), source, enforced_by=_by(by))


def excused(id_: str, display: str, wording: str, bound: Bound, duties: str, *, reason: str) -> Clause:
    """A clause with nothing to enforce or compute on this floor, and why."""
    return Clause(id_, display, wording, bound, frozenset(map(Duty, duties)), Source.TEXT, excused=reason)
