"""Uploaded files of lines: kept sealed as they came, with what the check found, until applied or left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    Uuid,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from portal.records.base import Db, fetch_all, fetch_one, key, metadata, moment, owner, text_column

uploads = Table(
    "uploads",
    metadata,
    key(),
    owner(),
    Column("application_id", Uuid, nullable=False),
    text_column("file_name"),
    Column("size", Integer, nullable=False),
    text_column("sha256"),
    Column("content_sealed", LargeBinary, nullable=False),
    Column("uploaded_by", Uuid, ForeignKey("members.id"), nullable=False),
    moment("uploaded_at"),
    Column("row_count", Integer, nullable=False),
    Column("ok_count", Integer, nullable=False),
    Column("error_count", Integer, nullable=False),
    Column("warning_count", Integer, nullable=False),
    # The first findings and readings, for the page; the whole list comes back in the file itself.
    Column("findings", JSONB, nullable=False),
    Column("readings", JSONB, nullable=False),
    moment("applied_at", nullable=True),
    ForeignKeyConstraint(
        ["subscriber_id", "application_id"], ["applications.subscriber_id", "applications.id"], ondelete="CASCADE"
    ),
    CheckConstraint("applied_at IS NULL OR error_count = 0", name="only_clean_applied"),
)


@dataclass(frozen=True, slots=True)
class Upload:
    id: UUID
    subscriber_id: UUID
    application_id: UUID
    file_name: str
    size: int
    sha256: str
    uploaded_at: datetime
    row_count: int
    ok_count: int
    error_count: int
    warning_count: int
    findings: Sequence[dict[str, Any]]
    readings: Sequence[dict[str, Any]]
    applied_at: datetime | None


_SHOWN = [column for column in uploads.c if column.name != "content_sealed"]


async def get(db: Db, upload_id: UUID, *, subscriber_id: UUID, for_update: bool = False) -> Upload | None:
    statement = select(*_SHOWN).where(uploads.c.id == upload_id, uploads.c.subscriber_id == subscriber_id)
    return await fetch_one(db, Upload, statement.with_for_update() if for_update else statement)


async def content(db: Db, upload_id: UUID, *, subscriber_id: UUID) -> bytes:
    """The sealed file."""
    statement = select(uploads.c.content_sealed).where(
        uploads.c.id == upload_id, uploads.c.subscriber_id == subscriber_id
    )
    return bytes((await db.execute(statement)).scalar_one())


async def of_application(db: Db, application_id: UUID, *, subscriber_id: UUID) -> Sequence[Upload]:
    statement = (
        select(*_SHOWN)
        .where(uploads.c.application_id == application_id, uploads.c.subscriber_id == subscriber_id)
        .order_by(uploads.c.uploaded_at.desc())
    )
    return await fetch_all(db, Upload, statement)
