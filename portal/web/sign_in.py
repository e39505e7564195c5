"""Signing in and out: to each company's own provider and back. Open to all; no transaction spans the network."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.gateways import oidc
from portal.gateways.oidc import Reason, SignInFailed, Started
from portal.records import database, members
from portal.records.members import Connection
from portal.usecases import sessions, sign_in
from portal.web.services import Services
from portal.web.site import site_for
from portal.web.transaction import COOKIE, go

# One cookie an attempt, so that two tabs that begin at the same time do not replace each other's.
BROWSER_COOKIE = "portal_sign_in_"
# Where this browser's person came from last time: after a pause they need not know their company's address by heart.
COMPANY_COOKIE = "portal_company"
COMPANY_SECONDS = 180 * 24 * 60 * 60
CALLBACK = "/sign-in/callback"
STATE = re.compile(r"[A-Za-z0-9_-]{20,128}")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,40}")
# A path of ours: no second slash or backslash that a browser takes for a host, nothing that it drops in silence.
LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,2000}")
HOMES = {"subscriber": "/", "staff": "/desk"}

Trouble = Literal["provider", "begin_again", "administrator", "not_invited"]
TROUBLES: Mapping[Reason, Trouble] = {
    Reason.PROVIDER_ADDRESS: "provider",
    Reason.PROVIDER_UNREACHABLE: "provider",
    Reason.PROVIDER_METADATA: "provider",
    Reason.STATE: "begin_again",
    Reason.NONCE: "begin_again",
    Reason.DENIED: "begin_again",
    Reason.EXPIRED: "begin_again",
    Reason.TOO_OLD: "begin_again",
    Reason.ISSUER: "administrator",
    Reason.TOKEN: "administrator",
    Reason.SIGNATURE: "administrator",
    Reason.AUDIENCE: "administrator",
}
TITLES: Mapping[Trouble, str] = {
    "provider": "認証サーバーに接続できません",
    "begin_again": "サインインが完了しませんでした",
    "administrator": "認証サーバーの応答を確認できません",
    "not_invited": "このポータルに招待されていません",
}
STATUSES: Mapping[Trouble, int] = {"provider": 503, "begin_again": 400, "administrator": 400, "not_invited": 403}


@dataclass(frozen=True)
class Choice:
    label: str
    href: str


@dataclass(frozen=True)
class ChoosePage:
    """`listed`: the demo names every company; otherwise only the one this browser came from last."""

    choices: tuple[Choice, ...]
    listed: bool
    unknown: bool
    returns: bool
    example: str


@dataclass(frozen=True)
class FailedPage:
    title: str
    message: str
    who: str
    """Of `not_invited`: as whom the provider knows the person."""
    again_href: str
    another_href: str
    reference: str


@dataclass(frozen=True)
class SignedOutPage:
    provider_href: str | None
    sign_in_href: str


async def choose(request: Request) -> Response:
    """Every company has its own address; this page says so, and leads on those who can be led."""
    return await _choose(request, unknown=False)


async def start(request: Request) -> Response:
    """Begin an attempt and send the browser to its company's provider."""
    services: Services = request.app.state.services
    connection = await _connection(services, request.path_params["slug"])
    if connection is None:
        return await _choose(request, unknown=True)
    another = request.query_params.get("another") == "1"
    try:
        started = await services.oidc.start(
            _client(services, connection), redirect_uri=_callback(services), prompt="login" if another else None
        )
    except SignInFailed as failure:
        return await _failed(request, connection, failure.reason, message=failure.message)
    browser = secrets.token_urlsafe(32)
    async with database.transaction(services.pool, "signin") as db:
        await sign_in.remember(
            db,
            at=services.clock.now(),
            connection_id=connection.id,
            state=started.state,
            nonce=started.nonce,
            code_verifier=started.code_verifier,
            browser=browser,
            return_to=local_path(request.query_params.get("return_to", "")),
        )
    response = RedirectResponse(started.url, 303)
    _set_cookie(services, response, _browser_cookie(started.state), browser, path=CALLBACK, seconds=_attempt_seconds())
    return response


async def finish(request: Request) -> Response:
    """The browser comes back: use the attempt up, ask the provider who it is, begin a session. Three separate steps."""
    services: Services = request.app.state.services
    state = request.query_params.get("state", "")
    taken = None
    if STATE.fullmatch(state):
        async with database.transaction(services.pool, "signin") as db:
            browser = request.cookies.get(_browser_cookie(state), "")
            taken = await sign_in.take(db, at=services.clock.now(), state=state, browser=browser)
    if taken is None:
        return await _failed(request, None, Reason.STATE, message=SignInFailed(Reason.STATE).message)
    attempt, connection = taken
    started = Started(url="", state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.code_verifier)
    try:
        identity = await services.oidc.finish(
            _client(services, connection),
            started=started,
            redirect_uri=_callback(services),
            query=dict(request.query_params),
        )
    except SignInFailed as failure:
        return await _failed(request, connection, failure.reason, message=failure.message)
    async with database.transaction(services.pool, "signin") as db:
        entered = await sign_in.enter(
            db,
            at=services.clock.now(),
            connection=connection,
            subject=identity.subject,
            id_token=identity.id_token,
            provider_session=identity.sid,
            former_token=request.cookies.get(COOKIE, ""),
        )
    if entered is None:
        return await _not_invited(request, connection, identity)
    response = go(attempt.return_to or HOMES[entered.person.realm])
    _set_cookie(services, response, COOKIE, entered.token)
    _set_cookie(services, response, COMPANY_COOKIE, connection.slug, path="/sign-in", seconds=COMPANY_SECONDS)
    response.delete_cookie(_browser_cookie(state), path=CALLBACK)
    return response


