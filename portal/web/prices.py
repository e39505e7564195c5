"""料金表 for subscribers: the sheets shown to them, each in full, and their acknowledgement."""

from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from portal.records import prices
from portal.usecases import prices as acts
from portal.usecases.outcomes import NotFound
from portal.web.access import BINDS
from portal.web.forms import Form
from portal.web.price_view import SheetView, covers, sheet_view
from portal.web.shown import ClauseRef, Paging, clause_ref, page_of, paged
from portal.web.transaction import Call, go


@dataclass(frozen=True)
class Row:
    href: str
    covers: str
    effective_from: date
    shown_at: datetime | None
    acknowledged_at: datetime | None


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[Row, ...]
    paging: Paging
    clause: ClauseRef


@dataclass(frozen=True)
class ShowPage:
    sheet: SheetView
    form: Form
    may_acknowledge: bool
    path: str
    clause: ClauseRef


async def index(call: Call) -> Response:
    page = page_of(call.query("page"))
    found = await prices.listed(
        call.db, subscriber_id=call.subscriber_id, shown_only=True, offset=(page - 1) * 50, limit=51
    )
    sheets, paging = paged(found, page, path="/price-sheets", query={})
    rows = tuple(
        Row(f"/price-sheets/{one.id}", covers(one), one.effective_from, one.shown_at, one.acknowledged_at)
        for one in sheets
    )
    return call.page("prices/list.html", IndexPage(rows, paging, clause_ref("A10")))


async def show(call: Call) -> Response:
    sheet = await prices.get(call.db, call.id(), subscriber_id=call.subscriber_id)
    if sheet is None:
        raise NotFound
    page = ShowPage(
        sheet=await sheet_view(call.db, sheet),
        form=Form(),
        may_acknowledge=sheet.acknowledged_at is None and BINDS.admits(call.by),
        path=f"/price-sheets/{sheet.id}",
        clause=clause_ref("A10"),
    )
    return call.page("prices/show.html", page)


async def acknowledge(call: Call) -> Response:
    await acts.acknowledge(call.db, by=call.by, at=call.at, subscriber_id=call.subscriber_id, sheet_id=call.id())
    return go(f"/price-sheets/{call.id()}")
