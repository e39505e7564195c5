"""Pages for what did not happen: what it was, what is kept, what to do next."""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal.web.origin import protect
from portal.web.rendering import Site
from portal.web.services import Services
from portal.web.shown import ShownViolation
from portal.web.site import site_for

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    status: int
    template: str


@dataclass(frozen=True)
class ErrorPage:
    """`message`: a sentence of the case, or empty. `kept`: the fields of a form that can be sent again."""

    status: int
    path: str
    message: str = ""
    roles: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    violations: tuple[ShownViolation, ...] = ()
    reference: str | None = None
    sign_in_href: str = "/sign-in"
    limit: str = "25MB"
    retry_at: datetime | None = None


NOT_FOUND = Kind(404, "errors/404.html")
FORBIDDEN = Kind(403, "errors/403.html")
CONFLICT = Kind(409, "errors/409.html")
BUSY = Kind(503, "errors/503.html")
TOO_LARGE = Kind(413, "errors/413.html")
UNREADABLE = Kind(422, "errors/422.html")
SIGNED_OUT = Kind(401, "errors/signed-out.html")
BROKEN = Kind(500, "errors/500.html")
BY_STATUS = {kind.status: kind for kind in (NOT_FOUND, FORBIDDEN, CONFLICT, BUSY, TOO_LARGE, UNREADABLE, BROKEN)}


def page(
    request: Request,
    services: Services,
    kind: Kind,
    *,
    site: Site | None = None,
    message: str = "",
    roles: tuple[str, ...] = (),
    kept: tuple[tuple[str, str], ...] = (),
    violations: tuple[ShownViolation, ...] = (),
    reference: str | None = None,
) -> Response:
    """The designed page of an error, in the person's own frame when there is one."""
    site = site or site_for(services, None, path=request.url.path, at=services.clock.now())
    shown = ErrorPage(kind.status, address(request), message, roles, kept, violations, reference)
    body = services.pages.whole(kind.template, page=shown, site=site)
    return Response(body, kind.status, media_type="text/html")


def address(request: Request) -> str:
    """Path and query of a request, to come back to it."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: unknown addresses, wrong methods, bodies too large or malformed."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        status = 404
    kind = BY_STATUS.get(status, UNREADABLE if status < 500 else BROKEN)
    return page(request, request.app.state.services, kind)


async def on_exception(request: Request, error: Exception) -> Response:
    """A fault of ours: the page names a reference, by which the log has the rest. No middleware is left around it."""
    services: Services = request.app.state.services
    reference = secrets.token_hex(5).upper()
    log.error("%s at %s %r: %s", reference, request.method, request.url.path, type(error).__name__)
    answer = page(request, services, BROKEN, reference=reference)
    protect(answer.headers, path=request.url.path, secure=services.settings.base_url.startswith("https:"))
    return answer
