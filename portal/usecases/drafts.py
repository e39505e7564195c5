"""Drafts of applications: begun, saved at any time as they are, by row or whole, discarded, copied from old ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, literal, select, update

from portal.records import application_lines, applications, events
from portal.records.applications import Application
from portal.records.base import Db
from portal.records.members import Person
from portal.terms.applications import STATE_LABELS, ApplicationKind, ApplicationState
from portal.terms.offerings import Offering
from portal.usecases.applications import KINDS_HERE, own
from portal.usecases.line_files import ParsedLine
from portal.usecases.outcomes import Conflict, NotFound
from portal.usecases.questions import wanted_day

WRITABLE = frozenset({ApplicationState.DRAFT, ApplicationState.RETURNED})
COPYABLE = frozenset({ApplicationState.WITHDRAWN, ApplicationState.DECLINED})
MAX_LINES = 50_000


class Overtaken(Conflict):
    """Somebody else saved the draft after it was opened here; nothing of this writing was saved."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A row as given, by the column names of the file, without the access key, which comes sealed.

    `id`: the row it replaces (None: a new one). `line`: what the row was read as, where all of it could be read.
    """

    id: int | None
    given: Mapping[str, str]
    access_key_sealed: bytes | None
    line: ParsedLine | None


def row_of(draft: DraftLine) -> dict[str, Any]:
    """A row for the table, without its position. What could not be read stays as given and makes no line."""
    row: dict[str, Any] = {
        "given": {name: value for name, value in draft.given.items() if value},
        "access_key_sealed": draft.access_key_sealed,
        "whole": draft.line is not None,
    }
    line, consent = draft.line, draft.line.consent if draft.line else None
    row |= {
        name: getattr(line, name, None)
        for name in ("access_line_id", "dwelling", "prefecture", "area", "own_reference", "partner_code", "wanted_on")
    }
    row["options"] = list(line.options) if line else []
    row |= {
        name: getattr(consent, name, None)
        for name in ("end_user_ref", "consented_at", "policy_version", "evidence_file", "evidence_sha256", "collector")
    }
    row["consent_has_time"] = consent.has_time if consent else None
    row["consent_method"] = consent.method if consent else None
    return row


async def begin(db: Db, *, by: Person, at: datetime, kind: ApplicationKind, offering: Offering) -> UUID:
    """Begin a draft of a kind that is open for applications here. Refuses the others with NotFound."""
    if by.subscriber_id is None or kind not in KINDS_HERE or offering not in KINDS_HERE[kind].offerings:
        raise NotFound
    application_id = uuid4()
    await db.execute(
        insert(applications.applications).values(
            id=application_id,
            subscriber_id=by.subscriber_id,
            kind=kind.value,
            state=ApplicationState.DRAFT.value,
            offering=offering.value,
            answers={},
            drafted_by=by.id,
            drafted_at=at,
            changed_at=at,
        )
    )
    await _tell(db, by=by, at=at, verb="application_drafted", application_id=application_id)
    return application_id


async def save(
    db: Db,
    *,
    by: Person,
    at: datetime,
    application_id: UUID,
    revision: int,
    answers: Mapping[str, str],
    lines: Sequence[DraftLine] | None,
) -> int:
    """Save answers and (unless None) all rows, whether they hold or not; the new revision.

    Overtaken when somebody saved after `revision`, Conflict when it is not open for writing.
    """
    application = await writable(db, by=by, application_id=application_id, revision=revision)
    questions = KINDS_HERE[ApplicationKind(application.kind)].questions
    kept = {question.name: answers.get(question.name, "") for question in questions}
    if lines is not None:
        await _put_lines(db, application, lines)
    return await saved(db, application, by=by, at=at, answers={**application.answers, **kept})


async def put_line(db: Db, *, by: Person, at: datetime, application_id: UUID, revision: int, line: DraftLine) -> int:
    """Save one row, new or in the place of an old one; the new revision."""
    application = await writable(db, by=by, application_id=application_id, revision=revision)
    whose = {"application_id": application.id, "subscriber_id": application.subscriber_id}
    if line.id is not None:
        await application_lines.change(db, line.id, row_of(line), **whose)
    else:
        await refuse_too_many(db, application, more=1)
        await application_lines.add(db, [row_of(line)], **whose)
    return await saved(db, application, by=by, at=at, answers=application.answers)


async def remove_line(db: Db, *, by: Person, at: datetime, application_id: UUID, revision: int, line_id: int) -> int:
    """Take one row away; the new revision."""
    application = await writable(db, by=by, application_id=application_id, revision=revision)
    await application_lines.remove(
        db, [line_id], application_id=application.id, subscriber_id=application.subscriber_id
    )
    return await saved(db, application, by=by, at=at, answers=application.answers)


async def discard(db: Db, *, by: Person, at: datetime, application_id: UUID) -> None:
    """Delete a draft with its rows and files. Refuses what has been submitted: that is withdrawn, not deleted."""
    application = await own(db, by=by, application_id=application_id)
    if application.state != ApplicationState.DRAFT:
        raise Conflict("提出した申込は削除できません。やめるときは取り下げてください。")
    await db.execute(
        delete(applications.applications).where(
            applications.applications.c.id == application.id,
            applications.applications.c.subscriber_id == application.subscriber_id,
        )
    )
    await _tell(db, by=by, at=at, verb="application_discarded", application_id=application_id)


async def copy(db: Db, *, by: Person, at: datetime, application_id: UUID) -> UUID:
    """A new draft with everything of a withdrawn or declined application, so that nothing is typed twice."""
    old = await own(db, by=by, application_id=application_id)
    if ApplicationState(old.state) not in COPYABLE or old.offering is None:
        raise Conflict("写しを作れるのは、取り下げた申込と謝絶された申込です。")
    new_id = await begin(db, by=by, at=at, kind=ApplicationKind(old.kind), offering=Offering(old.offering))
    await db.execute(
        update(applications.applications).where(applications.applications.c.id == new_id).values(answers=old.answers)
    )
    table = applications.application_lines
    kept = [column.name for column in table.c if column.name not in ("id", "application_id")]
    rows = select(literal(new_id), *(table.c[name] for name in kept)).where(
        table.c.application_id == old.id, table.c.subscriber_id == old.subscriber_id
    )
    await db.execute(insert(table).from_select(["application_id", *kept], rows))
    return new_id


async def writable(db: Db, *, by: Person, application_id: UUID, revision: int | None = None) -> Application:
    """The application, locked, when it may be written to and (unless None) nobody has saved since `revision`."""
    application = await own(db, by=by, application_id=application_id)
    state = ApplicationState(application.state)
    if state not in WRITABLE:
        raise Conflict(f"この申込は「{STATE_LABELS[state]}」です。書き直せるのは、作成中と差戻しの申込です。")
    if revision is not None and application.revision != revision:
        raise Overtaken("この画面を開いた後に、ほかの人が申込を保存しました。")
    return application


async def saved(db: Db, application: Application, *, by: Person, at: datetime, answers: Mapping[str, str]) -> int:
    """Finish a writing: answers, the next revision, the wanted day of rows that name none, the event."""
    revision = application.revision + 1
    await db.execute(
        update(applications.applications)
        .where(applications.applications.c.id == application.id)
        .values(answers=dict(answers), revision=revision, changed_at=at)
    )
    await application_lines.want_on(
        db,
        wanted_day(answers.get("wanted_on", "")),
        application_id=application.id,
        subscriber_id=application.subscriber_id,
    )
    await _tell(
        db, by=by, at=at, verb="application_saved", application_id=application.id, details={"revision": revision}
    )
    return revision


async def _put_lines(db: Db, application: Application, lines: Sequence[DraftLine]) -> None:
    whose = {"application_id": application.id, "subscriber_id": application.subscriber_id}
    held = await applications.lines(db, application.id, subscriber_id=application.subscriber_id)
    before = {line.id: line for line in held}
    stay = {line.id for line in lines if line.id in before}
    await application_lines.remove(db, before.keys() - stay, **whose)
    for line in lines:
        if line.id is not None and line.id in stay:
            old, row = before[line.id], row_of(line)
            changed = any(row[name] != getattr(old, name) for name in ("given", "access_key_sealed", "whole"))
            if changed:
                await application_lines.change(db, line.id, row, **whose)
    new = [row_of(line) for line in lines if line.id not in stay]
    await refuse_too_many(db, application, more=len(new))
    await application_lines.add(db, new, **whose)


async def refuse_too_many(db: Db, application: Application, *, more: int) -> None:
    """Conflict when so many more rows would make one application too long to be worked by people."""
    total, _ = await applications.line_counts(db, application.id, subscriber_id=application.subscriber_id)
    if total + more > MAX_LINES:
        raise Conflict(f"一つの申込に入れられる回線は{MAX_LINES:,}件までです。申込を分けてください。")


async def _tell(
    db: Db, *, by: Person, at: datetime, verb: str, application_id: UUID, details: dict[str, Any] | None = None
) -> None:
    await events.record(
        db,
        by=by,
        at=at,
        verb=verb,
        object_kind="application",
        object_id=application_id,
        subscriber_id=by.subscriber_id,
        details=details,
    )
