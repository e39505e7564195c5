"""Drafts of invoices: the statements of a month computed, fingerprinted, checked for the unusual, written as rows."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import insert

from portal.records import invoices, subscribers
from portal.records.base import Db
from portal.records.contracts import Contract as ContractRecord
from portal.records.subscribers import Subscriber
from portal.terms import fees, standing, statements
from portal.terms.contract import Contract
from portal.terms.fees import CHARGE_LABELS, Charge, ChargeCode
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.option_kinds import OPTIONS
from portal.terms.periods import Month
from portal.terms.statements import Statement

# Monthly fees that differ from the month before by more than this are looked at by a person before they are issued.
UNUSUAL_PERCENT = 30
MONTHLY = (ChargeCode.BASE, ChargeCode.LINE_MAINTENANCE, ChargeCode.BANDWIDTH, ChargeCode.OPTION_MONTHLY)

UNITS: Mapping[ChargeCode, str] = {
    ChargeCode.LINE_MAINTENANCE: "回線",
    ChargeCode.BANDWIDTH: "Mbps",
    ChargeCode.OPTION_INITIAL: "件",
    ChargeCode.OPTION_MONTHLY: "件",
    ChargeCode.OFFERING_CHANGE_FEE: "回",
    ChargeCode.LOSS_CHARGE: "台",
    ChargeCode.OPTION_STOP_FEE: "台",
    ChargeCode.EARLY_TERMINATION_CHARGE: "か月",
}


@dataclass(frozen=True)
class Work:
    """One contract to compute a month of."""

    record: ContractRecord
    facts: Contract
    month: Month


@dataclass(frozen=True)
class Result:
    """Its statement, or why there is none."""

    contract_id: UUID
    statement: Statement | None
    trouble: str | None = None


Compute = Callable[[Sequence[Work]], Awaitable[Sequence[Result]]]


@dataclass(frozen=True)
class Unusual:
    """What a person must look at before the month is issued; `blocking`: it must be put right first."""

    code: str
    message: str
    blocking: bool = False


def compute(work: Sequence[Work]) -> list[Result]:
    """A10: the statements of a month. Pure, so that it can run in another process."""
    return [_computed(one) for one in work]


async def compute_here(work: Sequence[Work]) -> list[Result]:
    """The same in this process, for small worlds."""
    return compute(work)


def _computed(work: Work) -> Result:
    try:
        return Result(work.record.id, statements.month(work.facts, work.month))
    except fees.NoPriceError as error:
        return Result(work.record.id, None, str(error))


def digest(results: Sequence[Result]) -> str:
    """A fingerprint of every charge of a month, by which issuing knows that the trial still holds."""
    seen = hashlib.sha256()
    for result in sorted(results, key=lambda result: result.contract_id):
        seen.update(f"{result.contract_id}|{result.trouble}|".encode())
        for charge in result.statement.charges if result.statement else ():
            seen.update(repr(sorted(asdict(charge).items())).encode())
    return seen.hexdigest()


async def write(
    db: Db, closing_id: UUID, work: Sequence[Work], results: Sequence[Result], *, issuer: Mapping[str, str]
) -> None:
    """Write the drafts of a trial run, heads and rows each in one set; issuer and addressee stay as they are now."""
    addressees = {one.id: one for one in await subscribers.everyone(db)}
    heads, rows = [], []
    for one, result in zip(work, results, strict=True):
        if result.statement is None or not result.statement.charges:
            continue
        invoice_id = uuid4()
        head = _head(one, result.statement, addressee=addressees[one.record.subscriber_id])
        heads.append({"id": invoice_id, "closing_id": closing_id, "issuer": dict(issuer), **head})
        rows += [
            {"subscriber_id": one.record.subscriber_id, "invoice_id": invoice_id, "position": position, **_row(charge)}
            for position, charge in enumerate(result.statement.charges, start=1)
        ]
    if heads:
        await db.execute(insert(invoices.invoices), heads)
        await db.execute(insert(invoices.invoice_rows), rows)


def _head(work: Work, statement: Statement, *, addressee: Subscriber) -> dict[str, object]:
    last = min(standing.last_on(work.facts) or work.month.last, work.month.last)
    return {
        "subscriber_id": addressee.id,
        "contract_id": work.record.id,
        "month": work.month.first,
        "addressee": {
            "name": addressee.name,
            "name_kana": addressee.name_kana,
            "postal_code": addressee.postal_code,
            "address": addressee.address,
            "contact": addressee.billing_contact,
        },
        "offering": standing.terms_on(work.facts, last).offering.value,
        "standard": statement.standard,
        "out_of_scope": statement.out_of_scope,
        "tax_percent": statement.tax_rate,
        "tax": statement.tax,
        "total": statement.total,
    }


def _row(charge: Charge) -> dict[str, object]:
    label = CHARGE_LABELS[charge.code]
    return {
        "code": charge.code.value,
        "option": charge.option.value if charge.option else None,
        "label": f"{label}　{OPTIONS[charge.option].label}" if charge.option else label,
        "clause": charge.clause,
        "source": charge.source.value,
        "quantity": charge.quantity,
        "unit": UNITS.get(charge.code, "式"),
        "amount": charge.amount,
        "tax_class": charge.tax.value,
        "because": charge.because,
    }


def unusual_findings(work: Work, result: Result, *, previous_monthly: int | None, on: date) -> list[Unusual]:
    """What a person should look at before this contract's month is issued."""
    if result.statement is None:
        message = "この月の料金表、または回線数に合う区分がありません。料金表を提示してから、試算をやり直してください。"
        return [Unusual("no_price", message, blocking=True)]
    end = standing.last_on(work.facts)
    if end is not None and end < work.month.first:
        # Over before the month began: that nothing is charged is as it should be.
        return []
    found = []
    billing, close = work.facts.billing_starts_on, min(end or work.month.last, work.month.last)
    if billing is None and Month.of(work.facts.accepted_on) < Month.of(on):
        found.append(Unusual("no_billing_start", "承諾の翌月になっても、課金開始日が設定されていません（第10条）。"))
    counts_lines = OFFERINGS[Offering(work.record.offering)].counts_lines
    if counts_lines and billing and billing <= close and not standing.lines_on(work.facts, close):
        found.append(Unusual("no_lines", "課金中ですが、月末（または最終利用日）に利用中の回線がありません。"))
    monthly = sum(charge.amount for charge in result.statement.charges if charge.code in MONTHLY)
    if previous_monthly and abs(monthly - previous_monthly) * 100 > UNUSUAL_PERCENT * previous_monthly:
        message = (
            f"月額費用（税抜）が、前月の{previous_monthly:,}円から{monthly:,}円へ、"
            f"{UNUSUAL_PERCENT}%を超えて変わりました。"
        )
        found.append(Unusual("unusual_monthly", message))
    return found


def grand_total(results: Sequence[Result]) -> int:
    """The total of every statement of a trial run, in yen."""
    return sum(result.statement.total for result in results if result.statement)
