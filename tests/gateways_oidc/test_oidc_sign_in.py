"""Sign-in against the certified provider, as the demo runs it."""

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from portal.demo import openid
from portal.gateways.oidc import Connection, Identity, OpenIDConnect, Reason, SignInFailed
from tests.gateways_oidc.oidc_kit import BACK, SIGNED_OUT, configuration, connection_to, people, switch
from tests.gateways_oidc.oidc_walk import Walker


async def sign_in(gateway: OpenIDConnect, connection: Connection, walker: Walker, sub: str) -> Identity:
    started = await gateway.start(connection, redirect_uri=BACK)
    query = await walker.open(started.url, back_to=BACK, press={"sub": sub})
    return await gateway.finish(connection, started=started, redirect_uri=BACK, query=query)


async def test_a_person_signs_in(gateway: OpenIDConnect, company_a: Connection, walker: Walker) -> None:
    identity = await sign_in(gateway, company_a, walker, "example-a-1")
    assert identity.issuer == company_a.issuer
    assert identity.subject == "example-a-1"
    assert identity.name == "例示 花子"
    assert identity.email == "hanako@example-a.example"
    assert identity.groups == ("admins",)
    assert identity.sid
    assert identity.id_token.count(".") == 2
    assert identity.auth_time is not None
    assert abs((datetime.now(UTC) - identity.auth_time).total_seconds()) < 60


async def test_the_request_says_what_the_protocol_asks(gateway: OpenIDConnect, company_a: Connection) -> None:
    started = await gateway.start(company_a, redirect_uri=BACK, prompt="login", max_age=300)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(started.url).query).items()}
    assert asked.pop("code_challenge") not in {"", started.code_verifier}
    assert asked == {
        "response_type": "code",
        "client_id": "portal",
        "redirect_uri": BACK,
        "scope": "openid profile email groups",
        "state": started.state,
        "nonce": started.nonce,
        "code_challenge_method": "S256",
        "prompt": "login",
        "max_age": "300",
    }
    assert len({started.state, started.nonce, started.code_verifier}) == 3


async def test_secrets_stay_out_of_representations(
    gateway: OpenIDConnect, company_a: Connection, walker: Walker
) -> None:
    started = await gateway.start(company_a, redirect_uri=BACK)
    identity = await sign_in(gateway, company_a, walker, "example-a-1")
    assert started.code_verifier not in repr(started)
    assert company_a.client_secret not in repr(company_a)
    assert identity.id_token not in repr(identity)


async def test_the_sign_in_page_shows_everybody_and_runs_no_script(
    gateway: OpenIDConnect, company_a: Connection, walker: Walker
) -> None:
    page = await walker.page((await gateway.start(company_a, redirect_uri=BACK)).url)
    assert page.status_code == 200
    assert "例示 花子" in page.text
    assert "example-a 株式会社・管理者" in page.text
    assert "見本 &lt;太郎&gt;" in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    style = await walker.page(f"{company_a.issuer}/style.css")
    assert style.headers["Content-Type"].startswith("text/css")


async def test_two_tabs_at_once(gateway: OpenIDConnect, company_a: Connection, walker: Walker) -> None:
    first = await gateway.start(company_a, redirect_uri=BACK)
    second = await gateway.start(company_a, redirect_uri=BACK)
    from_second = await walker.open(second.url, back_to=BACK, press={"sub": "example-a-2"})
    from_first = await walker.open(first.url, back_to=BACK, press={"sub": "example-a-2"})
    for started, query in ((first, from_first), (second, from_second)):
        identity = await gateway.finish(company_a, started=started, redirect_uri=BACK, query=query)
        assert (identity.subject, identity.name, identity.email) == ("example-a-2", "見本 <太郎>", None)


