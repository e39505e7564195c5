"""What every table and query shares: metadata, column makers, rows as frozen dataclasses."""

from collections.abc import Hashable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, MetaData, RowMapping, Text, TextClause, Uuid
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.base import Executable

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

R = TypeVar("R")
Db = AsyncConnection


def key() -> "Column[Any]":
    """Identifier of a thing that has a page: a UUID, so that addresses tell nothing about numbers."""
    return Column("id", Uuid, primary_key=True)


def row_key() -> "Column[Any]":
    """Identifier of a row that has no page of its own."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def owner() -> "Column[Any]":
    """The subscriber whose row this is; row-level security goes by it."""
    return Column("subscriber_id", Uuid, ForeignKey("subscribers.id"), nullable=False, index=True)


def moment(name: str, *, nullable: bool = False) -> "Column[Any]":
    return Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def text_column(name: str, *, nullable: bool = False) -> "Column[Any]":
    return Column(name, Text, nullable=nullable)


@cache
def _names(cls: Hashable) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cast("Any", cls)))


def made(cls: type[R], row: RowMapping) -> R:
    """The row as a frozen dataclass; a list that PostgreSQL returns becomes a tuple."""
    return cls(*[tuple(v) if isinstance(v := row[name], list) else v for name in _names(cast("Hashable", cls))])


async def fetch_all(db: Db, cls: type[R], statement: Executable | TextClause, values: Any = None) -> Sequence[R]:
    return [made(cls, row) for row in (await db.execute(statement, values)).mappings()]


async def fetch_one(db: Db, cls: type[R], statement: Executable | TextClause, values: Any = None) -> R | None:
    row = (await db.execute(statement, values)).mappings().first()
    return None if row is None else made(cls, row)
