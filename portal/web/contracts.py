"""Contracts, as their subscriber sees them."""

from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from portal.records import contracts
from portal.terms import standing
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.standing import CONTRACT_STATE_LABELS
from portal.usecases.contracts import outline
from portal.web.access import PREPARES
from portal.web.contract_view import CONTRACT_TONES, ContractView, contract_view, lines_file
from portal.web.forms import Form
from portal.web.rendering import folded
from portal.web.shown import PAGE_ROWS, Paging, page_of, paged
from portal.web.transaction import Call


@dataclass(frozen=True)
class ContractRow:
    href: str
    number: str
    company: str
    offering: str
    accepted_at: datetime
    billing_starts_on: date | None
    line_count: int
    state: str
    tone: str


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[ContractRow, ...]
    paging: Paging
    form: Form
    filtered: bool
    may_apply: bool


@dataclass(frozen=True)
class ShowPage:
    contract: ContractView
    may_give_notice: bool


async def index(call: Call) -> Response:
    search, page = call.query("q"), page_of(call.query("page"))
    found = await contracts.listed(
        call.db,
        on=call.today,
        subscriber_id=call.subscriber_id,
        search=folded(search),
        offset=(page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    rows, paging = paged(found, page, path="/contracts", query={"q": search})
    shown = IndexPage(
        rows=tuple(contract_row(row, on=call.today, path="/contracts") for row in rows),
        paging=paging,
        form=Form({"q": search}),
        filtered=bool(search),
        may_apply=PREPARES.admits(call.by),
    )
    return call.page("contracts/list.html", shown)


def contract_row(row: contracts.ListedContract, *, on: date, path: str) -> ContractRow:
    offering = Offering(row.offering)
    state = standing.contract_state(outline(row), on)
    return ContractRow(
        href=f"{path}/{row.id}",
        number=row.number,
        company=row.company,
        offering=OFFERINGS[offering].label,
        accepted_at=row.accepted_at,
        billing_starts_on=row.billing_starts_on,
        line_count=row.line_count,
        state=CONTRACT_STATE_LABELS[state],
        tone=CONTRACT_TONES[state],
    )


async def show(call: Call) -> Response:
    contract = await contract_view(call, subscriber_id=call.subscriber_id)
    ended = contract.last_on is not None and contract.last_on < call.today
    return call.page("contracts/show.html", ShowPage(contract, PREPARES.admits(call.by) and not ended))


async def export(call: Call) -> Response:
    return await lines_file(call, subscriber_id=call.subscriber_id)
