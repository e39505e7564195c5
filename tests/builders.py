"""A small world to act in: two subscribers with their people, and staff of every duty, made by the use-cases."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import database
from portal.records.members import Person
from portal.usecases import people

LONG_AGO = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)
CORPORATE_NUMBERS = ("8999999999991", "7999999999992")


@dataclass(frozen=True)
class Company:
    id: UUID
    name: str
    connection_id: UUID
    admin: Person
    signatory: Person
    operator: Person
    viewer: Person

    @property
    def people(self) -> tuple[Person, ...]:
        return (self.admin, self.signatory, self.operator, self.viewer)


@dataclass(frozen=True)
class Desk:
    """Staff: two of each duty where two people act."""

    connection_id: UUID
    clerk: Person
    second_clerk: Person
    approver: Person
    second_approver: Person
    billing: Person
    second_billing: Person
    auditor: Person

    @property
    def people(self) -> tuple[Person, ...]:
        return (self.clerk, self.approver, self.billing, self.auditor)


@dataclass(frozen=True)
class World:
    ours: Company
    theirs: Company
    desk: Desk


@dataclass(frozen=True)
class Providers:
    """Where the people of the world sign in: an origin with an issuer for each slug, and our secret there, sealed."""

    origin: str = "http://127.0.0.1:1"
    client_secret_sealed: bytes = b"sealed"


async def build_world(pool: AsyncEngine, providers: Providers = Providers()) -> World:
    async with database.transaction(pool, "staff") as db:
        desk = await _desk(db, providers)
        ours = await _company(
            db, "例示通信株式会社", "レイジツウシン", CORPORATE_NUMBERS[0], slug="example-a", providers=providers
        )
        theirs = await _company(
            db, "見本ネット株式会社", "ミホンネット", CORPORATE_NUMBERS[1], slug="example-b", providers=providers
        )
    return World(ours, theirs, desk)


async def _desk(db: database.Db, providers: Providers) -> Desk:
    connection_id = await people.connect_provider(
        db,
        by=people.SETUP,
        at=LONG_AGO,
        subscriber_id=None,
        slug="staff",
        label="架空ネットワーク株式会社",
        issuer=f"{providers.origin}/provider-staff",
        client_id="portal",
        client_secret_sealed=providers.client_secret_sealed,
    )

    async def enrol(subject: str, name: str, *roles: str) -> Person:
        person_id = await people.enrol_staff(
            db,
            by=people.SETUP,
            at=LONG_AGO,
            connection_id=connection_id,
            subject=subject,
            name=name,
            email=f"{subject}@provider.example",
            roles=roles,
        )
        email = f"{subject}@provider.example"
        return Person(person_id, "staff", None, name, email, roles, None, "架空ネットワーク株式会社")

    return Desk(
        connection_id,
        await enrol("clerk", "審査 一子", "clerk"),
        await enrol("clerk2", "審査 二郎", "clerk"),
        await enrol("approver", "決裁 一郎", "approver"),
        await enrol("approver2", "決裁 二葉", "approver"),
        await enrol("billing", "請求 一恵", "billing"),
        await enrol("billing2", "請求 次男", "billing"),
        await enrol("auditor", "監査 花", "auditor"),
    )


async def _company(
    db: database.Db, name: str, kana: str, corporate_number: str, *, slug: str, providers: Providers
) -> Company:
    subscriber_id = await people.register_subscriber(
        db,
        by=people.SETUP,
        at=LONG_AGO,
        name=name,
        name_kana=kana,
        corporate_number=corporate_number,
        postal_code="100-0000",
        address="東京都架空区例示一丁目1番1号",
        billing_contact="経理部",
        resale_number="A-99-00000",
    )
    connection_id = await people.connect_provider(
        db,
        by=people.SETUP,
        at=LONG_AGO,
        subscriber_id=subscriber_id,
        slug=slug,
        label=name,
        issuer=f"{providers.origin}/{slug}",
        client_id="portal",
        client_secret_sealed=providers.client_secret_sealed,
    )

    async def invite(subject: str, display: str, *roles: str) -> Person:
        authority = "代表取締役" if "signatory" in roles else None
        email = f"{subject}@{slug}.example"
        person_id = await people.invite_member(
            db,
            by=people.SETUP,
            at=LONG_AGO,
            subscriber_id=subscriber_id,
            connection_id=connection_id,
            subject=subject,
            name=display,
            email=email,
            roles=roles,
            authority=authority,
        )
        return Person(person_id, "subscriber", subscriber_id, display, email, roles, authority, name)

    return Company(
        subscriber_id,
        name,
        connection_id,
        await invite("admin", "管理 太郎", "admin"),
        await invite("signatory", "署名 花子", "signatory"),
        await invite("operator", "作業 三郎", "operator"),
        await invite("viewer", "閲覧 四季", "viewer"),
    )
