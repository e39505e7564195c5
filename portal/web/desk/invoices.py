"""請求書 at the desk: search by date, amount and counterparty (電子帳簿保存法), the document, and drafts."""

from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from portal.records import invoices
from portal.records.invoices import Invoice
from portal.terms.offerings import OFFERINGS
from portal.usecases.outcomes import NotFound
from portal.web import invoice_view
from portal.web.forms import Form
from portal.web.invoice_view import InvoiceView, contract_asked_for
from portal.web.shown import PAGE_ROWS, Paging, page_of, paged
from portal.web.transaction import Call

FILTERS = {
    "from": "発行日（から）",
    "until": "発行日（まで）",
    "at_least": "金額（以上）",
    "at_most": "金額（以下）",
    "counterparty": "取引先",
}


@dataclass(frozen=True)
class IndexPage:
    invoices: tuple[Invoice, ...]
    offerings: dict[str, str]
    paging: Paging
    form: Form
    filtered: bool


@dataclass(frozen=True)
class ShowPage:
    invoice: InvoiceView
    pdf_href: str | None


async def index(call: Call) -> Response:
    query = {name: call.query(name) for name in (*FILTERS, "contract")}
    form = Form(query, labels=FILTERS)
    page = page_of(call.query("page"))
    criteria = (_day(form, "from"), _day(form, "until"), _amount(form, "at_least"), _amount(form, "at_most"))
    found = [] if form.errors else await _search(call, *criteria, counterparty=query["counterparty"], page=page)
    shown, paging = paged(found, page, path="/desk/invoices", query=query)
    labels = {offering.value: entry.label for offering, entry in OFFERINGS.items()}
    view = IndexPage(shown, labels, paging, form, any(query.values()))
    return call.page("desk/invoices/list.html", view, status=422 if form.errors else 200)


async def _search(
    call: Call,
    from_: date | None,
    until: date | None,
    at_least: int | None,
    at_most: int | None,
    *,
    counterparty: str,
    page: int,
) -> list[Invoice]:
    found = await invoices.issued(
        call.db,
        from_=from_,
        until=until,
        at_least=at_least,
        at_most=at_most,
        counterparty=counterparty,
        contract_id=contract_asked_for(call),
        offset=(page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    return list(found)


def _day(form: Form, name: str) -> date | None:
    text = form.code(name).replace("/", "-")
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        form.refuse(name, f"{FILTERS[name]}を 2026/10/15 のように入力してください。")
        return None


def _amount(form: Form, name: str) -> int | None:
    text = form.code(name).replace(",", "").removesuffix("円")
    if not text:
        return None
    if not text.isdigit() or len(text) > 15:
        form.refuse(name, f"{FILTERS[name]}を 1,234,567 のように、円の単位で入力してください。")
        return None
    return int(text)


async def show(call: Call) -> Response:
    invoice = await _any(call)
    href = f"/desk/invoices/{invoice.id}/pdf" if invoice.issued_at else None
    return call.page("desk/invoices/show.html", ShowPage(await invoice_view.view(call, invoice), href))


async def pdf(call: Call) -> Response:
    invoice = await _any(call)
    if invoice.issued_at is None:
        raise NotFound
    return await invoice_view.pdf_response(call, invoice)


async def _any(call: Call) -> Invoice:
    invoice = await invoices.get(call.db, call.id())
    if invoice is None:
        raise NotFound
    return invoice
