"""契約者: the corporations that buy the service (A4-1), and how each of them pays."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, SmallInteger, Table, Text, select

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, text_column

subscribers = Table(
    "subscribers",
    metadata,
    key(),
    text_column("name"),
    text_column("name_kana"),
    Column("corporate_number", Text, nullable=False, unique=True),
    text_column("postal_code"),
    text_column("address"),
    text_column("billing_contact"),
    # A5-1: resale needs the number of the telecommunications notification, or a reasoned exemption.
    text_column("resale_number", nullable=True),
    text_column("resale_exemption", nullable=True),
    Column("payment_months", SmallInteger, nullable=False),
    Column("payment_day", SmallInteger, nullable=False),
    moment("registered_at"),
    CheckConstraint(r"corporate_number ~ '^[1-9][0-9]{12}$'", name="corporate_number"),
    CheckConstraint("payment_months BETWEEN 0 AND 6", name="payment_months"),
    CheckConstraint("payment_day BETWEEN 1 AND 31", name="payment_day"),
)


@dataclass(frozen=True, slots=True)
class Subscriber:
    id: UUID
    name: str
    name_kana: str
    corporate_number: str
    postal_code: str
    address: str
    billing_contact: str
    resale_number: str | None
    resale_exemption: str | None
    payment_months: int
    payment_day: int


async def get(db: Db, subscriber_id: UUID) -> Subscriber | None:
    return await fetch_one(db, Subscriber, select(subscribers).where(subscribers.c.id == subscriber_id))


async def everyone(db: Db) -> list[Subscriber]:
    return list(await fetch_all(db, Subscriber, select(subscribers).order_by(subscribers.c.name_kana)))
