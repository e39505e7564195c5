"""Contracts at the desk, and the day from which each is charged (課金開始日)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from starlette.responses import Response

from portal.records import contracts
from portal.records.contracts import Contract
from portal.terms.periods import tokyo_date
from portal.usecases import contracts as acts
from portal.usecases.contracts import BillingStart
from portal.usecases.outcomes import NotFound, Refused
from portal.web.access import CLERK
from portal.web.contract_view import ContractView, contract_view, lines_file
from portal.web.contracts import ContractRow, contract_row
from portal.web.desk.application_view import Fee, fee
from portal.web.forms import Form
from portal.web.rendering import folded
from portal.web.shown import (
    PAGE_ROWS,
    ClauseRef,
    Paging,
    ShownViolation,
    clause_ref,
    page_of,
    paged,
    violations_shown,
)
from portal.web.transaction import Call, go
from portal.web.typed import day

PATH = "/desk/contracts"
LABELS = {"on": "課金開始日", "reason": "訂正の理由"}


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[ContractRow, ...]
    paging: Paging
    form: Form
    filtered: bool


@dataclass(frozen=True)
class ShowPage:
    contract: ContractView
    application_href: str | None
    may_set_billing_start: bool
    message: str | None


@dataclass(frozen=True)
class Follows:
    """What a 課金開始日 brings, for 確認."""

    on: date
    term_last_on: date
    month: str
    fees: tuple[Fee, ...]
    standard: int
    tax: int
    tax_because: str
    total: int


@dataclass(frozen=True)
class BillingStartPage:
    id: UUID
    path: str
    number: str
    company: str
    accepted_on: date
    before: date | None
    form: Form
    follows: Follows | None
    clauses: tuple[ClauseRef, ...]
    term_clause: ClauseRef
    monthly_clause: ClauseRef
    violations: tuple[ShownViolation, ...]


async def index(call: Call) -> Response:
    asked = {name: call.query(name) for name in ("q", "start")}
    page = page_of(call.query("page"))
    found = await contracts.listed(
        call.db,
        on=call.today,
        search=folded(asked["q"]),
        without_billing_start=asked["start"] == "none",
        offset=(page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    rows, paging = paged(found, page, path=PATH, query=asked)
    shown = IndexPage(
        rows=tuple(contract_row(row, on=call.today, path=PATH) for row in rows),
        paging=paging,
        form=Form(asked),
        filtered=any(asked.values()),
    )
    return call.page("desk/contracts/list.html", shown)


async def show(call: Call) -> Response:
    view = await contract_view(call, subscriber_id=None)
    contract = await _contract(call)
    page = ShowPage(
        contract=view,
        application_href=f"/desk/applications/{contract.application_id}" if contract.application_id else None,
        may_set_billing_start=CLERK.admits(call.by),
        message="課金開始日を設定しました。" if call.query("set") else None,
    )
    return call.page("desk/contracts/show.html", page)


async def export(call: Call) -> Response:
    return await lines_file(call, subscriber_id=None)


async def _contract(call: Call) -> Contract:
    contract = await contracts.get(call.db, call.id())
    if contract is None:
        raise NotFound
    return contract


async def billing_start_form(call: Call) -> Response:
    """入力, and with a day in the address 確認: what follows from it."""
    form = Form({name: call.query(name) for name in LABELS}, labels=LABELS)
    asked = "on" in call.request.query_params and "edit" not in call.request.query_params
    return await _billing_start_page(call, form, confirming=asked)


async def set_billing_start(call: Call) -> Response:
    form = call.form(**LABELS)
    on = day(form, "on")
    if on is None or form.errors:
        return await _billing_start_page(call, form, confirming=False, status=422)
    try:
        await acts.set_billing_start(
            call.db, by=call.by, at=call.at, contract_id=call.id(), on=on, reason=form.text("reason") or None
        )
    except Refused as refused:
        shown = violations_shown(refused.violations)
        return await _billing_start_page(call, form, confirming=False, violations=shown, status=422)
    return go(f"{PATH}/{call.id()}?set=1")


async def _billing_start_page(
    call: Call,
    form: Form,
    *,
    confirming: bool,
    violations: tuple[ShownViolation, ...] = (),
    status: int = 200,
) -> Response:
    contract = await _contract(call)
    follows = None
    if confirming:
        on = day(form, "on")
        if contract.billing_starts_on is not None:
            form.need("reason")
        try:
            follows = None if on is None else await _follows(call, on)
        except Refused as refused:
            violations = violations_shown(refused.violations)
        status = 422 if form.errors or violations else status
    page = BillingStartPage(
        id=contract.id,
        path=f"{PATH}/{contract.id}",
        number=contract.number,
        company=contract.company,
        accepted_on=tokyo_date(contract.accepted_at),
        before=contract.billing_starts_on,
        form=form,
        follows=None if form.errors else follows,
        clauses=(clause_ref("A10"),),
        term_clause=clause_ref("A2"),
        monthly_clause=clause_ref("B2-1-i"),
        violations=violations,
    )
    return call.page("desk/contracts/billing_start.html", page, status=status)


async def _follows(call: Call, on: date) -> Follows:
    begun: BillingStart = await acts.preview_billing_start(call.db, contract_id=call.id(), on=on)
    month = begun.first_month
    return Follows(
        on=on,
        term_last_on=begun.minimum_term_last_on,
        month=month.month.japanese,
        fees=tuple(fee(charge) for charge in month.charges),
        standard=month.standard,
        tax=month.tax,
        tax_because=month.tax_because,
        total=month.total,
    )
