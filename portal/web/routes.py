"""The whole URL table: every route, who may enter, and what handles it."""

from dataclasses import dataclass
from typing import Literal

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from portal.settings import ROOT
from portal.web import contracts
from portal.web.access import MEMBER, Who
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
)


def routes() -> list[BaseRoute]:
    return [*(entry.route for entry in ENTRIES), Mount("/static", StaticFiles(directory=ROOT / "static"))]
