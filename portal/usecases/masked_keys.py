"""Access keys that come back masked: a file that was given back is corrected and uploaded again, its keys hidden.

A mask stands for the key that the same line had in an earlier file, or has in a row, of the same draft. Nothing else.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.usecases.consent_files import read_line_id
from portal.usecases.file_findings import MASK, Cell, Checked, Kind, ReadAs, Record, Row
from portal.usecases.file_headers import plan
from portal.usecases.line_files import is_mask, read_access_key
from portal.usecases.readings import ReadingError, strip

KEY = "アクセスキー"


@dataclass(frozen=True, slots=True)
class FilledRow:
    """A row whose mask was replaced."""

    number: int
    cells: tuple[Cell, ...]
    broken: str
    formulas: frozenset[int]


@dataclass
class Unmasking:
    """Rows on their way to the check, masks replaced by the keys of their lines where those are known."""

    kind: Kind[Any]
    keys: Mapping[str, str] = field(repr=False)
    filled: set[int] = field(default_factory=set)

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows; a mask whose line is not known stays, for the check to refuse."""
        for row, line_id, at in _lines(self.kind, rows):
            key = self.keys.get(line_id)
            if key is not None and is_mask(str(row.cells[at])):
                self.filled.add(row.number)
                cells = (*row.cells[:at], key, *row.cells[at + 1 :])
                yield FilledRow(row.number, cells, row.broken, row.formulas)
            else:
                yield row

    def told(self, checked: Iterable[Checked[Record]]) -> Iterator[Checked[Record]]:
        """The same results, with a reading for each mask that was replaced."""
        for one in checked:
            if one.row in self.filled:
                reading = ReadAs(KEY, MASK, "前に読み取った値（同じ回線ID）")
                yield one._replace(read_as=(*one.read_as, reading))
            else:
                yield one


def masked_ids(kind: Kind[Any], rows: Iterable[Row]) -> frozenset[str]:
    """The lines of a file whose key is masked."""
    return frozenset(line_id for row, line_id, at in _lines(kind, rows) if line_id and is_mask(str(row.cells[at])))


def keys_of(kind: Kind[Any], rows: Iterable[Row], wanted: Collection[str]) -> dict[str, str]:
    """The keys that a file holds for some lines: for each the first that can be read."""
    found: dict[str, str] = {}
    for row, line_id, at in _lines(kind, rows):
        if line_id in wanted and line_id not in found:
            try:
                found[line_id] = read_access_key(strip(str(row.cells[at])))
            except ReadingError:
                continue
    return found


def _lines(kind: Kind[Any], rows: Iterable[Row]) -> Iterator[tuple[Row, str, int]]:
    """Each row with its line id, empty where it cannot be read, and the place of its key."""
    places: dict[str, int] = {}
    for row in rows:
        if row.number == 1 and not row.broken:
            layout, _ = plan(kind, row.cells)
            places = {column.name: at for at, column in layout.places}
        at, line_at = places.get(KEY), places.get("回線ID")
        if row.number == 1 or row.broken or at is None or line_at is None or max(at, line_at) >= len(row.cells):
            yield row, "", 0
        else:
            yield row, _line_id(row.cells[line_at]), at


def _line_id(cell: Cell) -> str:
    try:
        return read_line_id(strip(cell)) if isinstance(cell, str) else ""
    except ReadingError:
        return ""
