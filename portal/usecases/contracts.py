"""契約: what acceptance brings about, kind by kind, and the day from which a contract is charged (課金開始日)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from portal.records import applications, consents, contracts, events, invoices, lines, numbers, prices
from portal.records.applications import Application
from portal.records.base import Db
from portal.records.contracts import Contract as ContractRecord
from portal.records.contracts import ListedContract, Overview
from portal.records.members import Person
from portal.terms import fees, references, revisions, statements
from portal.terms.applications import ApplicationKind, ApplicationState
from portal.terms.contract import Contract, End, EndCause
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.periods import Month, japanese, minimum_term_last_day, tokyo_date
from portal.terms.statements import Statement
from portal.terms.violations import Violation, Violations
from portal.usecases import facts, mail
from portal.usecases.assessments import in_service_elsewhere
from portal.usecases.outcomes import Conflict, NotFound, Refused
from portal.usecases.prices import carry_into_contract


@dataclass(frozen=True, kw_only=True, slots=True)
class Acceptance:
    """One acceptance (承諾): of what, by whom, when, and the first possible day of service of its lines."""

    application: Application
    by: Person
    at: datetime
    starts_on: date


async def form_contract(db: Db, acceptance: Acceptance) -> UUID:
    """A4-1, A10: form the contract of a 新規 application: its lines, options, consents and price sheets.

    Refuses, with nothing half done, when one of the lines came into service elsewhere in the meantime.
    """
    application, at = acceptance.application, acceptance.at
    owner, today, contract_id = application.subscriber_id, tokyo_date(at), uuid4()
    revision = revisions.in_force_on(today)
    if revision is None:
        raise Conflict("この日に施行されている規程がありません。")
    await db.execute(
        insert(contracts.contracts).values(
            id=contract_id,
            subscriber_id=owner,
            number=references.reference("K", today, await numbers.next_serial(db, "K", today)),
            application_id=application.id,
            offering=application.offering,
            purpose=application.answers["purpose"],
            accepted_at=at,
            terms_revision_on=revision.effective_on,
        )
    )
    await _take_lines(db, acceptance, contract_id)
    await consents.copy_from_application(db, application.id, subscriber_id=owner, at=at)
    await carry_into_contract(db, subscriber_id=owner, contract_id=contract_id, at=at)
    await events.record(
        db,
        by=acceptance.by,
        at=at,
        verb="contract_formed",
        object_kind="contract",
        object_id=contract_id,
        subscriber_id=owner,
        clauses=("A4-1", "A10", "F-1"),
        details={"application": str(application.id), "starts_on": acceptance.starts_on.isoformat()},
    )
    return contract_id


Effect = Callable[[Db, Acceptance], Awaitable[UUID]]
# What acceptance of each kind brings about; the id of the contract concerned.
EFFECTS: Mapping[ApplicationKind, Effect] = {ApplicationKind.NEW_CONTRACT: form_contract}


async def _take_lines(db: Db, acceptance: Acceptance, contract_id: UUID) -> None:
    application = acceptance.application
    owner, starts_on = application.subscriber_id, acceptance.starts_on
    try:
        async with db.begin_nested():
            await lines.copy_from_application(
                db,
                application.id,
                subscriber_id=owner,
                contract_id=contract_id,
                starts_on=starts_on,
                at=acceptance.at,
            )
    except IntegrityError as error:
        clashing = await lines.clashes(db, application.id, subscriber_id=owner, starts_on=starts_on)
        if not clashing:
            raise
        clause = OFFERINGS[Offering(application.offering or "")].clause
        raise Refused(in_service_elsewhere([clash.access_line_id for clash in clashing], clause)) from error


@dataclass(frozen=True, slots=True)
class BillingStart:
    """What a 課金開始日 brings: the end of the minimum term, and the statement of the first month."""

    on: date
    minimum_term_last_on: date
    first_month: Statement


async def preview_billing_start(db: Db, *, contract_id: UUID, on: date) -> BillingStart:
    """A2, A10, B2-1: what follows from a 課金開始日. Refuses what `set_billing_start` refuses."""
    contract = await contracts.get(db, contract_id)
    if contract is None:
        raise NotFound
    return await _billing_start(db, contract, on)


async def set_billing_start(
    db: Db, *, by: Person, at: datetime, contract_id: UUID, on: date, reason: str | None = None
) -> BillingStart:
    """A10: set the 課金開始日, or correct it with a reason. A clerk sets it, so that nobody bills from their own day.

    Refused before the day of acceptance, without a price for it, and where an invoice of that month or a later one has
    been issued (an issued document never changes). Corrected only with a reason.
    """
    contract = await contracts.get(db, contract_id, for_update=True)
    if contract is None:
        raise NotFound
    before = contract.billing_starts_on
    if before == on:
        raise Conflict(f"課金開始日は既に{japanese(on)}です。")
    if before is not None and not reason:
        raise Refused((Violation("A10", "設定済みの課金開始日を訂正する理由を入力してください。"),))
    begun = await _billing_start(db, contract, on)
    table = contracts.contracts
    await db.execute(
        update(table)
        .where(table.c.id == contract_id)
        .values(billing_starts_on=on, billing_start_set_by=by.id, billing_start_set_at=at)
    )
    verb = "billing_start_set" if before is None else "billing_start_corrected"
    await events.record(
        db,
        by=by,
        at=at,
        verb=verb,
        object_kind="contract",
        object_id=contract_id,
        subscriber_id=contract.subscriber_id,
        clauses=("A10", "A2", "B2-1-i"),
        reason=reason,
        details={"before": before.isoformat() if before else None, "after": on.isoformat()},
    )
    await mail.tell(
        db,
        verb=verb,
        at=at,
        object_kind="contract",
        object_id=contract_id,
        subscriber_id=contract.subscriber_id,
        number=contract.number,
        billing_starts_on=on,
        minimum_term_last_on=begun.minimum_term_last_on,
    )
    return begun


async def _billing_start(db: Db, contract: ContractRecord, on: date) -> BillingStart:
    await _refuse_infeasible(db, contract)
    found = (*_too_early(contract, on), *await _already_invoiced(db, contract, on))
    begun = replace(await facts.contract(db, contract), billing_starts_on=on)
    try:
        first_month = statements.month(begun, Month.of(on))
    except (fees.NoPriceError, KeyError):
        found = (*found, Violation("A10", "この月に適用できる料金表がありません。料金表を示してください。"))
    if found:
        raise Refused(found)
    return BillingStart(on, minimum_term_last_day(on), first_month)


def _too_early(contract: ContractRecord, on: date) -> Violations:
    accepted_on = tokyo_date(contract.accepted_at)
    if on >= accepted_on:
        return ()
    return (Violation("A10", f"課金開始日は、承諾日（{japanese(accepted_on)}）以後の日にしてください。"),)


async def _already_invoiced(db: Db, contract: ContractRecord, on: date) -> Violations:
    """An issued invoice never changes: neither the day that held when it was issued nor the new one may touch it."""
    touched = Month.of(min(on, contract.billing_starts_on or on))
    await prices.hold_closings(db, touched.first)
    if not await invoices.issued_from(db, contract.id, touched.first):
        return ()
    return (Violation("A10", f"{touched.japanese}分以後の請求書を発行済みのため、この日からの課金は変更できません。"),)


async def _refuse_infeasible(db: Db, contract: ContractRecord) -> None:
    if contract.application_id is None:
        return
    application = await applications.get(db, contract.application_id)
    if application is not None and application.state == ApplicationState.INFEASIBLE:
        raise Conflict("開通不可となった契約には、課金開始日を設定できません。")


def outline(contract: Overview | ListedContract) -> Contract:
    """The facts of a contract that need no lines: enough for its state and its minimum term."""
    return Contract(
        offering=Offering(contract.offering),
        accepted_on=tokyo_date(contract.accepted_at),
        billing_starts_on=contract.billing_starts_on,
        ends=(End(cause=EndCause.TERMINATION_NOTICE, last_on=contract.last_on),) if contract.last_on else (),
    )
