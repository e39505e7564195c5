"""What a wrong provider, or somebody between it and us, may try. Each attack stands beside its control.

Where authlib alone lets the attack through, the control is authlib alone, in the same test; elsewhere the control is
the same answer with the one thing put right.
"""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from joserfc import jwt
from joserfc.errors import BadSignatureError, SecurityWarning
from joserfc.jwk import OctKey
from starlette.requests import Request

from portal.gateways.oidc import Connection, OpenIDConnect, Reason, SignInFailed
from tests.gateways_oidc.oidc_kit import BACK, SECRET, Clock, refusal, sign_in
from tests.gateways_oidc.oidc_misbehaving import CLIENT_ID, ISSUER, Misbehaving, rsa_key, unsigned


class Plain:
    """Authlib's Starlette client as its manual shows it."""

    def __init__(self, misbehaving: Misbehaving) -> None:
        self._misbehaving = misbehaving
        kwargs = {
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "transport": misbehaving.transport(),
        }
        self._app: StarletteOAuth2App = OAuth().register(
            "plain",
            client_id=CLIENT_ID,
            client_secret=SECRET,
            server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
            client_kwargs=kwargs,
        )

    async def sign_in(self, **query: str | None) -> Mapping[str, Any]:
        request = Request({"type": "http", "method": "GET", "headers": [], "query_string": b"", "session": {}})
        answer = await self._app.authorize_redirect(request, BACK)
        came_back = self._misbehaving.authorize(answer.headers["Location"]) | query
        given = urlencode({key: value for key, value in came_back.items() if value is not None})
        request = Request(request.scope | {"query_string": given.encode()})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            token: Mapping[str, Any] = await self._app.authorize_access_token(request)
        return token


