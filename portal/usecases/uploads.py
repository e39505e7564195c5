"""Files of lines for a draft: kept sealed with what the check found; taken over when people say so, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, update

from portal.records import application_lines, applications, events, uploads
from portal.records.applications import Application
from portal.records.base import Db
from portal.records.members import Person
from portal.records.uploads import Upload
from portal.terms.offerings import DWELLING_LABELS, Dwelling
from portal.terms.violations import name_some
from portal.usecases.consent_files import METHODS, choice_label
from portal.usecases.drafts import DraftLine, refuse_too_many, row_of, saved, writable
from portal.usecases.file_reports import Summary
from portal.usecases.line_files import ParsedLine, option_words
from portal.usecases.outcomes import Conflict, NotFound
from portal.usecases.readings import Day

Mode = Literal["replace", "append"]


@dataclass(frozen=True, slots=True)
class SealedLine:
    """A line of a file whose access key has been sealed."""

    line: ParsedLine
    access_key_sealed: bytes


async def keep(
    db: Db,
    *,
    by: Person,
    at: datetime,
    application_id: UUID,
    file_name: str,
    size: int,
    sha256: str,
    content_sealed: bytes,
    summary: Summary,
) -> UUID:
    """Keep a file with the result of its check. Nothing of it is applied. Conflict when the draft is not writable."""
    application = await writable(db, by=by, application_id=application_id)
    upload_id = uuid4()
    await db.execute(
        insert(uploads.uploads).values(
            id=upload_id,
            subscriber_id=application.subscriber_id,
            application_id=application.id,
            file_name=file_name,
            size=size,
            sha256=sha256,
            content_sealed=content_sealed,
            uploaded_by=by.id,
            uploaded_at=at,
            row_count=summary.rows,
            ok_count=summary.ok,
            error_count=summary.errors,
            warning_count=summary.warnings,
            findings=[_storable(asdict(finding)) for finding in summary.findings],
            readings=[_storable(asdict(group)) for group in summary.read_as.values()],
        )
    )
    return upload_id


async def apply(
    db: Db, *, by: Person, at: datetime, upload_id: UUID, mode: Mode, summary: Summary, lines: Sequence[SealedLine]
) -> UUID:
    """Take a file over into its draft, all of it or nothing; the application. A second time changes nothing.

    `summary` and `lines` are the file read again now: what has become wrong since the preview refuses it (Conflict).
    """
    application, upload = await _locked(db, by=by, upload_id=upload_id)
    if upload.applied_at is not None:
        return application.id
    if upload.error_count or summary.errors or not lines:
        raise Conflict("誤りのあるファイルは取り込めません。直したファイルをもう一度アップロードしてください。")
    whose = {"application_id": application.id, "subscriber_id": application.subscriber_id}
    if mode == "append":
        held = await application_lines.access_line_ids(db, **whose)
        twice = [one.line.access_line_id for one in lines if one.line.access_line_id in held]
        if twice:
            raise Conflict(
                f"すでに入力されている回線IDがあります（{name_some(twice)}）。置き換えるか、行を除いてください。"
            )
        await refuse_too_many(db, application, more=len(lines))
        await application_lines.add(db, [_row(one) for one in lines], **whose)
    else:
        rows = [{**_row(one), "position": place} for place, one in enumerate(lines, start=1)]
        await applications.put_lines(db, rows, **whose)
        await refuse_too_many(db, application, more=0)
    await saved(db, application, by=by, at=at, answers=application.answers)
    await db.execute(update(uploads.uploads).where(uploads.uploads.c.id == upload.id).values(applied_at=at))
    await _tell_applied(db, application, upload, by=by, at=at, mode=mode)
    return application.id


async def discard(db: Db, *, by: Person, upload_id: UUID) -> UUID:
    """Throw a file away that was not taken over; the application. Conflict when it was."""
    _, upload = await _locked(db, by=by, upload_id=upload_id)
    if upload.applied_at is not None:
        raise Conflict("取り込み済みのファイルは取り消せません。申込の行を直接直してください。")
    await db.execute(
        delete(uploads.uploads).where(
            uploads.uploads.c.id == upload.id, uploads.uploads.c.subscriber_id == upload.subscriber_id
        )
    )
    return upload.application_id


def given_of(line: ParsedLine) -> Mapping[str, str]:
    """A line by the columns of the file, without the access key, as a person would write what was read."""
    given = {
        "回線ID": line.access_line_id,
        "住居種別": DWELLING_LABELS[Dwelling(line.dwelling)],
        "都道府県": line.prefecture,
        "エリア区分": line.area,
        "自社管理番号": line.own_reference,
        "再販先コード": line.partner_code,
        "開通希望日": str(Day(line.wanted_on)) if line.wanted_on else None,
        "オプション": option_words(line.options),
    }
    if (consent := line.consent) is not None:
        moment = consent.consented_at
        given |= {
            "利用者番号": consent.end_user_ref,
            "同意日時": str(Day(moment.date(), moment.time() if consent.has_time else None)),
            "同意方法": choice_label(METHODS)[consent.method],
            "提供条件版": consent.policy_version,
            "証跡ファイル": consent.evidence_file,
            "証跡SHA256": consent.evidence_sha256,
            "取得者": consent.collector,
        }
    return {name: value for name, value in given.items() if value}


def _storable(value: Any) -> Any:
    """The same for a JSON column, which cannot hold NUL."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {name: _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list) else value


def _row(one: SealedLine) -> dict[str, object]:
    return row_of(DraftLine(None, given_of(one.line), one.access_key_sealed, one.line))


async def _locked(db: Db, *, by: Person, upload_id: UUID) -> tuple[Application, Upload]:
    """The draft, locked, and its file as it is then: who writes a file holds its draft."""
    if by.subscriber_id is None:
        raise NotFound
    upload = await uploads.get(db, upload_id, subscriber_id=by.subscriber_id)
    if upload is None:
        raise NotFound
    application = await writable(db, by=by, application_id=upload.application_id)
    upload = await uploads.get(db, upload_id, subscriber_id=by.subscriber_id, for_update=True)
    if upload is None:
        raise NotFound
    return application, upload


async def _tell_applied(
    db: Db, application: Application, upload: Upload, *, by: Person, at: datetime, mode: Mode
) -> None:
    await events.record(
        db,
        by=by,
        at=at,
        verb="upload_applied",
        object_kind="application",
        object_id=application.id,
        subscriber_id=application.subscriber_id,
        details={"file": upload.file_name, "sha256": upload.sha256, "rows": upload.row_count, "mode": mode},
    )
