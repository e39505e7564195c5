"""The review page of one application: facts, clause checklist, fees that follow, lines, returns, what may be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from portal.records import applications, contracts, events, subscribers
from portal.records.applications import Application, ApplicationLine, ApplicationReturn
from portal.records.events import Event
from portal.records.subscribers import Subscriber
from portal.terms.applications import (
    DECLINE_REASON_LABELS,
    KINDS,
    MOVES,
    STATE_LABELS,
    ApplicationKind,
    ApplicationState,
    DeclineReason,
    Move,
    Role,
    moves_from,
)
from portal.terms.fees import CHARGE_LABELS, Charge
from portal.terms.offerings import DWELLING_LABELS, OFFERINGS, Dwelling, Offering
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.terms.periods import next_day, tokyo_date
from portal.terms.statements import Statement
from portal.usecases.assessments import Assessment, assess
from portal.usecases.outcomes import NotFound
from portal.usecases.questions import NEW_CONTRACT, Question, shown
from portal.usecases.reviews import RECOMMENDATION_LABELS, WORK
from portal.web.forms import Choices, Form
from portal.web.shown import PAGE_ROWS, ClauseRef, Paging, ShownViolation, Why, clause_ref, page_of, paged, why
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call
from portal.web.verbs import QUIET

PATH = "/desk/applications"
RECOMMENDATIONS: Choices = tuple((one.value, label) for one, label in RECOMMENDATION_LABELS.items())
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
UNDECIDED = frozenset(
    {ApplicationState.DRAFT, ApplicationState.SUBMITTED, ApplicationState.IN_REVIEW, ApplicationState.RETURNED}
)
QUESTIONS: Mapping[ApplicationKind, tuple[Question, ...]] = {ApplicationKind.NEW_CONTRACT: NEW_CONTRACT}
METHOD_LABELS: Mapping[str, str] = {
    "web": "ウェブ",
    "paper": "書面",
    "phone_recording": "電話録音",
    "in_person_terminal": "対面端末",
    "terms_only": "約款のみ",
}


@dataclass(frozen=True)
class Facts:
    """What every page of one application says at its head. `answers`: (question, the lines of what was answered)."""

    path: str
    number: str
    kind: str
    company: str
    state: str
    tone: str
    offering: str
    answers: tuple[tuple[str, tuple[str, ...]], ...]
    submitted_at: datetime | None
    return_by: date | None
    clause: ClauseRef


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
    why: Why


@dataclass(frozen=True)
class Fees:
    """A statement that may come: its rows, its sum before tax, the tax, what is to be paid."""

    rows: tuple[Fee, ...]
    standard: int
    tax_label: str
    tax: int
    total: int


@dataclass(frozen=True)
class Verdict:
    """The checklist and the fees that follow (None: no price is shown), evaluated by the terms now."""

    checks: tuple[ShownCheck, ...]
    forbidden: int
    on_acceptance: Fees | None
    monthly: Fees | None


@dataclass(frozen=True)
class Decided:
    """What was recorded when the application was decided: when, and the clauses that were checked."""

    at: datetime
    clauses: tuple[ClauseRef, ...]


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
class ShowPage:
    """`work`: (move, label) of the buttons after acceptance. `own_review`: this person finished the review.

    `verdict` is None once the application is decided (`decided`) or withdrawn: the facts of a later day are not its.
    """

    facts: Facts
    subscriber: Subscriber
    resale: str
    verdict: Verdict | None
    decided: Decided | None
    lines: tuple[ShownLine, ...]
    line_count: int
    paging: Paging
    returns: tuple[ApplicationReturn, ...]
    events: tuple[ShownEvent, ...]
    prepared_note: str | None
    prepared_at: datetime | None
    decision: tuple[str, str] | None
    contract: tuple[str, str] | None
    form: Form
    recommendations: Choices
    violations: tuple[ShownViolation, ...]
    may_take: bool
    may_review: bool
    may_decide: bool
    own_review: bool
    may_open: bool
    work: tuple[tuple[str, str], ...]
    work_needs_reason: bool


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
    owner, db = application.subscriber_id, call.db
    subscriber = await subscribers.get(db, owner)
    if subscriber is None:
        raise NotFound
    page = page_of(call.query("page"))
    rows = await applications.lines(
        db, application.id, subscriber_id=owner, offset=(page - 1) * PAGE_ROWS, limit=PAGE_ROWS + 1
    )
    listed, paging = paged(rows, page, path=f"{PATH}/{application.id}", query={})
    contract = await contracts.by_application(db, application.id, subscriber_id=owner)
    told = await events.of_object(db, "application", application.id)
    state, roles = ApplicationState(application.state), [role for role in Role if call.by.may(role)]
    moves = {move for role in roles for move in moves_from(state, role=role)}
    work = tuple(move for move in WORK if move in moves)
    view = ShowPage(
        facts=facts_of(application),
        subscriber=subscriber,
        resale=subscriber.resale_number or f"免除（{subscriber.resale_exemption or '—'}）",
        verdict=await _verdict(call, application),
        decided=_decided(application, told),
        lines=tuple(_line(row) for row in listed),
        line_count=(await applications.line_counts(db, application.id, subscriber_id=owner))[0],
        paging=paging,
        returns=tuple(await applications.returns(db, application.id, subscriber_id=owner)),
        events=shown_events([one for one in told if one.verb not in QUIET], to_staff=True),
        prepared_note=application.prepared_note,
        prepared_at=application.prepared_at,
        decision=_decision(application),
        contract=(contract.number, f"/desk/contracts/{contract.id}") if contract else None,
        form=form or Form(),
        recommendations=RECOMMENDATIONS,
        violations=violations,
        may_take=Move.TAKE in moves,
        may_review=Move.SEND_BACK in moves,
        may_decide=Move.ACCEPT in moves and application.prepared_by not in (None, call.by.id),
        own_review=Move.ACCEPT in moves and application.prepared_by == call.by.id,
        may_open=Move.PUT_IN_SERVICE in moves,
        work=tuple((move.value, MOVES[move].label) for move in work),
        work_needs_reason=any(MOVES[move].needs_reason for move in work),
    )
    return call.page("desk/applications/show.html", view, status=status)


async def _verdict(call: Call, application: Application) -> Verdict | None:
    if application.state not in UNDECIDED:
        return None
    return verdict_of(await assess(call.db, application, on=call.today, starts_on=next_day(call.today)))


def _decided(application: Application, told: Sequence[Event]) -> Decided | None:
    if application.decided_at is None:
        return None
    clauses = next((one.clauses for one in told if one.verb == "application_accepted"), ())
    return Decided(application.decided_at, tuple(clause_ref(one) for one in clauses))


def facts_of(application: Application) -> Facts:
    kind = KINDS[ApplicationKind(application.kind)]
    state, tone = state_shown(application.state, application.prepared_at)
    returned = application.state == ApplicationState.RETURNED
    return Facts(
        path=f"{PATH}/{application.id}",
        number=application.number or "—",
        kind=kind.label,
        company=application.company,
        state=state,
        tone=tone,
        offering=offering_label(application.offering),
        answers=_answers(application),
        submitted_at=application.submitted_at,
        return_by=application.return_by if returned else None,
        clause=clause_ref(kind.clause),
    )


def _answers(application: Application) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Everything that was answered, on the day it arrived: a day that was to come then has not become wrong."""
    on = tokyo_date(application.submitted_at or application.drafted_at)
    return tuple(
        (question.label, tuple(shown(question, application.answers, on=on).splitlines()))
        for question in QUESTIONS.get(ApplicationKind(application.kind), ())
    )


