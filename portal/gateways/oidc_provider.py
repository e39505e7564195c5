"""One company's OpenID provider as far as it can be checked: its metadata, its keys, its ID tokens."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from typing import Any

import httpx2
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from portal.gateways.outbound import AddressRefused, Outbound

SKEW = 60  # seconds by which the provider's clock may differ from ours
LIFETIME = 600  # seconds that metadata and keys are taken as they were read
KEYS_REST = 30  # seconds before a bad signature may make us read the keys again
# Signatures that only the provider can make: no "none", and no HMAC, whose key we hold ourselves.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


class Reason(StrEnum):
    """Why nobody was signed in. The value is for logs and tests."""

    PROVIDER_ADDRESS = auto()
    PROVIDER_UNREACHABLE = auto()
    PROVIDER_METADATA = auto()
    STATE = auto()
    NONCE = auto()
    ISSUER = auto()
    DENIED = auto()
    TOKEN = auto()
    SIGNATURE = auto()
    AUDIENCE = auto()
    EXPIRED = auto()
    TOO_OLD = auto()


_AGAIN = "お手数ですが、もう一度サインインしてください。"
_ADMINISTRATOR = "続く場合は、認証サーバーの管理者にお知らせください。"
_SENTENCES = {
    Reason.PROVIDER_ADDRESS: f"登録されている認証サーバーのアドレスには接続できません。{_ADMINISTRATOR}",
    Reason.PROVIDER_UNREACHABLE: f"認証サーバーから応答がありません。時間をおいてお試しください。{_ADMINISTRATOR}",
    Reason.PROVIDER_METADATA: f"認証サーバーの設定情報が正しくありません。{_ADMINISTRATOR}",
    Reason.STATE: f"サインインの手続きが途中で途切れました。{_AGAIN}",
    Reason.NONCE: f"サインインの手続きが途中で途切れました。{_AGAIN}",
    Reason.ISSUER: f"登録されている認証サーバーとは別のところから応答がありました。{_ADMINISTRATOR}",
    Reason.DENIED: f"認証サーバーでサインインが完了しませんでした。{_AGAIN}",
    Reason.TOKEN: f"認証サーバーの応答を確認できませんでした。{_AGAIN}{_ADMINISTRATOR}",
    Reason.SIGNATURE: f"認証サーバーの署名を確認できませんでした。{_AGAIN}{_ADMINISTRATOR}",
    Reason.AUDIENCE: f"認証サーバーの応答は、このサービスあてではありませんでした。{_ADMINISTRATOR}",
    Reason.EXPIRED: f"サインインの有効時間が過ぎたか、時計がずれています。{_AGAIN}{_ADMINISTRATOR}",
    Reason.TOO_OLD: f"本人確認から時間がたっています。{_AGAIN}",
}
_REASON_OF_CLAIM = {
    "iss": Reason.ISSUER,
    "aud": Reason.AUDIENCE,
    "azp": Reason.AUDIENCE,
    "nonce": Reason.NONCE,
    "exp": Reason.EXPIRED,
    "nbf": Reason.EXPIRED,
    "iat": Reason.EXPIRED,
}


class SignInFailed(Exception):
    """Nobody was signed in. `message` is for people, `str()` for the log; neither tells anything secret."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason.value)
        self.reason = reason

    @property
    def message(self) -> str:
        """The sentence for the person in front of the screen."""
        return _SENTENCES[self.reason]


