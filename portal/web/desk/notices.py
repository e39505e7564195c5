"""解約申込書 at the desk: read and acknowledge; void only by two people."""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from portal.records import events, notices
from portal.records.notices import Notice
from portal.terms.notices import VOID_LABELS, VoidCode
from portal.usecases import notices as acts
from portal.web import notice_view
from portal.web.access import APPROVER, CLERK
from portal.web.forms import Choices, Form
from portal.web.notice_view import ListedNotice, ShownNotice
from portal.web.rendering import folded
from portal.web.shown import PAGE_ROWS, ClauseRef, Paging, clause_ref, page_of, paged
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call, go

PATH = "/desk/notices"
LABELS = {"code": "無効の理由", "reason": "確かめたこと"}
VOID_CHOICES: Choices = tuple((code.value, label) for code, label in VOID_LABELS.items())


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[ListedNotice, ...]
    paging: Paging
    form: Form
    filtered: bool


@dataclass(frozen=True)
class ShowPage:
    """`why_not`: why this person, who may void notices, cannot void this one."""

    notice: ShownNotice
    path: str
    pdf_href: str
    form: Form
    events: tuple[ShownEvent, ...]
    may_acknowledge: bool
    may_prepare_void: bool
    may_void: bool
    why_not: str | None
    message: str | None


@dataclass(frozen=True)
class VoidPage:
    notice: ShownNotice
    path: str
    form: Form
    choices: Choices
    clause: ClauseRef


async def index(call: Call) -> Response:
    asked = {name: call.query(name) for name in ("q", "state")}
    page = page_of(call.query("page"))
    found = await notices.listed(
        call.db,
        search=folded(asked["q"]),
        waiting=asked["state"] == "arrived",
        waiting_first=True,
        offset=(page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    rows, paging = paged(found, page, path=PATH, query=asked)
    shown = tuple(notice_view.listed(row, on=call.today, path=PATH) for row in rows)
    return call.page("desk/notices/list.html", IndexPage(shown, paging, Form(asked), any(asked.values())))


async def show(call: Call) -> Response:
    notice = await notice_view.asked_for(call, subscriber_id=None)
    told = await events.of_object(call.db, "notice", notice.id)
    living = notice.voided_at is None
    prepared = living and notice.void_prepared_at is not None and APPROVER.admits(call.by)
    page = ShowPage(
        notice=await notice_view.view(call, notice, contracts_path="/desk/contracts"),
        path=f"{PATH}/{notice.id}",
        pdf_href=f"{PATH}/{notice.id}/pdf",
        form=Form(),
        events=shown_events(reversed(told), to_staff=True),
        may_acknowledge=living and notice.acknowledged_at is None and CLERK.admits(call.by),
        may_prepare_void=living and CLERK.admits(call.by),
        may_void=prepared and notice.void_prepared_by != call.by.id,
        why_not="あなたが準備したため、無効にするのは別の担当者です（職務分掌）。"
        if prepared and notice.void_prepared_by == call.by.id
        else None,
        message=MESSAGES.get(call.query("done")),
    )
    return call.page("desk/notices/show.html", page)


MESSAGES = {
    "acknowledged": "確認を記録しました。",
    "prepared": "無効の準備をしました。決裁者が確かめるまで、この解約申込書は有効です。",
    "void": "無効にしました。契約の終了と料金の計算から外れました。",
}


async def pdf(call: Call) -> Response:
    return await notice_view.pdf_response(call, await notice_view.asked_for(call, subscriber_id=None))


async def acknowledge(call: Call) -> Response:
    await acts.acknowledge(call.db, by=call.by, at=call.at, notice_id=call.id())
    return go(f"{PATH}/{call.id()}?done=acknowledged")


async def prepare_void_form(call: Call) -> Response:
    notice = await notice_view.asked_for(call, subscriber_id=None)
    form = Form({"code": notice.void_code or "", "reason": notice.void_reason or ""}, labels=LABELS)
    return await _void_page(call, notice, form)


async def prepare_void(call: Call) -> Response:
    form = call.form(**LABELS)
    code = form.choose("code", VOID_CHOICES)
    form.need("reason")
    if form.errors:
        return await _void_page(call, await notice_view.asked_for(call, subscriber_id=None), form, status=422)
    await acts.prepare_void(
        call.db, by=call.by, at=call.at, notice_id=call.id(), code=VoidCode(code), reason=form.text("reason")
    )
    return go(f"{PATH}/{call.id()}?done=prepared")


async def _void_page(call: Call, notice: Notice, form: Form, *, status: int = 200) -> Response:
    page = VoidPage(
        notice=await notice_view.view(call, notice, contracts_path="/desk/contracts"),
        path=f"{PATH}/{notice.id}",
        form=form,
        choices=VOID_CHOICES,
        clause=clause_ref("A9"),
    )
    return call.page("desk/notices/void.html", page, status=status)


async def void(call: Call) -> Response:
    seen = _moment(call.form().value("prepared_at"))
    await acts.void(call.db, by=call.by, at=call.at, notice_id=call.id(), seen_prepared_at=seen)
    return go(f"{PATH}/{call.id()}?done=void")


def _moment(value: str) -> datetime | None:
    """What the page showed; None when it says nothing."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
