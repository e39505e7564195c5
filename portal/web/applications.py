"""申込, for the subscriber: the list, a new one, its page, 確認, 提出, 完了, 取下げ."""

from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from portal.records import applications, events
from portal.records.applications import Application, ApplicationReturn
from portal.terms.applications import KINDS, STATE_LABELS, ApplicationKind, ApplicationState, Move, Role, moves_from
from portal.terms.offerings import OFFERINGS, Offering
from portal.usecases import applications as usecase
from portal.usecases import drafts
from portal.usecases.applications import KINDS_HERE
from portal.usecases.drafts import COPYABLE, WRITABLE
from portal.usecases.outcomes import NotFound
from portal.usecases.questions import Question, shown, wanted_day
from portal.usecases.readings import strip
from portal.web.access import BINDS, PREPARES
from portal.web.drafts import newest_returns
from portal.web.forms import Choices, Form
from portal.web.lines_listed import ListedLine, listed_lines
from portal.web.rendering import day_era, folded
from portal.web.shown import PAGE_ROWS, Paging, page_of, paged
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call, go
from portal.web.verbs import QUIET

TONES = {
    ApplicationState.DRAFT: "draft",
    ApplicationState.SUBMITTED: "waiting",
    ApplicationState.IN_REVIEW: "progress",
    ApplicationState.RETURNED: "attention",
    ApplicationState.ACCEPTED: "good",
    ApplicationState.DECLINED: "bad",
    ApplicationState.WITHDRAWN: "ended",
    ApplicationState.PROVISIONING: "progress",
    ApplicationState.IN_SERVICE: "good",
    ApplicationState.INFEASIBLE: "bad",
}


@dataclass(frozen=True)
class Row:
    href: str
    number: str
    kind: str
    offering: str
    state: str
    tone: str
    changed_at: datetime
    return_by: date | None


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[Row, ...]
    paging: Paging
    form: Form
    states: Choices
    filtered: bool
    may_begin: bool


@dataclass(frozen=True)
class NewPage:
    form: Form
    choices: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ShowPage:
    id: str
    number: str | None
    kind: str
    offering: str
    state: str
    tone: str
    submitted_at: datetime | None
    answers: tuple[tuple[str, str], ...]
    lines: tuple[ListedLine, ...]
    line_count: int
    paging: Paging
    returned: tuple[ApplicationReturn, ...]
    return_by: date | None
    overdue: bool
    decision_reason: str | None
    contract_href: str | None
    events: tuple[ShownEvent, ...]
    form: Form
    may_edit: bool
    may_discard: bool
    may_withdraw: bool
    may_copy: bool
    next_step: str


@dataclass(frozen=True)
class AskPage:
    """A question before something that is not taken back."""

    id: str
    title: str
    lead: str
    label: str
    action: str
    subject: str
    form: Form


