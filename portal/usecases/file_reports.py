"""What comes back from a check: the counts, the findings as JSON, and the same file with a column of errors."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from portal.usecases.file_findings import MASK, Cell, Checked, Finding, Kind, Record, Row, mark_undecodable, typed
from portal.usecases.file_headers import ERROR_COLUMN, Plan, is_error_column, is_personal, plan
from portal.usecases.readings import neutralise, strip

KEPT_FINDINGS = 1_000
KEPT_EXAMPLES = 5


@dataclass
class Summary:
    """The counts of a check, the first findings, and what was read in another form than it was typed in."""

    rows: int = 0
    ok: int = 0
    errors: int = 0
    warnings: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    """The first ones; all of them are in the file that comes back."""
    read_as: dict[str, "ReadAsGroup"] = field(default_factory=dict)
    """読み替え by column."""

    def add(self, checked: Checked[Any]) -> None:
        """Count one row, or one finding on the file."""
        if checked.is_row:
            self.rows += 1
            self.ok += checked.record is not None
        for finding in checked.findings:
            self.codes[finding.code] += 1
            self.errors += finding.severity == "error"
            self.warnings += finding.severity == "warning"
            if len(self.findings) < KEPT_FINDINGS:
                self.findings.append(finding)
        for reading in checked.read_as:
            group = self.read_as.setdefault(reading.column, ReadAsGroup(reading.column))
            group.count += 1
            if len(group.examples) < KEPT_EXAMPLES:
                group.examples.append({"row": checked.row, "typed": reading.typed, "read": reading.read})

    @property
    def may_be_kept(self) -> bool:
        """Whether the file may be kept: not with a column of personal data, nor where no column was recognised."""
        return not self.codes["personal_data"] and self.rows > 0

    @property
    def without_values(self) -> "Summary":
        """The same counts and findings, without a value of any row."""
        bare = [one if one.row == 1 else replace(one, value="") for one in self.findings]
        return replace(self, findings=bare, read_as={})


@dataclass
class ReadAsGroup:
    """The readings of one column: how many, and the first few."""

    column: str
    count: int = 0
    examples: list[dict[str, str | int]] = field(default_factory=list)


def counted(checked: Iterable[Checked[Record]], summary: Summary) -> Iterator[Checked[Record]]:
    """The same rows, counted as they pass."""
    for one in checked:
        summary.add(one)
        yield one


def report_json(checked: Iterable[Checked[Any]], summary: Summary) -> Iterator[str]:
    """All findings, then `rows` and `ok`, as the pieces of one JSON object; no more than a piece is held at a time."""
    opening = begin = '{"findings": ['
    for one in counted(checked, summary):
        for finding in one.findings:
            yield opening + json.dumps(asdict(finding), ensure_ascii=False)
            opening = ",\n  "
    # Nothing is given before the first row came, so that a file that cannot be opened leaves no half of an answer.
    yield (begin if opening == begin else "") + f'], "rows": {summary.rows}, "ok": {summary.ok}}}\n'


def report_text(checked: Iterable[Checked[Any]], summary: Summary) -> Iterator[str]:
    """The findings as lines for people, then the readings and the counts."""
    for one in counted(checked, summary):
        for finding in one.findings:
            value = f"「{finding.value}」 " if finding.value else ""
            yield f"{finding.row}行目 {finding.column} {value}{finding.message} [{finding.code}]\n"
    for group in summary.read_as.values():
        example = "{row}行目「{typed}」→「{read}」".format_map(group.examples[0])
        yield f"読み替え {group.column} {group.count:,}件 例: {example}\n"
    yield f"{summary.rows:,}行のうち {summary.ok:,}行に誤りがありません。\n"


def error_file(kind: Kind[Any], rows: Iterable[Row], findings: Iterable[Finding]) -> Iterator[bytes]:
    """The same file again with a column エラー, as CSV that Excel opens: UTF-8 with BOM, CRLF, nothing that runs.

    `rows` are read anew, `findings` come in the order of the rows. Columns of personal data come back empty and
    credentials masked. Blank rows stay, so that the numbers of the rows do too.
    """
    found = iter(findings)
    waiting = next(found, None)
    layout: Plan[Any] | None = None
    secret: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    written = 0
    yield b"\xef\xbb\xbf"
    for row in rows:
        if layout is None:
            layout, _ = plan(kind, row.cells)
            secret = frozenset(at for at, column in layout.places if column.secret)
            hidden = _hidden(row.cells)
        messages = []
        while waiting is not None and waiting.row <= row.number:
            messages.append(f"{waiting.column}: {waiting.message}" if waiting.column else waiting.message)
            waiting = next(found, None)
        yield b"\r\n" * (row.number - written - 1)
        written = row.number
        blanks = hidden if row.number > 1 else frozenset()
        cells = [
            "" if at in blanks else MASK if at in secret and row.number > 1 and cell else typed(cell)
            for at, cell in enumerate(row.cells)
        ]
        text = " / ".join(messages)
        if row.number == 1:
            text = f"{ERROR_COLUMN}（{text}）" if text else ERROR_COLUMN
        yield _line(cells, text, layout.width)


def findings_file(findings: Iterable[Mapping[str, Any]]) -> bytes:
    """The kept findings alone, as CSV that Excel opens: what comes back of a file that was not kept."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("行", "列", "値", "直し方"))
    for one in findings:
        cells = (str(one["row"]), one["column"], one["value"], one["message"])
        writer.writerow([neutralise(cell) for cell in cells])
    return b"\xef\xbb\xbf" + mark_undecodable(text.getvalue()).encode()


def _hidden(header: Sequence[Cell]) -> frozenset[int]:
    """Personal data, and the errors of the last time."""
    names = [strip(typed(cell)) for cell in header]
    return frozenset(at for at, name in enumerate(names) if is_personal(name) or is_error_column(name))


def _line(cells: list[str], last: str, width: int) -> bytes:
    text = io.StringIO()
    padded = cells + [""] * (width - len(cells))
    csv.writer(text, lineterminator="\r\n").writerow([neutralise(cell) for cell in (*padded, last)])
    return mark_undecodable(text.getvalue()).encode()
