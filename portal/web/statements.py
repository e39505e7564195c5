"""請求・明細, as the subscriber reads them."""

from dataclasses import dataclass

from starlette.responses import Response

from portal.records import invoices
from portal.records.invoices import Invoice
from portal.terms.offerings import OFFERINGS
from portal.usecases.outcomes import NotFound
from portal.web import invoice_view
from portal.web.invoice_view import InvoiceView, contract_asked_for
from portal.web.rendering import month_name
from portal.web.shown import PAGE_ROWS, Paging, page_of, paged
from portal.web.transaction import Call

CHART_MONTHS = 12


@dataclass(frozen=True)
class IndexPage:
    invoices: tuple[Invoice, ...]
    offerings: dict[str, str]
    paging: Paging
    by_month: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ShowPage:
    invoice: InvoiceView
    pdf_href: str


async def index(call: Call) -> Response:
    page = page_of(call.query("page"))
    found = await invoices.issued(
        call.db,
        subscriber_id=call.subscriber_id,
        contract_id=contract_asked_for(call),
        offset=(page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    shown, paging = paged(found, page, path="/statements", query={"contract": call.query("contract")})
    labels = {offering.value: entry.label for offering, entry in OFFERINGS.items()}
    return call.page("statements/list.html", IndexPage(shown, labels, paging, _by_month(shown)))


def _by_month(shown: tuple[Invoice, ...]) -> tuple[tuple[str, int], ...]:
    totals: dict[str, int] = {}
    for invoice in reversed(shown):
        label = month_name(invoice.month)
        totals[label] = totals.get(label, 0) + invoice.total
    return tuple(totals.items())[-CHART_MONTHS:]


async def show(call: Call) -> Response:
    invoice = await _own(call)
    return call.page(
        "statements/show.html",
        ShowPage(await invoice_view.view(call, invoice), f"/statements/{invoice.id}/pdf"),
    )


async def pdf(call: Call) -> Response:
    return await invoice_view.pdf_response(call, await _own(call))


async def _own(call: Call) -> Invoice:
    invoice = await invoices.get(call.db, call.id(), subscriber_id=call.subscriber_id)
    if invoice is None:
        raise NotFound
    return invoice
