"""開通 at the desk: the day on which the lines of an application came into service, confirmed before it is recorded."""

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from portal.records import applications
from portal.records.applications import Application
from portal.terms.applications import ApplicationState
from portal.usecases import reviews as acts
from portal.usecases.outcomes import Conflict, Refused
from portal.web.desk.application_view import PATH, Facts, facts_of, found
from portal.web.forms import Form
from portal.web.shown import ClauseRef, ShownViolation, clause_ref, violations_shown
from portal.web.transaction import Call, go
from portal.web.typed import day

LABELS = {"on": "開通日"}


@dataclass(frozen=True)
class OpeningPage:
    """`on` is None while the day is being typed."""

    facts: Facts
    form: Form
    on: date | None
    line_count: int
    billing_clause: ClauseRef
    violations: tuple[ShownViolation, ...]


async def ask(call: Call) -> Response:
    """入力, and with a day in the address 確認."""
    application = await found(call)
    typed = call.request.query_params.get("on")
    form = Form({"on": f"{call.today:%Y/%m/%d}" if typed is None else typed}, labels=LABELS)
    if typed is None or "edit" in call.request.query_params:
        return await _page(call, application, form, None)
    on = day(form, "on")
    if on is None or form.errors:
        return await _page(call, application, form, None, status=422)
    violations = violations_shown(await acts.unfit_opening(call.db, application, on=on, today=call.today))
    if violations:
        return await _page(call, application, form, None, violations=violations, status=422)
    return await _page(call, application, form, on)


async def record(call: Call) -> Response:
    application = await found(call)
    form = call.form(**LABELS)
    on = day(form, "on")
    if on is None or form.errors:
        return await _page(call, application, form, None, status=422)
    try:
        await acts.put_in_service(call.db, by=call.by, at=call.at, application_id=call.id(), on=on)
    except Refused as refused:
        shown = violations_shown(refused.violations)
        return await _page(call, application, form, None, violations=shown, status=422)
    return go(f"{PATH}/{call.id()}")


async def _page(
    call: Call,
    application: Application,
    form: Form,
    on: date | None,
    *,
    violations: tuple[ShownViolation, ...] = (),
    status: int = 200,
) -> Response:
    if application.state != ApplicationState.PROVISIONING:
        raise Conflict("手配中の申込だけに、開通を記録できます。審査の画面で状態を確かめてください。")
    count, _ = await applications.line_counts(call.db, application.id, subscriber_id=application.subscriber_id)
    page = OpeningPage(facts_of(application), form, on, count, clause_ref("A10"), violations)
    return call.page("desk/applications/in_service.html", page, status=status)
