"""A provider that breaks one rule at a time, spoken to through an ASGI transport: no port, no network."""

import asyncio
import base64
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ISSUER = "https://provider.example"
CLIENT_ID = "portal"


@functools.cache
def rsa_key(number: int) -> RSAKey:
    """Keys that differ by `number` but have one name."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


def _part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(claims: Mapping[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


class Misbehaving:
    """Correct until one of its parts is changed."""

    def __init__(self, *, seconds: Callable[[], int]) -> None:
        self._seconds = seconds
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        self.claims: dict[str, Any] = {"name": "例示 花子", "email": "hanako@example.jp", "groups": ["admins"]}
        self.userinfo: dict[str, Any] = {}
        self.token: dict[str, Any] = {}  # laid over the token response; None takes a key away
        self.status = 200  # of the token endpoint
        self.sign: Callable[[Mapping[str, Any]], str] = self.signed
        self.key = self.signing_key = rsa_key(1)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, Callable[[], Response]] = {}
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        self._nonces: dict[str, str] = {}

    def transport(self) -> httpx2.AsyncBaseTransport:
        return httpx2.ASGITransport(app=self.app)

    def count(self, path: str) -> int:
        return sum(1 for seen, _ in self.seen if seen == path)

    def authorize(self, url: str, *, code: str = "code-1") -> dict[str, str]:
        """What comes back to the portal after the person signed in at `url`."""
        asked = dict(parse_qsl(urlsplit(url).query))
        self._nonces[code] = asked["nonce"]
        return {"code": code, "state": asked["state"], "iss": ISSUER}

    def signed(self, claims: Mapping[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, dict(claims), self.signing_key)

    def rotate(self) -> None:
        """Another key under the same name."""
        self.key = self.signing_key = rsa_key(2)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        form = {key: str(value) for key, value in (await request.form()).items()}
        self.seen.append((path, form | {"authorization": request.headers.get("authorization", "")}))
        if path in self.answers:
            return self.answers[path]()
        if path == "/token":
            return self._token(form)
        known: dict[str, Any] = {
            "/.well-known/openid-configuration": self.metadata,
            "/keys": KeySet([self.key]).as_dict(private=False),
            "/userinfo": self.userinfo,
        }
        return JSONResponse(known[path])

    def _token(self, form: Mapping[str, str]) -> Response:
        now = self._seconds()
        claims = {
            "iss": ISSUER,
            "sub": "person-1",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": self._nonces.get(form["code"], ""),
        } | self.claims
        claims = {key: value for key, value in claims.items() if value is not None}
        token = {"access_token": "access", "token_type": "Bearer", "id_token": self.sign(claims)} | self.token
        return JSONResponse({key: value for key, value in token.items() if value is not None}, self.status)


async def never(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that does not answer."""
    await asyncio.Event().wait()
