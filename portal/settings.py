"""Typed settings, read from the environment once at start."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    """What an installation decides. `database_url` is the web's role, `owner_url` owns the schema (migrations only)."""

    database_url: str
    owner_url: str
    base_url: str
    sealing_key: bytes = field(repr=False)
    provider: Provider
    product_name: str = "IPoE再販ポータル"
    allow_internal_issuers: bool = False
    demo: bool = False


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `PORTAL_*`. Raises SettingsError that names the first missing or malformed one."""

    def need(name: str) -> str:
        value = environ.get(name, "")
        if not value:
            raise SettingsError(f"{name} is not set")
        return value

    try:
        key = base64.b64decode(need("PORTAL_SEALING_KEY"), validate=True)
    except ValueError as error:
        raise SettingsError("PORTAL_SEALING_KEY is not base64") from error
    if len(key) != 32:
        raise SettingsError("PORTAL_SEALING_KEY must be 32 bytes in base64")
    return Settings(
        database_url=need("PORTAL_DATABASE_URL"),
        owner_url=need("PORTAL_OWNER_URL"),
        base_url=need("PORTAL_BASE_URL").rstrip("/"),
        sealing_key=key,
        provider=Provider(
            name=need("PORTAL_PROVIDER_NAME"),
            postal_code=need("PORTAL_PROVIDER_POSTAL_CODE"),
            address=need("PORTAL_PROVIDER_ADDRESS"),
            registration_number=need("PORTAL_PROVIDER_REGISTRATION_NUMBER"),
            bank_account=need("PORTAL_PROVIDER_BANK_ACCOUNT"),
        ),
        product_name=environ.get("PORTAL_PRODUCT_NAME", "IPoE再販ポータル"),
        allow_internal_issuers=environ.get("PORTAL_ALLOW_INTERNAL_ISSUERS") == "1",
        demo=environ.get("PORTAL_DEMO") == "1",
    )
