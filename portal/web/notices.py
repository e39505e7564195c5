"""解約申込書 of a company: 入力 with what would follow, 確認, 完了, and the list of those that were given."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from starlette.responses import Response

from portal.records import notices
from portal.terms.contract import Contract
from portal.terms.notices import NoticeKind
from portal.usecases import notice_outlook
from portal.usecases import notices as acts
from portal.usecases.notice_outlook import Outlook
from portal.usecases.outcomes import NotFound
from portal.web import notice_view
from portal.web.access import BINDS
from portal.web.forms import Form
from portal.web.notice_rows import Row, advice, day_rows, later_row, outlook_rows
from portal.web.notice_view import ListedNotice, ShownNotice, ShownUnit
from portal.web.rendering import folded
from portal.web.shown import PAGE_ROWS, Paging, page_of, paged
from portal.web.transaction import Call, go
from portal.web.typed import day

PATH = "/notices"
LABELS = {"requested_on": "最終利用日", "remarks": "備考", "units": "解約するオプション"}
LONGEST_REMARKS = 500
# A later year is a slip of the keyboard.
LAST_YEAR = 2199
UNITS_SHOWN = 200


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[ListedNotice, ...]
    paging: Paging
    form: Form
    filtered: bool


@dataclass(frozen=True)
class ShowPage:
    notice: ShownNotice
    given: bool
    pdf_href: str


@dataclass(frozen=True)
class GivePage:
    """入力 and 確認. `trouble`: why nothing can be said yet (no `rows`). `kept`: chosen, but not in the table."""

    contract_href: str
    number: str
    action: str
    title: str
    lead: str
    act: str
    form: Form
    rows: tuple[Row, ...]
    warning: str | None
    advice: str | None
    trouble: str | None
    requested_on: date | None
    may_give: bool
    units: tuple[ShownUnit, ...] = ()
    chosen: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    more: bool = False


async def index(call: Call) -> Response:
    search, page = call.query("q"), page_of(call.query("page"))
    found = await notices.listed(
        call.db,
        subscriber_id=call.subscriber_id,
        search=folded(search),
        offset=(page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    rows, paging = paged(found, page, path=PATH, query={"q": search})
    shown = tuple(notice_view.listed(row, on=call.today, path=PATH) for row in rows)
    return call.page("notices/list.html", IndexPage(shown, paging, Form({"q": search}), bool(search)))


async def show(call: Call) -> Response:
    notice = await notice_view.asked_for(call, subscriber_id=call.subscriber_id)
    shown = await notice_view.view(call, notice, contracts_path="/contracts")
    return call.page("notices/show.html", ShowPage(shown, bool(call.query("given")), f"{PATH}/{notice.id}/pdf"))


async def pdf(call: Call) -> Response:
    return await notice_view.pdf_response(call, await notice_view.asked_for(call, subscriber_id=call.subscriber_id))


async def contract_form(call: Call) -> Response:
    """入力 with what would follow; with `confirm` in the address 確認."""
    form = Form({name: call.query(name) for name in ("requested_on", "remarks")}, labels=LABELS)
    return await _contract_page(call, form, confirming=bool(call.query("confirm")))


async def give(call: Call) -> Response:
    form = call.form(**LABELS)
    requested_on, remarks = _wanted(form), _remarks(form)
    if form.errors:
        return await _contract_page(call, form, confirming=False, status=422)
    notice_id = await acts.give(
        call.db, by=call.by, at=call.at, contract_id=call.id(), requested_on=requested_on, remarks=remarks
    )
    return go(f"{PATH}/{notice_id}?given=1")


async def _contract_page(call: Call, form: Form, *, confirming: bool, status: int = 200) -> Response:
    record, contract = await acts.running(call.db, by=call.by, at=call.at, contract_id=call.id())
    requested_on, _ = _wanted(form), _remarks(form)
    outlook = notice_outlook.of_contract(contract, received_on=call.today, requested_on=requested_on)
    page = GivePage(
        contract_href=f"/contracts/{record.id}",
        number=record.number,
        action=f"/contracts/{record.id}/notice",
        title="契約の解約申込書",
        lead="届いた時に効力が定まります。承諾は要らず、届いた後は撤回できません。",
        act="この内容で解約申込書を出す",
        form=form,
        rows=() if form.error("requested_on") else _rows(NoticeKind.CONTRACT, contract, outlook, None),
        warning=outlook.warning,
        advice=advice(outlook),
        trouble=form.error("requested_on"),
        requested_on=requested_on,
        may_give=BINDS.admits(call.by),
    )
    return _answer(call, page, "notices/give.html", confirming=confirming, status=status)


def _answer(call: Call, page: GivePage, template: str, *, confirming: bool, status: int) -> Response:
    """確認 when everything holds; 入力 otherwise, 422 when 確認 was asked for."""
    if confirming and not page.form.errors:
        return call.page("notices/confirm.html", page)
    return call.page(template, page, status=422 if confirming else status)


def _rows(kind: NoticeKind, contract: Contract, outlook: Outlook, units: tuple[str, ...] | None) -> tuple[Row, ...]:
    later = notice_outlook.a_day_later(contract, units, outlook)
    return (*day_rows(kind, outlook), *outlook_rows(kind, outlook), later_row(kind, outlook, later))


def _wanted(form: Form) -> date | None:
    """The requested last day; none is as good as any, and none is too early (A9)."""
    if not form.text("requested_on") or form.error("requested_on"):
        return None
    on = day(form, "requested_on")
    if on is not None and on.year > LAST_YEAR:
        form.refuse("requested_on", "年を確かめてください。")
        return None
    return on


def _remarks(form: Form) -> str | None:
    text = form.text("remarks")
    if len(text) > LONGEST_REMARKS:
        form.refuse("remarks", f"{LONGEST_REMARKS}文字以内で入力してください（いま{len(text):,}文字）。")
    return text or None


async def option_form(call: Call) -> Response:
    """入力: which options, and what would follow; with `confirm` in the address 確認."""
    names = ("requested_on", "remarks", "q")
    many = {"units": tuple(call.request.query_params.getlist("units"))}
    form = Form({name: call.query(name) for name in names}, many=many, labels=LABELS)
    return await _option_page(call, form, confirming=bool(call.query("confirm")))


async def stop_options(call: Call) -> Response:
    form = call.form(**LABELS)
    requested_on, remarks, chosen = _wanted(form), _remarks(form), _chosen(form)
    if not chosen:
        form.refuse("units", "解約するオプションを選んでください。")
    if form.errors:
        return await _option_page(call, form, confirming=False, status=422)
    notice_id = await acts.stop_options(
        call.db,
        by=call.by,
        at=call.at,
        contract_id=call.id(),
        units=chosen,
        requested_on=requested_on,
        remarks=remarks,
    )
    return go(f"{PATH}/{notice_id}?given=1")


def _chosen(form: Form) -> tuple[int, ...]:
    """The options ticked. NotFound for what is no identifier."""
    ids = form.values("units")
    if not all(one.isascii() and one.isdigit() and len(one) <= 18 for one in ids):
        raise NotFound
    return tuple(dict.fromkeys(int(one) for one in ids))


async def _option_page(call: Call, form: Form, *, confirming: bool, status: int = 200) -> Response:
    record, contract = await acts.running(call.db, by=call.by, at=call.at, contract_id=call.id())
    chosen, requested_on, _ = _chosen(form), _wanted(form), _remarks(form)
    if confirming and not chosen:
        form.refuse("units", "解約するオプションを選んでください。")
    ids = acts.stoppable(contract, chosen, on=call.today) if chosen else ()
    trouble = form.error("requested_on") or (None if ids else "解約するオプションを選ぶと、ここに示します。")
    rows: tuple[Row, ...] = ()
    if trouble is None:
        outlook = notice_outlook.of_options(contract, ids, received_on=call.today, requested_on=requested_on)
        rows = _rows(NoticeKind.OPTIONS, contract, outlook, ids)
    whole = confirming and not form.errors
    shown = await _table(call, record.id, form, only=ids if whole else None)
    page = GivePage(
        contract_href=f"/contracts/{record.id}",
        number=record.number,
        action=f"/contracts/{record.id}/option-notice",
        title="オプションの解約申込書",
        lead="選んだ回線のオプションだけが止まり、契約と回線は続きます。届いた後は撤回できません。",
        act="この内容でオプションの解約申込書を出す",
        form=form,
        rows=rows,
        warning=None,
        advice=None,
        trouble=trouble,
        requested_on=requested_on,
        may_give=BINDS.admits(call.by),
        units=shown[:UNITS_SHOWN] if not whole else shown,
        chosen=ids,
        kept=tuple(one for one in ids if one not in {unit.id for unit in shown[:UNITS_SHOWN]}) if not whole else (),
        more=not whole and len(shown) > UNITS_SHOWN,
    )
    return _answer(call, page, "notices/options.html", confirming=confirming, status=status)


async def _table(call: Call, contract_id: UUID, form: Form, *, only: tuple[str, ...] | None) -> tuple[ShownUnit, ...]:
    """The running options to choose from, or (確認) the chosen ones."""
    found = await notices.units(
        call.db,
        contract_id=contract_id,
        subscriber_id=call.subscriber_id,
        running_on=call.today,
        search="" if only is not None else folded(form.value("q")),
        limit=None if only is not None else UNITS_SHOWN + 1,
    )
    return tuple(notice_view.shown_unit(unit) for unit in found if only is None or str(unit.id) in only)