async def test_companies_do_not_share_sessions(
    gateway: OpenIDConnect, provider: openid.DemoProvider, company_a: Connection, walker: Walker
) -> None:
    await sign_in(gateway, company_a, walker, "example-a-1")
    company_b = connection_to(provider.issuers["example-b"])
    identity = await sign_in(gateway, company_b, walker, "example-b-2")
    assert (identity.issuer, identity.subject) == (company_b.issuer, "example-b-2")


async def test_a_code_of_another_company_is_refused(
    gateway: OpenIDConnect, provider: openid.DemoProvider, company_a: Connection, walker: Walker
) -> None:
    company_b = connection_to(provider.issuers["example-b"])
    theirs = await gateway.start(company_b, redirect_uri=BACK)
    query = await walker.open(theirs.url, back_to=BACK, press={"sub": "example-b-1"})
    started = await gateway.start(company_a, redirect_uri=BACK)
    with pytest.raises(SignInFailed) as refused:
        await gateway.finish(company_a, started=started, redirect_uri=BACK, query=query | {"state": started.state})
    assert refused.value.reason is Reason.ISSUER


async def test_the_provider_checks_the_code_verifier(
    gateway: OpenIDConnect, company_a: Connection, walker: Walker
) -> None:
    started = await gateway.start(company_a, redirect_uri=BACK)
    query = await walker.open(started.url, back_to=BACK, press={"sub": "example-a-1"})
    stolen = replace(started, code_verifier="x" * 64)
    with pytest.raises(SignInFailed) as refused:
        await gateway.finish(company_a, started=stolen, redirect_uri=BACK, query=query)
    assert (refused.value.reason, str(refused.value)) == (Reason.TOKEN, "token: invalid_grant")


async def test_a_request_without_pkce_is_refused_by_the_provider(
    gateway: OpenIDConnect, company_a: Connection, walker: Walker
) -> None:
    started = await gateway.start(company_a, redirect_uri=BACK)
    bare = started.url.replace("code_challenge", "no_code_challenge")
    query = await walker.open(bare, back_to=BACK, press={"sub": "example-a-1"})
    assert query["error"] == "invalid_request"


async def test_a_code_works_once(gateway: OpenIDConnect, company_a: Connection, walker: Walker) -> None:
    started = await gateway.start(company_a, redirect_uri=BACK)
    query = await walker.open(started.url, back_to=BACK, press={"sub": "example-a-1"})
    await gateway.finish(company_a, started=started, redirect_uri=BACK, query=query)
    with pytest.raises(SignInFailed) as refused:
        await gateway.finish(company_a, started=started, redirect_uri=BACK, query=query)
    assert refused.value.reason is Reason.TOKEN


async def test_going_back_is_a_refusal_with_a_sentence(
    gateway: OpenIDConnect, company_a: Connection, walker: Walker
) -> None:
    started = await gateway.start(company_a, redirect_uri=BACK)
    query = await walker.open(started.url, back_to=BACK, press={"abort": "yes"})
    with pytest.raises(SignInFailed) as refused:
        await gateway.finish(company_a, started=started, redirect_uri=BACK, query=query)
    assert (refused.value.reason, str(refused.value)) == (Reason.DENIED, "denied: access_denied")
    assert refused.value.message.startswith("認証サーバーでサインインが完了しませんでした。")


@pytest.mark.parametrize("same_kid", [False, True])
async def test_keys_may_change_in_mid_life(
    provider: openid.DemoProvider, company_a: Connection, walker: Walker, same_kid: bool
) -> None:
    clock = [datetime.now(UTC).timestamp()]
    patient = OpenIDConnect(now=lambda: datetime.fromtimestamp(clock[0], UTC), allow_loopback=True)
    await sign_in(patient, company_a, walker, "example-a-1")
    await switch(provider, issuer="example-a", do="rotate_keys", same_kid=same_kid)
    clock[0] += 31
    assert (await sign_in(patient, company_a, walker, "example-a-1")).subject == "example-a-1"
    await patient.aclose()


