"""差戻し at the desk: fields and single lines, each with its reason, and a deadline."""

import re
from dataclasses import dataclass

from starlette.responses import Response

from portal.records.applications import Application
from portal.terms.applications import ApplicationKind, ApplicationState
from portal.terms.periods import add_days
from portal.usecases import reviews as acts
from portal.usecases.outcomes import Conflict, Refused
from portal.usecases.reviews import RETURNABLE, Return
from portal.web.desk.application_view import PATH, Facts, facts_of, found
from portal.web.forms import Choices, Form
from portal.web.line_rows import NAMES
from portal.web.shown import ShownViolation, violations_shown
from portal.web.transaction import Call, go
from portal.web.typed import day

RETURN_DAYS = 14
LINE = "line"
# The fields of a row, by their names in the subscriber's form, so that the mark stands at the right one.
CELLS: Choices = (("", "行の全体"), *((name, label) for label, name in NAMES.items()))
ROW = re.compile(r"returns-(\d{1,4})-field", re.ASCII)


@dataclass(frozen=True)
class Column:
    """A column of the row editor of returns."""

    name: str
    label: str
    kind: str
    required: bool
    choices: Choices = ()
    help: str | None = None
    width: str = "full"


@dataclass(frozen=True)
class Row:
    """A row of the row editor: reads its own cells out of the form."""

    key: str
    form: Form

    def value(self, column: str) -> str:
        return self.form.value(f"returns-{self.key}-{column}")

    def values(self, column: str) -> tuple[str, ...]:
        return self.form.values(f"returns-{self.key}-{column}")

    def error(self, column: str) -> str | None:
        return self.form.error(f"returns-{self.key}-{column}")


@dataclass(frozen=True)
class SendBackPage:
    facts: Facts
    form: Form
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    focus: str | None
    violations: tuple[ShownViolation, ...]


async def send_back_form(call: Call) -> Response:
    deadline = add_days(call.today, RETURN_DAYS)
    form = Form({"return_by": f"{deadline:%Y/%m/%d}"})
    return _send_back_page(call, await found(call), form, ("1",))


async def send_back(call: Call) -> Response:
    application = await found(call)
    keys = _keys(call)
    form = call.form(return_by="補正の期限", **_return_labels(keys))
    if "add_returns" in call.data:
        added = str(max((int(key) for key in keys), default=0) + 1)
        # Nothing was asked to be done yet: 422 keeps the key of the form unused.
        return _send_back_page(call, application, form, (*keys, added), focus=added, status=422)
    if removed := form.value("remove_returns"):
        return _send_back_page(call, application, form, tuple(key for key in keys if key != removed), status=422)
    return_by = day(form, "return_by")
    returns = [_return(form, key) for key in keys]
    if form.errors:
        return _send_back_page(call, application, form, keys, status=422)
    try:
        await acts.send_back(
            call.db, by=call.by, at=call.at, application_id=call.id(), returns=returns, return_by=return_by
        )
    except Refused as refused:
        shown = violations_shown(refused.violations)
        return _send_back_page(call, application, form, keys, violations=shown, status=422)
    return go(f"{PATH}/{call.id()}/done")


def _keys(call: Call) -> tuple[str, ...]:
    """The rows that were sent, in their order: each has its field of what to return."""
    named = (ROW.fullmatch(name) for name in call.data)
    return tuple(dict.fromkeys(match[1] for match in named if match))


def _return_labels(keys: tuple[str, ...]) -> dict[str, str]:
    names = (("field", "項目"), (LINE, "回線の行番号"), ("column", "回線の列"), ("reason", "理由"))
    return {
        f"returns-{key}-{name}": f"差戻し{place}：{label}" for place, key in enumerate(keys, 1) for name, label in names
    }


def _return(form: Form, key: str) -> Return:
    field, line, column, reason = (f"returns-{key}-{name}" for name in ("field", LINE, "column", "reason"))
    if not form.value(field):
        form.refuse(field, "差し戻す項目を選んでください。")
    form.need(reason)
    if form.value(field) != LINE:
        for name in (line, column):
            if form.text(name):
                form.refuse(name, "項目に「回線（行番号を指定）」を選んだときだけ入力してください。")
        return Return(form.value(field), form.text(reason))
    cell = form.choose(column, CELLS)
    number = form.code(line)
    if not (number.isascii() and number.isdigit() and len(number) <= 7):
        form.refuse(line, "回線の行番号を数字で入力してください。")
        return Return(LINE, form.text(reason), line=0)
    return Return(LINE, form.text(reason), int(number), (cell, dict(CELLS)[cell]) if cell in dict(CELLS[1:]) else None)


def _send_back_page(
    call: Call,
    application: Application,
    form: Form,
    keys: tuple[str, ...],
    *,
    focus: str | None = None,
    violations: tuple[ShownViolation, ...] = (),
    status: int = 200,
) -> Response:
    if application.state != ApplicationState.IN_REVIEW:
        raise Conflict("審査中の申込だけを差し戻せます。審査の画面で状態を確かめてください。")
    fields = RETURNABLE.get(ApplicationKind(application.kind), ())
    choices = (("", "選んでください"), *fields, (LINE, "回線（行番号を指定）"))
    columns = (
        Column("field", "項目", "select", True, choices),
        Column(LINE, "回線の行番号", "text", False, width="xs"),
        Column("column", "回線の列", "select", False, CELLS),
        Column("reason", "理由", "textarea", True),
    )
    rows = tuple(Row(key, form) for key in keys)
    page = SendBackPage(facts_of(application), form, rows, columns, focus, violations)
    return call.page("desk/applications/send_back.html", page, status=status)