@pytest.fixture
def clock() -> Clock:
    """The plain client reads the system's clock, so everybody here does."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def plain(misbehaving: Misbehaving) -> Plain:
    return Plain(misbehaving)


async def test_the_good_provider_is_accepted(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, plain: Plain
) -> None:
    identity = await sign_in(ours, connection, misbehaving)
    assert (identity.issuer, identity.subject, identity.name) == (ISSUER, "person-1", "例示 花子")
    assert identity.sid is None
    assert (await plain.sign_in())["userinfo"]["sub"] == "person-1"


# --- What authlib alone accepts


async def test_somebody_elses_audience_with_our_azp(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, plain: Plain
) -> None:
    misbehaving.claims |= {"aud": "another-client", "azp": CLIENT_ID}
    assert (await plain.sign_in())["userinfo"]["aud"] == "another-client"
    assert (await refusal(ours, connection, misbehaving)).reason is Reason.AUDIENCE


@pytest.mark.parametrize(
    ("audience", "azp", "accepted"),
    [
        ([CLIENT_ID], None, True),
        ([CLIENT_ID, "another"], CLIENT_ID, True),
        ([CLIENT_ID, "another"], None, False),
        ([CLIENT_ID, "another"], "another", False),
        (["another"], CLIENT_ID, False),
        ([], CLIENT_ID, False),
        (None, CLIENT_ID, False),
    ],
)
async def test_audiences(
    *,
    ours: OpenIDConnect,
    connection: Connection,
    misbehaving: Misbehaving,
    audience: list[str] | None,
    azp: str | None,
    accepted: bool,
) -> None:
    misbehaving.claims |= {"aud": audience, "azp": azp}
    if accepted:
        assert (await sign_in(ours, connection, misbehaving)).subject == "person-1"
    else:
        assert (await refusal(ours, connection, misbehaving)).reason is Reason.AUDIENCE


async def test_a_token_without_signature(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, plain: Plain
) -> None:
    misbehaving.metadata["id_token_signing_alg_values_supported"] = ["RS256", "none"]
    misbehaving.sign = unsigned
    assert (await plain.sign_in())["userinfo"]["sub"] == "person-1"
    assert (await refusal(ours, connection, misbehaving)).reason is Reason.SIGNATURE


@pytest.mark.parametrize("named", ["https://another.example", None, "", f"{ISSUER}/"])
async def test_a_response_of_another_issuer(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, plain: Plain, named: str | None
) -> None:
    assert (await plain.sign_in(iss=named))["userinfo"]["sub"] == "person-1"
    redeemed = misbehaving.count("/token")
    assert (await refusal(ours, connection, misbehaving, iss=named)).reason is Reason.ISSUER
    assert misbehaving.count("/token") == redeemed, "the code must not go to the wrong provider"


async def test_the_issuer_is_optional_only_where_it_is_not_promised(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving
) -> None:
    del misbehaving.metadata["authorization_response_iss_parameter_supported"]
    assert (await sign_in(ours, connection, misbehaving, iss=None)).subject == "person-1"
    assert (await refusal(ours, connection, misbehaving, iss="https://another.example")).reason is Reason.ISSUER


async def test_a_discovery_document_of_another_issuer(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, plain: Plain
) -> None:
    misbehaving.metadata["issuer"] = "https://another.example"
    misbehaving.claims["iss"] = "https://another.example"
    assert (await plain.sign_in())["userinfo"]["iss"] == "https://another.example"
    with pytest.raises(SignInFailed) as refused:
        await ours.start(connection, redirect_uri=BACK)
    assert refused.value.reason is Reason.ISSUER


async def test_no_id_token(ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, plain: Plain) -> None:
    misbehaving.token = {"id_token": None}
    token = await plain.sign_in()
    assert token["access_token"] == "access"
    assert "userinfo" not in token
    assert (await refusal(ours, connection, misbehaving)).reason is Reason.TOKEN


async def test_a_new_key_under_the_same_name(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, plain: Plain, clock: Clock
) -> None:
    await plain.sign_in()
    await sign_in(ours, connection, misbehaving)
    misbehaving.rotate()
    clock.forward(31)
    with pytest.raises(BadSignatureError):
        await plain.sign_in()
    assert (await sign_in(ours, connection, misbehaving)).subject == "person-1"
    assert (await sign_in(ours, connection, misbehaving)).subject == "person-1"


async def test_secrets_travel_encoded(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, plain: Plain
) -> None:
    await plain.sign_in()
    await sign_in(ours, connection, misbehaving)
    sent = [form["authorization"] for path, form in misbehaving.seen if path == "/token"]
    # base64 of "portal:p%s w:rd+/=" as it is, and of "portal:p%25s+w%3Ard%2B%2F%3D" as RFC 6749 2.3.1 asks
    assert sent == ["Basic cG9ydGFsOnAlcyB3OnJkKy89", "Basic cG9ydGFsOnAlMjVzK3clM0FyZCUyQiUyRiUzRA=="]


# --- What authlib refuses, too: the control is the same answer put right


async def test_a_wrong_state(ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving) -> None:
    started = await ours.start(connection, redirect_uri=BACK)
    query = misbehaving.authorize(started.url)
    for wrong in ("", "x", started.state + "x", "州"):
        with pytest.raises(SignInFailed) as refused:
            await ours.finish(connection, started=started, redirect_uri=BACK, query=query | {"state": wrong})
        assert refused.value.reason is Reason.STATE
    with pytest.raises(SignInFailed) as refused:
        await ours.finish(connection, started=replace(started, state=""), redirect_uri=BACK, query={"code": "code-1"})
    assert refused.value.reason is Reason.STATE
    assert misbehaving.count("/token") == 0
    unguarded = replace(started, state="x")
    accepted = await ours.finish(connection, started=unguarded, redirect_uri=BACK, query=query | {"state": "x"})
    assert accepted.subject == "person-1"


async def test_a_code_of_another_attempt(ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving) -> None:
    theirs = await ours.start(connection, redirect_uri=BACK)
    misbehaving.authorize(theirs.url, code="theirs")
    started = await ours.start(connection, redirect_uri=BACK)
    query = {"code": "theirs", "state": started.state, "iss": ISSUER}
    for nonce in (started.nonce, ""):
        with pytest.raises(SignInFailed) as refused:
            await ours.finish(connection, started=replace(started, nonce=nonce), redirect_uri=BACK, query=query)
        assert refused.value.reason is Reason.NONCE
    unguarded = replace(started, nonce=theirs.nonce)
    assert (await ours.finish(connection, started=unguarded, redirect_uri=BACK, query=query)).subject == "person-1"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": None}, Reason.NONCE),
        ({"iss": "https://another.example"}, Reason.ISSUER),
        ({"iss": None}, Reason.ISSUER),
        ({"sub": None}, Reason.TOKEN),
        ({"sub": ""}, Reason.TOKEN),
        ({"sub": 7}, Reason.TOKEN),
        ({"sub": "s" * 256}, Reason.TOKEN),
        ({"exp": None}, Reason.EXPIRED),
        ({"exp": "tomorrow"}, Reason.EXPIRED),
        ({"iat": None}, Reason.EXPIRED),
        ({"at_hash": "wrong"}, Reason.TOKEN),
        ({"auth_time": "noon"}, Reason.TOKEN),
        ({"auth_time": 1e300}, Reason.TOKEN),
    ],
)
async def test_claims_that_do_not_hold(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, claims: dict[str, Any], reason: Reason
) -> None:
    right = dict(misbehaving.claims)
    misbehaving.claims |= claims
    assert (await refusal(ours, connection, misbehaving)).reason is reason
    misbehaving.claims = right
    assert (await sign_in(ours, connection, misbehaving)).subject == "person-1"


async def test_somebody_elses_signature(ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving) -> None:
    misbehaving.signing_key = rsa_key(7)
    assert (await refusal(ours, connection, misbehaving)).reason is Reason.SIGNATURE
    misbehaving.signing_key = misbehaving.key
    assert (await sign_in(ours, connection, misbehaving)).subject == "person-1"


async def test_a_signature_with_the_shared_secret(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving
) -> None:
    misbehaving.metadata["id_token_signing_alg_values_supported"] = ["RS256", "HS256"]
    shared = OctKey.import_key(SECRET * 3)
    misbehaving.sign = lambda claims: jwt.encode({"alg": "HS256", "kid": "one"}, dict(claims), shared, ["HS256"])
    assert (await refusal(ours, connection, misbehaving)).reason is Reason.SIGNATURE
    misbehaving.sign = misbehaving.signed
    assert (await sign_in(ours, connection, misbehaving)).subject == "person-1"
