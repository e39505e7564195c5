"""What somebody else saved of a draft meanwhile, beside what was typed here: every answer and cell that differs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.records import applications, events
from portal.records.applications import Application, ApplicationLine
from portal.terms.applications import ApplicationKind
from portal.usecases.applications import KINDS_HERE
from portal.web.line_rows import KEY, LineColumn, TypedRow, is_kept_key, row_of_line
from portal.web.transaction import Call


@dataclass(frozen=True)
class Theirs:
    """What somebody else saved meanwhile, beside what was typed here."""

    who: str
    differences: tuple[tuple[str, str, str], ...]
    """(label, saved, typed here), where they differ: answers, then cells by line. Access keys are never shown."""
    missing_lines: tuple[str, ...]
    """Lines that are saved and not on this page: saving would remove them."""
    lines_gone: tuple[str, ...]
    """Lines of this page that somebody took away: saving would bring them back."""


async def theirs(
    call: Call,
    application: Application,
    answers: Mapping[str, str],
    rows: Sequence[TypedRow] | None,
    columns: Sequence[LineColumn],
) -> Theirs:
    """The draft as it is saved beside the form; `rows` is None where the form has none."""
    told = await events.of_object(call.db, "application", application.id)
    questions = KINDS_HERE[ApplicationKind(application.kind)].questions
    different = [
        (question.label, application.answers.get(question.name, ""), answers.get(question.name, ""))
        for question in questions
        if application.answers.get(question.name, "") != answers.get(question.name, "")
    ]
    held: Sequence[ApplicationLine] = ()
    if rows is not None:
        held = await applications.lines(call.db, application.id, subscriber_id=application.subscriber_id)
    here = {row.key: row for row in rows or ()}
    for line in held:
        if (row := here.get(str(line.id))) is not None:
            different.extend(cells_that_differ(call, line, row, columns))
    saved_keys = {str(line.id) for line in held}
    gone = [row for row in here.values() if row.line_id is not None and row.key not in saved_keys]
    return Theirs(
        who=told[-1].person_name if told else "",
        differences=tuple(different),
        missing_lines=tuple(_named(line) for line in held if str(line.id) not in here),
        lines_gone=tuple(row.value("access_line_id") or "（回線IDなし）" for row in gone),
    )


def cells_that_differ(
    call: Call, line: ApplicationLine, row: TypedRow, columns: Iterable[LineColumn]
) -> list[tuple[str, str, str]]:
    """(line and column, saved, typed here) of the cells of one line that differ."""
    saved = row_of_line(line, columns)
    found = []
    for column in columns:
        label = f"{_named(line)}　{column.label}"
        if column.name == KEY:
            if _is_another_key(call, line, row.value(KEY)):
                found.append((label, "（伏せてあります）", "（別の値を入力しました）"))
            continue
        ours, here = _joined(saved, column), _joined(row, column)
        if ours != here:
            found.append((label, ours, here))
    return found


def _named(line: ApplicationLine) -> str:
    return line.access_line_id or line.given.get("回線ID") or f"{line.position}行目"


def _joined(row: TypedRow, column: LineColumn) -> str:
    return ";".join(value for value in row.values(column.name) if value)


def _is_another_key(call: Call, line: ApplicationLine, typed: str) -> bool:
    if is_kept_key(typed):
        return False
    sealed = line.access_key_sealed
    return sealed is None or call.services.cipher.open(sealed, purpose=KEY).decode() != typed
