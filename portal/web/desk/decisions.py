"""The decision at the desk: accept (承諾) or decline (謝絶), each confirmed first; and what was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from portal.records import applications, contracts
from portal.records.applications import Application
from portal.terms.applications import DECLINE_REASON_LABELS, ApplicationState, DeclineReason
from portal.terms.periods import next_day
from portal.usecases import reviews as acts
from portal.usecases.assessments import assess
from portal.usecases.outcomes import Conflict, NotFound, Refused
from portal.web.desk.application_view import PATH, Facts, Verdict, facts_of, found, verdict_of
from portal.web.forms import Choices, Form
from portal.web.shown import ShownViolation, violations_shown
from portal.web.transaction import Call, go
from portal.web.typed import day

DECLINE_CODES: Choices = (
    ("", "選んでください"),
    *((code.value, DECLINE_REASON_LABELS[code]) for code in DeclineReason),
)
ACCEPT_LABELS = {"starts_on": "利用開始日"}
DONE: Mapping[ApplicationState, tuple[str, str]] = {
    ApplicationState.RETURNED: ("申込を差し戻しました", "契約者が期限までに補正し、再提出します。"),
    ApplicationState.ACCEPTED: ("申込を承諾しました", "審査担当が手配を始め、課金開始日を設定します。"),
    ApplicationState.DECLINED: (
        "申込を謝絶しました",
        "契約者の画面に理由を示しました。この申込についての手続きは終わりです。",
    ),
}


@dataclass(frozen=True)
class AcceptPage:
    """`starts_on` and `verdict`: None while the day is being typed. `seen`: which review the approver is looking at."""

    facts: Facts
    form: Form
    starts_on: date | None
    verdict: Verdict | None
    line_count: int
    seen: str
    prepared_note: str
    violations: tuple[ShownViolation, ...]


@dataclass(frozen=True)
class DeclinePage:
    facts: Facts
    form: Form
    codes: Choices
    confirming: bool
    code_label: str
    reason: str
    prepared_note: str


@dataclass(frozen=True)
class DonePage:
    facts: Facts
    title: str
    next_step: str
    decided_at: datetime
    contract: tuple[str, str] | None


async def accept_form(call: Call) -> Response:
    """入力 of the first day of service, and with it in the address 確認: what follows, evaluated by the terms now."""
    application = await found(call)
    _decidable(application)
    typed = call.request.query_params.get("starts_on")
    form = Form({"starts_on": f"{next_day(call.today):%Y/%m/%d}" if typed is None else typed}, labels=ACCEPT_LABELS)
    starts_on = None
    if typed is not None and "edit" not in call.request.query_params:
        starts_on = _first_day(form, call.today)
    return await _accept_page(call, application, form, starts_on, status=422 if form.errors else 200)


async def accept(call: Call) -> Response:
    """The day is the one that 確認 showed: its form has no field to type another into."""
    application = await found(call)
    form = call.form(**ACCEPT_LABELS)
    starts_on = _first_day(form, call.today)
    if starts_on is None:
        _decidable(application)
        return await _accept_page(call, application, form, None, status=422)
    try:
        await acts.accept(
            call.db,
            by=call.by,
            at=call.at,
            application_id=call.id(),
            starts_on=starts_on,
            seen_prepared_at=_moment(form.value("seen")),
        )
    except Refused as refused:
        shown = violations_shown(refused.violations)
        return await _accept_page(call, await found(call), form, starts_on, violations=shown, status=422)
    return go(f"{PATH}/{call.id()}/done")


def _first_day(form: Form, today: date) -> date | None:
    starts_on = day(form, "starts_on")
    if starts_on is not None and starts_on < today:
        form.refuse("starts_on", "承諾の日（本日）以後の日にしてください。")
    return None if form.errors else starts_on


async def _accept_page(
    call: Call,
    application: Application,
    form: Form,
    starts_on: date | None,
    *,
    violations: tuple[ShownViolation, ...] = (),
    status: int = 200,
) -> Response:
    verdict = None
    if starts_on is not None:
        verdict = verdict_of(await assess(call.db, application, on=call.today, starts_on=starts_on))
    count, _ = await applications.line_counts(call.db, application.id, subscriber_id=application.subscriber_id)
    page = AcceptPage(
        facts=facts_of(application),
        form=form,
        starts_on=starts_on,
        verdict=verdict,
        line_count=count,
        seen=application.prepared_at.isoformat() if application.prepared_at else "",
        prepared_note=application.prepared_note or "",
        violations=violations,
    )
    return call.page("desk/applications/accept.html", page, status=status)


def _decidable(application: Application) -> None:
    if application.state != ApplicationState.IN_REVIEW or application.prepared_at is None:
        raise Conflict("この申込は決裁待ちではありません。審査の画面で状態を確かめてください。")


def _moment(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


async def decline_form(call: Call) -> Response:
    """入力, and with code and reason in the address 確認."""
    labels = {"code": "理由の区分", "reason": "契約者に示す理由"}
    form = Form({name: call.query(name) for name in labels}, labels=labels)
    asked = "code" in call.request.query_params and "edit" not in call.request.query_params
    if asked:
        _check_decline(form)
    confirming = asked and not form.errors
    return _decline_page(call, await found(call), form, confirming=confirming, status=422 if form.errors else 200)


async def decline(call: Call) -> Response:
    form = call.form(code="理由の区分", reason="契約者に示す理由")
    _check_decline(form)
    if form.errors:
        return _decline_page(call, await found(call), form, confirming=False, status=422)
    await acts.decline(
        call.db,
        by=call.by,
        at=call.at,
        application_id=call.id(),
        code=DeclineReason(form.value("code")),
        reason=form.text("reason"),
    )
    return go(f"{PATH}/{call.id()}/done")


def _check_decline(form: Form) -> None:
    form.choose("code", DECLINE_CODES[1:])
    form.need("reason")
    if len(form.text("reason")) > 500:
        form.refuse("reason", "理由は500文字以内で入力してください。")


def _decline_page(call: Call, application: Application, form: Form, *, confirming: bool, status: int = 200) -> Response:
    _decidable(application)
    page = DeclinePage(
        facts=facts_of(application),
        form=form,
        codes=DECLINE_CODES,
        confirming=confirming,
        code_label=dict(DECLINE_CODES).get(form.value("code"), ""),
        reason=form.text("reason"),
        prepared_note=application.prepared_note or "",
    )
    return call.page("desk/applications/decline.html", page, status=status)


async def done(call: Call) -> Response:
    """完了: what was done, and who acts next."""
    application = await found(call)
    state = ApplicationState(application.state)
    if state not in DONE:
        raise NotFound
    title, next_step = DONE[state]
    contract = await contracts.by_application(call.db, application.id, subscriber_id=application.subscriber_id)
    page = DonePage(
        facts=facts_of(application),
        title=title,
        next_step=next_step,
        decided_at=application.decided_at or application.changed_at,
        contract=(contract.number, f"/desk/contracts/{contract.id}") if contract else None,
    )
    return call.page("desk/applications/done.html", page)
