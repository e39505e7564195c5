"""The queue of applications at the desk, and the review page of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from starlette.responses import Response

from portal.records import applications, contracts, events, reviews, subscribers
from portal.records.applications import Application, ApplicationLine, ApplicationReturn
from portal.records.reviews import QueuedApplication
from portal.records.subscribers import Subscriber
from portal.terms.applications import KINDS, MOVES, STATE_LABELS, ApplicationKind, ApplicationState, Move, Role, moves_from
from portal.terms.fees import CHARGE_LABELS, Charge
from portal.terms.offerings import DWELLING_LABELS, OFFERINGS, Dwelling, Offering
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.terms.periods import add_days, next_day
from portal.usecases import reviews as acts
from portal.usecases.assessments import PURPOSE_LABELS, Assessment, assess
from portal.usecases.outcomes import NotFound, Refused
from portal.usecases.reviews import RECOMMENDATION_LABELS, Recommendation
from portal.web.access import CLERK
from portal.web.forms import Choices, Form
from portal.web.rendering import folded
from portal.web.shown import (
    PAGE_ROWS,
    ClauseRef,
    Paging,
    ShownViolation,
    Why,
    clause_ref,
    page_of,
    paged,
    violations_shown,
    why,
)
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call, go

PATH = "/desk/applications"
TONES: Mapping[ApplicationState, str] = {
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
ARRIVED = tuple(state for state in ApplicationState if state is not ApplicationState.DRAFT)
OPEN = (ApplicationState.SUBMITTED, ApplicationState.IN_REVIEW)
STATE_CHOICES: Choices = (
    ("", "審査を待つもの"),
    *((state.value, STATE_LABELS[state]) for state in ARRIVED),
    ("all", "すべて"),
)
METHOD_LABELS: Mapping[str, str] = {
    "web": "ウェブ",
    "paper": "書面",
    "phone_recording": "電話録音",
    "in_person_terminal": "対面端末",
    "terms_only": "約款のみ",
}


@dataclass(frozen=True)
class QueueRow:
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


@dataclass(frozen=True)
class ShownCheck:
    verdict: str
    clause: ClauseRef
    label: str
    finding: str | None


@dataclass(frozen=True)
class Fee:
    label: str
    amount: int
    clause: ClauseRef
    why: Why


@dataclass(frozen=True)
class ShownLine:
    """A line of an application as staff read it; the access key is never shown to anybody."""

    position: int
    access_line_id: str
    dwelling: str
    prefecture: str
    area: str
    own_reference: str
    partner: str
    wanted_on: date | None
    options: str
    end_user_ref: str
    consented_at: datetime | None
    consent: str
    whole: bool


@dataclass(frozen=True)
class Step:
    """One thing that this person may do now: a link to its page, or a button of this one."""

    label: str
    href: str
    kind: str


@dataclass(frozen=True)
class Facts:
    """What every page of one application says at its head."""

    id: UUID
    path: str
    number: str
    kind: str
    company: str
    state: str
    tone: str
    offering: str
    purpose: str
    submitted_at: datetime | None
    return_by: date | None
    clause: ClauseRef


@dataclass(frozen=True)
class ShowPage:
    facts: Facts
    subscriber: Subscriber
    checks: tuple[ShownCheck, ...]
    forbidden: int
    on_acceptance: tuple[Fee, ...]
    monthly: tuple[Fee, ...]
    lines: tuple[ShownLine, ...]
    line_count: int
    paging: Paging
    returns: tuple[ApplicationReturn, ...]
    events: tuple[ShownEvent, ...]
    prepared_note: str | None
    prepared_at: datetime | None
    decision: str | None
    contract: tuple[str, str] | None
    form: Form
    recommendations: Choices
    may_take: bool
    may_prepare: bool
    steps: tuple[Step, ...]
    work: tuple[tuple[str, str], ...]
    own_review: bool
    violations: tuple[ShownViolation, ...]


async def index(call: Call) -> Response:
    return await _index(call)


async def _index(call: Call, *, message: str | None = None, status: int = 200) -> Response:
    asked = {name: call.query(name) for name in ("q", "state", "company")}
    page = page_of(call.query("page"))
    companies = tuple((str(one.id), one.name) for one in await subscribers.everyone(call.db))
    found = await reviews.queue(
        call.db,
        states=_states(asked["state"]),
        subscriber_id=UUID(asked["company"]) if asked["company"] in dict(companies) else None,
        search=folded(asked["q"]),
        offset=(page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    rows, paging = paged(found, page, path=PATH, query=asked)
    shown = QueuePage(
        rows=tuple(_queue_row(row) for row in rows),
        paging=paging,
        form=Form(asked),
        states=STATE_CHOICES,
        companies=(("", "すべて"), *companies),
        filtered=any(asked.values()),
        may_take=CLERK.admits(call.by),
        message=message,
    )
    return call.page("desk/applications/list.html", shown, status=status)


def _states(asked: str) -> tuple[str, ...]:
    if asked == "all":
        return tuple(ARRIVED)
    return (asked,) if asked in set(ARRIVED) else tuple(OPEN)


def _queue_row(row: QueuedApplication) -> QueueRow:
    state = ApplicationState(row.state)
    prepared = state is ApplicationState.IN_REVIEW and row.prepared_at is not None
    return QueueRow(
        id=row.id,
        href=f"{PATH}/{row.id}",
        number=row.number,
        kind=KINDS[ApplicationKind(row.kind)].label,
        company=row.company,
        offering=offering_label(row.offering),
        submitted_at=row.submitted_at,
        changed_at=row.changed_at,
        return_by=row.return_by if state is ApplicationState.RETURNED else None,
        reviewer=row.reviewer or "—",
        state="決裁待ち" if prepared else STATE_LABELS[state],
        tone="waiting" if prepared else TONES[state],
        takeable=state is ApplicationState.SUBMITTED,
    )


def offering_label(offering: str | None) -> str:
    return OFFERINGS[Offering(offering)].label if offering in set(Offering) else "—"


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


async def found(call: Call) -> Application:
    application = await applications.get(call.db, call.id())
    if application is None:
        raise NotFound
    return application


async def review_page(
    call: Call,
    application: Application,
    *,
    form: Form | None = None,
    violations: tuple[ShownViolation, ...] = (),
    status: int = 200,
) -> Response:
    owner, path = application.subscriber_id, f"{PATH}/{application.id}"
    subscriber = await subscribers.get(call.db, owner)
    if subscriber is None:
        raise NotFound
    page = page_of(call.query("page"))
    on = next_day(call.today)
    assessment = await assess(call.db, application, on=call.today, starts_on=on)
    count, _ = await applications.line_counts(call.db, application.id, subscriber_id=owner)
    rows = await applications.lines(
        call.db, application.id, subscriber_id=owner, offset=(page - 1) * PAGE_ROWS, limit=PAGE_ROWS + 1
    )
    shown, paging = paged(rows, page, path=path, query={})
    contract = await contracts.by_application(call.db, application.id, subscriber_id=owner)
    view = ShowPage(
        facts=facts_of(application),
        subscriber=subscriber,
        **assessed(assessment),
        lines=tuple(_line(row) for row in shown),
        line_count=count,
        paging=paging,
        returns=tuple(await applications.returns(call.db, application.id, subscriber_id=owner)),
        events=shown_events(await events.of_object(call.db, "application", application.id), to_staff=True),
        prepared_note=application.prepared_note,
        prepared_at=application.prepared_at,
        decision=application.decision_reason,
        contract=(contract.number, f"/desk/contracts/{contract.id}") if contract else None,
        form=form or Form(),
        recommendations=tuple((one.value, RECOMMENDATION_LABELS[one]) for one in Recommendation),
        violations=violations,
        **_doable(call, application),
    )
    return call.page("desk/applications/show.html", view, status=status)


def assessed(assessment: Assessment) -> dict[str, Any]:
    """The checklist and the fees of an assessment, as pages show them."""
    return {
        "checks": tuple(
            ShownCheck(check.verdict, clause_ref(check.clause), check.label, check.finding)
            for check in assessment.checks
        ),
        "forbidden": len(assessment.violations),
        "on_acceptance": tuple(fee(charge) for charge in assessment.on_acceptance),
        "monthly": tuple(fee(charge) for charge in assessment.monthly),
    }


def fee(charge: Charge) -> Fee:
    label = CHARGE_LABELS[charge.code]
    if charge.option is not None:
        label = f"{label}　{OPTIONS[charge.option].label}"
    derived = why((charge.clause,), charge.because, source=charge.source)
    return Fee(label, charge.amount, clause_ref(charge.clause), derived)
