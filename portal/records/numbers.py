"""Serial numbers without gaps: 受付番号, 契約番号, 請求書番号."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, Integer, Table, Text, text

from portal.records.base import Db, metadata

number_series = Table(
    "number_series",
    metadata,
    Column("series", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
    CheckConstraint("last > 0", name="last"),
)


async def next_serial(db: Db, series: str, day: date) -> int:
    """The next number of a series on a day; its row stays locked to the end of the transaction: no gap, no double."""
    statement = text("SELECT next_serial(:series, :day)")
    return int(await db.scalar(statement, {"series": series, "day": day}) or 0)
