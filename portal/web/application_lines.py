"""One row of a draft that has many: its own page, to add, to correct, to take away."""

from dataclasses import dataclass, replace

from starlette.responses import Response

from portal.records import application_lines, applications
from portal.records.applications import Application, ApplicationLine
from portal.usecases import drafts
from portal.usecases.drafts import Overtaken
from portal.usecases.outcomes import NotFound
from portal.web.application_kinds import columns_for
from portal.web.draft_conflict import cells_that_differ
from portal.web.forms import Form
from portal.web.line_rows import (
    LineColumn,
    TypedRow,
    blank_row,
    current_version,
    errors_of,
    read_rows,
    row_of_line,
    rows_posted,
)
from portal.web.transaction import Call, go


@dataclass(frozen=True)
class LinePage:
    """One row of a draft with many."""

    id: str
    title: str
    action: str
    revision: int
    prefix: str
    form: Form
    columns: tuple[LineColumn, ...]
    line_id: int | None
    overtaken: bool
    differences: tuple[tuple[str, str, str], ...]
    """What somebody else saved of this row meanwhile: (label, saved, typed here)."""


async def edit(call: Call) -> Response:
    """The form of one row; without an id in the address, of a new one."""
    application, line = await _line(call)
    columns = await columns_for(call, application, [line] if line else [])
    if line is None:
        return _page(call, application, blank_row([], await current_version(call, application)), columns)
    row = row_of_line(line, columns)
    await read_rows(call, application, [row], columns, [line])
    return _page(call, application, row, columns)


async def save(call: Call) -> Response:
    """Save the row when it holds, or as it is when asked to; or take it away."""
    application, line = await _line(call)
    form = call.form()
    revision = int(form.code("revision")) if form.code("revision").isdecimal() else 0
    home = f"/applications/{application.id}/edit?saved=1"
    whose = {"application_id": application.id}
    if form.value("act") == "remove" and line is not None:
        await drafts.remove_line(call.db, by=call.by, at=call.at, revision=revision, line_id=line.id, **whose)
        return go(home)
    columns = await columns_for(call, application, [line] if line else [])
    key = str(line.id) if line else "n1"
    row = next((row for row in rows_posted(call.data) if row.key == key), TypedRow(key, {}))
    read = await read_rows(call, application, [row], columns, [line] if line else [])
    if row.errors and form.value("act") != "save":
        return _page(call, application, row, columns, status=422)
    try:
        await drafts.put_line(call.db, by=call.by, at=call.at, revision=revision, line=read[0], **whose)
    except Overtaken:
        differences = cells_that_differ(call, line, row, columns) if line else ()
        return _page(call, application, row, columns, status=422, overtaken=tuple(differences))
    return go(home)


async def _line(call: Call) -> tuple[Application, ApplicationLine | None]:
    application = await applications.get(call.db, call.id(), subscriber_id=call.subscriber_id)
    if application is None:
        raise NotFound
    line_id = call.request.path_params.get("line")
    if line_id is None:
        return application, None
    line = await application_lines.get(
        call.db, line_id, application_id=application.id, subscriber_id=application.subscriber_id
    )
    if line is None:
        raise NotFound
    return application, line


def _page(
    call: Call,
    application: Application,
    row: TypedRow,
    columns: tuple[LineColumn, ...],
    *,
    status: int = 200,
    overtaken: tuple[tuple[str, str, str], ...] | None = None,
) -> Response:
    prefix = f"lines-{row.key}-"
    form = Form(
        {prefix + name: row.value(name) for name in row.typed},
        many={prefix + name: values for name, values in row.typed.items()},
    )
    form.refuse_all(replace(error, label=error.label.removeprefix("回線 1 ")) for error in errors_of([row], columns))
    shown = LinePage(
        id=str(application.id),
        title="回線を直す" if row.line_id else "回線を追加する",
        action=call.request.url.path,
        revision=application.revision,
        prefix=prefix,
        form=form,
        columns=columns,
        line_id=row.line_id,
        overtaken=overtaken is not None,
        differences=overtaken or (),
    )
    return call.page("applications/line.html", shown, status=status)
