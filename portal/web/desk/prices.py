"""料金表 at the desk: prepared by one person, shown to the subscriber by another (A10)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from starlette.responses import Response

from portal.records import contracts, events, prices, subscribers
from portal.records.prices import Sheet
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.option_kinds import OPTIONS
from portal.usecases import prices as acts
from portal.usecases.outcomes import Conflict, NotFound, Refused
from portal.web.access import PRICES
from portal.web.desk.price_form import AMOUNT_LABELS, BASES, BandRow, SheetForm
from portal.web.forms import Form
from portal.web.price_view import QUOTATION, SheetView, amounts_of, covers, sheet_view
from portal.web.shown import ClauseRef, Paging, ShownViolation, clause_ref, page_of, paged, violations_shown
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call, go

SHOWN = "この料金表はすでに提示されています。直すときは、後の月からの料金表を新しく準備してください。"
OPTION_CHOICES = tuple((kind.value, entry.label) for kind, entry in OPTIONS.items())
BAND_COLUMNS: tuple[dict[str, object], ...] = (
    {"name": "up_to", "label": "上限の回線数", "required": False},
    {"name": "amount", "label": "月額基本料（円）"},
)


@dataclass(frozen=True)
class Row:
    href: str
    company: str
    covers: str
    effective_from: date
    status: str
    tone: str
    prepared_at: datetime
    shown_at: datetime | None
    acknowledged_at: datetime | None


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[Row, ...]
    paging: Paging
    form: Form
    companies: tuple[tuple[str, str], ...]
    may_prepare: bool


@dataclass(frozen=True)
class AmountField:
    name: str
    label: str
    clause: ClauseRef


@dataclass(frozen=True)
class BandEditor:
    id: str
    label: str
    rows: tuple[BandRow, ...]
    focus: str | None


@dataclass(frozen=True)
class NewPage:
    form: Form
    targets: tuple[tuple[str, str], ...]
    bases: tuple[tuple[str, str], ...]
    fields: dict[str, AmountField]
    options: tuple[tuple[str, str], ...]
    editors: tuple[BandEditor, ...]
    columns: tuple[dict[str, object], ...]
    clauses: dict[str, ClauseRef]
    violations: tuple[ShownViolation, ...]


@dataclass(frozen=True)
class ShowPage:
    sheet: SheetView
    status: str
    tone: str
    form: Form
    events: tuple[ShownEvent, ...]
    may_show: bool
    may_prepare: bool
    may_discard: bool
    prepared_by_me: bool
    path: str
    clause: ClauseRef
    violations: tuple[ShownViolation, ...]


@dataclass(frozen=True)
class DiscardPage:
    form: Form
    subject: str
    effective_from: date
    path: str


async def index(call: Call) -> Response:
    page, company = page_of(call.query("page")), call.query("company")
    found = await prices.listed(call.db, subscriber_id=_uuid(company), offset=(page - 1) * 50, limit=51)
    sheets, paging = paged(found, page, path="/desk/price-sheets", query={"company": company})
    companies = tuple((str(one.id), one.name) for one in await subscribers.everyone(call.db))
    shown = IndexPage(
        rows=tuple(_row(sheet) for sheet in sheets),
        paging=paging,
        form=Form({"company": company}),
        companies=(("", "すべて"), *companies),
        may_prepare=PRICES.admits(call.by),
    )
    return call.page("desk/prices/list.html", shown)


async def new(call: Call) -> Response:
    """An empty form; or with `?copy=` the amounts of another sheet, with `?revise=` of one that is to be corrected."""
    revised = _uuid(call.query("revise"))
    source = revised or _uuid(call.query("copy"))
    if source is None:
        return await _new(call, SheetForm.blank(call.query("target")))
    sheet = await prices.get(call.db, source)
    if sheet is None:
        raise NotFound
    if revised and sheet.shown_at is not None:
        raise Conflict(SHOWN)
    target = _target(sheet.subscriber_id, sheet.contract_id)
    return await _new(call, SheetForm.copied(target, await amounts_of(call.db, sheet), instead_of=revised))


async def edit_rows(call: Call) -> Response:
    """One band more or fewer. Nothing is done yet: an answer of 422 leaves the form's key for the act itself."""
    typed = SheetForm.posted(call)
    for offering in acts.BY_LINES:
        if typed.form.value(f"add_{offering}"):
            typed, key = typed.with_row(offering)
            return await _new(call, typed, focus=(offering, key), status=422)
        if key := typed.form.value(f"remove_{offering}"):
            return await _new(call, typed.without_row(offering, key), status=422)
    return await _new(call, typed, status=422)


