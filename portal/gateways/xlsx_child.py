"""The child process that opens an XLSX file (standard input) and writes its rows as lines of JSON.

Each line is `{"rows": [[number, cells, columns that hold formulas], …]}`, then `{"end": true}` or `{"broken": why}`.
A child that dies without the last line met its limits.
"""

import json
import posixpath
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from html import unescape
from typing import Any, BinaryIO

import python_calamine
from python_calamine import CalamineError, SheetMetadata, SheetTypeEnum, SheetVisibleEnum

# A million rows of ten columns take 1.3 GB, 650 MB of them inflated, and about 20 seconds.
MEMORY = 2 << 30
SECONDS = 120
MAX_ENTRIES = 2_000
MAX_INFLATED = 1 << 30
MAX_RATIO = 100  # sheets of real data shrink to a tenth; ratios above this are made, not saved
SMALL = 16 << 20
BATCH_CELLS = 5_000
CHUNK = 1 << 20
OVERLAP = 1 << 10

_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*?\br:id\s*=\s*[\"']([^\"']+)[\"']")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_ATTRIBUTE = re.compile(r"\b(Id|Target)\s*=\s*[\"']([^\"']*)[\"']")
_CELL = rb"<(?:\w+:)?c\s(?=[^>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'])"
_FORMULA = re.compile(_CELL + rb"[^>]*>\s*<(?:\w+:)?f[\s/>]")
_ERROR = re.compile(_CELL + rb"(?=[^>]*\bt=[\"']e[\"'])[^>]*>\s*(?:<(?:\w+:)?v>([^<]{1,20})<)?")
_FORMULA_MARKS = (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/")
_ERROR_MARKS = (b't="e"', b"t='e'")


_DAMAGED = (
    CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    OSError,
)

Marks = dict[int, dict[int, str]]
"""By row and column (from 0): what stands there instead of the value that the reader gives."""


class UnreadableError(Exception):
    """The file is no sheet that is read here; the argument is why."""


def limit(memory: int = MEMORY) -> None:
    """Bind this process: address space, processor time, no core, no file to write."""
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def check_sizes(archive: zipfile.ZipFile) -> None:
    """Refuse what inflates to more than a million rows need, or shrinks as only made data do."""
    entries = archive.infolist()
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= {entry.filename for entry in entries}:
        raise UnreadableError("zip")
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_INFLATED:
        raise UnreadableError("too_big")
    if any(entry.file_size > max(SMALL, MAX_RATIO * entry.compress_size) for entry in entries):
        raise UnreadableError("too_big")


def sheet_part(archive: zipfile.ZipFile, index: int) -> str:
    """The name of the part that holds the sheet with this place in the workbook."""
    workbook = archive.open("xl/workbook.xml").read(CHUNK).decode("utf-8", "replace")
    relations = archive.open("xl/_rels/workbook.xml.rels").read(CHUNK).decode("utf-8", "replace")
    targets = {}
    for relation in _RELATION.findall(relations):
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(relation)}
        targets[attributes.get("Id", "")] = attributes.get("Target", "")
    return posixpath.normpath(posixpath.join("/xl", targets[_SHEET.findall(workbook)[index]])).lstrip("/")


def scan(part: Iterator[bytes]) -> tuple[Marks, Marks]:
    """The formulas of a sheet, and its errors (#N/A), both of which the reader passes over in silence."""
    formulas: Marks = {}
    errors: Marks = {}
    tail = b""
    for chunk in part:
        window = tail + chunk
        for marks, pattern, found in (
            (_FORMULA_MARKS, _FORMULA, formulas),
            (_ERROR_MARKS, _ERROR, errors),
        ):
            if any(mark in window for mark in marks):
                for match in pattern.finditer(window):
                    text = match[3].decode("utf-8", "replace") if pattern is _ERROR and match[3] else ""
                    found.setdefault(int(match[2]) - 1, {})[_column(match[1])] = text
        tail = window[-OVERLAP:]
    return formulas, errors


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def inflate(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as part:
        while chunk := part.read(CHUNK):
            yield chunk


def shown(value: Any) -> str | tuple[str, str]:
    """A cell as text (whole numbers without a point), or a marked day or moment."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return ("at", value.isoformat())
    if isinstance(value, date):
        return ("on", value.isoformat())
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else f"{value:.15G}"
    return str(value)


def rows(file: BinaryIO) -> Iterator[list[Any]]:
    """The rows of the first visible sheet that hold anything."""
    with zipfile.ZipFile(file) as archive:
        check_sizes(archive)
        file.seek(0)
        with python_calamine.load_workbook(file) as workbook:
            index = _first_sheet(workbook.sheets_metadata)
            formulas, errors = scan(inflate(archive, sheet_part(archive, index)))
            sheet = workbook.get_sheet_by_index(index)
            margin = [""] * (sheet.start[1] if sheet.start else 0)
            for number, values in enumerate(sheet.iter_rows() if sheet.start else ()):
                cells = [*margin, *map(shown, values)]
                marked = sorted(formulas.get(number, ()))
                wrong = errors.get(number, {})
                cells.extend([""] * (max((*marked, *wrong), default=0) + 1 - len(cells)))
                for column, text in wrong.items():
                    cells[column] = text or "#ERROR"
                if marked or any(cells):
                    yield [number + 1, cells, marked]


def _first_sheet(sheets: list[SheetMetadata]) -> int:
    for index, sheet in enumerate(sheets):
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
            return index
    raise UnreadableError("zip")


def main() -> None:
    limit()
    answer: dict[str, Any] = {"end": True}
    batch: list[list[Any]] = []
    try:
        for row in rows(sys.stdin.buffer):
            batch.append(row)
            if len(batch) * len(row[1]) >= BATCH_CELLS:
                write({"rows": batch})
                batch = []
    except UnreadableError as error:
        answer = {"broken": str(error)}
    except _DAMAGED:
        answer = {"broken": "zip"}
    write({"rows": batch})
    write(answer)


def write(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
