"""請求書: drafts made by a trial run of the close, then issued for good (適格請求書, 電子帳簿保存法)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, row_key, text_column
from portal.records.closings import closings
from portal.records.contracts import contracts

invoices = Table(
    "invoices",
    metadata,
    key(),
    owner(),
    Column("contract_id", Uuid, nullable=False),
    Column("closing_id", Uuid, ForeignKey("closings.id"), nullable=False),
    Column("month", Date, nullable=False),
    Column("number", Text, nullable=True, unique=True),
    # Issuer and addressee as they were: an issued document is never recomputed.
    Column("issuer", JSONB, nullable=False),
    Column("addressee", JSONB, nullable=False),
    text_column("offering"),
    Column("issued_on", Date, nullable=True),
    Column("due_on", Date, nullable=True),
    Column("standard", BigInteger, nullable=False),
    Column("out_of_scope", BigInteger, nullable=False),
    Column("tax_percent", SmallInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    moment("issued_at", nullable=True),
    UniqueConstraint("subscriber_id", "id"),
    UniqueConstraint("contract_id", "month"),
    ForeignKeyConstraint(["subscriber_id", "contract_id"], ["contracts.subscriber_id", "contracts.id"]),
    CheckConstraint("extract(day FROM month) = 1", name="month"),
    CheckConstraint("total = standard + out_of_scope + tax", name="total"),
    CheckConstraint("standard >= 0 AND out_of_scope >= 0 AND tax >= 0", name="not_negative"),
    CheckConstraint("num_nonnulls(number, issued_on, due_on, issued_at) IN (0, 4)", name="issued_whole"),
    Index("invoices_search_idx", "subscriber_id", "month"),
)

invoice_rows = Table(
    "invoice_rows",
    metadata,
    row_key(),
    owner(),
    Column("invoice_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    text_column("code"),
    text_column("option", nullable=True),
    text_column("label"),
    text_column("clause"),
    text_column("source"),
    Column("quantity", Integer, nullable=False),
    text_column("unit"),
    Column("amount", BigInteger, nullable=False),
    text_column("tax_class"),
    text_column("because"),
    UniqueConstraint("invoice_id", "position"),
    ForeignKeyConstraint(
        ["subscriber_id", "invoice_id"], ["invoices.subscriber_id", "invoices.id"], ondelete="CASCADE"
    ),
    CheckConstraint("tax_class IN ('standard', 'out_of_scope')", name="tax_class"),
    CheckConstraint("amount >= 0", name="not_negative"),
)


@dataclass(frozen=True, slots=True)
class Invoice:
    id: UUID
    subscriber_id: UUID
    contract_id: UUID
    contract_number: str
    closing_id: UUID
    month: date
    number: str | None
    issuer: dict[str, str]
    addressee: dict[str, str]
    offering: str
    issued_on: date | None
    due_on: date | None
    standard: int
    out_of_scope: int
    tax_percent: int
    tax: int
    total: int
    issued_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    code: str
    option: str | None
    label: str
    clause: str
    source: str
    quantity: int
    unit: str
    amount: int
    tax_class: str
    because: str


_INVOICE = select(invoices, contracts.c.number.label("contract_number")).join(
    contracts, contracts.c.id == invoices.c.contract_id
)


async def get(db: Db, invoice_id: UUID, *, subscriber_id: UUID | None = None) -> Invoice | None:
    """One invoice; with `subscriber_id`, only that subscriber's and only when issued."""
    statement = _INVOICE.where(invoices.c.id == invoice_id)
    if subscriber_id is not None:
        statement = statement.where(invoices.c.subscriber_id == subscriber_id, invoices.c.issued_at.is_not(None))
    return await fetch_one(db, Invoice, statement)


async def rows(db: Db, invoice_id: UUID, *, subscriber_id: UUID) -> Sequence[InvoiceRow]:
    statement = (
        select(invoice_rows)
        .where(invoice_rows.c.invoice_id == invoice_id, invoice_rows.c.subscriber_id == subscriber_id)
        .order_by(invoice_rows.c.position)
    )
    return await fetch_all(db, InvoiceRow, statement)


async def issued(
    db: Db,
    *,
    subscriber_id: UUID | None = None,
    from_: date | None = None,
    until: date | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    counterparty: str = "",
    contract_id: UUID | None = None,
    offset: int = 0,
    limit: int = 51,
) -> Sequence[Invoice]:
    """Issued invoices by date of issue, amount and counterparty, each alone or any together (電子帳簿保存法)."""
    statement = _INVOICE.where(invoices.c.issued_at.is_not(None))
    if subscriber_id is not None:
        statement = statement.where(invoices.c.subscriber_id == subscriber_id)
    if contract_id is not None:
        statement = statement.where(invoices.c.contract_id == contract_id)
    if from_ is not None:
        statement = statement.where(invoices.c.issued_on >= from_)
    if until is not None:
        statement = statement.where(invoices.c.issued_on <= until)
    if at_least is not None:
        statement = statement.where(invoices.c.total >= at_least)
    if at_most is not None:
        statement = statement.where(invoices.c.total <= at_most)
    if counterparty:
        statement = statement.where(invoices.c.addressee["name"].astext.icontains(counterparty, autoescape=True))
    order = (invoices.c.month.desc(), invoices.c.number.desc())
    return await fetch_all(db, Invoice, statement.order_by(*order).offset(offset).limit(limit))


async def of_closing(db: Db, closing_id: UUID) -> Sequence[Invoice]:
    statement = (
        _INVOICE.join(closings, closings.c.id == invoices.c.closing_id)
        .where(invoices.c.closing_id == closing_id)
        .order_by(invoices.c.addressee["name_kana"].astext, contracts.c.number)
    )
    return await fetch_all(db, Invoice, statement)


async def issued_sums(db: Db, month: date, *, codes: Sequence[str]) -> dict[UUID, int]:
    """What each contract's issued invoice of a month charges under some codes, before tax."""
    statement = (
        select(invoices.c.contract_id, func.sum(invoice_rows.c.amount).label("charged"))
        .join(invoice_rows, invoice_rows.c.invoice_id == invoices.c.id)
        .where(invoices.c.month == month, invoices.c.issued_at.is_not(None), invoice_rows.c.code.in_(codes))
        .group_by(invoices.c.contract_id)
    )
    return {row.contract_id: int(row.charged) for row in await db.execute(statement)}


async def issued_from(db: Db, contract_id: UUID, month: date) -> bool:
    """Whether an invoice of the contract has been issued for this month or a later one."""
    where = (invoices.c.contract_id == contract_id) & (invoices.c.month >= month) & invoices.c.issued_at.is_not(None)
    return bool(await db.scalar(select(invoices.c.id).where(where).limit(1)))
