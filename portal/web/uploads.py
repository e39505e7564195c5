"""Files of lines: uploaded, checked in another process, shown with what was found, taken over when confirmed."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from starlette.datastructures import UploadFile
from starlette.responses import Response

from portal.gateways.spreadsheets import read_rows
from portal.records import uploads
from portal.records.applications import Application
from portal.records.uploads import Upload
from portal.terms.offerings import Offering
from portal.usecases import uploads as usecase
from portal.usecases.drafts import MAX_LINES
from portal.usecases.file_checks import also, check_rows, without_duplicates
from portal.usecases.file_findings import Checked, Finding, failed, legible
from portal.usecases.file_reports import KEPT_FINDINGS, Summary, counted, error_file, findings_file
from portal.usecases.line_files import ParsedLine, line_kind
from portal.usecases.line_judgement import Known, judge, known
from portal.usecases.masked_keys import Unmasking
from portal.usecases.outcomes import Conflict, NotFound
from portal.usecases.readings import neutralise
from portal.usecases.uploads import SealedLine
from portal.web import upload_keys
from portal.web.drafts import saved_form, writable_one
from portal.web.forms import FieldError, Form
from portal.web.line_rows import KEY
from portal.web.shown import PAGE_ROWS, Paging, page_of, paged
from portal.web.transaction import Call, go
from portal.web.upload_keys import keys_behind_masks, upload_content

PURPOSE = upload_keys.PURPOSE
NO_KEYS: Mapping[str, str] = MappingProxyType({})
MODES = (("replace", "今ある回線と置き換える"), ("append", "今ある回線に追加する"))
CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True)
class FileLines:
    """A file read to its end: the counts and findings, and its lines."""

    summary: Summary
    lines: list[ParsedLine]


def _checked(content: bytes, what: Known, keys: Mapping[str, str] = NO_KEYS) -> Iterator[Checked[ParsedLine]]:
    kind = line_kind(offering=what.offering.value, today=what.on)
    unmasking = Unmasking(kind, keys)
    rows = unmasking.rows(read_rows(content))
    # The database speaks before doubles are looked for, so that a row says everything that is wrong with it.
    checked = without_duplicates(also(unmasking.told(check_rows(kind, rows)), judge(what)))
    for count, one in enumerate(checked):
        if count > MAX_LINES:
            message = f"一つの申込に入れられる回線は{MAX_LINES:,}件までです。ファイルと申込を分けてください。"
            yield Checked(one.row, None, (failed(one.row, "", "too_long", "", message),), is_row=False)
            return
        yield one


def read_file(content: bytes, what: Known, keys: Mapping[str, str] = NO_KEYS) -> FileLines:
    """Read and check a file; run in a process of its own. `keys`: what masked access keys stand for, by line."""
    summary = Summary()
    lines = [one.record for one in counted(_checked(content, what, keys), summary) if one.record is not None]
    return FileLines(summary, lines)


def check_file(content: bytes, what: Known, keys: Mapping[str, str] = NO_KEYS) -> Summary:
    """The counts and findings of a file alone."""
    return read_file(content, what, keys).summary


def file_with_errors(content: bytes, what: Known, keys: Mapping[str, str] = NO_KEYS) -> bytes:
    """The same file with a column of errors, as CSV."""
    findings: Iterator[Finding] = chain.from_iterable(one.findings for one in _checked(content, what, keys))
    kind = line_kind(offering=what.offering.value, today=what.on)
    return b"".join(error_file(kind, read_rows(content), findings))


@dataclass(frozen=True)
class UploadPage:
    id: str
    application_id: str
    file_name: str
    size: int
    sha256: str
    uploaded_at: datetime
    applied_at: datetime | None
    row_count: int
    ok_count: int
    error_count: int
    warning_count: int
    readings: Sequence[dict[str, Any]]
    findings: tuple[dict[str, Any], ...]
    paging: Paging
    cut: str | None
    is_kept: bool
    may_apply: bool
    modes: tuple[tuple[str, str], ...]
    form: Form
    discard_key: UUID


async def add(call: Call) -> Response:
    """Check a file and keep it sealed, with what was found. Nothing of it is taken over.

    Of a file with personal data only the findings are kept, without values.
    """
    application = await writable_one(call)
    file = call.data.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        missing = FieldError("file", "回線の一覧", "ファイルを選んでから送ってください。")
        return await saved_form(call, application, missing, status=422)
    content = await file.read()
    summary = await _run(call, application, check_file, content)
    is_kept = summary.may_be_kept
    upload_id = await usecase.keep(
        call.db,
        by=call.by,
        at=call.at,
        application_id=application.id,
        file_name=_name_of(file.filename),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content_sealed=call.services.cipher.seal(content if is_kept else b"", purpose=PURPOSE),
        summary=summary if is_kept else summary.without_values,
    )
    return go(f"/applications/{application.id}/uploads/{upload_id}")


async def show(call: Call) -> Response:
    """What the check found. 「取り込む」 stands here only when there is no error."""
    _, upload = await _upload(call)
    return _page(call, upload, Form())


async def apply(call: Call) -> Response:
    """Take the file over, all of it; read once more, because days and versions may have changed since."""
    application, upload = await _upload(call)
    form = call.form(mode="取り込み方")
    mode = form.choose("mode", MODES)
    if form.errors:
        return _page(call, upload, form, status=422)
    if upload.applied_at is not None:
        return go(f"/applications/{application.id}/edit?saved=1")
    content = await upload_content(call, upload)
    read = await _run(call, application, read_file, content, before=upload)
    seal = call.services.cipher.seal
    lines = [SealedLine(line, seal(line.access_key.encode(), purpose=KEY)) for line in read.lines]
    try:
        await usecase.apply(
            call.db,
            by=call.by,
            at=call.at,
            upload_id=upload.id,
            mode="append" if mode == "append" else "replace",
            summary=read.summary,
            lines=lines,
        )
    except Conflict as error:
        if upload.error_count:
            raise
        form.refuse("mode", str(error))
        return _page(call, upload, form, status=422)
    return go(f"/applications/{application.id}/edit?saved=1")


async def discard(call: Call) -> Response:
    """Throw the file away."""
    application, upload = await _upload(call)
    await usecase.discard(call.db, by=call.by, upload_id=upload.id)
    return go(f"/applications/{application.id}/edit")


async def errors_csv(call: Call) -> Response:
    """The file as it came, with a column of errors; access keys masked. Of a file that was not kept, the findings."""
    application, upload = await _upload(call)
    content = await upload_content(call, upload)
    if content:
        body = await _run(call, application, file_with_errors, content, before=upload)
    else:
        body = findings_file(upload.findings)
    stem = upload.file_name.rsplit(".", 1)[0]
    return Response(body, media_type=CSV, headers=_as_file(f"{stem}_確認結果.csv"))


async def template_csv(call: Call) -> Response:
    """An empty file with the columns of an offering's lines, for Excel."""
    application = await writable_one(call)
    kind = line_kind(offering=application.offering or "", today=call.today)
    header = ",".join(neutralise(column.name) for column in kind.columns)
    return Response(f"\ufeff{header}\r\n".encode(), media_type=CSV, headers=_as_file("回線の一覧.csv"))


