"""Typed settings, read from the environment once at start."""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from stdnum.jp import cn

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """A setting is missing or malformed; the message names it."""


@dataclass(frozen=True)
class Provider:
    """The provider of the service (当社), as it signs documents."""

    name: str
    postal_code: str
    address: str
    registration_number: str  # 適格請求書発行事業者登録番号: T + 13 digits
    bank_account: str


@dataclass(frozen=True)
class Settings:
    """What an installation decides. `database_url` is the web's own login; the owner's is known to migrations only."""

    database_url: str = field(repr=False)
    base_url: str
    sealing_key: bytes = field(repr=False)
    provider: Provider
    product_name: str = "IPoE再販ポータル"
    # The worker's way out; the web never sends.
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    allow_internal_issuers: bool = False
    demo: bool = False


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `PORTAL_*`. Raises SettingsError that names the first missing or malformed one."""

    need = _needed(environ)
    try:
        key = base64.b64decode(need("PORTAL_SEALING_KEY"), validate=True)
    except ValueError as error:
        raise SettingsError("PORTAL_SEALING_KEY is not base64") from error
    if len(key) != 32:
        raise SettingsError("PORTAL_SEALING_KEY must be 32 bytes in base64")
    return Settings(
        database_url=_database(need, "PORTAL_DATABASE_URL"),
        base_url=_origin(need("PORTAL_BASE_URL")),
        sealing_key=key,
        provider=Provider(
            name=need("PORTAL_PROVIDER_NAME"),
            postal_code=need("PORTAL_PROVIDER_POSTAL_CODE"),
            address=need("PORTAL_PROVIDER_ADDRESS"),
            registration_number=_registration_number(need("PORTAL_PROVIDER_REGISTRATION_NUMBER")),
            bank_account=need("PORTAL_PROVIDER_BANK_ACCOUNT"),
        ),
        product_name=environ.get("PORTAL_PRODUCT_NAME", "IPoE再販ポータル"),
        smtp_url=_smtp(environ.get("PORTAL_SMTP_URL", "")),
        mail_from=_address(environ.get("PORTAL_MAIL_FROM", "")),
        allow_internal_issuers=environ.get("PORTAL_ALLOW_INTERNAL_ISSUERS") == "1",
        demo=environ.get("PORTAL_DEMO") == "1",
    )


def migration_urls(environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The owner's and the web's database URL, for `portal migrate`. Raises SettingsError; the two must differ."""
    need = _needed(environ)
    owner_url, login_url = _database(need, "PORTAL_OWNER_URL"), _database(need, "PORTAL_DATABASE_URL")
    if urlsplit(login_url).username == urlsplit(owner_url).username:
        raise SettingsError(
            "PORTAL_DATABASE_URL must have a login of its own, not the owner's: it must not own a table"
        )
    return owner_url, login_url


def _needed(environ: Mapping[str, str]) -> Callable[[str], str]:
    def need(name: str) -> str:
        value = environ.get(name, "")
        if not value:
            raise SettingsError(f"{name} is not set")
        return value

    return need


def _database(need: Callable[[str], str], name: str) -> str:
    url = need(name)
    parts = urlsplit(url)
    if parts.scheme != "postgresql+asyncpg" or not parts.username or not parts.hostname:
        raise SettingsError(f"{name} must be postgresql+asyncpg://user:password@host:port/database")
    return url


def _origin(url: str) -> str:
    """The address people see, as browsers write it: `https://portal.example`, without a path."""
    parts = urlsplit(url.rstrip("/").lower())
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or f"{parts.scheme}://{parts.netloc}" != parts.geturl()
    ):
        raise SettingsError("PORTAL_BASE_URL must be http(s)://host[:port], without a path")
    return parts.geturl()


def _smtp(url: str) -> str:
    """Where mail is handed over; empty: nowhere yet. A password goes only through TLS, or stays on this machine."""
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and not parts.path.strip("/") and parts.port != 0
    except ValueError:
        whole = False
    if url and (not whole or parts.scheme not in {"smtp", "smtp+starttls", "smtps"}):
        raise SettingsError("PORTAL_SMTP_URL must be smtp://, smtp+starttls:// or smtps://[user:password@]host[:port]")
    if parts.scheme == "smtp" and parts.password and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise SettingsError("PORTAL_SMTP_URL has a password: use smtps:// or smtp+starttls://")
    return url


def _address(address: str) -> str:
    """The address that mail comes from; empty: none yet."""
    name, _, domain = address.partition("@")
    plain = address.isascii() and address.isprintable() and not set(address) & set(' <>,;:"()[]\\')
    if address and not (plain and name and domain and "@" not in domain):
        raise SettingsError("PORTAL_MAIL_FROM must be one plain address: portal@provider.example")
    return address


def _registration_number(number: str) -> str:
    plain = len(number) == 14 and number.isascii() and number.startswith("T")
    if not plain or not cn.is_valid(number[1:]):
        raise SettingsError("PORTAL_PROVIDER_REGISTRATION_NUMBER must be T and 13 digits with a right check digit")
    return number