def state_shown(value: str, prepared_at: datetime | None) -> tuple[str, str]:
    """The state's word and tone; a finished review waits for the decision (決裁待ち), which is no state of its own."""
    state = ApplicationState(value)
    if state is ApplicationState.IN_REVIEW and prepared_at is not None:
        return "決裁待ち", "waiting"
    return STATE_LABELS[state], TONES[state]


def offering_label(offering: str | None) -> str:
    return OFFERINGS[Offering(offering)].label if offering in set(Offering) else "—"


def verdict_of(assessment: Assessment) -> Verdict:
    return Verdict(
        checks=tuple(
            ShownCheck(check.verdict, clause_ref(check.clause), check.label, check.finding)
            for check in assessment.checks
        ),
        forbidden=len(assessment.violations),
        on_acceptance=_fees(assessment.on_acceptance),
        monthly=_fees(assessment.monthly),
    )


def _fees(statement: Statement | None) -> Fees | None:
    if statement is None:
        return None
    return Fees(
        rows=tuple(fee(charge) for charge in statement.charges),
        standard=statement.standard,
        tax_label=f"消費税（{statement.tax_rate}%）",
        tax=statement.tax,
        total=statement.total,
    )


def fee(charge: Charge) -> Fee:
    label = CHARGE_LABELS[charge.code]
    if charge.option is not None:
        label = f"{label}　{OPTIONS[charge.option].label}"
    return Fee(label, charge.amount, why((charge.clause,), charge.because, source=charge.source))


def _decision(application: Application) -> tuple[str, str] | None:
    if application.decision_code is None:
        return None
    return DECLINE_REASON_LABELS[DeclineReason(application.decision_code)], application.decision_reason or ""


def _line(row: ApplicationLine) -> ShownLine:
    consent = ""
    if row.consent_method:
        consent = f"{METHOD_LABELS.get(row.consent_method, row.consent_method)}・{row.policy_version or '—'}版"
    return ShownLine(
        position=row.position,
        access_line_id=row.access_line_id or "—",
        dwelling=DWELLING_LABELS[Dwelling(row.dwelling)] if row.dwelling else "—",
        prefecture=row.prefecture or "—",
        area=row.area or "",
        own_reference=row.own_reference or "",
        partner=row.partner_code or "",
        wanted_on=row.wanted_on,
        options="、".join(OPTIONS[OptionKind(option)].file_label for option in row.options),
        end_user_ref=row.end_user_ref or "",
        consented_at=row.consented_at,
        consent=consent,
        whole=row.whole,
    )