async def _upload(call: Call) -> tuple[Application, Upload]:
    application = await writable_one(call)
    upload = await uploads.get(call.db, call.id("upload"), subscriber_id=call.subscriber_id)
    if upload is None or upload.application_id != application.id:
        raise NotFound
    return application, upload


async def _run(call: Call, application: Application, work: Any, content: bytes, *, before: Upload | None = None) -> Any:
    """Work on a file in another process, with what the database knows and what its masked access keys stand for."""
    offering = Offering(application.offering or "")
    what = await known(call.db, subscriber_id=application.subscriber_id, offering=offering, on=call.today)
    keys = await keys_behind_masks(call, application, content, before=before)
    return await asyncio.get_running_loop().run_in_executor(call.services.processes, work, content, what, keys)


def _name_of(sent: str) -> str:
    """A file's name to be shown: its last part, without what nobody sees. It is never a path to anything."""
    last = sent.replace("\\", "/").rsplit("/", 1)[-1]
    return legible("".join(letter for letter in last if letter.isprintable()))[:200] or "名前のないファイル"


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}


def _page(call: Call, upload: Upload, form: Form, *, status: int = 200) -> Response:
    number = page_of(call.query("page"))
    first = (number - 1) * PAGE_ROWS
    path = f"/applications/{upload.application_id}/uploads/{upload.id}"
    is_kept = upload.row_count > 0 and all(one["code"] != "personal_data" for one in upload.findings)
    findings, paging = paged(upload.findings[first : first + PAGE_ROWS + 1], number, path=path, query={})
    page = UploadPage(
        id=str(upload.id),
        application_id=str(upload.application_id),
        file_name=upload.file_name,
        size=upload.size,
        sha256=upload.sha256,
        uploaded_at=upload.uploaded_at,
        applied_at=upload.applied_at,
        row_count=upload.row_count,
        ok_count=upload.ok_count,
        error_count=upload.error_count,
        warning_count=upload.warning_count,
        readings=upload.readings,
        findings=findings,
        paging=paging,
        cut=_cut(upload, is_kept=is_kept),
        is_kept=is_kept,
        may_apply=upload.error_count == 0 and upload.row_count > 0 and upload.applied_at is None,
        modes=MODES,
        form=form,
        discard_key=uuid4(),
    )
    return call.page("applications/upload.html", page, status=status)


def _cut(upload: Upload, *, is_kept: bool) -> str | None:
    """Where the findings are that the page does not hold."""
    if upload.error_count + upload.warning_count <= KEPT_FINDINGS:
        return None
    return f"画面には最初の{KEPT_FINDINGS:,}件だけを表示しています。" + (
        "すべては下のファイルにあります。" if is_kept else "残りは、直したファイルで確かめてください。"
    )
