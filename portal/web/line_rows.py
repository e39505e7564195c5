"""Rows of lines as people type them: taken from a form, read, shown again with what is wrong beside each field."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from starlette.datastructures import FormData

from portal.records.applications import Application, ApplicationLine
from portal.terms.offerings import Offering
from portal.usecases.drafts import DraftLine
from portal.usecases.file_findings import Checked, Finding, Key
from portal.usecases.line_files import ParsedLine, checked_line_row
from portal.usecases.line_judgement import judge, known
from portal.web.forms import Choices, FieldError
from portal.web.transaction import Call

MASK = "********"
KEY = "access_key"
KEY_COLUMN = "アクセスキー"
_MASKED = re.compile(r"[*＊•\s]*")
_NAME = re.compile(r"lines-(?P<key>[0-9a-z]{1,20})-(?P<column>[a-z0-9_]{1,40})")
NAMES = {
    "回線ID": "access_line_id",
    KEY_COLUMN: KEY,
    "住居種別": "dwelling",
    "都道府県": "prefecture",
    "エリア区分": "area",
    "自社管理番号": "own_reference",
    "再販先コード": "partner_code",
    "開通希望日": "wanted_on",
    "オプション": "options",
    "利用者番号": "end_user_ref",
    "同意日時": "consented_at",
    "同意方法": "consent_method",
    "提供条件版": "policy_version",
    "証跡ファイル": "evidence_file",
    "証跡SHA256": "evidence_sha256",
    "取得者": "collector",
}


@dataclass(frozen=True)
class LineColumn:
    """One field of a row: its name in forms, its column in files."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True
    choices: Choices = ()
    help: str | None = None
    width: str = "full"


@dataclass
class TypedRow:
    """A row as it was typed, and what is wrong with it. `key`: the stored row's id, or n1, n2 … for new ones."""

    key: str
    typed: dict[str, tuple[str, ...]]
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> tuple[str, ...]:
        return self.typed.get(name, ())

    def error(self, name: str) -> str | None:
        return self.errors.get(name)

    @property
    def is_blank(self) -> bool:
        """Nothing but the policy version, which is filled in for people."""
        return not any(any(values) for name, values in self.typed.items() if name != "policy_version")

    @property
    def line_id(self) -> int | None:
        return int(self.key) if self.key.isdecimal() else None

    def mark(self, findings: Iterable[Finding]) -> None:
        """Put findings beside the fields of their columns; the first one of a field stays."""
        for finding in findings:
            self.errors.setdefault(NAMES.get(finding.column, "access_line_id"), finding.message)

    def given(self, columns: Iterable[LineColumn]) -> dict[str, str]:
        """The row by the columns of the file, without the access key."""
        return {column.label: ";".join(self.values(column.name)) for column in columns if column.name != KEY}


def is_kept_key(typed: str) -> bool:
    """Whether the field of an access key says no more than that the stored one stays: it is empty or masked."""
    return _MASKED.fullmatch(typed) is not None


def rows_posted(data: FormData) -> list[TypedRow]:
    """The rows of a posted form, in their order."""
    rows: dict[str, TypedRow] = {}
    for name, value in data.multi_items():
        found = _NAME.fullmatch(name)
        if found and isinstance(value, str):
            row = rows.setdefault(found["key"], TypedRow(found["key"], {}))
            # Browsers send every newline as CR and LF; cells of Excel, and what was read from them, have LF alone.
            row.typed[found["column"]] = (*row.values(found["column"]), value.replace("\r\n", "\n"))
    return list(rows.values())


def row_of_line(line: ApplicationLine, columns: Iterable[LineColumn]) -> TypedRow:
    """A stored row as the form shows it, its access key masked."""
    typed: dict[str, tuple[str, ...]] = {column.name: (line.given.get(column.label, ""),) for column in columns}
    typed["options"] = tuple(word for word in line.given.get("オプション", "").split(";") if word)
    typed[KEY] = (MASK,) if line.access_key_sealed else ("",)
    return TypedRow(str(line.id), typed)


def blank_row(rows: Sequence[TypedRow], current_version: str | None) -> TypedRow:
    """A new row under a key that none of the others has."""
    numbers = [int(row.key[1:]) for row in rows if row.key.startswith("n") and row.key[1:].isdecimal()]
    typed: dict[str, tuple[str, ...]] = {"policy_version": (current_version,)} if current_version else {}
    return TypedRow(f"n{max(numbers, default=0) + 1}", typed)


async def read_rows(
    call: Call,
    application: Application,
    rows: Sequence[TypedRow],
    columns: Sequence[LineColumn],
    held: Iterable[ApplicationLine],
) -> list[DraftLine]:
    """Read the rows and put beside their fields what is wrong with them. A masked or empty key keeps the stored one."""
    sealed = {line.id: line.access_key_sealed for line in held}
    offering = application.offering or ""
    read = [
        _read_row(call, row, row.given(columns), sealed, offering=offering, place=place)
        for place, row in enumerate(rows, start=1)
    ]
    await _judge_rows(call, application, rows, [checked for _, checked in read])
    return [draft for draft, _ in read]


def _read_row(
    call: Call,
    row: TypedRow,
    given: dict[str, str],
    sealed: Mapping[int, bytes | None],
    *,
    offering: str,
    place: int,
) -> tuple[DraftLine, Checked[ParsedLine]]:
    cipher, line_id, typed_key = call.services.cipher, row.line_id, row.value(KEY)
    line_id = line_id if line_id in sealed else None
    kept = sealed[line_id] if line_id is not None else None
    if is_kept_key(typed_key):
        key = cipher.open(kept, purpose=KEY).decode() if kept else ""
    else:
        key, kept = typed_key, cipher.seal(typed_key.encode(), purpose=KEY)
    checked = checked_line_row({**given, KEY_COLUMN: key}, offering=offering, today=call.today, row=place)
    line = checked.record
    if line is not None:
        if line.access_key != key:
            kept = cipher.seal(line.access_key.encode(), purpose=KEY)
        line = replace(line, access_key="")
    if line is None:
        row.mark(checked.findings)
    return DraftLine(line_id, given, kept, line), checked


async def _judge_rows(
    call: Call,
    application: Application,
    rows: Sequence[TypedRow],
    read: Sequence[Checked[ParsedLine]],
) -> None:
    offering = Offering(application.offering or "")
    what = await known(call.db, subscriber_id=application.subscriber_id, offering=offering, on=call.today)
    find = judge(what)
    seen: set[Key] = set()
    for row, one in zip(rows, read, strict=True):
        row.mark(finding for finding in find(one) if finding.severity == "error")
        if one.key in seen:
            row.errors.setdefault("access_line_id", "同じ回線IDの行があります。どちらかを削除してください。")
        if one.key is not None:
            seen.add(one.key)


def errors_of(rows: Iterable[TypedRow], columns: Sequence[LineColumn]) -> list[FieldError]:
    """The errors of rows, for the summary."""
    labels = {column.name: column.label for column in columns}
    return [
        FieldError(f"lines-{row.key}-{name}", f"回線 {place} {labels[name]}", message)
        for place, row in enumerate(rows, start=1)
        for name, message in row.errors.items()
    ]


async def current_version(call: Call, application: Application) -> str | None:
    """The policy version that new rows begin with."""
    offering = Offering(application.offering or "")
    what = await known(call.db, subscriber_id=application.subscriber_id, offering=offering, on=call.today)
    return what.current
