"""Answers that are no answers: each is refused with its reason, and the right one beside it is taken."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from portal.gateways.oidc import Connection, OpenIDConnect, Reason, SignInFailed
from tests.gateways_oidc.oidc_kit import SECRET, refusal, sign_in
from tests.gateways_oidc.oidc_misbehaving import ISSUER, Misbehaving


@pytest.mark.parametrize("broken", ["", ".", "a.b.c", "é.é.é", "e30.e30.", "x" * 200_000, 7, ["a"]])
async def test_an_id_token_that_is_none(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, broken: object
) -> None:
    misbehaving.token = {"id_token": broken}
    assert (await refusal(ours, connection, misbehaving)).reason in {Reason.TOKEN, Reason.SIGNATURE}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": "invalid_grant"}, Reason.TOKEN),
        (401, {"error": "<script>", "error_description": SECRET}, Reason.TOKEN),
        (200, [], Reason.TOKEN),
        (200, {"access_token": None, "id_token": "x"}, Reason.TOKEN),
        (200, {"access_token": "a", "expires_in": "soon"}, Reason.TOKEN),
        (429, "slow down", Reason.PROVIDER_UNREACHABLE),
        (500, {}, Reason.PROVIDER_UNREACHABLE),
        (503, {"error": "temporarily_unavailable"}, Reason.PROVIDER_UNREACHABLE),
    ],
)
async def test_token_endpoints_that_refuse(
    *,
    ours: OpenIDConnect,
    connection: Connection,
    misbehaving: Misbehaving,
    status: int,
    body: object,
    reason: Reason,
) -> None:
    misbehaving.answers["/token"] = lambda: JSONResponse(body, status)
    failure = await refusal(ours, connection, misbehaving)
    assert failure.reason is reason
    assert "<" not in str(failure)
    assert SECRET not in str(failure)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: HTMLResponse("<p>maintenance</p>"),
        lambda: JSONResponse([]),
        lambda: JSONResponse({"issuer": ISSUER}),
        lambda: Response("[" * 100_000, media_type="application/json"),
        lambda: Response(b"\xff\xfe", media_type="application/json"),
    ],
)
async def test_metadata_that_is_none(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, answer: Callable[[], Response]
) -> None:
    misbehaving.answers["/.well-known/openid-configuration"] = answer
    assert (await refusal(ours, connection, misbehaving)).reason in {Reason.PROVIDER_METADATA, Reason.ISSUER}
    del misbehaving.answers["/.well-known/openid-configuration"]
    assert (await sign_in(ours, connection, misbehaving)).subject == "person-1"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"token_endpoint": None}, Reason.PROVIDER_METADATA),
        ({"code_challenge_methods_supported": ["plain"]}, Reason.PROVIDER_METADATA),
        ({"id_token_signing_alg_values_supported": ["none", "HS256"]}, Reason.PROVIDER_METADATA),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, Reason.PROVIDER_METADATA),
        ({"authorization_endpoint": "javascript:alert(1)"}, Reason.PROVIDER_ADDRESS),
        ({"authorization_endpoint": "http://provider.example/authorize"}, Reason.PROVIDER_ADDRESS),
        ({"jwks_uri": "https://169.254.169.254/latest"}, Reason.PROVIDER_ADDRESS),
        ({"token_endpoint": 7}, Reason.PROVIDER_ADDRESS),
        ({"end_session_endpoint": "https://[::1]/out"}, Reason.PROVIDER_ADDRESS),
    ],
)
async def test_metadata_that_leads_astray(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, changed: dict[str, Any], reason: Reason
) -> None:
    misbehaving.metadata |= changed
    assert (await refusal(ours, connection, misbehaving)).reason is reason


async def test_redirects_are_not_followed(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving
) -> None:
    misbehaving.answers["/keys"] = lambda: RedirectResponse("https://provider.example/elsewhere")
    assert (await refusal(ours, connection, misbehaving)).reason is Reason.PROVIDER_UNREACHABLE
    assert misbehaving.count("/elsewhere") == 0


async def test_an_error_is_believed_only_with_our_state(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving
) -> None:
    assert (await refusal(ours, connection, misbehaving, error="access_denied", state="x")).reason is Reason.STATE
    failure = await refusal(ours, connection, misbehaving, error="<b>", code=None)
    assert (failure.reason, str(failure)) == (Reason.DENIED, "denied: unknown error")


def test_every_reason_has_a_sentence() -> None:
    for reason in Reason:
        sentence = SignInFailed(reason, "detail").message
        assert sentence.endswith("。")
        assert "detail" not in sentence
