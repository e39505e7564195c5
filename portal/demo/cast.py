"""Who plays in the demo: invented companies, invented people, and the provider that lets them in without passwords."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.settings import Provider
from portal.web.access import ROLE_LABELS

CLIENT_ID = "portal"
STAFF_SLUG = "staff"

PROVIDER = Provider(
    name="架空ネットワーク株式会社",
    postal_code="999-9999",
    address="東京都架空区架空町9番9号 見本ビル",
    registration_number="T9999900000009",
    bank_account="架空銀行 見本支店 普通 0000000 カクウネットワーク（カ",
)


@dataclass(frozen=True)
class Role:
    """One person: the subject at their provider, the name, and what they may do."""

    subject: str
    name: str
    roles: tuple[str, ...]
    authority: str | None = None


@dataclass(frozen=True)
class Cast:
    """A company (or the provider's own staff) and its people."""

    slug: str
    name: str
    people: tuple[Role, ...]
    name_kana: str = ""
    corporate_number: str = ""
    address: str = ""

    def email(self, role: Role) -> str:
        return f"{role.subject}@{self.slug}.example"


STAFF = Cast(
    STAFF_SLUG,
    PROVIDER.name,
    (
        Role("clerk", "審査 一子", ("clerk",)),
        Role("clerk2", "審査 二郎", ("clerk",)),
        Role("approver", "決裁 一郎", ("approver",)),
        Role("approver2", "決裁 二葉", ("approver",)),
        Role("billing", "請求 一恵", ("billing",)),
        Role("billing2", "請求 次男", ("billing",)),
        Role("auditor", "監査 花", ("auditor",)),
    ),
)
GROWN = Cast(
    "reiji",
    "例示通信株式会社",
    (
        Role("admin", "管理 太郎", ("admin",)),
        Role("signatory", "署名 花子", ("signatory",), "代表取締役"),
        Role("operator", "作業 三郎", ("operator",)),
        Role("viewer", "閲覧 四季", ("viewer",)),
    ),
    name_kana="レイジツウシン",
    corporate_number="8999900000001",
    address="東京都架空区例示一丁目1番1号",
)
NEW = Cast(
    "mihon",
    "見本ネット株式会社",
    (
        Role("admin", "管理 桃子", ("admin",)),
        Role("signatory", "署名 次郎", ("signatory",), "取締役（委任状による）"),
        Role("operator", "作業 梅子", ("operator",)),
        Role("viewer", "閲覧 秋", ("viewer",)),
    ),
    name_kana="ミホンネット",
    corporate_number="7999900000002",
    address="大阪府架空市見本町2番2号",
)
COMPANIES = (GROWN, NEW)
EVERYBODY = (*COMPANIES, STAFF)


def provider_config(*, portal_url: str, port: int, keys: str, client_secret: str) -> Mapping[str, Any]:
    """The configuration of the demo's OpenID provider: an issuer for each company, with its people."""
    client = {
        "client_id": CLIENT_ID,
        "client_secret": client_secret,
        "redirect_uris": [f"{portal_url}/sign-in/callback"],
        "post_logout_redirect_uris": [f"{portal_url}/signed-out"],
    }
    return {
        "port": port,
        "keys": keys,
        "issuers": {cast.slug: _issuer(cast, client) for cast in EVERYBODY},
    }


def _issuer(cast: Cast, client: Mapping[str, Any]) -> dict[str, Any]:
    from_role = [
        {"sub": role.subject, "name": role.name, "email": cast.email(role), "title": "・".join(titles(role))}
        for role in cast.people
    ]
    return {"name": cast.name, "clients": [client], "people": from_role}


def titles(role: Role) -> tuple[str, ...]:
    """What a person may do, in words."""
    return tuple(ROLE_LABELS[one] for one in role.roles)