async def sign_out(request: Request) -> Response:
    """End the session at once, here; the provider's own sign-out is one click further (form-action bars a redirect)."""
    services: Services = request.app.state.services
    async with database.transaction(services.pool, "signin") as db:
        ended = await sessions.end(db, at=services.clock.now(), token=request.cookies.get(COOKIE, ""))
        connection = None if ended is None else await members.connection(db, ended.connection_id)
    href = None
    if ended is not None and connection is not None and ended.id_token:
        href = await services.oidc.end_session_url(
            _client(services, connection),
            id_token=ended.id_token,
            post_logout_redirect_uri=f"{services.settings.base_url}/signed-out",
            state=secrets.token_urlsafe(16),
        )
    again = "/sign-in" if connection is None or services.settings.demo else _address(connection)
    response = _signed_out(request, SignedOutPage(href, again))
    response.delete_cookie(COOKIE)
    return response


async def signed_out(request: Request) -> Response:
    """Where the provider sends people back after its own sign-out."""
    return _signed_out(request, SignedOutPage(None, "/sign-in"))


def local_path(return_to: str) -> str:
    """An address within the portal, or nothing: other sites, and sign-in itself, are refused."""
    if LOCAL_PATH.fullmatch(return_to) is None or return_to.startswith(("/sign-in", "/sign-out", "/signed-out")):
        return ""
    return return_to


async def _choose(request: Request, *, unknown: bool) -> Response:
    services: Services = request.app.state.services
    return_to = local_path(request.query_params.get("return_to", ""))
    if services.settings.demo:
        async with database.transaction(services.pool, "signin") as db:
            found = await members.connections_to_sign_in(db)
    else:
        last = await _connection(services, request.cookies.get(COMPANY_COOKIE, ""))
        found = [last] if last else []
    # Who tries the demo changes from person to person: there the provider always asks who it is.
    asked = {"another": "1" if services.settings.demo else "", "return_to": return_to}
    onward = urlencode({name: value for name, value in asked.items() if value})
    page = ChoosePage(
        tuple(Choice(one.label, f"{_address(one)}?{onward}" if onward else _address(one)) for one in found),
        listed=services.settings.demo,
        unknown=unknown,
        returns=bool(return_to),
        example=f"{services.settings.base_url}/sign-in/…",
    )
    return _page(request, "sign_in/choose.html", page, status=404 if unknown else 200)


async def _not_invited(request: Request, connection: Connection, identity: oidc.Identity) -> Response:
    message = "認証サーバーでの本人確認は済みましたが、このポータルの担当者として登録されていません。"
    return await _failed(request, connection, None, message=message, who=identity.email or identity.name)


async def _failed(
    request: Request, connection: Connection | None, reason: Reason | None, *, message: str, who: str = ""
) -> Response:
    """The designed page of what went wrong; the event commits on its own and is found by the reference."""
    services: Services = request.app.state.services
    trouble = "not_invited" if reason is None else TROUBLES[reason]
    reference = secrets.token_hex(4).upper()
    if connection is not None:
        async with database.transaction(services.pool, "signin") as db:
            await sign_in.refuse(
                db,
                at=services.clock.now(),
                connection=connection,
                reason=reason.value if reason else trouble,
                reference=reference,
            )
    again = "/sign-in" if connection is None else _address(connection)
    page = FailedPage(
        title=TITLES[trouble],
        message=message,
        who=who,
        again_href=again,
        another_href=again if connection is None else f"{again}?another=1",
        reference=reference if connection else "",
    )
    return _page(request, f"sign_in/{trouble}.html", page, status=STATUSES[trouble])


async def _connection(services: Services, slug: str) -> Connection | None:
    if SLUG.fullmatch(slug) is None:
        return None
    async with database.transaction(services.pool, "signin") as db:
        return await members.connection_by_slug(db, slug)


def _client(services: Services, connection: Connection) -> oidc.Connection:
    secret = services.cipher.open(connection.client_secret_sealed, purpose="client_secret")
    return oidc.Connection(
        id=connection.id,
        version=connection.version,
        issuer=connection.issuer,
        client_id=connection.client_id,
        client_secret=secret.decode(),
    )


def _address(connection: Connection) -> str:
    return f"/sign-in/{connection.slug}"


def _callback(services: Services) -> str:
    return services.settings.base_url + CALLBACK


def _browser_cookie(state: str) -> str:
    return BROWSER_COOKIE + state[:16]


def _attempt_seconds() -> int:
    return sign_in.ATTEMPT_MINUTES * 60


def _set_cookie(
    services: Services, response: Response, name: str, value: str, *, path: str = "/", seconds: int | None = None
) -> None:
    secure = services.settings.base_url.startswith("https://")
    response.set_cookie(name, value, max_age=seconds, path=path, secure=secure, httponly=True, samesite="lax")


def _signed_out(request: Request, page: SignedOutPage) -> Response:
    return _page(request, "sign_in/signed_out.html", page)


def _page(request: Request, template: str, page: object, *, status: int = 200) -> Response:
    services: Services = request.app.state.services
    site = site_for(services, None, path=request.url.path, at=services.clock.now())
    return Response(services.pages.whole(template, page=page, site=site), status, media_type="text/html")
