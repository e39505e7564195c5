"""Small finished values that many pages show: clauses, derivations, violations, pages of a list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from portal.terms.clauses import clause
from portal.terms.violations import Violation

T = TypeVar("T")
PAGE_ROWS = 50
SOURCES = {"text": "text", "reading": "reading", "general terms": "general_terms"}


@dataclass(frozen=True, slots=True)
class ClauseRef:
    """A clause with its own short wording; its chip leads to the page of the clause."""

    id: str
    short: str


@dataclass(frozen=True, slots=True)
class Why:
    """A derivation: the clause, the inputs, the sum, and whether it is text, a reading or a general term."""

    source: str
    clauses: tuple[ClauseRef, ...]
    because: str
    inputs: tuple[tuple[str, str], ...] = ()
    sum: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ShownViolation:
    message: str
    clause: ClauseRef
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Paging:
    shown: str
    previous_href: str | None
    next_href: str | None


def clause_ref(clause_id: str) -> ClauseRef:
    return ClauseRef(clause_id, clause(clause_id).wording)


def why(clause_ids: Iterable[str], because: str, *, source: str = "text") -> Why:
    return Why(SOURCES[source], tuple(clause_ref(one) for one in clause_ids), because)


def violations_shown(violations: Iterable[Violation]) -> tuple[ShownViolation, ...]:
    return tuple(ShownViolation(one.reason, clause_ref(one.clause)) for one in violations)


def page_of(value: str) -> int:
    """The page asked for in the URL: 1 for anything that is not a page."""
    # The length first: Python refuses to read a number of thousands of digits.
    asked = int(value) if len(value) <= 5 and value.isascii() and value.isdigit() else 1
    return max(asked, 1)


def paged(
    found: Sequence[T], page: int, *, path: str, query: Mapping[str, str], rows: int = PAGE_ROWS
) -> tuple[tuple[T, ...], Paging]:
    """The rows of a page out of one more than a page, and the links to its neighbours; no counting of everything."""
    shown = tuple(found[:rows])
    first = (page - 1) * rows + 1
    kept = {name: value for name, value in query.items() if value and name != "page"}

    def href(to: int) -> str:
        return f"{path}?{urlencode({**kept, 'page': str(to)})}"

    return shown, Paging(
        f"{first:,}〜{first + len(shown) - 1:,}件目" if shown else "0件",
        href(page - 1) if page > 1 else None,
        href(page + 1) if len(found) > rows else None,
    )
