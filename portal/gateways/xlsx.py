"""The cells of an XLSX file, read by a child process that may use only so much memory and time.

A valid file of 2 KB can ask its reader for hundreds of gigabytes, so no XLSX is opened in the portal's own process.
The child gets the file as its standard input and nothing else: no environment, no name, no file to write.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

CHILD = Path(__file__).with_name("xlsx_child.py")
MAX_ANSWER = 64 << 20  # one batch of rows as a line of JSON

Cells = tuple[int, Sequence[str | date | datetime], str, frozenset[int]]


def read_cells(file: BinaryIO) -> Iterator[Cells]:
    """Of the first visible sheet, without blank rows: number, cells, why it is broken, which cells hold formulas.

    Days are `date`, moments `datetime`, all other cells the text that Excel shows for a plain number or word.
    """
    last = 0
    with _child(file) as answers:
        while True:
            line = answers.readline(MAX_ANSWER)
            answer: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {"broken": "too_big"}
            for number, cells, formulas in answer.get("rows", ()):
                last = number
                yield number, [_cell(cell) for cell in cells], "", frozenset(formulas)
            if "rows" not in answer:
                break
    if answer.get("broken"):
        yield last + 1, (), answer["broken"], frozenset()


def _cell(cell: Any) -> str | date | datetime:
    if isinstance(cell, str):
        return cell
    kind, text = cell
    return date.fromisoformat(text) if kind == "on" else datetime.fromisoformat(text)


@contextmanager
def _child(file: BinaryIO) -> Iterator[BinaryIO]:
    """A child reading `file`; ended, however far it is, when its answers are no longer wanted."""
    with tempfile.TemporaryFile() as copy:
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        with subprocess.Popen(
            [sys.executable, "-I", str(CHILD)],
            stdin=copy,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        ) as child:
            try:
                yield cast("BinaryIO", child.stdout)
            finally:
                child.kill()
