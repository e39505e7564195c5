"""Files as spreadsheet programs save them, as a stream of rows: CSV in the encodings met in Japan, and XLSX.

Memory stays bounded whatever the file says. What cannot be read is a row too, with `broken` saying why, so that one
damaged row stays one damaged row. Rows are numbered as Excel numbers them: a newline inside quotes begins none.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from portal.gateways import xlsx

CHUNK = 1 << 20
MAX_FIELD = 32_767  # the most that a cell of Excel holds
MAX_RECORD = 1 << 20

_NO_LINES = "long_line"
_MAGIC = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG", "binary"),
    (b"\xff\xd8\xff", "binary"),
    (b"GIF8", "binary"),
    (b"\x1f\x8b", "binary"),
    (b"7z\xbc\xaf", "binary"),
    (b"Rar!", "binary"),
)
_MARKUP = re.compile(rb"\s*<[!?a-z]", re.IGNORECASE)
_JIS_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\([JI])")
_ESCAPED = re.compile("[\udc80-\udcff]")
_DAMAGED = re.compile("[\udc80-\udcff\ue000-\uf8ff]")  # CP932 makes private characters of what it does not know
_HALF_WIDTH_KANA = re.compile("[\uff61-\uff9f]")


class Row(NamedTuple):
    """One row of a file. `broken` is empty, or says why the row (or from here the file) could not be read."""

    number: int
    cells: Sequence[str | date | datetime]
    broken: str = ""
    formulas: frozenset[int] = frozenset()


@contextmanager
def opened(source: Path | bytes) -> Iterator[BinaryIO]:
    """The source as a seekable binary file."""
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        yield file


def read_rows(source: Path | bytes) -> Iterator[Row]:
    """The rows of a CSV or XLSX file, blank ones included, read as they are asked for.

    A file that is no table at all gives the single row 1 with `broken`: empty, html, ole, pdf, zip, binary, jis, utf16,
    long_line, too_big. A path that cannot be opened raises OSError with the first row.
    """
    with opened(source) as file:
        head = file.read(4096)
        if head.startswith(b"PK\x03\x04"):
            for number, cells, broken, formulas in xlsx.read_cells(file):
                yield Row(number, cells, broken, formulas)
            return
        broken = _not_a_table(head)
        encoding = "" if broken else _encoding(file, head)
        if broken or encoding == _NO_LINES:
            yield Row(1, (), broken or encoding)
            return
        file.seek(0)
        with io.TextIOWrapper(file, encoding=encoding, errors=_errors(encoding), newline="") as text:
            yield from _numbered(text)


def _not_a_table(head: bytes) -> str:
    """What the first bytes say the file is, when that is no text of a table."""
    if not head.strip():
        return "empty"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if _MARKUP.match(head.removeprefix(codecs.BOM_UTF8)):
        return "html"
    if _JIS_ESCAPE.search(head):
        return "jis"
    if not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and head.count(0) * 8 > len(head):
        return "utf16"
    return ""


def _encoding(file: BinaryIO, head: bytes) -> str:
    """The byte order mark's encoding; else UTF-8 where the whole file is; else what damages it least.

    Guessing by statistics gets Japanese wrong, so nothing is guessed from a sample.
    """
    is_utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    whole = _survey(file, "utf-16" if is_utf16 else "utf-8")
    if not whole.has_lines:
        return _NO_LINES
    if is_utf16:
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    # Text in another encoding hardly ever holds a valid sequence of UTF-8, so a file full of them is a damaged UTF-8.
    if whole.damaged * 20 <= whole.continued or not whole.damaged:
        return "utf-8"
    cp932, euc = (_damage(file, codec) for codec in ("cp932", "euc_jp"))
    return "euc_jp" if euc < cp932 else "cp932"


class _Survey(NamedTuple):
    damaged: int
    """Bytes that are no UTF-8."""
    continued: int
    """Bytes that properly continue a character of UTF-8."""
    has_lines: bool


def _survey(file: BinaryIO, codec: str) -> _Survey:
    """How the whole file reads as Unicode, and whether it has lines: none is longer than two chunks."""
    damaged = continued = 0
    has_lines = True
    for chunk, text in _decoded(file, codec):
        has_lines = has_lines and (len(chunk) < CHUNK or "\n" in text or "\r" in text)
        if not text.isascii():
            damaged += len(_ESCAPED.findall(text))
            continued += len(chunk) - len(text)
    return _Survey(damaged, continued, has_lines)


def _damage(file: BinaryIO, codec: str) -> tuple[int, int]:
    """What an encoding cannot read, and, to decide a tie, its half-width kana: what EUC-JP looks like in CP932."""
    broken = kana = 0
    for _, text in _decoded(file, codec):
        broken += len(_DAMAGED.findall(text))
        kana += len(_HALF_WIDTH_KANA.findall(text))
    return broken, kana


def _errors(codec: str) -> str:
    """Bytes that are no character stay with the row that has them; in UTF-16 they can only be marked."""
    return "replace" if codec == "utf-16" else "surrogateescape"


def _decoded(file: BinaryIO, codec: str) -> Iterator[tuple[bytes, str]]:
    decoder = codecs.getincrementaldecoder(codec)(_errors(codec))
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk, decoder.decode(chunk)
    yield b"", decoder.decode(b"", final=True)


def _numbered(lines: Iterator[str]) -> Iterator[Row]:
    again: deque[str] = deque()
    first = next(lines, "")
    again.append(first)
    delimiter = "\t" if "\t" in first and "," not in first else ","
    for number, (cells, broken) in enumerate(_records(lines, again, delimiter), start=1):
        yield Row(number, cells, broken)


def _records(lines: Iterator[str], again: deque[str], delimiter: str) -> Iterator[tuple[list[str], str]]:
    """Records of the physical lines. A record that breaks is its first line; the others are read again.

    A line without a quote is cut at the delimiters, which is all that CSV does with it.
    """
    csv.field_size_limit(MAX_FIELD)
    while True:
        line = again.popleft() if again else next(lines, None)
        if line is None:
            return
        if '"' not in line:
            yield line.rstrip("\r\n").split(delimiter), ""
            continue
        taken = [line]
        try:
            record = next(csv.reader(_taking(taken, again, lines), delimiter=delimiter, strict=True))
        except csv.Error:
            again.extendleft(reversed(taken[1:]))
            yield [line.rstrip("\r\n")], "quote"
        else:
            yield record, ""


def _taking(taken: list[str], again: deque[str], lines: Iterator[str]) -> Iterator[str]:
    """The lines of one record, each remembered; refuses a record beyond a million characters."""
    yield taken[0]
    size = len(taken[0])
    while (line := again.popleft() if again else next(lines, None)) is not None:
        taken.append(line)
        size += len(line)
        if size > MAX_RECORD:
            raise csv.Error("the record does not end")
        yield line
