"""One row of a draft that has many: its own page, to add, to correct, to take away."""

from dataclasses import dataclass

from starlette.responses import Response

from portal.records import application_lines, applications
from portal.records.applications import Application, ApplicationLine
from portal.usecases import drafts
from portal.usecases.outcomes import NotFound
from portal.web.forms import Form
from portal.web.line_rows import (
    LineColumn,
    TypedRow,
    blank_row,
    columns_for,
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
    form: Form
    rows: tuple[TypedRow, ...]
    columns: tuple[LineColumn, ...]
    line_id: int | None


async def edit(call: Call) -> Response:
    """The form of one row; without an id in the address, of a new one."""
    application, line = await _line(call)
    columns = await columns_for(call, application, [line] if line else [])
    if line is None:
        current = await current_version(call, application)
        return _page(call, application, blank_row([], current), columns, form=Form())
    row = row_of_line(line, columns)
    await read_rows(call, application, [row], columns, [line])
    form = Form()
    form.refuse_all(errors_of([row], columns))
    return _page(call, application, row, columns, form=form)


async def save(call: Call) -> Response:
    """Save one row as it is, or take it away."""
    application, line = await _line(call)
    form = call.form()
    revision = int(form.code("revision")) if form.code("revision").isdecimal() else 0
    home = f"/applications/{application.id}/edit"
    if form.value("act") == "remove" and line is not None:
        await drafts.remove_line(
            call.db, by=call.by, at=call.at, application_id=application.id, revision=revision, line_id=line.id
        )
        return go(f"{home}?saved=1")
    columns = await columns_for(call, application, [line] if line else [])
    key = str(line.id) if line else "n1"
    rows = [row for row in rows_posted(call.data) if row.key == key] or [TypedRow(key, {})]
    read = await read_rows(call, application, rows, columns, [line] if line else [])
    if rows[0].errors and form.value("act") != "save":
        form.refuse_all(errors_of(rows, columns))
        return _page(call, application, rows[0], columns, form=form, status=422)
    await drafts.put_line(
        call.db, by=call.by, at=call.at, application_id=application.id, revision=revision, line=read[0]
    )
    return go(f"{home}?saved=1")


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
    form: Form,
    status: int = 200,
) -> Response:
    path = call.request.url.path
    shown = LinePage(
        id=str(application.id),
        title="回線を直す" if row.line_id else "回線を追加する",
        action=path,
        revision=application.revision,
        form=form,
        rows=(row,),
        columns=columns,
        line_id=row.line_id,
    )
    return call.page("applications/line.html", shown, status=status)
