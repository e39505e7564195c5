"""The form of an application while it is written: answers and rows, saved as they are, checked before 確認."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from starlette.responses import Response

from portal.records import applications
from portal.records.applications import Application, ApplicationLine, ApplicationReturn
from portal.records.uploads import Upload, of_application
from portal.terms.applications import KINDS, ApplicationKind, ApplicationState
from portal.terms.offerings import OFFERINGS, Offering
from portal.usecases import drafts
from portal.usecases.applications import KINDS_HERE
from portal.usecases.drafts import WRITABLE, DraftLine, Overtaken
from portal.usecases.outcomes import Conflict, NotFound
from portal.usecases.questions import Question, unanswered
from portal.web.application_kinds import columns_for
from portal.web.draft_conflict import Theirs, theirs
from portal.web.forms import FieldError, Form
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
from portal.web.lines_listed import ListedLine, listed_lines
from portal.web.shown import Paging
from portal.web.transaction import Call, go

# More rows than this are shown to read, and corrected one at a time: a page of 3,000 lines would be 50,000 fields.
TYPED_ROWS = 20


@dataclass(frozen=True)
class EditPage:
    id: str
    kind: str
    offering: str
    number: str | None
    returned: tuple[ApplicationReturn, ...]
    return_by: date | None
    revision: int
    saved: bool
    form: Form
    questions: tuple[Question, ...]
    typed: bool
    rows: tuple[TypedRow, ...]
    columns: tuple[LineColumn, ...]
    focus: str | None
    listed: tuple[ListedLine, ...]
    paging: Paging
    line_count: int
    broken_count: int
    uploads: tuple[Upload, ...]
    upload_key: UUID
    theirs: Theirs | None


@dataclass(frozen=True)
class Writing:
    """A posted form: its answers, and its rows where it had any."""

    form: Form
    answers: dict[str, str]
    rows: list[TypedRow]
    columns: tuple[LineColumn, ...]
    lines: list[DraftLine] | None


async def edit(call: Call) -> Response:
    """The form with what is saved, and what of it does not hold yet."""
    return await saved_form(call, await writable_one(call))


async def saved_form(call: Call, application: Application, *errors: FieldError, status: int = 200) -> Response:
    """The form as it is saved; with the errors of another act of the page, where that did not hold, and no others."""
    form = Form(application.answers)
    held, total, broken = await _held(call, application)
    columns = await columns_for(call, application, held)
    rows = [row_of_line(line, columns) for line in held]
    if errors:
        form.refuse_all(errors)
        return await _page(call, application, form, rows, columns, counts=(total, broken), status=status)
    await read_rows(call, application, rows, columns, held)
    if application.state == ApplicationState.RETURNED and not call.query("saved"):
        form.refuse_all(await _returned(call, application, rows, columns))
    if application.revision > 1:
        _refuse(form, _questions(application), application, call)
        form.refuse_all(errors_of(rows, columns))
    return await _page(call, application, form, rows, columns, counts=(total, broken), status=status)


async def save(call: Call) -> Response:
    """Save as it is (下書き), or save what holds and go to 確認. Without a button pressed, it is saved."""
    application = await writable_one(call)
    writing = await _writing(call, application)
    confirm = writing.form.value("act") == "confirm"
    if confirm:
        _refuse(writing.form, _questions(application), application, call, answers=writing.answers)
        writing.form.refuse_all(errors_of(writing.rows, writing.columns))
        if writing.form.errors:
            return await _again(call, application, writing)
    revision = writing.form.code("revision")
    try:
        await drafts.save(
            call.db,
            by=call.by,
            at=call.at,
            application_id=application.id,
            revision=int(revision) if revision.isdecimal() else 0,
            answers=writing.answers,
            lines=writing.lines,
        )
    except Overtaken:
        return await _again(call, application, writing, overtaken=True)
    home = f"/applications/{application.id}"
    return go(f"{home}/confirm" if confirm else f"{home}/edit?saved=1")


async def rows(call: Call) -> Response:
    """Add a row, or take one out, on the page only. Nothing is saved, so the answer is never below 400."""
    application = await writable_one(call)
    writing = await _writing(call, application)
    gone = writing.form.value("remove_lines")
    kept = [row for row in writing.rows if row.key != gone]
    focus = None
    if writing.form.value("add_lines"):
        added = blank_row(kept, await current_version(call, application))
        kept.append(added)
        focus = added.key
    for row in kept:
        row.errors.clear()
    again = Writing(writing.form, writing.answers, kept, writing.columns, writing.lines)
    return await _again(call, application, again, focus=focus)


async def writable_one(call: Call) -> Application:
    """The company's application of the address, open for writing."""
    application = await applications.get(call.db, call.id(), subscriber_id=call.subscriber_id)
    if application is None:
        raise NotFound
    if ApplicationState(application.state) not in WRITABLE:
        raise Conflict("この申込は、もう書き直せません。申込の画面で状態を確かめてください。")
    return application