async def index(call: Call) -> Response:
    """The company's applications, the newest first; found by 受付番号 in any width, with or without hyphens."""
    search, state, number = call.query("q"), call.query("state"), page_of(call.query("page"))
    found = await applications.listed(
        call.db,
        subscriber_id=call.subscriber_id,
        states=(state,) if state in set(ApplicationState) else (),
        search=folded(search),
        offset=(number - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    page_rows, paging = paged(found, number, path="/applications", query={"q": search, "state": state})
    page = IndexPage(
        rows=tuple(
            Row(
                href=f"/applications/{one.id}",
                number=one.number or "（未提出）",
                kind=KINDS[ApplicationKind(one.kind)].label,
                offering=offering_label(one.offering),
                state=STATE_LABELS[ApplicationState(one.state)],
                tone=TONES[ApplicationState(one.state)],
                changed_at=one.changed_at,
                return_by=one.return_by,
            )
            for one in page_rows
        ),
        paging=paging,
        form=Form({"q": search, "state": state}),
        states=(("", "すべて"), *((one.value, label) for one, label in STATE_LABELS.items())),
        filtered=bool(search or state),
        may_begin=PREPARES.admits(call.by),
    )
    return call.page("applications/list.html", page)


def offering_label(offering: str | None) -> str:
    return OFFERINGS[Offering(offering)].label if offering else "—"


async def new(call: Call) -> Response:
    """Which kind of application to begin."""
    return call.page("applications/new.html", NewPage(Form(), _orderable()))


async def create(call: Call) -> Response:
    """Begin a draft and go to its form."""
    form = call.form(kind="申込の種類")
    kind, _, offering = form.choose("kind", tuple((value, label) for value, label, _ in _orderable())).partition(":")
    if form.errors:
        return call.page("applications/new.html", NewPage(form, _orderable()), status=422)
    application_id = await drafts.begin(
        call.db, by=call.by, at=call.at, kind=ApplicationKind(kind), offering=Offering(offering)
    )
    return go(f"/applications/{application_id}/edit")


def _orderable() -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (f"{kind.value}:{offering.value}", f"{KINDS[kind].label}　{OFFERINGS[offering].label}", "")
        for kind, here in KINDS_HERE.items()
        for offering in here.offerings
    )


async def show(call: Call) -> Response:
    """Where an application stands, what it says, what has happened, and what may be done with it."""
    application = await own(call)
    state = ApplicationState(application.state)
    lines, paging = await listed_lines(call, application, path=f"/applications/{application.id}")
    total, _ = await applications.line_counts(call.db, application.id, subscriber_id=call.subscriber_id)
    told = await events.of_object(call.db, "application", application.id)
    withdrawable = Move.WITHDRAW in moves_from(state, role=Role.SIGNATORY) and state is not ApplicationState.DRAFT
    prepares = PREPARES.admits(call.by)
    page = ShowPage(
        id=str(application.id),
        number=application.number,
        kind=KINDS[ApplicationKind(application.kind)].label,
        offering=offering_label(application.offering),
        state=STATE_LABELS[state],
        tone=TONES[state],
        submitted_at=application.submitted_at,
        answers=answers_shown(application, on=call.today),
        lines=lines,
        line_count=total,
        paging=paging,
        returned=await newest_returns(call, application),
        return_by=application.return_by,
        overdue=application.return_by is not None and application.return_by < call.today,
        decision_reason=application.decision_reason,
        contract_href=f"/contracts/{application.contract_id}" if application.contract_id else None,
        events=shown_events([one for one in told if one.verb not in QUIET], to_staff=False),
        form=Form(),
        may_edit=state in WRITABLE and prepares,
        may_discard=state is ApplicationState.DRAFT and prepares,
        may_withdraw=withdrawable and BINDS.admits(call.by),
        may_copy=state in COPYABLE and prepares,
        next_step=NEXT_STEPS[state],
    )
    return call.page("applications/show.html", page)


NEXT_STEPS = {
    ApplicationState.DRAFT: "貴社：内容を確認し、署名権限者が申し込みます。",
    ApplicationState.SUBMITTED: "当社：審査を始めます。受付は承諾ではありません。",
    ApplicationState.IN_REVIEW: "当社：審査をしています。受付は承諾ではありません。",
    ApplicationState.RETURNED: "貴社：指摘された項目を直し、署名権限者が再提出します。",
    ApplicationState.ACCEPTED: "当社：回線の手配をします。",
    ApplicationState.DECLINED: "この申込は終わりました。写しから新しい申込を作れます。",
    ApplicationState.WITHDRAWN: "この申込は終わりました。写しから新しい申込を作れます。",
    ApplicationState.PROVISIONING: "当社：回線の手配をしています。",
    ApplicationState.IN_SERVICE: "この申込の手続きは終わりました。",
    ApplicationState.INFEASIBLE: "この申込の手続きは終わりました。",
}


def answers_shown(application: Application, *, on: date) -> tuple[tuple[str, str], ...]:
    """The answers as they were read, with the labels of their questions."""
    questions = KINDS_HERE[ApplicationKind(application.kind)].questions
    return tuple((question.label, _answer(question, application.answers, on=on)) for question in questions)


def answers_read_otherwise(application: Application, *, on: date) -> tuple[tuple[str, str, str], ...]:
    """読み替え: (question, typed, read) of the typed answers that were read in another form."""
    questions = KINDS_HERE[ApplicationKind(application.kind)].questions
    typed = [(one, strip(application.answers.get(one.name, ""))) for one in questions if one.form == "text"]
    read = [(one.label, text, shown(one, application.answers, on=on)) for one, text in typed if text]
    return tuple((label, text, as_read) for label, text, as_read in read if text != as_read)


def _answer(question: Question, answers: dict[str, str], *, on: date) -> str:
    day = wanted_day(answers.get(question.name, "")) if question.form == "date" else None
    return shown(question, answers, on=on) if day is None else day_era(day)


async def own(call: Call) -> Application:
    """The company's application of the address."""
    application = await applications.get(call.db, call.id(), subscriber_id=call.subscriber_id)
    if application is None:
        raise NotFound
    return application


async def ask_withdrawal(call: Call) -> Response:
    application = await own(call)
    page = AskPage(
        id=str(application.id),
        title="申込を取り下げますか",
        lead="取り下げた申込は元に戻せません。写しから新しい申込を作ることはできます。",
        label="取り下げる",
        action=f"/applications/{application.id}/withdraw",
        subject=f"受付番号 {application.number}" if application.number else "提出していない申込",
        form=Form(),
    )
    return call.page("applications/ask.html", page)


async def withdraw(call: Call) -> Response:
    await usecase.withdraw(call.db, by=call.by, at=call.at, application_id=call.id())
    return go(f"/applications/{call.id()}")


async def ask_discard(call: Call) -> Response:
    application = await own(call)
    page = AskPage(
        id=str(application.id),
        title="下書きを削除しますか",
        lead="入力した内容、回線、アップロードしたファイルは、すべて削除され、元に戻せません。",
        label="削除する",
        action=f"/applications/{application.id}/discard",
        subject=KINDS[ApplicationKind(application.kind)].label,
        form=Form(),
    )
    return call.page("applications/ask.html", page)


async def discard(call: Call) -> Response:
    await drafts.discard(call.db, by=call.by, at=call.at, application_id=call.id())
    return go("/applications")


async def copy(call: Call) -> Response:
    """A new draft with everything of a withdrawn or declined application."""
    application_id = await drafts.copy(call.db, by=call.by, at=call.at, application_id=call.id())
    return go(f"/applications/{application_id}/edit")
