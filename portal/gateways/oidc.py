"""Sign-in through a company's own OpenID provider: authorization code, PKCE (S256), state, nonce.

Authlib builds the requests and talks to the token endpoint; what it accepts although it should not is refused here and
in `oidc_provider` (docs/decisions/0004-sign-in.md). The caller keeps `Started` per attempt, found by its state, and
uses it once.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlencode
from uuid import UUID

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from portal.gateways.oidc_provider import SKEW, Metadata, Provider, Reason, SignInFailed
from portal.gateways.outbound import AddressRefused, Outbound

__all__ = ["Connection", "Identity", "OpenIDConnect", "Reason", "SignInFailed", "Started"]

LONGEST_SUBJECT = 255  # characters, OpenID Connect Core 2
LONGEST_NAME = 200  # characters that we keep of a name or a group


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A company's registered provider; any change of it makes a new client."""

    id: UUID
    version: int
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Started:
    """One attempt: to be kept on our side and found by `state`; only `url` goes to the browser."""

    url: str
    state: str
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who signed in: (issuer, subject) is the person, everything else is for reading only."""

    issuer: str
    subject: str
    name: str
    email: str | None
    groups: tuple[str, ...]
    sid: str | None
    id_token: str = field(repr=False)
    auth_time: datetime | None


class OpenIDConnect:
    """Signs people in; holds no attempt and no session, only what providers publish about themselves.

    `allow_loopback` lets providers live on this machine (demo and tests); otherwise only public https addresses are
    called. `transport` replaces the network.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        transport: httpx2.AsyncBaseTransport | None = None,
        allow_loopback: bool = False,
        seconds: float = 10,
    ) -> None:
        self._now = now
        self._outbound = Outbound(allow_loopback=allow_loopback, seconds=seconds, inner=transport)
        self._providers: dict[UUID, tuple[Connection, Provider]] = {}

    async def start(
        self, connection: Connection, *, redirect_uri: str, prompt: str | None = None, max_age: int | None = None
    ) -> Started:
        """Begin an attempt: the address for the browser and the secrets to keep until it comes back."""
        metadata = await self._provider(connection).metadata()
        state, nonce, code_verifier = (secrets.token_urlsafe(48) for _ in range(3))
        wishes = {"prompt": prompt, "max_age": None if max_age is None else str(max_age)}
        async with self._client(connection, metadata) as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=state,
                code_verifier=code_verifier,
                nonce=nonce,
                redirect_uri=redirect_uri,
                **wishes,
            )
        return Started(url=url, state=state, nonce=nonce, code_verifier=code_verifier)

    async def finish(
        self,
        connection: Connection,
        *,
        started: Started,
        redirect_uri: str,
        query: Mapping[str, str],
        max_age: int | None = None,
    ) -> Identity:
        """Who came back with `query`; raises `SignInFailed` for everything but a complete, fresh answer to `started`.

        With `max_age` (seconds, as given to `start`) the person must have been authenticated that recently.
        """
        if not started.state or not hmac.compare_digest(started.state.encode(), query.get("state", "").encode()):
            raise SignInFailed(Reason.STATE)
        provider = self._provider(connection)
        metadata = await provider.metadata()
        named = query.get("iss", None if metadata.names_issuer_in_response else connection.issuer)
        if named != connection.issuer:
            raise SignInFailed(Reason.ISSUER, "the response names another issuer or none")
        if "error" in query:
            raise SignInFailed(Reason.DENIED, _harmless(query["error"]))
        if not started.nonce:
            raise SignInFailed(Reason.NONCE)
        if not query.get("code"):
            raise SignInFailed(Reason.TOKEN, "no code")
        token = await self._redeem(connection, metadata, started, redirect_uri=redirect_uri, code=query["code"])
        id_token, access_token = token.get("id_token"), token.get("access_token")
        if not isinstance(id_token, str) or not id_token:
            raise SignInFailed(Reason.TOKEN, "no id_token")
        if not isinstance(access_token, str):
            raise SignInFailed(Reason.TOKEN, "no access_token")
        claims = await provider.claims(
            id_token, client_id=connection.client_id, nonce=started.nonce, access_token=access_token
        )
        if "name" not in claims and metadata.userinfo_endpoint:
            claims = await self._completed(provider, metadata.userinfo_endpoint, claims, access_token)
        return self._identity(connection, claims, id_token=id_token, max_age=max_age)

    async def end_session_url(
        self, connection: Connection, *, id_token: str, post_logout_redirect_uri: str, state: str
    ) -> str | None:
        """Where to send the browser to sign out at the provider, too; None when it offers that not or does not answer.

        Signing out here never depends on the provider, so nothing is raised.
        """
        try:
            metadata = await self._provider(connection).metadata()
        except SignInFailed:
            return None
        if metadata.end_session_endpoint is None:
            return None
        wishes = {
            "id_token_hint": id_token,
            "client_id": connection.client_id,
            "post_logout_redirect_uri": post_logout_redirect_uri,
            "state": state,
        }
        joint = "&" if "?" in metadata.end_session_endpoint else "?"
        return f"{metadata.end_session_endpoint}{joint}{urlencode(wishes)}"

    async def aclose(self) -> None:
        """Close the connections that are kept open."""
        await self._outbound.close()

    def _provider(self, connection: Connection) -> Provider:
        known = self._providers.get(connection.id)
        if known is None or known[0] != connection:
            provider = Provider(connection.issuer, outbound=self._outbound, now=self._now)
            known = self._providers[connection.id] = (connection, provider)
        return known[1]

    def _client(self, connection: Connection, metadata: Metadata) -> Any:
        return AsyncOAuth2Client(
            connection.client_id,
            connection.client_secret,
            token_endpoint_auth_method=metadata.client_auth,
            scope=metadata.scope,
            code_challenge_method="S256",
            transport=self._outbound,
        )

    async def _redeem(
        self, connection: Connection, metadata: Metadata, started: Started, *, redirect_uri: str, code: str
    ) -> Mapping[str, Any]:
        # Authlib leaves out the form encoding of both parts that RFC 6749 2.3.1 asks for.
        encoded = (quote_plus(connection.client_id), quote_plus(connection.client_secret))
        basic = httpx2.BasicAuth(*encoded) if metadata.client_auth == "client_secret_basic" else None
        try:
            async with self._client(connection, metadata) as client:
                token: Mapping[str, Any] = await client.fetch_token(
                    metadata.token_endpoint,
                    auth=basic,
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=redirect_uri,
                    code_verifier=started.code_verifier,
                )
                return token
        except AddressRefused as error:
            raise SignInFailed(Reason.PROVIDER_ADDRESS, str(error)) from error
        except httpx2.HTTPError as error:
            raise SignInFailed(Reason.PROVIDER_UNREACHABLE, type(error).__name__) from error
        except OAuthError as error:
            raise SignInFailed(Reason.TOKEN, _harmless(error.error)) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise SignInFailed(Reason.TOKEN, "not a token response") from error

    @staticmethod
    async def _completed(provider: Provider, url: str, claims: dict[str, Any], bearer: str) -> dict[str, Any]:
        """Providers may keep the name for their userinfo endpoint; it must speak of the same person."""
        userinfo = await provider.read(url, bearer=bearer)
        if not isinstance(userinfo, dict) or userinfo.get("sub") != claims["sub"]:
            raise SignInFailed(Reason.TOKEN, "userinfo is about somebody else")
        return userinfo | claims

    def _identity(
        self, connection: Connection, claims: Mapping[str, Any], *, id_token: str, max_age: int | None
    ) -> Identity:
        subject, groups = claims["sub"], claims.get("groups")
        if not 0 < len(subject) <= LONGEST_SUBJECT:
            raise SignInFailed(Reason.TOKEN, "claim sub")
        auth_time = _moment(claims.get("auth_time"))
        if max_age is not None and (auth_time is None or (self._now() - auth_time).total_seconds() > max_age + SKEW):
            raise SignInFailed(Reason.TOO_OLD)
        # An address that the provider itself calls unverified is not shown as this person's.
        email = _text(claims.get("email")) if claims.get("email_verified") is not False else None
        return Identity(
            issuer=connection.issuer,
            subject=subject,
            name=_text(claims.get("name")) or _text(claims.get("preferred_username")) or email or subject,
            email=email,
            groups=tuple(filter(None, map(_text, groups))) if isinstance(groups, list) else (),
            sid=_text(claims.get("sid")),
            id_token=id_token,
            auth_time=auth_time,
        )


def _text(value: object) -> str | None:
    text = "".join(c for c in value if c.isprintable()).strip()[:LONGEST_NAME] if isinstance(value, str) else ""
    return text or None


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignInFailed(Reason.TOKEN, "claim auth_time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SignInFailed(Reason.TOKEN, "claim auth_time") from error


def _harmless(code: object) -> str:
    """An error code of the protocol, for the log; free text from outside is not repeated."""
    return code if isinstance(code, str) and re.fullmatch("[a-z_]{1,40}", code) else "unknown error"