async def prepare(call: Call) -> Response:
    typed = SheetForm.posted(call)
    target, sheet = typed.target(), typed.sheet()
    if target is None or sheet is None:
        return await _new(call, typed, status=422)
    try:
        sheet_id = await acts.prepare(
            call.db,
            by=call.by,
            at=call.at,
            subscriber_id=target[0],
            contract_id=target[1],
            sheet=sheet,
            instead_of=typed.instead_of(),
        )
    except Conflict as conflict:
        typed.form.refuse("effective_from", str(conflict))
        return await _new(call, typed, status=422)
    except Refused as refused:
        return await _new(call, typed, violations_shown(refused.violations), status=422)
    return go(f"/desk/price-sheets/{sheet_id}")


async def show(call: Call) -> Response:
    return await _show(call)


async def show_to_subscriber(call: Call) -> Response:
    try:
        await acts.show(call.db, by=call.by, at=call.at, sheet_id=call.id())
    except Refused as refused:
        return await _show(call, violations_shown(refused.violations), status=422)
    return go(f"/desk/price-sheets/{call.id()}")


async def ask_discard(call: Call) -> Response:
    sheet = await prices.get(call.db, call.id())
    if sheet is None:
        raise NotFound
    if sheet.shown_at is not None:
        raise Conflict(SHOWN)
    row = _row(sheet)
    page = DiscardPage(Form(), f"{row.company}　{row.covers}", row.effective_from, row.href)
    return call.page("desk/prices/discard.html", page)


async def discard(call: Call) -> Response:
    await acts.discard(call.db, by=call.by, at=call.at, sheet_id=call.id())
    return go("/desk/price-sheets")


async def _show(call: Call, violations: tuple[ShownViolation, ...] = (), *, status: int = 200) -> Response:
    sheet = await prices.get(call.db, call.id())
    if sheet is None:
        raise NotFound
    waits, mine, may = sheet.shown_at is None, sheet.prepared_by == call.by.id, PRICES.admits(call.by)
    told = await events.of_object(call.db, "price_sheet", sheet.id)
    row = _row(sheet)
    page = ShowPage(
        sheet=await sheet_view(call.db, sheet),
        status=row.status,
        tone=row.tone,
        form=Form(),
        events=shown_events(told, to_staff=True),
        may_show=waits and may and not mine,
        may_prepare=may,
        may_discard=waits and may,
        prepared_by_me=waits and mine,
        path=row.href,
        clause=clause_ref("A10"),
        violations=violations,
    )
    return call.page("desk/prices/show.html", page, status=status)


async def _new(
    call: Call,
    typed: SheetForm,
    violations: tuple[ShownViolation, ...] = (),
    *,
    focus: tuple[Offering, str] | None = None,
    status: int = 200,
) -> Response:
    page = NewPage(
        form=typed.form,
        targets=await _targets(call),
        bases=BASES,
        fields={name: AmountField(name, label, clause_ref(one)) for name, (label, one) in AMOUNT_LABELS.items()},
        options=OPTION_CHOICES,
        editors=tuple(
            BandEditor(
                id=offering.value,
                label=OFFERINGS[offering].label,
                rows=typed.rows(offering),
                focus=focus[1] if focus and focus[0] is offering else None,
            )
            for offering in acts.BY_LINES
        ),
        columns=BAND_COLUMNS,
        clauses={one: clause_ref(one) for one in ("B1-2", "B2-1-i", "B2-2")},
        violations=violations,
    )
    return call.page("desk/prices/new.html", page, status=status)


async def _targets(call: Call) -> tuple[tuple[str, str], ...]:
    """Each subscriber's contracts to come, then each contract that exists."""
    quotations = tuple(
        (_target(one.id, None), f"{one.name}　{QUOTATION}") for one in await subscribers.everyone(call.db)
    )
    existing = tuple(
        (_target(one.subscriber_id, one.id), f"{one.company}　契約 {one.number}")
        for one in await contracts.all_formed_before(call.db, call.at)
    )
    return (("", "選んでください"), *quotations, *existing)


def _target(subscriber_id: UUID, contract_id: UUID | None) -> str:
    return f"{subscriber_id}/{contract_id}" if contract_id else str(subscriber_id)


def _uuid(typed: str) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise NotFound from None


def _row(sheet: Sheet) -> Row:
    if sheet.shown_at is None:
        status, tone = "提示待ち", "waiting"
    elif sheet.acknowledged_at is None:
        status, tone = "提示済み", "good"
    else:
        status, tone = "提示済み（確認あり）", "good"
    return Row(
        href=f"/desk/price-sheets/{sheet.id}",
        company=sheet.company,
        covers=covers(sheet),
        effective_from=sheet.effective_from,
        status=status,
        tone=tone,
        prepared_at=sheet.prepared_at,
        shown_at=sheet.shown_at,
        acknowledged_at=sheet.acknowledged_at,
    )
