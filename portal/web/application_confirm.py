"""確認 of an application: everything it says, every refusal at once, fees and dates that follow; then 提出."""

from dataclasses import dataclass

from starlette.responses import Response

from portal.records import applications
from portal.records.applications import Application
from portal.terms.applications import KINDS, ApplicationKind, ApplicationState
from portal.terms.fees import CHARGE_LABELS, Charge
from portal.terms.option_kinds import OPTIONS
from portal.terms.statements import Statement
from portal.usecases import applications as usecase
from portal.usecases.applications import Examined
from portal.usecases.drafts import WRITABLE
from portal.usecases.estimates import Estimate
from portal.usecases.outcomes import Conflict, Refused
from portal.web.access import BINDS
from portal.web.applications import answers_read_otherwise, answers_shown, offering_label, own
from portal.web.forms import Form
from portal.web.lines_listed import ListedLine, listed_lines
from portal.web.rendering import day_era
from portal.web.shown import ClauseRef, Paging, ShownViolation, Why, clause_ref, violations_shown, why
from portal.web.transaction import Call, go


@dataclass(frozen=True)
class Fee:
    label: str
    amount: int
    why: Why


@dataclass(frozen=True)
class FeeTable:
    """A statement that may come: rows, tax, total."""

    id: str
    title: str
    rows: tuple[Fee, ...]
    tax_label: str
    tax: int
    total: int


@dataclass(frozen=True)
class ConfirmPage:
    id: str
    kind: str
    offering: str
    again: bool
    revision: int
    form: Form
    answers: tuple[tuple[str, str], ...]
    read_otherwise: tuple[tuple[str, str, str], ...]
    """読み替え of the answers: (question, typed, read)."""
    lines: tuple[ListedLine, ...]
    lines_read_otherwise: bool
    line_count: int
    paging: Paging
    unfinished: tuple[str, ...]
    violations: tuple[ShownViolation, ...]
    warnings: tuple[ShownViolation, ...]
    policy: tuple[tuple[str, str], ...]
    sheet: tuple[tuple[str, str], ...]
    fees: tuple[FeeTable, ...]
    minimum_term: ClauseRef
    billing: ClauseRef
    may_submit: bool
    holds: bool
    share_href: str


async def confirm(call: Call) -> Response:
    """Read-only, with the refusals and the fees of today."""
    application = await own(call)
    if ApplicationState(application.state) not in WRITABLE:
        raise Conflict("この申込は、もう提出されています。申込の画面で状態を確かめてください。")
    return await _page(call, application)


async def submit(call: Call) -> Response:
    """Submit, or resubmit what was returned; a refusal shows 確認 again with every reason."""
    application = await own(call)
    form = call.form()
    revision = int(form.code("revision")) if form.code("revision").isdecimal() else 0
    act = usecase.resubmit if application.state == ApplicationState.RETURNED else usecase.submit
    try:
        await act(call.db, by=call.by, at=call.at, application_id=application.id, revision=revision)
    except Refused:
        return await _page(call, application, form=form, status=422)
    return go(f"/applications/{application.id}/receipt")


async def _page(call: Call, application: Application, *, form: Form | None = None, status: int = 200) -> Response:
    examined = await usecase.examine(call.db, application, on=call.today)
    path = f"/applications/{application.id}/confirm"
    lines, paging = await listed_lines(call, application, path=path)
    total, _ = await applications.line_counts(call.db, application.id, subscriber_id=call.subscriber_id)
    page = ConfirmPage(
        id=str(application.id),
        kind=KINDS[ApplicationKind(application.kind)].label,
        offering=offering_label(application.offering),
        again=application.state == ApplicationState.RETURNED,
        revision=application.revision,
        form=form or Form(),
        answers=answers_shown(application, on=call.today),
        read_otherwise=answers_read_otherwise(application, on=call.today),
        lines=lines,
        lines_read_otherwise=any(line.read_otherwise for line in lines),
        line_count=total,
        paging=paging,
        unfinished=examined.unfinished,
        violations=violations_shown(examined.violations),
        warnings=violations_shown(examined.warnings),
        policy=_policy(examined),
        sheet=_sheet(examined.estimate),
        fees=_fees(examined.estimate),
        minimum_term=clause_ref("A2"),
        billing=clause_ref("A10"),
        may_submit=BINDS.admits(call.by),
        holds=examined.holds,
        share_href=call.services.settings.base_url + path,
    )
    return call.page("applications/confirm.html", page, status=status)


def _policy(examined: Examined) -> tuple[tuple[str, str], ...]:
    if examined.policy is None:
        return (("同意した版", "ありません"),)
    return (("同意した版", f"{examined.policy.version}版"), ("SHA-256", examined.policy.sha256))


def _sheet(estimate: Estimate | None) -> tuple[tuple[str, str], ...]:
    if estimate is None:
        return ()
    return (("適用する料金表", f"{day_era(estimate.sheet.effective_on)}から適用"),)


def _fees(estimate: Estimate | None) -> tuple[FeeTable, ...]:
    if estimate is None:
        return ()
    month = estimate.whole_month.month.japanese
    return (
        _table("on-acceptance", "承諾により発生する費用", estimate.on_acceptance),
        _table("whole-month", f"すべての回線を利用する1か月（例：{month}）", estimate.whole_month),
    )


def _table(table_id: str, title: str, statement: Statement) -> FeeTable:
    return FeeTable(
        id=table_id,
        title=title,
        rows=tuple(_fee(charge) for charge in statement.charges),
        tax_label=f"消費税（{statement.tax_rate}%、1円未満切捨て）",
        tax=statement.tax,
        total=statement.total,
    )


def _fee(charge: Charge) -> Fee:
    option = f"　{OPTIONS[charge.option].label}" if charge.option else ""
    label = CHARGE_LABELS[charge.code] + option
    return Fee(label, charge.amount, why([charge.clause], charge.because, source=charge.source.value))
