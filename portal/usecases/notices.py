"""解約申込書: given by a person with authority, effective by arriving; acknowledged; void only by two people.

Nothing here refuses a notice for its day, and there is no approval, no rejection and no withdrawal (A9).
"""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, update

from portal.records import contracts, events, notices, numbers
from portal.records.base import Db
from portal.records.contracts import Contract as ContractRecord
from portal.records.members import Person
from portal.records.notices import Notice
from portal.terms import standing
from portal.terms.contract import Contract
from portal.terms.notices import NOTICE_CLAUSES, NoticeKind, VoidCode
from portal.terms.periods import japanese, tokyo_date
from portal.terms.references import reference
from portal.usecases import facts, mail, notice_outlook
from portal.usecases.notice_outlook import Outlook
from portal.usecases.outcomes import Conflict, Forbidden, NotFound

SERIES = "N"


async def give(
    db: Db, *, by: Person, at: datetime, contract_id: UUID, requested_on: date | None, remarks: str | None = None
) -> UUID:
    """A9: a notice for the whole contract. `at` is its arrival, the reading taken when the request was whole.

    Refused without authority, and for a contract that has ended. Another notice before it does not matter.
    """
    record, contract = await running(db, by=by, at=at, contract_id=contract_id)
    outlook = notice_outlook.of_contract(contract, received_on=tokyo_date(at), requested_on=requested_on)
    return await _arrive(db, record, NoticeKind.CONTRACT, outlook, by=by, at=at, remarks=remarks)


async def stop_options(
    db: Db,
    *,
    by: Person,
    at: datetime,
    contract_id: UUID,
    units: Collection[int],
    requested_on: date | None,
    remarks: str | None = None,
) -> UUID:
    """A7-9: a notice for options on chosen lines. Refused without authority and for options that are not running."""
    record, contract = await running(db, by=by, at=at, contract_id=contract_id)
    received_on = tokyo_date(at)
    chosen = stoppable(contract, units, on=received_on)
    outlook = notice_outlook.of_options(contract, chosen, received_on=received_on, requested_on=requested_on)
    notice_id = await _arrive(db, record, NoticeKind.OPTIONS, outlook, by=by, at=at, remarks=remarks, units=len(chosen))
    rows = [
        {"subscriber_id": record.subscriber_id, "notice_id": notice_id, "line_option_id": int(unit)} for unit in chosen
    ]
    await db.execute(insert(notices.notice_options), rows)
    return notice_id


async def running(db: Db, *, by: Person, at: datetime, contract_id: UUID) -> tuple[ContractRecord, Contract]:
    """The contract of a person's company with its facts. NotFound for another's; refuses one that has ended."""
    record = await contracts.get(db, contract_id, subscriber_id=by.subscriber_id)
    if record is None or by.subscriber_id is None:
        raise NotFound
    contract = await facts.contract(db, record)
    last_on = standing.last_on(contract)
    if last_on is not None and last_on < tokyo_date(at):
        raise Conflict(f"この契約は{japanese(last_on)}に終了しています。解約申込書は必要ありません。")
    return record, contract


def stoppable(contract: Contract, units: Collection[int], *, on: date) -> tuple[str, ...]:
    """The options as the terms name them. NotFound for another contract's; refuses none, and those that have ended."""
    chosen = tuple(dict.fromkeys(str(unit) for unit in units))
    if not set(chosen) <= set(contract.units):
        raise NotFound
    if not chosen:
        raise Conflict("解約するオプションを選んでください。")
    end = standing.last_on(contract)
    if any(not standing.unit_span(contract.units[unit], end).reaches(on) for unit in chosen):
        raise Conflict("既に終了したオプションが含まれています。選び直してください。")
    return chosen


