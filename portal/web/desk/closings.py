"""月締め at the desk: try a month, settle what is unusual, issue by a second person."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from starlette.responses import Response

from portal.records import closings, invoices
from portal.records.closings import Closing, ClosingException
from portal.records.invoices import Invoice
from portal.terms.offerings import OFFERINGS
from portal.terms.periods import Month
from portal.usecases import closings as acts
from portal.usecases import invoice_drafts
from portal.usecases.invoice_drafts import Compute, Result, Work
from portal.usecases.outcomes import Conflict, NotFound
from portal.web.access import CLOSES
from portal.web.forms import Form
from portal.web.shown import ClauseRef, clause_ref
from portal.web.transaction import Call, go

MONTHS_OFFERED = 13


@dataclass(frozen=True)
class ShownClosing:
    href: str
    month: date
    status: str
    tone: str
    tried_at: datetime
    issued_at: datetime | None


@dataclass(frozen=True)
class IndexPage:
    closings: tuple[ShownClosing, ...]
    form: Form
    months: tuple[tuple[str, str], ...]
    may_try: bool
    clause: ClauseRef


@dataclass(frozen=True)
class ShownException:
    """A finding; `key` is the submission key of its own form, `field` the name of its own answer."""

    item: ClosingException
    field: str
    key: str


@dataclass(frozen=True)
class ShowPage:
    closing: ShownClosing
    cut_off_at: datetime
    invoices: tuple[Invoice, ...]
    offerings: dict[str, str]
    exceptions: tuple[ShownException, ...]
    total: int
    tax: int
    open_count: int
    form: Form
    may_act: bool
    may_issue: bool
    why_not: str | None
    path: str
    seen: str


def _shown(closing: Closing) -> ShownClosing:
    issued = closing.issued_at is not None
    return ShownClosing(
        href=f"/desk/closings/{closing.id}",
        month=closing.month,
        status="発行済み" if issued else "試算済み",
        tone="good" if issued else "progress",
        tried_at=closing.tried_at,
        issued_at=closing.issued_at,
    )


def in_processes(call: Call) -> Compute:
    """The statements of a month, computed in other processes: the page stays usable meanwhile."""

    async def run(work: Sequence[Work]) -> Sequence[Result]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(call.services.processes, invoice_drafts.compute, list(work))

    return run


async def index(call: Call) -> Response:
    return await _index(call, Form())


async def _index(call: Call, form: Form, *, status: int = 200) -> Response:
    found = await closings.listed(call.db)
    issued = {closing.month for closing in found if closing.issued_at}
    now = Month.of(call.today)
    offered = [now.plus(-back) for back in range(MONTHS_OFFERED)]
    months = tuple((str(month), month.japanese) for month in offered if month.first not in issued)
    page = IndexPage(tuple(_shown(one) for one in found), form, months, CLOSES.admits(call.by), clause_ref("A10"))
    return call.page("desk/closings/list.html", page, status=status)


async def try_month(call: Call) -> Response:
    form = call.form(month="締める月")
    try:
        month = Month.parse(form.code("month"))
        closing_id = await acts.try_month(
            call.db, by=call.by, at=call.at, month=month, issuer=issuer(call), run=in_processes(call)
        )
    except ValueError:
        form.refuse("month", "締める月を選んでください。")
    except Conflict as error:
        form.refuse("month", str(error))
    else:
        return go(f"/desk/closings/{closing_id}")
    return await _index(call, form, status=422)


def issuer(call: Call) -> dict[str, str]:
    """当社, as the invoice names it."""
    provider = call.services.settings.provider
    return {
        "name": provider.name,
        "postal_code": provider.postal_code,
        "address": provider.address,
        "registration_number": provider.registration_number,
        "bank_account": provider.bank_account,
    }


async def show(call: Call) -> Response:
    return await _show(call, Form())


async def _show(call: Call, form: Form, *, status: int = 200) -> Response:
    page = await _page(call, form)
    return call.page("desk/closings/show.html", page, status=status)


async def _page(call: Call, form: Form) -> ShowPage:
    closing = await closings.get(call.db, call.id())
    if closing is None:
        raise NotFound
    drafted = await invoices.of_closing(call.db, closing.id)
    found = await closings.exceptions(call.db, closing.id)
    open_count = sum(one.reason is None for one in found)
    why_not = _why_not(call, closing, open_count)
    return ShowPage(
        closing=_shown(closing),
        cut_off_at=closing.cut_off_at,
        invoices=tuple(drafted),
        offerings={offering.value: entry.label for offering, entry in OFFERINGS.items()},
        exceptions=tuple(ShownException(one, reason_field(one.id), str(uuid4())) for one in found),
        total=sum(one.total for one in drafted),
        tax=sum(one.tax for one in drafted),
        open_count=open_count,
        form=form,
        may_act=CLOSES.admits(call.by) and closing.issued_at is None,
        may_issue=CLOSES.admits(call.by) and closing.issued_at is None and why_not is None,
        why_not=why_not,
        path=f"/desk/closings/{closing.id}",
        seen=closing.digest,
    )


def _why_not(call: Call, closing: Closing, open_count: int) -> str | None:
    """Why this person cannot issue this month now; None when they can."""
    if closing.issued_at is not None:
        return None
    if call.by.id == closing.prepared_by:
        return "あなたが試算したため、発行は別の担当者が行います（職務分掌）。"
    if call.today <= Month.of(closing.month).last:
        return "対象の月が終わってから発行できます。"
    return f"確認していない項目が{open_count:,}件あります。" if open_count else None


def reason_field(exception_id: int) -> str:
    """Each finding has its own answer on the page, so that an error stands beside the right one."""
    return f"reason-{exception_id}"


async def settle(call: Call) -> Response:
    number = call.form().code("exception")
    if not number.isdecimal():
        raise NotFound
    field = reason_field(int(number))
    form = call.form(**{field: "確認した内容と理由"})
    form.need(field)
    if not form.errors:
        try:
            await acts.settle_exception(
                call.db,
                by=call.by,
                at=call.at,
                exception_id=int(number),
                closing_id=call.id(),
                reason=form.text(field),
            )
        except Conflict as error:
            form.refuse(field, str(error))
        else:
            return go(f"/desk/closings/{call.id()}")
    return await _show(call, form, status=422)


async def confirm(call: Call) -> Response:
    return call.page("desk/closings/confirm.html", await _page(call, Form()))


async def issue(call: Call) -> Response:
    seen = call.form().value("seen")
    await acts.issue(call.db, by=call.by, at=call.at, closing_id=call.id(), seen=seen, run=in_processes(call))
    return go(f"/desk/closings/{call.id()}")
