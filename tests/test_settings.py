"""Settings: read once, refused with the name of what is missing or malformed."""

import base64

import pytest

from portal.settings import SettingsError, from_environment, migration_urls

WHOLE = {
    "PORTAL_DATABASE_URL": "postgresql+asyncpg://portal_web:web-secret@127.0.0.1:5432/portal",
    "PORTAL_OWNER_URL": "postgresql+asyncpg://owner:owner-secret@127.0.0.1:5432/portal",
    "PORTAL_BASE_URL": "https://portal.example",
    "PORTAL_SEALING_KEY": base64.b64encode(bytes(range(32))).decode(),
    "PORTAL_PROVIDER_NAME": "架空ネットワーク株式会社",
    "PORTAL_PROVIDER_POSTAL_CODE": "999-9999",
    "PORTAL_PROVIDER_ADDRESS": "東京都架空区架空町9番9号",
    "PORTAL_PROVIDER_REGISTRATION_NUMBER": "T6999999999993",
    "PORTAL_PROVIDER_BANK_ACCOUNT": "架空銀行 本店営業部 普通 0000000",
}


def test_a_whole_environment() -> None:
    settings = from_environment(WHOLE)
    assert settings.base_url == "https://portal.example"
    assert settings.sealing_key == bytes(range(32))
    assert settings.provider.registration_number == "T6999999999993"
    assert (settings.product_name, settings.allow_internal_issuers, settings.demo) == ("IPoE再販ポータル", False, False)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("given", [None, ""])
def test_the_missing_one_is_named(name: str, given: str | None) -> None:
    environment = {key: value for key, value in WHOLE.items() if key != name}
    if given is not None:
        environment[name] = given
    with pytest.raises(SettingsError, match=f"^{name} is not set$"):
        read_both(environment)


def read_both(environment: dict[str, str]) -> None:
    from_environment(environment)
    migration_urls(environment)


def test_serving_does_not_need_the_owner() -> None:
    from_environment({key: value for key, value in WHOLE.items() if key != "PORTAL_OWNER_URL"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_SEALING_KEY", "not base64!"),
        ("PORTAL_SEALING_KEY", base64.b64encode(bytes(16)).decode()),
        ("PORTAL_SEALING_KEY", base64.b64encode(bytes(33)).decode()),
        ("PORTAL_BASE_URL", "portal.example"),
        ("PORTAL_BASE_URL", "ftp://portal.example"),
        ("PORTAL_BASE_URL", "https://"),
        ("PORTAL_BASE_URL", "https://portal.example/portal"),
        ("PORTAL_BASE_URL", "https://portal.example?x=1"),
        ("PORTAL_DATABASE_URL", "postgresql://portal_web:x@127.0.0.1/portal"),
        ("PORTAL_DATABASE_URL", "postgresql+asyncpg://127.0.0.1/portal"),
        ("PORTAL_OWNER_URL", "sqlite:///portal.db"),
        ("PORTAL_PROVIDER_REGISTRATION_NUMBER", "T6999999999994"),
        ("PORTAL_PROVIDER_REGISTRATION_NUMBER", "6999999999993"),
        ("PORTAL_PROVIDER_REGISTRATION_NUMBER", "T6-9999-9999-9993"),
        ("PORTAL_PROVIDER_REGISTRATION_NUMBER", "T６９９９９９９９９９９９３"),
    ],
)
def test_the_malformed_one_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} "):
        read_both({**WHOLE, name: value})


def test_the_web_never_signs_in_as_the_owner() -> None:
    with pytest.raises(SettingsError, match="a login of its own"):
        migration_urls({**WHOLE, "PORTAL_DATABASE_URL": WHOLE["PORTAL_OWNER_URL"]})


def test_the_base_url_is_written_as_browsers_write_it() -> None:
    assert (
        from_environment({**WHOLE, "PORTAL_BASE_URL": "https://Portal.Example/"}).base_url == "https://portal.example"
    )
    assert from_environment({**WHOLE, "PORTAL_BASE_URL": "http://[::1]:8000"}).base_url == "http://[::1]:8000"


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("0", False), ("", False), ("true", False)])
def test_what_weakens_is_on_only_when_it_is_said_exactly(value: str, allowed: bool) -> None:
    settings = from_environment({**WHOLE, "PORTAL_ALLOW_INTERNAL_ISSUERS": value, "PORTAL_DEMO": value})
    assert (settings.allow_internal_issuers, settings.demo) == (allowed, allowed)


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    settings = from_environment(WHOLE)
    shown = repr(settings)
    assert "架空ネットワーク株式会社" in shown
    for secret in ("web-secret", repr(bytes(range(32)))):
        assert secret not in shown


def test_the_way_out_for_mail_may_be_missing() -> None:
    """Only the worker needs it, and says so when it starts."""
    settings = from_environment(WHOLE)
    assert (settings.smtp_url, settings.mail_from) == ("", "")


@pytest.mark.parametrize(
    "url",
    [
        "smtp://relay.example",
        "smtp://u:secret@127.0.0.1:2525",
        "smtps://u:secret@relay.example",
        "smtp+starttls://u:secret@relay.example:587",
    ],
)
def test_ways_out_for_mail(url: str) -> None:
    settings = from_environment({**WHOLE, "PORTAL_SMTP_URL": url, "PORTAL_MAIL_FROM": "portal@provider.example"})
    assert (settings.smtp_url, settings.mail_from) == (url, "portal@provider.example")
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_SMTP_URL", "relay.example"),
        ("PORTAL_SMTP_URL", "https://relay.example"),
        ("PORTAL_SMTP_URL", "smtp://"),
        ("PORTAL_SMTP_URL", "smtp://relay.example/path"),
        ("PORTAL_SMTP_URL", "smtp://u:secret@relay.example"),
        ("PORTAL_SMTP_URL", "smtp://relay.example:port"),
        ("PORTAL_MAIL_FROM", "portal"),
        ("PORTAL_MAIL_FROM", "@provider.example"),
        ("PORTAL_MAIL_FROM", "ポータル <portal@provider.example>"),
        ("PORTAL_MAIL_FROM", "a@provider.example,b@provider.example"),
        ("PORTAL_MAIL_FROM", "a@provider.example\nBcc: b@provider.example"),
    ],
)
def test_a_malformed_way_out_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} "):
        from_environment({**WHOLE, name: value})