async def _returned(
    call: Call, application: Application, rows: Sequence[TypedRow], columns: Sequence[LineColumn]
) -> list[FieldError]:
    """差戻し beside the fields it names: what staff wrote in the newest round."""
    marks = []
    for one in await newest_returns(call, application):
        message = f"差戻し：{one.reason}"
        place, _, column = one.field.removeprefix("lines-").partition("-")
        if place.isdecimal() and 0 < int(place) <= len(rows):
            row = rows[int(place) - 1]
            named = column in {each.name for each in columns}
            row.errors.setdefault(column if named else "access_line_id", message)
        else:
            marks.append(FieldError(one.field, one.label, message))
    return marks


async def newest_returns(call: Call, application: Application) -> tuple[ApplicationReturn, ...]:
    """What staff sent back in the newest round, while it waits for correction."""
    if application.state != ApplicationState.RETURNED:
        return ()
    found = await applications.returns(call.db, application.id, subscriber_id=application.subscriber_id)
    return tuple(one for one in found if one.round == found[0].round)


def _questions(application: Application) -> tuple[Question, ...]:
    return KINDS_HERE[ApplicationKind(application.kind)].questions


def _refuse(
    form: Form,
    questions: Sequence[Question],
    application: Application,
    call: Call,
    *,
    answers: dict[str, str] | None = None,
) -> None:
    labels = {question.name: question.label for question in questions}
    named = Form(labels=labels)
    typed = application.answers if answers is None else answers
    for name, message in unanswered(tuple(questions), typed, on=call.today).items():
        named.refuse(name, message)
    form.refuse_all(named.errors)


async def _held(call: Call, application: Application) -> tuple[list[ApplicationLine], int, int]:
    """The rows to be typed (none where there are too many), how many there are, and how many are not whole."""
    owner = application.subscriber_id
    total, broken = await applications.line_counts(call.db, application.id, subscriber_id=owner)
    if total > TYPED_ROWS:
        return [], total, broken
    return await applications.lines(call.db, application.id, subscriber_id=owner), total, broken


async def _writing(call: Call, application: Application) -> Writing:
    form = call.form()
    answers = {question.name: form.value(question.name) for question in _questions(application)}
    if form.value("rows") != "typed":
        return Writing(form, answers, [], await columns_for(call, application), None)
    held = await applications.lines(call.db, application.id, subscriber_id=application.subscriber_id)
    columns = await columns_for(call, application, held)
    posted = rows_posted(call.data)
    written = [row for row in posted if not row.is_blank]
    read = await read_rows(call, application, written, columns, held)
    kept = posted if form.value("add_lines") or form.value("remove_lines") else written
    return Writing(form, answers, kept, columns, read)


async def _again(
    call: Call, application: Application, writing: Writing, *, focus: str | None = None, overtaken: bool = False
) -> Response:
    counts = await applications.line_counts(call.db, application.id, subscriber_id=application.subscriber_id)
    rows_here = writing.rows if writing.lines is not None else None
    saved = await theirs(call, application, writing.answers, rows_here, writing.columns) if overtaken else None
    return await _page(
        call,
        application,
        writing.form,
        writing.rows,
        writing.columns,
        counts=counts,
        focus=focus,
        saved_meanwhile=saved,
        typed=writing.lines is not None,
        status=422,
    )


async def _page(
    call: Call,
    application: Application,
    form: Form,
    rows_: Sequence[TypedRow],
    columns: tuple[LineColumn, ...],
    *,
    counts: tuple[int, int],
    focus: str | None = None,
    saved_meanwhile: Theirs | None = None,
    typed: bool | None = None,
    status: int = 200,
) -> Response:
    total, broken = counts
    typed = total <= TYPED_ROWS if typed is None else typed
    listed, paging = await listed_lines(call, application, path=f"/applications/{application.id}/edit")
    owner = application.subscriber_id
    page = EditPage(
        id=str(application.id),
        kind=KINDS[ApplicationKind(application.kind)].label,
        offering=OFFERINGS[Offering(application.offering or "")].label,
        number=application.number,
        returned=await newest_returns(call, application),
        return_by=application.return_by,
        revision=application.revision,
        saved=bool(call.query("saved")),
        form=form,
        questions=_questions(application),
        typed=typed,
        rows=tuple(rows_),
        columns=columns,
        focus=focus,
        listed=() if typed else listed,
        paging=paging,
        line_count=total,
        broken_count=broken,
        uploads=tuple(await of_application(call.db, application.id, subscriber_id=owner)),
        upload_key=uuid4(),
        theirs=saved_meanwhile,
    )
    return call.page("applications/edit.html", page, status=status)
