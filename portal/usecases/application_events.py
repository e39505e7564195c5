"""What the desk does to an application, written down and told in one place."""

from datetime import datetime
from typing import Any

from portal.records import events
from portal.records.applications import Application
from portal.records.base import Db
from portal.records.members import Person
from portal.usecases import mail


async def record_act(
    db: Db,
    application: Application,
    *,
    verb: str,
    by: Person,
    at: datetime,
    clauses: tuple[str, ...] = (),
    reason: str | None = None,
    details: dict[str, Any] | None = None,
    internal: bool = False,
    **told: object,
) -> None:
    """Record an act and tell whom it concerns. `clauses`: those that decide it; steps that move it on have none."""
    await events.record(
        db,
        by=by,
        at=at,
        verb=verb,
        object_kind="application",
        object_id=application.id,
        subscriber_id=None if internal else application.subscriber_id,
        clauses=clauses,
        reason=reason,
        details=details,
    )
    await mail.tell_of_application(db, application, verb=verb, at=at, **told)