@dataclass(frozen=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    names_issuer_in_response: bool
    algorithms: tuple[str, ...]
    scope: str
    client_auth: str


def read_metadata(document: object, *, issuer: str, permits: Callable[[object], bool]) -> Metadata:
    """Read a discovery document; refused when it is another issuer's or lacks what the code flow needs."""
    if not isinstance(document, dict):
        raise SignInFailed(Reason.PROVIDER_METADATA, "not an object")
    if document.get("issuer") != issuer:
        raise SignInFailed(Reason.ISSUER, "the discovery document names another issuer")

    def offered(name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        values = document.get(name)
        return tuple(str(value) for value in values) if isinstance(values, list) else default

    def endpoint(name: str) -> str | None:
        url = document.get(name)
        if url is not None and not permits(url):
            raise SignInFailed(Reason.PROVIDER_ADDRESS, name)
        return url

    authorization, token, jwks = (endpoint(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
    algorithms = tuple(a for a in offered("id_token_signing_alg_values_supported", ("RS256",)) if a in ALGORITHMS)
    auth = offered("token_endpoint_auth_methods_supported", ("client_secret_basic",))
    client_auth = next((method for method in ("client_secret_basic", "client_secret_post") if method in auth), None)
    pkce = offered("code_challenge_methods_supported", ("S256",))
    if not (authorization and token and jwks and algorithms and client_auth and "S256" in pkce):
        raise SignInFailed(Reason.PROVIDER_METADATA, "an endpoint, algorithm or method is missing")
    return Metadata(
        authorization_endpoint=authorization,
        token_endpoint=token,
        jwks_uri=jwks,
        userinfo_endpoint=endpoint("userinfo_endpoint"),
        end_session_endpoint=endpoint("end_session_endpoint"),
        names_issuer_in_response=document.get("authorization_response_iss_parameter_supported") is True,
        algorithms=algorithms,
        scope="openid profile email" + (" groups" if "groups" in offered("scopes_supported") else ""),
        client_auth=client_auth,
    )


class Provider:
    """Metadata and keys of one issuer, read when needed and kept for ten minutes."""

    def __init__(self, issuer: str, *, outbound: Outbound, now: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._outbound = outbound
        self._now = now
        self._metadata: Metadata | None = None
        self._metadata_read_at = now()
        self._keys: KeySet | None = None
        self._keys_read_at = now()
        self._lock = asyncio.Lock()

    async def metadata(self) -> Metadata:
        """What the provider says about itself now; refused when it speaks for another issuer."""
        async with self._lock:
            if self._metadata is None or self._age(self._metadata_read_at) >= LIFETIME:
                self._metadata = None
                document = await self.read(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                self._metadata = read_metadata(document, issuer=self._issuer, permits=self._outbound.permits)
                self._metadata_read_at = self._now()
            return self._metadata

    async def read(self, url: str, *, bearer: str | None = None) -> object:
        """The JSON at `url`; no redirect is followed, no cookie kept."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        try:
            async with httpx2.AsyncClient(transport=self._outbound) as client:
                answer = await client.get(url, headers=headers)
                answer.raise_for_status()
                document: object = answer.json()
                return document
        except AddressRefused as error:
            raise SignInFailed(Reason.PROVIDER_ADDRESS, str(error)) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise SignInFailed(Reason.PROVIDER_UNREACHABLE, type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise SignInFailed(Reason.PROVIDER_METADATA, "not JSON") from error

    async def claims(self, id_token: str, *, client_id: str, nonce: str, access_token: str | None) -> dict[str, Any]:
        """The claims of an ID token meant for us, now, for this attempt; anything else is refused."""
        metadata = await self.metadata()
        keys = await self._signing_keys(metadata)
        try:
            token = self._decode(id_token, keys, metadata)
        except (BadSignatureError, InvalidKeyIdError):
            # The provider may have changed its keys, perhaps without changing their names.
            token = self._decode_finally(id_token, await self._signing_keys(metadata, instead_of=keys), metadata)
        except (JoseError, ValueError) as error:
            raise SignInFailed(Reason.SIGNATURE, type(error).__name__) from error
        claims = CodeIDToken(
            token.claims,
            token.header,
            {"iss": {"essential": True, "value": self._issuer}, "aud": {"essential": True, "value": client_id}},
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        try:
            claims.validate(now=int(self._now().timestamp()), leeway=SKEW)
        except ClaimError as error:
            raise SignInFailed(_REASON_OF_CLAIM.get(error.claim, Reason.TOKEN), f"claim {error.claim}") from error
        except (JoseError, ValueError, TypeError) as error:
            raise SignInFailed(Reason.TOKEN, type(error).__name__) from error
        return dict(claims)

    async def _signing_keys(self, metadata: Metadata, *, instead_of: KeySet | None = None) -> KeySet:
        """The provider's keys; read anew when `instead_of` failed, but not again within half a minute."""
        async with self._lock:
            age = self._age(self._keys_read_at)
            stale = age >= (KEYS_REST if self._keys is instead_of else LIFETIME)
            if self._keys is None or stale:
                document: Any = await self.read(metadata.jwks_uri)
                try:
                    self._keys = KeySet.import_key_set(document)
                except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
                    raise SignInFailed(Reason.PROVIDER_METADATA, "keys") from error
                self._keys_read_at = self._now()
            return self._keys

    @staticmethod
    def _decode(id_token: str, keys: KeySet, metadata: Metadata) -> jwt.Token:
        registry = JWSRegistry(algorithms=metadata.algorithms, strict_check_header=False)
        return jwt.decode(id_token, key=keys, registry=registry)

    def _decode_finally(self, id_token: str, keys: KeySet, metadata: Metadata) -> jwt.Token:
        try:
            return self._decode(id_token, keys, metadata)
        except (JoseError, ValueError) as error:
            raise SignInFailed(Reason.SIGNATURE, type(error).__name__) from error

    def _age(self, moment: datetime) -> float:
        return (self._now() - moment).total_seconds()
