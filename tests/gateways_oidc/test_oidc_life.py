"""Time, caches and the parts of an identity, with a clock that the test moves."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from portal.gateways.oidc import Connection, Identity, OpenIDConnect, Reason, SignInFailed
from tests.gateways_oidc.oidc_kit import BACK, SIGNED_OUT, Clock
from tests.gateways_oidc.oidc_misbehaving import ISSUER, Misbehaving

DISCOVERY = "/.well-known/openid-configuration"


async def sign_in(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, max_age: int | None = None
) -> Identity:
    started = await ours.start(connection, redirect_uri=BACK)
    query = misbehaving.authorize(started.url)
    return await ours.finish(connection, started=started, redirect_uri=BACK, query=query, max_age=max_age)


async def refused(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, max_age: int | None = None
) -> Reason:
    with pytest.raises(SignInFailed) as failure:
        await sign_in(ours, connection, misbehaving, max_age)
    return failure.value.reason


NOON = 1_792_022_400  # 2026-10-15T00:00:00Z, where the clock stands


@pytest.mark.parametrize(
    ("claim", "last", "first_refused"),
    [
        ("exp", NOON - 59, NOON - 60),  # a token lives until its exp; our clock may be 60 s fast
        ("iat", NOON + 60, NOON + 61),  # or 60 s slow
        ("nbf", NOON + 60, NOON + 61),
    ],
)
async def test_clocks_may_differ_by_a_minute(
    *,
    ours: OpenIDConnect,
    connection: Connection,
    misbehaving: Misbehaving,
    claim: str,
    last: int,
    first_refused: int,
) -> None:
    misbehaving.claims[claim] = last
    assert (await sign_in(ours, connection, misbehaving)).subject == "person-1"
    misbehaving.claims[claim] = first_refused
    assert await refused(ours, connection, misbehaving) is Reason.EXPIRED


async def test_the_age_of_an_authentication(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving
) -> None:
    misbehaving.claims["auth_time"] = NOON - 360
    identity = await sign_in(ours, connection, misbehaving, max_age=300)
    assert identity.auth_time == datetime(2026, 10, 14, 23, 54, tzinfo=UTC)
    misbehaving.claims["auth_time"] = NOON - 361
    assert await refused(ours, connection, misbehaving, max_age=300) is Reason.TOO_OLD
    misbehaving.claims["auth_time"] = None
    assert await refused(ours, connection, misbehaving, max_age=300) is Reason.TOO_OLD
    assert (await sign_in(ours, connection, misbehaving)).auth_time is None


async def test_metadata_and_keys_are_kept_for_ten_minutes(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, clock: Clock
) -> None:
    await sign_in(ours, connection, misbehaving)
    clock.forward(599)
    await sign_in(ours, connection, misbehaving)
    assert (misbehaving.count(DISCOVERY), misbehaving.count("/keys")) == (1, 1)
    clock.forward(1)
    await sign_in(ours, connection, misbehaving)
    assert (misbehaving.count(DISCOVERY), misbehaving.count("/keys")) == (2, 2)


async def test_bad_signatures_read_the_keys_again_at_most_twice_a_minute(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving, clock: Clock
) -> None:
    await sign_in(ours, connection, misbehaving)
    published = misbehaving.key
    misbehaving.rotate()
    misbehaving.key = published
    clock.forward(29)
    assert await refused(ours, connection, misbehaving) is Reason.SIGNATURE
    assert misbehaving.count("/keys") == 1
    clock.forward(1)
    for _ in range(3):
        assert await refused(ours, connection, misbehaving) is Reason.SIGNATURE
    assert misbehaving.count("/keys") == 2


async def test_a_changed_connection_is_a_new_client(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving
) -> None:
    await sign_in(ours, connection, misbehaving)
    await sign_in(ours, replace(connection, version=2, client_secret="new"), misbehaving)
    assert misbehaving.count(DISCOVERY) == 2
    sent = [form["authorization"] for path, form in misbehaving.seen if path == "/token"]
    assert sent[1] == "Basic cG9ydGFsOm5ldw=="  # portal:new


async def test_a_provider_that_wants_the_secret_in_the_body(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving
) -> None:
    misbehaving.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    await sign_in(ours, connection, misbehaving)
    (form,) = [form for path, form in misbehaving.seen if path == "/token"]
    assert (form["client_id"], form["client_secret"]) == ("portal", "p%s w:rd+/=")
    assert form["authorization"] == ""


@pytest.mark.parametrize(
    ("claims", "name", "email", "groups"),
    [
        ({}, "例示 花子", "hanako@example.jp", ("admins",)),
        ({"email_verified": False}, "例示 花子", None, ("admins",)),
        ({"name": " ", "preferred_username": "hanako"}, "hanako", "hanako@example.jp", ("admins",)),
        ({"name": 7, "groups": "admins"}, "hanako@example.jp", "hanako@example.jp", ()),
        ({"name": "a\n\u202eb", "email": None, "groups": ["x", 7, ""]}, "ab", None, ("x",)),
        ({"name": "", "email": ""}, "person-1", None, ("admins",)),
    ],
)
async def test_what_is_read_of_a_person(
    *,
    ours: OpenIDConnect,
    connection: Connection,
    misbehaving: Misbehaving,
    claims: dict[str, Any],
    name: str,
    email: str | None,
    groups: tuple[str, ...],
) -> None:
    misbehaving.claims |= claims
    identity = await sign_in(ours, connection, misbehaving)
    assert (identity.name, identity.email, identity.groups) == (name, email, groups)


async def test_a_name_kept_at_the_userinfo_endpoint(
    ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving
) -> None:
    misbehaving.claims = {"email": "signed@example.jp"}
    misbehaving.userinfo = {"sub": "person-1", "name": "例示 花子", "email": "unsigned@example.jp"}
    identity = await sign_in(ours, connection, misbehaving)
    assert (identity.name, identity.email, identity.issuer) == ("例示 花子", "signed@example.jp", ISSUER)
    assert ("/userinfo", {"authorization": "Bearer access"}) in misbehaving.seen
    misbehaving.userinfo["sub"] = "person-2"
    assert await refused(ours, connection, misbehaving) is Reason.TOKEN


async def test_where_to_sign_out(ours: OpenIDConnect, connection: Connection, misbehaving: Misbehaving) -> None:
    asked = {"id_token": "a.b.c", "post_logout_redirect_uri": SIGNED_OUT, "state": "s"}
    assert await ours.end_session_url(connection, **asked) is None
    misbehaving.metadata["end_session_endpoint"] = f"{ISSUER}/out?tenant=1"
    url = await ours.end_session_url(replace(connection, version=2), **asked)
    assert url == (
        f"{ISSUER}/out?tenant=1&id_token_hint=a.b.c&client_id=portal"
        "&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fsigned-out&state=s"
    )
