"""The check that all uploaded files share, row by row. Pure; a million rows pass in the memory of one.

`check_rows` yields one `Checked` per row. `also` adds what only more knowledge can find: other rows of the file
(`without_duplicates`), or the database.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import cast

from portal.usecases.file_findings import (
    MASK,
    Cell,
    Checked,
    Column,
    Finding,
    Key,
    Kind,
    ReadAs,
    Record,
    Row,
    Value,
    Values,
    failed,
    invisible_in,
    legible,
    shown,
    typed,
)
from portal.usecases.file_headers import Plan, plan
from portal.usecases.readings import (
    ReadingError,
    has_control_character,
    is_formula,
    is_rounded_by_excel,
    is_undecodable,
    strip,
    undo_neutralise,
)

MAX_ROWS = 1_000_000
MAX_COLUMNS = 300

_SAVE_AGAIN = "Excelで開き、「CSV UTF-8（コンマ区切り）」で保存し直してからアップロードしてください。"
_NO_TABLE = {
    "empty": "ファイルが空です。1行目に見出し、2行目からデータを入力してください。",
    "html": f"中身がウェブページ（HTML）です。{_SAVE_AGAIN}",
    "ole": f"古い形式（xls）か、パスワード付きのExcelファイルです。パスワードを外し、{_SAVE_AGAIN}",
    "pdf": f"PDFは読み取れません。元の表を{_SAVE_AGAIN}",
    "zip": f"Excelファイル（xlsx）として読めないか、壊れています。{_SAVE_AGAIN}",
    "binary": f"表のファイルではありません。元の表を{_SAVE_AGAIN}",
    "long_line": f"行の区切りがありません。{_SAVE_AGAIN}",
    "too_wide": f"見出しが{MAX_COLUMNS}列を超えています。必要な列だけを残してください。",
    "too_big": f"表が大きすぎます。データの外にある書式や値を消し、{_SAVE_AGAIN}",
}
_NO_ENCODING = {
    "jis": f"文字コードがJISです。{_SAVE_AGAIN}",
    "utf16": f"文字コードがUTF-16で、その印（BOM）がありません。{_SAVE_AGAIN}",
}
_BROKEN_ROW = '引用符（"）の対応が崩れています。値の中の " は "" と書き、全体を " で囲んでください。'


def check_rows(kind: Kind[Record], rows: Iterable[Row]) -> Iterator[Checked[Record]]:
    """One `Checked` per row that is not blank, in order; findings on the header and on the whole file among them."""
    rows = iter(rows)
    header = next(rows, None)
    if header is None or header.broken:
        yield _unreadable(1, "empty" if header is None else header.broken)
        return
    if sum(1 for cell in header.cells if cell) > MAX_COLUMNS:
        yield _unreadable(1, "too_wide")
        return
    # Where row 1 is blank, the first row that came is data already, and the header is missing.
    layout, findings = plan(kind, header.cells if header.number == 1 else ())
    if findings:
        yield Checked(1, None, findings, is_row=False)
    if not layout.places:
        return
    yield from within_limit(_check_all(layout, rows), most=MAX_ROWS)


def _check_all(layout: Plan[Record], rows: Iterator[Row]) -> Iterator[Checked[Record]]:
    for row in rows:
        if row.broken in _NO_TABLE or row.broken in _NO_ENCODING:
            yield _unreadable(row.number, row.broken)
            return
        checked = _check_row(layout, row)
        if checked is not None:
            yield checked


def within_limit(checked: Iterable[Checked[Record]], *, most: int) -> Iterator[Checked[Record]]:
    """So many rows, and then no more but one finding, `too_long`."""
    for count, one in enumerate(checked, start=1):
        if count > most and one.is_row:
            message = f"{most:,}行を超えています。ファイルを分けてください。"
            yield Checked(one.row, None, (failed(one.row, "", "too_long", "", message),), is_row=False)
            return
        yield one


def _unreadable(row: int, why: str) -> Checked[Record]:
    code, message = ("encoding", _NO_ENCODING[why]) if why in _NO_ENCODING else ("not_a_table", _NO_TABLE[why])
    return Checked(row, None, (failed(row, "", code, "", message),), is_row=False)


def _check_row(layout: Plan[Record], row: Row) -> Checked[Record] | None:
    """What a row holds; None for a blank one. Plain rows, nearly all of a file, are recognised by one expression."""
    if not row.broken and not row.formulas and len(row.cells) == layout.width and layout.is_complete:
        # A date cell, which only XLSX has, is a TypeError; a plain text that is no day is a ReadingError.
        with suppress(TypeError, ReadingError):
            checked = _check_plain(layout, row.number, cast("Sequence[str]", row.cells))
            if checked is not None:
                return checked
    return _check_carefully(layout, row)


def _check_plain(layout: Plan[Record], row: int, cells: Sequence[str]) -> Checked[Record] | None:
    if layout.plain.fullmatch("\x1f".join(cells)) is None:
        return None
    values = layout.absent | {name: quick(cells[at]) if cells[at] else None for name, quick, at in layout.quick}
    if layout.kind.objections(values, frozenset()):
        return None
    return Checked(row, layout.kind.record(row, values, ()), key=layout.kind.key(values))


def _check_carefully(layout: Plan[Record], row: Row) -> Checked[Record] | None:
    if row.broken:
        return Checked(row.number, None, (failed(row.number, "", "not_a_table", "", _BROKEN_ROW),))
    cells = row.cells
    filled = {at for at, cell in enumerate(cells) if not isinstance(cell, str) or strip(cell)} | row.formulas
    if not filled:
        return None
    astray = filled - layout.ignored - {at for at, _ in layout.places}
    if astray:
        place = min(astray) + 1
        message = f"見出しのない{place}列目に値があります。値の中のコンマは引用符で囲み、余分な列は削除してください。"
        return Checked(row.number, None, (failed(row.number, "", "not_a_table", "", message),))
    here = [(column, cells[at] if at < len(cells) else "", at in row.formulas) for at, column in layout.places]
    checked = _checked(layout.kind, row.number, here, is_complete=layout.is_complete, absent=layout.absent)
    if len(cells) < layout.width:  # Excel leaves out the last columns of rows where they are empty
        short = ReadAs("", f"{len(cells)}列だけの行", "足りない列は空欄")
        checked = checked._replace(read_as=(short, *checked.read_as))
    return checked


def check_values(kind: Kind[Record], values: Mapping[str, str], *, row: int) -> Checked[Record]:
    """The same check for one row typed into a form, by the names of the columns; names it does not know are refused."""
    known = {column.name for column in kind.columns}
    strange = [
        failed(row, name, "header_unknown", "", f"「{legible(name)}」という欄はありません。")
        for name in values
        if name not in known
    ]
    here = [(column, values.get(column.name, ""), False) for column in kind.columns]
    checked = _checked(kind, row, here, is_complete=not strange, absent={})
    return checked._replace(findings=(*strange, *checked.findings))


def _checked(
    kind: Kind[Record],
    row: int,
    cells: Sequence[tuple[Column, Cell, bool]],
    *,
    is_complete: bool,
    absent: Values,
) -> Checked[Record]:
    """A row read cell by cell, then as a whole; one finding per column, and no record where there is any."""
    values: dict[str, Value] = dict(absent)
    findings: list[Finding] = []
    read_as: list[ReadAs] = []
    for column, cell, is_formula_cell in cells:
        try:
            values[column.name] = value = read_cell(column, cell, is_formula_cell=is_formula_cell)
        except ReadingError as failure:
            values[column.name] = None
            findings.append(failed(row, column.name, failure.code, shown(column, cell), failure.message))
        else:
            read_as.extend(_read_as(column, cell, value))
    bad = frozenset(finding.column for finding in findings) | (frozenset() if is_complete else frozenset(absent))
    raw = {column.name: shown(column, cell) for column, cell, _ in cells}
    findings.extend(
        failed(row, column, code, raw.get(column, ""), message)
        for column, code, message in kind.objections(values, bad)
        if column not in bad
    )
    record = None if findings or not is_complete else kind.record(row, values, tuple(read_as))
    rest = values if record is None else None
    return Checked(row, record, tuple(findings), tuple(read_as), kind.key(values), rest=rest)


def read_cell(column: Column, cell: Cell, *, is_formula_cell: bool = False) -> Value:
    """The value of a cell; None when it is empty and may be. Raises ReadingError with the finding's code."""
    if is_formula_cell:
        raise ReadingError("formula", "数式のセルです。コピーして「値の貼り付け」をしてから保存し直してください。")
    if not isinstance(cell, str):
        return _read_date_cell(column, cell)
    text = strip(cell)
    if not text:
        if column.required:
            raise ReadingError("required", f"{column.name}が空です。値を入力してください。")
        return None
    if is_undecodable(text):
        raise ReadingError("encoding", f"文字化けしています。元の文字に直し、{_SAVE_AGAIN}")
    if has_control_character(text, newlines=column.keeps):
        letters = "、".join(invisible_in(text))
        message = f"改行やタブなど目に見えない文字（{letters}）が入っています。消して入力し直してください。"
        raise ReadingError("control_character", message)
    text = undo_neutralise(text)
    # What `neutralise` has marked as a formula on its way out was one before, and stays one.
    if is_formula(text):
        raise ReadingError("formula", "数式として動く値です。先頭の = + - @ を除き、値だけを入力してください。")
    if len(text) > column.limit:
        raise ReadingError("too_long", f"長すぎます（{len(text):,}文字）。{column.limit}文字以内にしてください。")
    if is_rounded_by_excel(text) and not column.is_date:
        message = (
            "Excelが長い番号の末尾を失わせた値です。列の表示形式を「文字列」にし、元の番号を入力し直してください。"
        )
        raise ReadingError("too_long", message)
    return column.read(text)