async def _arrive(
    db: Db,
    record: ContractRecord,
    kind: NoticeKind,
    outlook: Outlook,
    *,
    by: Person,
    at: datetime,
    remarks: str | None,
    units: int = 0,
) -> UUID:
    if by.authority is None:
        raise Forbidden("解約申込書を出すには、契約者を代表する権限が必要です。")
    notice_id, day = uuid4(), outlook.received_on
    number = reference(SERIES, day, await numbers.next_serial(db, SERIES, day))
    await db.execute(
        insert(notices.notices).values(
            id=notice_id,
            subscriber_id=record.subscriber_id,
            number=number,
            contract_id=record.id,
            kind=kind.value,
            received_at=at,
            received_by="web",
            requested_on=outlook.requested_on,
            effective_on=outlook.last_on,
            given_by=by.id,
            authority=by.authority,
            remarks=remarks,
        )
    )
    verb = "notice_given" if kind is NoticeKind.CONTRACT else "options_stopped"
    details = {"number": number, "contract": record.number, "effective_on": outlook.last_on.isoformat()}
    await events.record(
        db,
        by=by,
        at=at,
        verb=verb,
        object_kind="notice",
        object_id=notice_id,
        subscriber_id=record.subscriber_id,
        clauses=(NOTICE_CLAUSES[kind],),
        details={**details, **({"units": units} if units else {})},
    )
    arrived = await notices.get(db, notice_id)
    if arrived is None:
        raise NotFound
    await mail.tell_of_notice(db, arrived, verb=verb, at=at)
    return notice_id


async def acknowledge(db: Db, *, by: Person, at: datetime, notice_id: UUID) -> None:
    """A9: say that the desk has read it. Nothing depends on it. Refused twice, and for a void one."""
    notice = await _open(db, notice_id)
    if notice.acknowledged_at is not None:
        raise Conflict("この解約申込書は、既に確認済みです。")
    await _mark(db, notice, acknowledged_by=by.id, acknowledged_at=at)
    await _tell(db, notice, by=by, at=at, verb="notice_acknowledged")


async def prepare_void(db: Db, *, by: Person, at: datetime, notice_id: UUID, code: VoidCode, reason: str) -> None:
    """A9: propose that a notice is void, with the reason. Until another person decides, it counts. May be revised."""
    notice = await _open(db, notice_id)
    await _mark(db, notice, void_prepared_by=by.id, void_prepared_at=at, void_code=code.value, void_reason=reason)
    await _tell(db, notice, by=by, at=at, verb="notice_void_prepared", reason=reason)


async def void(db: Db, *, by: Person, at: datetime, notice_id: UUID, seen_prepared_at: datetime | None = None) -> None:
    """A9: by a second person: the notice never took effect. Refused to whom prepared it, and when that has changed."""
    notice = await _open(db, notice_id)
    if notice.void_prepared_at is None:
        raise Conflict("無効の準備がされていません。審査担当が理由を記録してから、無効にしてください。")
    if notice.void_prepared_by == by.id:
        raise Forbidden("無効の準備をした人は、無効にできません。別の担当者が確認してください（職務分掌）。")
    if seen_prepared_at is not None and seen_prepared_at != notice.void_prepared_at:
        raise Conflict("無効の理由が書き直されました。内容を確かめてから、もう一度進んでください。")
    await _mark(db, notice, voided_by=by.id, voided_at=at)
    await _tell(db, notice, by=by, at=at, verb="notice_voided", reason=notice.void_reason)


async def _open(db: Db, notice_id: UUID) -> Notice:
    """The notice, locked. A void one cannot be locked by anybody: row-level security hides it."""
    notice = await notices.get(db, notice_id, for_update=True)
    if notice is None and await notices.get(db, notice_id) is not None:
        raise Conflict("この解約申込書は、既に無効です。")
    if notice is None:
        raise NotFound
    return notice


async def _mark(db: Db, notice: Notice, **values: object) -> None:
    await db.execute(update(notices.notices).where(notices.notices.c.id == notice.id).values(**values))


async def _tell(db: Db, notice: Notice, *, by: Person, at: datetime, verb: str, reason: str | None = None) -> None:
    await events.record(
        db,
        by=by,
        at=at,
        verb=verb,
        object_kind="notice",
        object_id=notice.id,
        subscriber_id=notice.subscriber_id,
        clauses=(NOTICE_CLAUSES[NoticeKind(notice.kind)],),
        reason=reason,
        details={"number": notice.number, "contract": notice.contract_number},
    )
    await mail.tell_of_notice(db, notice, verb=verb, at=at)
