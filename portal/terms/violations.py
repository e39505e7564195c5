"""What a rule answers: every reason at once, each with its clause."""

from collections.abc import Sequence
from dataclasses import dataclass

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Violation:
    """One clause that forbids an act, and what to do about it (Japanese, one sentence or two)."""

    clause: str
    reason: str
    subjects: tuple[str, ...] = ()
    """Ids of the lines, options or partners concerned, all of them; the reason names the first few."""


Violations = tuple[Violation, ...]


def name_some(subjects: Sequence[str]) -> str:
    """The first few ids and how many more, for a reason that stays readable with 3,000 lines."""
    named = "、".join(subjects[:_NAMED])
    rest = len(subjects) - _NAMED
    return f"{named} ほか{rest:,}件" if rest > 0 else named