async def test_a_broken_token_endpoint_is_an_outage(
    gateway: OpenIDConnect, provider: openid.DemoProvider, company_a: Connection, walker: Walker
) -> None:
    await switch(provider, issuer="example-a", do="break_token")
    with pytest.raises(SignInFailed) as refused:
        await sign_in(gateway, company_a, walker, "example-a-1")
    assert refused.value.reason is Reason.PROVIDER_UNREACHABLE
    assert (await sign_in(gateway, company_a, walker, "example-a-1")).subject == "example-a-1"


async def test_people_come_and_go(
    gateway: OpenIDConnect, provider: openid.DemoProvider, company_a: Connection, walker: Walker
) -> None:
    await switch(provider, issuer="example-a", do="set_people", people=[{"sub": "new", "name": "新任 一郎"}])
    assert (await sign_in(gateway, company_a, walker, "new")).name == "新任 一郎"
    await switch(provider, issuer="example-a", do="set_people", people=people("example-a"))
    async with Walker() as other:
        assert (await sign_in(gateway, company_a, other, "example-a-1")).name == "例示 花子"


async def test_signing_out_ends_the_session_at_the_provider(
    gateway: OpenIDConnect, company_a: Connection, walker: Walker
) -> None:
    identity = await sign_in(gateway, company_a, walker, "example-a-1")
    url = await gateway.end_session_url(
        company_a, id_token=identity.id_token, post_logout_redirect_uri=SIGNED_OUT, state="bye"
    )
    assert url is not None
    assert await walker.open(url, back_to=SIGNED_OUT, press={"logout": "yes"}) == {"state": "bye"}
    again = await walker.page((await gateway.start(company_a, redirect_uri=BACK)).url)
    assert "サインインする担当者を選んでください" in again.text


async def test_a_provider_that_is_down(gateway: OpenIDConnect) -> None:
    with openid.start(configuration()) as short_lived:
        gone = connection_to(short_lived.issuers["example-a"])
    with pytest.raises(SignInFailed) as refused:
        await gateway.start(gone, redirect_uri=BACK)
    assert refused.value.reason is Reason.PROVIDER_UNREACHABLE
    url = await gateway.end_session_url(gone, id_token="x", post_logout_redirect_uri=SIGNED_OUT, state="s")
    assert url is None


async def test_a_restart_keeps_the_keys_and_forgets_the_sessions(
    gateway: OpenIDConnect, walker: Walker, tmp_path: Path
) -> None:
    kept = configuration(keys=str(tmp_path / "keys.json"))
    with openid.start(kept) as before:
        connection = connection_to(before.issuers["example-a"])
        identity = await sign_in(gateway, connection, walker, "example-a-1")
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    with openid.start(kept | {"port": before.port}) as after:
        assert after.issuers == before.issuers
        asked = await walker.page((await gateway.start(connection, redirect_uri=BACK)).url)
        assert "サインインする担当者を選んでください" in asked.text
        url = await gateway.end_session_url(
            connection, id_token=identity.id_token, post_logout_redirect_uri=SIGNED_OUT, state="bye"
        )
        assert url is not None
        assert await walker.open(url, back_to=SIGNED_OUT, press={}) == {"state": "bye"}


def test_the_lock_file_names_no_download_address() -> None:
    assert '"resolved"' not in (openid.HERE / "package-lock.json").read_text()


async def test_the_control_endpoint_is_for_tests_only() -> None:
    with openid.start(configuration(control=False)) as locked:
        async with httpx2.AsyncClient() as client:
            answer = await client.post(
                f"http://127.0.0.1:{locked.port}/control", json={"issuer": "example-a", "do": "rotate_keys"}
            )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"port": "nowhere"}, {"issuers": {"a": {"name": "a", "clients": [{"client_id": "x"}]}}}]
)
def test_a_configuration_that_does_not_hold_is_told(wrong: dict[str, object]) -> None:
    with pytest.raises(openid.CannotStart):
        openid.start(configuration() | wrong)
