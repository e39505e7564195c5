"""An invoice as people read it, on the screen and on paper; every yen with its derivation."""

import asyncio
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from starlette.responses import Response

from portal.gateways import pdf
from portal.records import invoices
from portal.records.invoices import Invoice, InvoiceRow
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.periods import Month
from portal.web.rendering import day, day_era, number, yen, yen_paper
from portal.web.shown import ClauseRef, Why, clause_ref, why
from portal.web.transaction import Call

TAX_CLASSES = {"standard": "課税", "out_of_scope": "不課税"}


@dataclass(frozen=True)
class ShownRow:
    label: str
    clause: ClauseRef
    quantity: str
    amount: int
    tax_class: str
    why: Why


@dataclass(frozen=True)
class TaxRow:
    label: str
    base: int
    tax: int | None
    why: Why


@dataclass(frozen=True)
class InvoiceView:
    """`number`, `issued_on`, `due_on` are None while it is a draft."""

    id: str
    number: str | None
    contract_number: str
    contract_id: str
    month: date
    offering: str
    company: str
    issued_on: date | None
    due_on: date | None
    total: int
    rows: tuple[ShownRow, ...]
    taxes: tuple[TaxRow, ...]
    issuer: dict[str, str]
    addressee: dict[str, str]


def contract_asked_for(call: Call) -> UUID | None:
    """`?contract=`: the invoices of one contract; what is no identifier asks for nothing in particular."""
    try:
        return UUID(call.query("contract"))
    except ValueError:
        return None


async def view(call: Call, invoice: Invoice) -> InvoiceView:
    rows = await invoices.rows(call.db, invoice.id, subscriber_id=invoice.subscriber_id)
    return InvoiceView(
        id=str(invoice.id),
        number=invoice.number,
        contract_number=invoice.contract_number,
        contract_id=str(invoice.contract_id),
        month=invoice.month,
        offering=OFFERINGS[Offering(invoice.offering)].label,
        company=invoice.addressee["name"],
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        total=invoice.total,
        rows=tuple(_row(row, invoice) for row in rows),
        taxes=_taxes(invoice),
        issuer=invoice.issuer,
        addressee=invoice.addressee,
    )


def _row(row: InvoiceRow, invoice: Invoice) -> ShownRow:
    rate = f"{invoice.tax_percent}%" if row.tax_class == "standard" else TAX_CLASSES[row.tax_class]
    derivation = why((row.clause,), row.because, source=row.source)
    return ShownRow(row.label, clause_ref(row.clause), f"{row.quantity:,} {row.unit}", row.amount, rate, derivation)


def _taxes(invoice: Invoice) -> tuple[TaxRow, ...]:
    percent = invoice.tax_percent
    because = (
        f"{number(invoice.standard)}円 × {percent}% = {number(invoice.tax)}円"
        "（1円未満切捨て。端数処理は、請求書ごと・税率ごとに1回）"
    )
    rows = [TaxRow(f"{percent}%対象", invoice.standard, invoice.tax, why(("A10",), because, source="general terms"))]
    if invoice.out_of_scope:
        because = "亡失負担金と最低利用期間内解除調定金は、消費税の課税対象になりません。"
        rows.append(TaxRow("不課税", invoice.out_of_scope, None, why(("A7-6", "A11"), because, source="reading")))
    return tuple(rows)


async def pdf_response(call: Call, invoice: Invoice) -> Response:
    """適格請求書 as PDF, made in a process; a draft has none."""
    shown = await view(call, invoice)
    loop = asyncio.get_running_loop()
    made = await loop.run_in_executor(call.services.processes, _render, _data(invoice, shown), invoice)
    name = f"invoice-{invoice.number}.pdf"
    return Response(
        made, media_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _render(data: dict[str, object], invoice: Invoice) -> bytes:
    if invoice.issued_at is None:
        raise ValueError("a draft is not a document")
    return pdf.render("invoice.typ", data, made_at=invoice.issued_at)


def _data(invoice: Invoice, shown: InvoiceView) -> dict[str, object]:
    issued_on = invoice.issued_on or invoice.month
    month = Month.of(invoice.month)
    return {
        "title": f"請求書 {invoice.number}",
        "number": invoice.number,
        "issued": {"year": issued_on.year, "month": issued_on.month, "day": issued_on.day},
        "issued_on": day_era(issued_on),
        "due_on": day(invoice.due_on) if invoice.due_on else "",
        "period": f"{month.first:%Y年%-m月%-d日}〜{month.last:%-m月%-d日}",
        "contract_number": invoice.contract_number,
        "issuer": invoice.issuer,
        "addressee": invoice.addressee,
        "offering": shown.offering,
        "total": yen_paper(invoice.total),
        "rows": [
            {
                "label": row.label,
                "because": row.why.because,
                "clause": row.clause.id,
                "quantity": row.quantity,
                "amount": yen_paper(row.amount),
                "tax": row.tax_class,
            }
            for row in shown.rows
        ],
        "taxes": [
            {"label": row.label, "base": yen(row.base), "tax": "—" if row.tax is None else yen(row.tax)}
            for row in shown.taxes
        ],
        "note": "条文は個別規程の条番号に基づく略号です。消費税の端数は、税率ごとに1回、1円未満を切り捨てています。",
    }
