"""One request, one transaction: enter, handle, commit before the answer leaves; everything else rolls back."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.records import members, submissions
from portal.records.base import Db
from portal.records.members import Person
from portal.terms.periods import tokyo_date
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused
from portal.web import bodies, errors
from portal.web.access import Who
from portal.web.forms import Form
from portal.web.rendering import Site
from portal.web.services import Services
from portal.web.shown import violations_shown
from portal.web.site import site_for

COOKIE = "portal_session"
# SQLSTATEs that a repetition may well get through: serialization, deadlock, lock and statement timeout, a server that
# stops, starts or has no connection left.
PASSING = frozenset({"40001", "40P01", "55P03", "57014", "25P03", "57P01", "57P02", "57P03", "53300"})
# Values that no column can hold: numbers and days out of range, characters that are no text; 22000 is the driver's own.
IMPOSSIBLE = frozenset({"22000", "22003", "22008", "22021", "22P05"})
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One request of a person who may make it, inside its transaction."""

    request: Request
    services: Services
    db: Db
    by: Person
    at: datetime
    site: Site
    data: FormData = field(default_factory=FormData)
    key: UUID | None = None

    @property
    def today(self) -> date:
        return tokyo_date(self.at)

    @property
    def subscriber_id(self) -> UUID:
        """The company of the person; only routes of the subscriber realm ask."""
        if self.by.subscriber_id is None:
            raise NotFound
        return self.by.subscriber_id

    def id(self, name: str = "id") -> UUID:
        value: UUID = self.request.path_params[name]
        return value

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "").strip()

    def form(self, **labels: str) -> Form:
        """What was posted, with the labels its messages use."""
        return Form.posted(self.data, labels=labels, submission_key=self.key)

    def page(self, template: str, page: Any, *, status: int = 200) -> Response:
        """The whole page; 422 for a form that does not hold."""
        body = self.services.pages.whole(template, page=page, site=self.site)
        return Response(body, status, media_type="text/html")

    def block(self, template: str, block: str, page: Any, *, status: int = 200) -> Response:
        """One block of a page, for htmx."""
        body = self.services.pages.block(template, block, page=page, site=self.site)
        return Response(body, status, media_type="text/html")


Handler = Callable[[Call], Awaitable[Response]]
# Routes that anybody may enter (sign-in) talk to the outside and keep their own, shorter transactions.
OpenHandler = Callable[[Request], Awaitable[Response]]


def go(location: str) -> Response:
    """The act is done: on to its page (a reload does not act again)."""
    return RedirectResponse(location, 303)


def endpoint(handler: Handler, who: Who) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a handler: resolve the session, check the role, claim the submission key, commit below 400."""

    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        if bodies.BARRED.search(request.scope["path"]) or bodies.BARRED.search(unquote(request.url.query)):
            return errors.page(request, services, errors.NOT_FOUND)
        writes = request.method == "POST"
        # The body is read before the transaction begins, so that a slow sender holds no row.
        try:
            data = await bodies.posted(request) if writes else FormData()
        except bodies.Unreadable as error:
            return errors.page(request, services, errors.UNREADABLE, message=str(error))
        # 到達 (A9): one reading of the clock, once the request is whole.
        at = services.clock.now()
        try:
            return await _inside(request, services, handler, who, data, at=at, writes=writes)
        except Unreachable:
            return errors.page(request, services, errors.BUSY)
        except DBAPIError as error:
            kind = _kind_of(error, writes=writes)
            if kind is None:
                raise
            log.warning("%s at %r: %s", kind.status, request.url.path, error.orig)
            return errors.page(request, services, kind)
        finally:
            await data.close()

    return handle


class Unreachable(Exception):
    """The database gives no connection now."""


@asynccontextmanager
async def _connected(pool: AsyncEngine) -> AsyncIterator[Db]:
    db = pool.connect()
    try:
        await db.start()
    except (OSError, DBAPIError, NoConnectionFree) as error:
        log.warning("no connection to the database: %s", error)
        raise Unreachable from error
    try:
        yield db
    finally:
        await asyncio.shield(db.close())


def _kind_of(error: DBAPIError, *, writes: bool) -> errors.Kind | None:
    """What an error of the database means to a person; None: a fault of ours."""
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error, IntegrityError):
        return errors.CONFLICT
    if state in PASSING or error.connection_invalidated:
        return errors.BUSY
    if state in IMPOSSIBLE:
        return errors.UNREADABLE if writes else errors.NOT_FOUND
    return None


async def _inside(
    request: Request, services: Services, handler: Handler, who: Who, data: FormData, *, at: datetime, writes: bool
) -> Response:
    async with _connected(services.pool) as db:
        transaction = await db.begin()
        person = await members.enter(db, token_hash=token_hash(request), at=at)
        if person is None:
            await transaction.rollback()
            return _sign_in_first(request, services, data, writes=writes)
        site = site_for(services, person, path=request.url.path, at=at)
        if not who.admits(person):
            await transaction.rollback()
            kind = errors.FORBIDDEN if who.of(person.realm) else errors.NOT_FOUND
            return errors.page(request, services, kind, site=site, roles=who.labels(person.realm))
        call = Call(request, services, db, person, at, site, data, _submission_key(data) if writes else None)
        try:
            response = await (_once(call, handler) if writes else handler(call))
        except NotFound:
            response = errors.page(request, services, errors.NOT_FOUND, site=site)
        except Forbidden as error:
            response = errors.page(request, services, errors.FORBIDDEN, site=site, message=str(error))
        except Conflict as error:
            response = errors.page(request, services, errors.CONFLICT, site=site, message=str(error))
        except Refused as error:
            shown = violations_shown(error.violations)
            response = errors.page(request, services, errors.UNREADABLE, site=site, violations=shown)
        if response.status_code < 400:
            await transaction.commit()
        else:
            await transaction.rollback()
        return response


async def _once(call: Call, handler: Handler) -> Response:
    """Act once per submission key: the second of two clicks waits for the first and goes where it led."""
    if call.key is None:
        return errors.page(call.request, call.services, errors.UNREADABLE, site=call.site)
    path = call.request.url.path
    new, location = await submissions.claim(call.db, call.key, person_id=call.by.id, path=path, at=call.at)
    if not new:
        return go(location or "/")
    response = await handler(call)
    if response.status_code == 303:
        location = response.headers["location"]
        await submissions.settle(call.db, call.key, person_id=call.by.id, path=path, location=location)
    elif response.status_code < 400:
        # A page would leave the key used up and lead a second click nowhere.
        raise RuntimeError(f"{path}: an act leads on (303), what is no act answers 422")
    return response


def token_hash(request: Request) -> bytes:
    """What the database knows of a session's token: never the token itself."""
    return hashlib.sha256(request.cookies.get(COOKIE, "").encode()).digest()


def _submission_key(data: FormData) -> UUID | None:
    try:
        return UUID(str(data.get("submission_key", "")))
    except ValueError:
        return None


def _sign_in_first(request: Request, services: Services, data: FormData, *, writes: bool) -> Response:
    if not writes:
        return RedirectResponse(f"/sign-in?return_to={quote(errors.address(request), safe='')}", 303)
    kept = tuple((name, value) for name, value in data.multi_items() if isinstance(value, str))
    return errors.page(request, services, errors.SIGNED_OUT, kept=kept)
