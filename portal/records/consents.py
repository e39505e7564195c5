"""利用者の同意: the end users' consents, each bound to a line, a partner and an end-user number (A5-6-2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    Uuid,
    any_,
    literal,
    select,
    text,
)

from portal.records.base import Db, fetch_all, metadata, moment, owner, row_key, text_column

consents = Table(
    "consents",
    metadata,
    row_key(),
    owner(),
    text_column("access_line_id"),
    Column("partner_id", Uuid, nullable=True),
    # The subscriber's own number of the person, never a name.
    text_column("end_user_ref"),
    moment("consented_at"),
    Column("has_time", Boolean, nullable=False),
    text_column("method"),
    Column("policy_id", Uuid, ForeignKey("policies.id"), nullable=False),
    text_column("evidence_file", nullable=True),
    text_column("evidence_sha256", nullable=True),
    text_column("collector", nullable=True),
    Column("application_id", Uuid, nullable=True),
    moment("recorded_at"),
    moment("withdrawn_at", nullable=True),
    ForeignKeyConstraint(["subscriber_id", "partner_id"], ["partners.subscriber_id", "partners.id"]),
    ForeignKeyConstraint(["subscriber_id", "application_id"], ["applications.subscriber_id", "applications.id"]),
    CheckConstraint("method IN ('web', 'paper', 'phone_recording', 'in_person_terminal', 'terms_only')", name="method"),
    Index("consents_line_idx", "subscriber_id", "access_line_id"),
)


@dataclass(frozen=True, slots=True)
class Consent:
    access_line_id: str
    partner_id: UUID | None
    end_user_ref: str
    consented_at: datetime
    method: str
    policy_id: UUID


async def living(db: Db, access_line_ids: Sequence[str], *, subscriber_id: UUID) -> list[Consent]:
    """The consents of these lines that nobody has withdrawn."""
    statement = select(consents).where(
        consents.c.subscriber_id == subscriber_id,
        # One array, not a parameter each: PostgreSQL takes 65,535 parameters at most.
        consents.c.access_line_id == any_(literal(list(access_line_ids), ARRAY(Text))),
        consents.c.withdrawn_at.is_(None),
    )
    return list(await fetch_all(db, Consent, statement))


async def copy_from_application(db: Db, application_id: UUID, *, subscriber_id: UUID, at: datetime) -> None:
    """Make the consents of an application's lines consents of record, in one set (A5-6-2)."""
    statement = text("""
        INSERT INTO consents (subscriber_id, access_line_id, partner_id, end_user_ref, consented_at, has_time, method,
                              policy_id, evidence_file, evidence_sha256, collector, application_id, recorded_at)
        SELECT a.subscriber_id, a.access_line_id, p.id, a.end_user_ref, a.consented_at,
               coalesce(a.consent_has_time, false), a.consent_method, v.id, a.evidence_file, a.evidence_sha256,
               a.collector, a.application_id, :at
        FROM application_lines a
        JOIN policies v ON v.version = a.policy_version
        LEFT JOIN partners p ON p.subscriber_id = a.subscriber_id AND p.code = a.partner_code
        WHERE a.application_id = :application AND a.subscriber_id = :subscriber AND a.whole
          AND a.end_user_ref IS NOT NULL AND a.consented_at IS NOT NULL AND a.consent_method IS NOT NULL
        ORDER BY a.position
    """)
    await db.execute(statement, {"application": application_id, "subscriber": subscriber_id, "at": at})
