"""料金表: the amounts the provider quotes per contract (A10, 別紙1), dated, prepared and shown by two people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    insert,
    literal,
    select,
)

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, row_key, text_column
from portal.records.closings import closings
from portal.records.contracts import contracts
from portal.records.subscribers import subscribers

AMOUNTS = (
    "initial_fee",
    "base_capped",
    "line_maintenance_ipoe",
    "line_maintenance_shared",
    "bandwidth_per_100mbps",
    "offering_change_fee",
    "loss_charge_per_device",
    "option_stop_fee_per_device",
)

sheets = Table(
    "price_sheets",
    metadata,
    key(),
    owner(),
    # Null: the quotation for the subscriber's contracts to come; acceptance carries it into the contract.
    Column("contract_id", Uuid, nullable=True),
    Column("effective_from", Date, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in AMOUNTS),
    Column("line_count_basis", Text, nullable=False, server_default="peak"),
    Column("prepared_by", Uuid, ForeignKey("staff.id"), nullable=False),
    moment("prepared_at"),
    Column("shown_by", Uuid, ForeignKey("staff.id"), nullable=True),
    moment("shown_at", nullable=True),
    Column("acknowledged_by", Uuid, ForeignKey("members.id"), nullable=True),
    moment("acknowledged_at", nullable=True),
    UniqueConstraint("subscriber_id", "id"),
    # A sheet is in force until the next one begins: one per first day leaves neither overlap nor gap.
    UniqueConstraint("subscriber_id", "contract_id", "effective_from", postgresql_nulls_not_distinct=True),
    ForeignKeyConstraint(["subscriber_id", "contract_id"], ["contracts.subscriber_id", "contracts.id"]),
    CheckConstraint("extract(day FROM effective_from) = 1", name="first_of_month"),
    CheckConstraint(" AND ".join(f"{name} >= 0" for name in AMOUNTS), name="not_negative"),
    CheckConstraint("line_count_basis IN ('peak', 'any_day', 'month_end')", name="basis"),
    CheckConstraint("shown_by <> prepared_by", name="two_people"),
    CheckConstraint("(shown_by IS NULL) = (shown_at IS NULL)", name="shown"),
)

bands = Table(
    "price_sheet_bands",
    metadata,
    row_key(),
    owner(),
    Column("sheet_id", Uuid, nullable=False),
    text_column("offering"),
    Column("position", SmallInteger, nullable=False),
    Column("up_to", Integer, nullable=True),
    Column("amount", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["subscriber_id", "sheet_id"], ["price_sheets.subscriber_id", "price_sheets.id"], ondelete="CASCADE"
    ),
    UniqueConstraint("sheet_id", "offering", "up_to", postgresql_nulls_not_distinct=True),
    CheckConstraint("offering IN ('ipoe', 'ipoe_shared')", name="offering"),
    CheckConstraint("up_to > 0", name="up_to"),
    CheckConstraint("amount >= 0", name="not_negative"),
)

option_prices = Table(
    "price_sheet_options",
    metadata,
    row_key(),
    owner(),
    Column("sheet_id", Uuid, nullable=False),
    text_column("option"),
    Column("initial", BigInteger, nullable=False),
    Column("monthly", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["subscriber_id", "sheet_id"], ["price_sheets.subscriber_id", "price_sheets.id"], ondelete="CASCADE"
    ),
    UniqueConstraint("sheet_id", "option"),
    CheckConstraint("initial >= 0 AND monthly >= 0", name="not_negative"),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    id: UUID
    subscriber_id: UUID
    company: str
    contract_id: UUID | None
    contract_number: str | None
    effective_from: date
    initial_fee: int
    base_capped: int
    line_maintenance_ipoe: int
    line_maintenance_shared: int
    bandwidth_per_100mbps: int
    offering_change_fee: int
    loss_charge_per_device: int
    option_stop_fee_per_device: int
    line_count_basis: str
    prepared_by: UUID
    prepared_at: datetime
    shown_by: UUID | None
    shown_at: datetime | None
    acknowledged_by: UUID | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Band:
    sheet_id: UUID
    offering: str
    up_to: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class OptionPrice:
    sheet_id: UUID
    option: str
    initial: int
    monthly: int


_SHEET = (
    select(sheets, subscribers.c.name.label("company"), contracts.c.number.label("contract_number"))
    .join(subscribers, subscribers.c.id == sheets.c.subscriber_id)
    .outerjoin(contracts, contracts.c.id == sheets.c.contract_id)
)


async def get(db: Db, sheet_id: UUID, *, subscriber_id: UUID | None = None, for_update: bool = False) -> Sheet | None:
    statement = _SHEET.where(sheets.c.id == sheet_id)
    if subscriber_id is not None:
        statement = statement.where(sheets.c.subscriber_id == subscriber_id, sheets.c.shown_at.is_not(None))
    if for_update:
        statement = statement.with_for_update(of=sheets)
    return await fetch_one(db, Sheet, statement)


async def in_force_for(db: Db, *, subscriber_id: UUID, contract_id: UUID | None) -> list[Sheet]:
    """The shown sheets of a contract (or, with None, of the subscriber's contracts to come), by first day."""
    statement = _SHEET.where(
        sheets.c.subscriber_id == subscriber_id,
        sheets.c.contract_id.is_not_distinct_from(contract_id),
        sheets.c.shown_at.is_not(None),
    )
    return list(await fetch_all(db, Sheet, statement.order_by(sheets.c.effective_from)))


async def all_shown(db: Db) -> list[Sheet]:
    return list(
        await fetch_all(db, Sheet, _SHEET.where(sheets.c.shown_at.is_not(None)).order_by(sheets.c.effective_from))
    )


async def taken(db: Db, *, subscriber_id: UUID, contract_id: UUID | None, effective_from: date) -> bool:
    """Whether there is a sheet, shown or not, of this contract (or quotation) from this first day."""
    statement = select(sheets.c.id).where(
        sheets.c.subscriber_id == subscriber_id,
        sheets.c.contract_id.is_not_distinct_from(contract_id),
        sheets.c.effective_from == effective_from,
    )
    return await db.scalar(statement) is not None


async def listed(
    db: Db,
    *,
    subscriber_id: UUID | None = None,
    shown_only: bool = False,
    offset: int = 0,
    limit: int | None = None,
) -> list[Sheet]:
    statement = _SHEET.order_by(sheets.c.effective_from.desc(), sheets.c.prepared_at.desc(), sheets.c.id)
    statement = statement.offset(offset).limit(limit)
    if subscriber_id is not None:
        statement = statement.where(sheets.c.subscriber_id == subscriber_id)
    if shown_only:
        statement = statement.where(sheets.c.shown_at.is_not(None))
    return list(await fetch_all(db, Sheet, statement))


async def bands_of(db: Db, sheet_ids: Sequence[UUID]) -> list[Band]:
    statement = select(bands).where(bands.c.sheet_id.in_(sheet_ids)).order_by(bands.c.sheet_id, bands.c.position)
    return list(await fetch_all(db, Band, statement))


async def options_of(db: Db, sheet_ids: Sequence[UUID]) -> list[OptionPrice]:
    statement = select(option_prices).where(option_prices.c.sheet_id.in_(sheet_ids)).order_by(option_prices.c.id)
    return list(await fetch_all(db, OptionPrice, statement))


async def copy(db: Db, sheet_id: UUID, *, subscriber_id: UUID, contract_id: UUID) -> None:
    """Copy a whole sheet into a contract, with who prepared, showed and acknowledged it."""
    made = uuid4()
    await _copy_rows(
        db, sheets, sheets.c.id == sheet_id, {"id": made, "subscriber_id": subscriber_id, "contract_id": contract_id}
    )
    for rows in (bands, option_prices):
        await _copy_rows(db, rows, rows.c.sheet_id == sheet_id, {"subscriber_id": subscriber_id, "sheet_id": made})


async def _copy_rows(db: Db, table: Table, which: ColumnElement[bool], differing: Mapping[str, UUID]) -> None:
    """Insert copies of rows of a table in one set, with some columns of their own; generated keys are new."""
    kept = [column for column in table.c if column.identity is None and column.name not in differing]
    own = [literal(value, Uuid).label(name) for name, value in differing.items()]
    names = [*(column.name for column in kept), *differing]
    await db.execute(insert(table).from_select(names, select(*kept, *own).where(which).order_by(*table.primary_key)))


async def hold_closings(db: Db, month: date) -> None:
    """Hold the closes of this month and later ones to the end of the transaction, so that none is issued meanwhile."""
    statement = select(closings.c.id).where(closings.c.month >= month, closings.c.issued_at.is_(None))
    await db.execute(statement.order_by(closings.c.month).with_for_update())
