"""The whole URL table: every route, who may enter, and what handles it."""

from dataclasses import dataclass
from typing import Literal

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from portal.settings import ROOT
from portal.web import contracts, statements
from portal.web.access import CLOSES, MEMBER, STAFF, Who
from portal.web.desk import closings as desk_closings
from portal.web.desk import invoices as desk_invoices
from portal.web.transaction import Handler, OpenHandler, endpoint


@dataclass(frozen=True)
class Entry:
    """One method on one address, and who may enter (None: anybody, signed in or not)."""

    method: Literal["GET", "POST"]
    path: str
    who: Who | None
    answer: OpenHandler

    @property
    def route(self) -> Route:
        return Route(self.path, self.answer, methods=[self.method])


def get(path: str, who: Who, handler: Handler) -> Entry:
    return Entry("GET", path, who, endpoint(handler, who))


def post(path: str, who: Who, handler: Handler) -> Entry:
    return Entry("POST", path, who, endpoint(handler, who))


def open_to_all(method: Literal["GET", "POST"], path: str, handler: OpenHandler) -> Entry:
    return Entry(method, path, None, handler)


ENTRIES: tuple[Entry, ...] = (
    get("/contracts", MEMBER, contracts.index),
    get("/contracts/{id:uuid}", MEMBER, contracts.show),
    get("/statements", MEMBER, statements.index),
    get("/statements/{id:uuid}", MEMBER, statements.show),
    get("/statements/{id:uuid}/pdf", MEMBER, statements.pdf),
    get("/desk/closings", STAFF, desk_closings.index),
    post("/desk/closings", CLOSES, desk_closings.try_month),
    get("/desk/closings/{id:uuid}", STAFF, desk_closings.show),
    post("/desk/closings/{id:uuid}/exceptions", CLOSES, desk_closings.settle),
    get("/desk/closings/{id:uuid}/issue", CLOSES, desk_closings.confirm),
    post("/desk/closings/{id:uuid}/issue", CLOSES, desk_closings.issue),
    get("/desk/invoices", STAFF, desk_invoices.index),
    get("/desk/invoices/{id:uuid}", STAFF, desk_invoices.show),
    get("/desk/invoices/{id:uuid}/pdf", STAFF, desk_invoices.pdf),
)


def routes() -> list[BaseRoute]:
    return [*(entry.route for entry in ENTRIES), Mount("/static", StaticFiles(directory=ROOT / "static"))]
