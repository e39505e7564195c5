"""Contracts, as their subscriber sees them."""

from dataclasses import dataclass

from starlette.responses import Response

from portal.records import contracts
from portal.records.contracts import Contract, ListedContract
from portal.terms.offerings import OFFERINGS, Offering
from portal.usecases.outcomes import NotFound
from portal.web.transaction import Call


@dataclass(frozen=True)
class IndexPage:
    contracts: tuple[ListedContract, ...]
    offerings: dict[str, str]


@dataclass(frozen=True)
class ShowPage:
    contract: Contract
    offering: str


async def index(call: Call) -> Response:
    found = await contracts.listed(call.db, on=call.today, subscriber_id=call.subscriber_id)
    return call.page(
        "contracts/list.html",
        IndexPage(tuple(found), {offering.value: entry.label for offering, entry in OFFERINGS.items()}),
    )


async def show(call: Call) -> Response:
    contract = await contracts.get(call.db, call.id(), subscriber_id=call.subscriber_id)
    if contract is None:
        raise NotFound
    return call.page("contracts/show.html", ShowPage(contract, OFFERINGS[Offering(contract.offering)].label))
