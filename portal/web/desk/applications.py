"""The queue of applications at the desk, and the moves that need no page of their own."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from starlette.responses import Response

from portal.records import reviews, subscribers
from portal.records.reviews import QueuedApplication
from portal.terms.applications import KINDS, STATE_LABELS, ApplicationKind, ApplicationState, Move
from portal.usecases import reviews as acts
from portal.usecases.outcomes import NotFound, Refused
from portal.usecases.reviews import Recommendation
from portal.web.access import CLERK
from portal.web.desk.application_view import (
    PATH,
    RECOMMENDATIONS,
    found,
    offering_label,
    review_page,
    state_shown,
)
from portal.web.forms import Choices, Form
from portal.web.rendering import folded
from portal.web.shown import PAGE_ROWS, Paging, page_of, paged, violations_shown
from portal.web.transaction import Call, go

ARRIVED = tuple(state.value for state in ApplicationState if state is not ApplicationState.DRAFT)
OPEN = (ApplicationState.SUBMITTED.value, ApplicationState.IN_REVIEW.value)
STATE_CHOICES: Choices = (
    ("", "審査を待つもの"),
    *((state, STATE_LABELS[ApplicationState(state)]) for state in ARRIVED),
    ("all", "すべて"),
)


@dataclass(frozen=True)
class QueueRow:
    """`takeable`: nobody has begun its review yet."""

    id: UUID
    href: str
    number: str
    kind: str
    company: str
    offering: str
    submitted_at: datetime
    changed_at: datetime
    return_by: date | None
    reviewer: str
    state: str
    tone: str
    takeable: bool


@dataclass(frozen=True)
class QueuePage:
    rows: tuple[QueueRow, ...]
    paging: Paging
    form: Form
    states: Choices
    companies: Choices
    filtered: bool
    may_take: bool
    message: str | None = None


async def index(call: Call) -> Response:
    return await _index(call)


async def _index(call: Call, *, message: str | None = None, status: int = 200) -> Response:
    asked = {name: call.query(name) for name in ("q", "state", "company")}
    page = page_of(call.query("page"))
    companies = tuple((str(one.id), one.name) for one in await subscribers.everyone(call.db))
    rows, paging = paged(
        await reviews.queue(
            call.db,
            states=_states(asked["state"]),
            subscriber_id=UUID(asked["company"]) if asked["company"] in dict(companies) else None,
            search=folded(asked["q"]),
            offset=(page - 1) * PAGE_ROWS,
            limit=PAGE_ROWS + 1,
        ),
        page,
        path=PATH,
        query=asked,
    )
    shown = QueuePage(
        rows=tuple(_queue_row(row) for row in rows),
        paging=paging,
        form=Form(asked),
        states=STATE_CHOICES,
        companies=(("", "すべて"), *companies),
        filtered=any(asked.values()),
        may_take=CLERK.admits(call.by) and any(row.state == ApplicationState.SUBMITTED for row in rows),
        message=message,
    )
    return call.page("desk/applications/list.html", shown, status=status)


def _states(asked: str) -> tuple[str, ...]:
    if asked == "all":
        return ARRIVED
    return (asked,) if asked in ARRIVED else OPEN


def _queue_row(row: QueuedApplication) -> QueueRow:
    label, tone = state_shown(row.state, row.prepared_at)
    return QueueRow(
        id=row.id,
        href=f"{PATH}/{row.id}",
        number=row.number,
        kind=KINDS[ApplicationKind(row.kind)].label,
        company=row.company,
        offering=offering_label(row.offering),
        submitted_at=row.submitted_at,
        changed_at=row.changed_at,
        return_by=row.return_by if row.state == ApplicationState.RETURNED else None,
        reviewer=row.reviewer or "—",
        state=label,
        tone=tone,
        takeable=row.state == ApplicationState.SUBMITTED,
    )


async def take_chosen(call: Call) -> Response:
    """Begin the review of every chosen application, or of none when one of them has moved on."""
    chosen = [value for value in call.data.getlist("chosen") if isinstance(value, str)]
    if not chosen:
        return await _index(call, message="審査を始める申込を選んでください。", status=422)
    for value in chosen:
        await acts.take(call.db, by=call.by, at=call.at, application_id=_uuid(value))
    return go(f"{PATH}?state=in_review")


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise NotFound from error


async def show(call: Call) -> Response:
    return await review_page(call, await found(call))


async def take(call: Call) -> Response:
    await acts.take(call.db, by=call.by, at=call.at, application_id=call.id())
    return go(f"{PATH}/{call.id()}")


async def prepare(call: Call) -> Response:
    """審査済: the review is finished; an approver decides next."""
    form = call.form(recommendation="審査の結果", note="所見")
    form.need("note")
    chosen = form.choose("recommendation", RECOMMENDATIONS)
    if form.errors:
        return await review_page(call, await found(call), form=form, status=422)
    await acts.prepare(
        call.db,
        by=call.by,
        at=call.at,
        application_id=call.id(),
        recommendation=Recommendation(chosen),
        note=form.text("note"),
    )
    return go(f"{PATH}/{call.id()}")


async def advance(call: Call) -> Response:
    """手配, 開通不可: the work after acceptance that needs no day."""
    form = call.form(move="操作", reason="理由")
    moves = {move.value: move for move in acts.WORK}
    move: Move | None = moves.get(form.value("move"))
    if move is None:
        form.refuse("reason", "行う操作のボタンを押してください。")
        return await review_page(call, await found(call), form=form, status=422)
    try:
        await acts.advance(
            call.db,
            by=call.by,
            at=call.at,
            application_id=call.id(),
            move=move,
            reason=form.text("reason") or None,
        )
    except Refused as refused:
        shown = violations_shown(refused.violations)
        return await review_page(call, await found(call), form=form, violations=shown, status=422)
    return go(f"{PATH}/{call.id()}")