def _read_date_cell(column: Column, cell: Cell) -> Value:
    if not column.is_date:
        message = "Excelが日付に変えたセルです。列の表示形式を「文字列」にし、元の値を入力し直してください。"
        raise ReadingError("date_ambiguous", message)
    return column.read(typed(cell))


def _read_as(column: Column, cell: Cell, value: Value) -> list[ReadAs]:
    """The reading to be shown when a value stands in another form than the one it was typed in."""
    text = typed(cell)
    if value is None or text == column.label(value) or column.is_plain(text):
        return []
    return [ReadAs(column.name, *((MASK, MASK) if column.secret else (legible(text), column.label(value))))]


def also(
    checked: Iterable[Checked[Record]], judge: Callable[[Checked[Record]], Iterable[Finding]]
) -> Iterator[Checked[Record]]:
    """Adds what `judge` finds in a row; an error takes the record away.

    This is where the database speaks: a judge built over what it knows finds unknown lines, policies and partners.
    """
    for one in checked:
        more = tuple(judge(one))
        if more:
            is_refused = any(finding.severity == "error" for finding in more)
            yield one._replace(record=None if is_refused else one.record, findings=(*one.findings, *more))
        else:
            yield one


def without_duplicates(checked: Iterable[Checked[Record]]) -> Iterator[Checked[Record]]:
    """Refuses, with `duplicate_in_file`, the rows whose key an earlier row of the file has. The first one stays.

    Remembers every key: some 150 MB at a million rows. What goes through a staging table can ask that table instead.
    """
    first: dict[Key, int] = {}

    def judge(one: Checked[Record]) -> tuple[Finding, ...]:
        if one.key is None:
            return ()
        earlier = first.setdefault(one.key, one.row)
        if earlier == one.row:
            return ()
        column, value = one.key
        message = f"{earlier:,}行目と同じ{column}です。どちらか一方の行を削除してください。"
        return (failed(one.row, column, "duplicate_in_file", legible(value), message),)

    return also(checked, judge)
