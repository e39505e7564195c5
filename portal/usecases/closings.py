"""月締め: try a month, look at what is unusual, issue by a second person. Nothing is owed before it is issued."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, update

from portal.records import closings, contracts, events, invoices, numbers, subscribers
from portal.records.base import Db
from portal.records.closings import Closing, closing_exceptions
from portal.records.members import Person
from portal.records.subscribers import Subscriber
from portal.terms.payment import due_on
from portal.terms.periods import Month, next_day, tokyo_date, tokyo_midnight
from portal.terms.references import reference
from portal.usecases import facts, invoice_drafts, mail
from portal.usecases.invoice_drafts import Compute, Result, Work, compute_here
from portal.usecases.outcomes import Conflict, Forbidden, NotFound

INVOICE_SERIES = "S"


async def try_month(
    db: Db, *, by: Person, at: datetime, month: Month, issuer: Mapping[str, str], run: Compute = compute_here
) -> UUID:
    """Draft every invoice of a month (trial run), replacing the drafts of an earlier trial.

    Refuses a month that has not begun, and one that is issued. What is unusual is listed; reasons given for it in an
    earlier trial are kept where the finding is the same.
    """
    if tokyo_midnight(month.first) > at:
        raise Conflict(f"{month.japanese}はまだ始まっていません。締める月を選び直してください。")
    closing = await closings.of_month(db, month.first, for_update=True)
    if closing and closing.issued_at:
        raise Conflict(f"{month.japanese}は発行済みです。発行した請求書は変わりません。")
    work, results = await _statements(db, month, cut_off_at=at, run=run)
    closing_id = closing.id if closing else uuid4()
    values = {"cut_off_at": at, "prepared_by": by.id, "tried_at": at, "digest": invoice_drafts.digest(results)}
    if closing:
        await db.execute(update(closings.closings).where(closings.closings.c.id == closing_id).values(values))
        await db.execute(delete(invoices.invoices).where(invoices.invoices.c.closing_id == closing_id))
    else:
        await db.execute(insert(closings.closings).values(id=closing_id, month=month.first, **values))
    await invoice_drafts.write(db, closing_id, work, results, issuer=issuer)
    await _list_unusual(db, closing_id, work, results, month=month, at=at)
    await events.record(
        db,
        by=by,
        at=at,
        verb="month_tried",
        object_kind="closing",
        object_id=closing_id,
        subscriber_id=None,
        clauses=("A10",),
        details={"month": str(month), "contracts": len(work), "total": invoice_drafts.grand_total(results)},
    )
    return closing_id


async def settle_exception(
    db: Db, *, by: Person, at: datetime, exception_id: int, closing_id: UUID, reason: str
) -> None:
    """Write down why an unusual finding is right. Refuses a blocking one: it must be put right and tried again."""
    closing = await _open(db, closing_id)
    found = [one for one in await closings.exceptions(db, closing_id) if one.id == exception_id]
    if not found:
        raise NotFound
    if found[0].blocking:
        raise Conflict("この項目は、原因を直してから試算をやり直してください。")
    await db.execute(
        update(closing_exceptions)
        .where(closing_exceptions.c.id == exception_id)
        .values(settled_by=by.id, settled_at=at, reason=reason)
    )
    await events.record(
        db,
        by=by,
        at=at,
        verb="exception_settled",
        object_kind="closing",
        object_id=closing.id,
        subscriber_id=found[0].subscriber_id,
        reason=reason,
        details={"code": found[0].code, "contract": found[0].contract_number},
    )


async def issue(db: Db, *, by: Person, at: datetime, closing_id: UUID, seen: str, run: Compute = compute_here) -> int:
    """Issue every drafted invoice of a month; the number of invoices. `seen`: the digest of the trial that was shown.

    Refuses the person who tried it, a month that is not over, one before which another is open, open findings, a trial
    that replaced the one shown, and facts that have changed since the trial.
    """
    closing = await _open(db, closing_id)
    month = Month.of(closing.month)
    if by.id == closing.prepared_by:
        raise Forbidden("試算をした人は発行できません。別の担当者が確認して発行してください（職務分掌）。")
    if seen != closing.digest:
        raise Conflict("確認の画面を開いたあとに、試算がやり直されました。新しい試算の内容を確認してください。")
    issued_on = tokyo_date(at)
    if issued_on <= month.last:
        raise Conflict(f"{month.japanese}はまだ終わっていません。翌月になってから発行してください。")
    await _refuse_out_of_order(db, month)
    open_ones = [one for one in await closings.exceptions(db, closing_id) if one.reason is None]
    if open_ones:
        raise Conflict(f"確認していない項目が{len(open_ones):,}件あります。理由を記録するか、原因を直してください。")
    _, results = await _statements(db, month, cut_off_at=closing.cut_off_at, run=run)
    if invoice_drafts.digest(results) != closing.digest:
        raise Conflict("試算のあとに契約や料金の事実が変わりました。もう一度試算してください。")
    count = await _number_and_issue(db, closing, issued_on=issued_on, at=at)
    await db.execute(
        update(closings.closings).where(closings.closings.c.id == closing_id).values(issued_by=by.id, issued_at=at)
    )
    await events.record(
        db,
        by=by,
        at=at,
        verb="month_issued",
        object_kind="closing",
        object_id=closing_id,
        subscriber_id=None,
        clauses=("A10",),
        details={"month": str(month), "invoices": count},
    )
    return count


async def _open(db: Db, closing_id: UUID) -> Closing:
    closing = await closings.get(db, closing_id, for_update=True)
    if closing is None:
        raise NotFound
    if closing.issued_at:
        raise Conflict("この月は発行済みです。")
    return closing


async def _refuse_out_of_order(db: Db, month: Month) -> None:
    """Months are issued in order, so that what became known late has one month to go to."""
    before = month.plus(-1)
    earlier = await contracts.all_formed_before(db, tokyo_midnight(month.first))
    if not earlier:
        return
    previous = await closings.of_month(db, before.first)
    if previous is None or previous.issued_at is None:
        raise Conflict(f"先に{before.japanese}を発行してください。月は順に締めます。")


async def _statements(
    db: Db, month: Month, *, cut_off_at: datetime, run: Compute
) -> tuple[list[Work], Sequence[Result]]:
    """Compute every contract formed by the end of the month and known by the cut-off."""
    until = min(tokyo_midnight(next_day(month.last)), cut_off_at)
    formed = await contracts.all_formed_before(db, until)
    work = [Work(record, await facts.contract(db, record), month) for record in formed]
    return work, await run(work)


async def _list_unusual(
    db: Db, closing_id: UUID, work: Sequence[Work], results: Sequence[Result], *, month: Month, at: datetime
) -> None:
    given = {
        (one.contract_id, one.code, one.message): one
        for one in await closings.exceptions(db, closing_id)
        if one.reason is not None
    }
    settled = {
        row.id: row.settled_by
        for row in await db.execute(closing_exceptions.select().where(closing_exceptions.c.closing_id == closing_id))
    }
    await db.execute(delete(closing_exceptions).where(closing_exceptions.c.closing_id == closing_id))
    previous = await invoices.issued_sums(db, month.plus(-1).first, codes=invoice_drafts.MONTHLY)
    rows = []
    for one, result in zip(work, results, strict=True):
        before = previous.get(one.record.id)
        for unusual in invoice_drafts.unusual_findings(one, result, previous_monthly=before, on=tokyo_date(at)):
            kept = given.get((one.record.id, unusual.code, unusual.message))
            rows.append(
                {
                    "closing_id": closing_id,
                    "subscriber_id": one.record.subscriber_id,
                    "contract_id": one.record.id,
                    "code": unusual.code,
                    "message": unusual.message,
                    "blocking": unusual.blocking,
                    "settled_by": settled[kept.id] if kept else None,
                    "settled_at": kept.settled_at if kept else None,
                    "reason": kept.reason if kept else None,
                }
            )
    if rows:
        await db.execute(insert(closing_exceptions), rows)


async def _number_and_issue(db: Db, closing: Closing, *, issued_on: date, at: datetime) -> int:
    drafted = await invoices.of_closing(db, closing.id)
    terms = {one.id: one for one in await subscribers.everyone(db)}
    numbered: defaultdict[UUID, list[dict[str, str]]] = defaultdict(list)
    for invoice in drafted:
        serial = await numbers.next_serial(db, INVOICE_SERIES, issued_on)
        number = reference(INVOICE_SERIES, issued_on, serial)
        await db.execute(
            update(invoices.invoices)
            .where(invoices.invoices.c.id == invoice.id)
            .values(
                number=number,
                issued_on=issued_on,
                due_on=_due_on(terms[invoice.subscriber_id], issued_on),
                issued_at=at,
            )
        )
        numbered[invoice.subscriber_id].append({"number": number, "contract_number": invoice.contract_number})
    for owner, theirs in numbered.items():
        await mail.tell(
            db,
            verb="month_issued",
            at=at,
            object_kind="closing",
            object_id=closing.id,
            subscriber_id=owner,
            month=closing.month,
            invoices=theirs,
            due_on=_due_on(terms[owner], issued_on),
        )
    return len(drafted)


def _due_on(payer: Subscriber, issued_on: date) -> date:
    return due_on(issued_on, months=payer.payment_months, day=payer.payment_day)
