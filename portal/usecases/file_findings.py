"""The words in which the checks of uploaded files speak: rows, columns, records, findings, readings."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from portal.usecases.readings import Day

MASK = "••••••••"
SHOWN_LENGTH = 60
_SURROGATES = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

Cell = str | date | datetime
Value = str | Day | tuple[str, ...] | None
Values = Mapping[str, Value]
Key = tuple[str, str]
Record = TypeVar("Record")


class Row(Protocol):
    """A row of a file, numbered as Excel does. `broken` says why it could not be read; `formulas` are cell places."""

    @property
    def number(self) -> int: ...
    @property
    def cells(self) -> Sequence[Cell]: ...
    @property
    def broken(self) -> str: ...
    @property
    def formulas(self) -> frozenset[int]: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a cell (with no column: the row or the file) and what to do. Credentials are masked."""

    row: int
    column: str
    code: str
    severity: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class ReadAs:
    """読み替え: a value that was read in another form than it was typed in. Credentials are masked."""

    column: str
    typed: str
    read: str


class Objection(NamedTuple):
    """What is wrong with a value beside the others of its row."""

    column: str
    code: str
    message: str


class Checked(NamedTuple, Generic[Record]):
    """A row's record, or the findings that keep it from being one; a record may carry warnings.

    Findings on the header or the whole file come without being a row.
    """

    row: int
    record: Record | None
    findings: tuple[Finding, ...] = ()
    read_as: tuple[ReadAs, ...] = ()
    key: Key | None = None
    is_row: bool = True
    rest: Values | None = None
    """Of a row without a record: what could be read of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a kind of file. `read` turns stripped text into a value, or raises ReadingError.

    `plain` is a regular expression of the texts that mean what they show, whose value `quick` gives as `read` would.
    `label` is a value as people write it. A column that `keeps` is its owner's own text, newlines included.
    """

    name: str
    read: Callable[[str], Value]
    plain: str
    quick: Callable[[str], Value] = str
    label: Callable[[Value], str] = str
    required: bool = False
    limit: int = 64
    is_date: bool = False
    keeps: bool = False
    secret: bool = False

    def is_plain(self, text: str) -> bool:
        """Whether the text means what it shows."""
        return re.fullmatch(self.plain, text, re.ASCII) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind(Generic[Record]):
    """A kind of file: its columns, what a row's values must be together, and the record they make."""

    columns: tuple[Column, ...]
    objections: Callable[[Values, frozenset[str]], list[Objection]]
    """Takes a row's values and the columns already found wrong."""
    record: Callable[[int, Values, tuple[ReadAs, ...]], Record]
    key: Callable[[Values], Key | None]
    """The column and value that no other row of the file may have, where they could be read."""
    one_of: tuple[str, ...] = ()
    """Columns of which the header needs at least one."""


def failed(row: int, column: str, code: str, value: str, message: str) -> Finding:
    """A finding that keeps its row from being taken over."""
    return Finding(row, column, code, "error", value, message)


def typed(cell: Cell) -> str:
    """A cell as text; days of date cells as 2026-10-15, moments, to the second, as 2026-10-15 09:30:00."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return cell.isoformat() if isinstance(cell, date) else cell


def shown(column: Column, cell: Cell) -> str:
    """A cell as findings show it: credentials masked, unreadable bytes marked, long text cut."""
    if column.secret and cell:
        return MASK
    return legible(typed(cell))


def legible(text: str) -> str:
    """Text with what is unreadable or unseen marked (⟨U+202E⟩) and its end cut, for any page or JSON."""
    short = text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "…"
    return mark_undecodable(_INVISIBLE.sub(lambda found: f"⟨{_code(found[0])}⟩", short))


def invisible_in(text: str) -> list[str]:
    """The characters of a text that nobody sees, as U+202E: each once, newlines among them."""
    return list(dict.fromkeys(_code(letter) for letter in text if letter in "\r\n" or _INVISIBLE.match(letter)))


def _code(letter: str) -> str:
    return f"U+{ord(letter):04X}"


def mark_undecodable(text: str) -> str:
    """Text with U+FFFD for every byte that is no character."""
    return _SURROGATES.sub("\ufffd", text)
