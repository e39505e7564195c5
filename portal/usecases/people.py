"""Who may come in: subscribers registered, connections set up, members and staff invited."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from stdnum.jp import cn

from portal.records import events, members, subscribers
from portal.records.base import Db
from portal.records.members import Person
from portal.terms import eligibility
from portal.usecases.outcomes import Conflict, Refused

# The first staff of an installation are enrolled before there is anybody who could do it.
SETUP = Person(UUID(int=0), "staff", None, "初期設定", "", (), None, "初期設定")


async def register_subscriber(
    db: Db,
    *,
    by: Person,
    at: datetime,
    name: str,
    name_kana: str,
    corporate_number: str,
    postal_code: str,
    address: str,
    billing_contact: str,
    resale_number: str | None,
    resale_exemption: str | None = None,
    payment_months: int = 1,
    payment_day: int = 31,
) -> UUID:
    """A4-1, A5-1: register a corporation as a subscriber. Payment is due `payment_months` after the month of issue.

    Refuses a 法人番号 whose check digit is wrong.
    """
    # The library forgives hyphens and full-width digits; what is kept is thirteen plain digits.
    plain = len(corporate_number) == 13 and corporate_number.isascii()
    if violations := eligibility.corporation(qualified=plain and bool(cn.is_valid(corporate_number))):
        raise Refused(violations)
    subscriber_id = uuid4()
    await db.execute(
        insert(subscribers.subscribers).values(
            id=subscriber_id,
            name=name,
            name_kana=name_kana,
            corporate_number=corporate_number,
            postal_code=postal_code,
            address=address,
            billing_contact=billing_contact,
            resale_number=resale_number,
            resale_exemption=resale_exemption,
            payment_months=payment_months,
            payment_day=payment_day,
            registered_at=at,
        )
    )
    await events.record(
        db,
        by=by,
        at=at,
        verb="subscriber_registered",
        object_kind="subscriber",
        object_id=subscriber_id,
        subscriber_id=subscriber_id,
        clauses=("A4-1", "A5-1"),
    )
    return subscriber_id


async def connect_provider(
    db: Db,
    *,
    by: Person,
    at: datetime,
    subscriber_id: UUID | None,
    slug: str,
    label: str,
    issuer: str,
    client_id: str,
    client_secret_sealed: bytes,
) -> UUID:
    """Register the OpenID Connect provider by which a company's people (None: the provider's staff) sign in."""
    connection_id = uuid4()
    await db.execute(
        insert(members.connections).values(
            id=connection_id,
            subscriber_id=subscriber_id,
            slug=slug,
            label=label,
            issuer=issuer,
            client_id=client_id,
            client_secret_sealed=client_secret_sealed,
        )
    )
    await events.record(
        db,
        by=by,
        at=at,
        verb="connection_registered",
        object_kind="connection",
        object_id=connection_id,
        subscriber_id=subscriber_id,
        details={"slug": slug, "issuer": issuer},
    )
    return connection_id


async def invite_member(
    db: Db,
    *,
    by: Person,
    at: datetime,
    subscriber_id: UUID,
    connection_id: UUID,
    subject: str,
    name: str,
    email: str,
    roles: tuple[str, ...],
    authority: str | None = None,
) -> UUID:
    """Let a person of a subscriber in, with roles.

    Refuses a signatory without the authority it rests on, and another company's provider: whoever signs in there would
    come in as this company's member.
    """
    await _own_connection(db, connection_id, subscriber_id=subscriber_id)
    if "signatory" in roles and not authority:
        raise Conflict("署名権限者には、権限の根拠（代表取締役、委任状など）が必要です。")
    member_id = uuid4()
    await db.execute(
        insert(members.members).values(
            id=member_id,
            subscriber_id=subscriber_id,
            connection_id=connection_id,
            subject=subject,
            name=name,
            email=email,
            roles=list(roles),
            authority=authority,
            invited_at=at,
        )
    )
    await events.record(
        db,
        by=by,
        at=at,
        verb="member_invited",
        object_kind="member",
        object_id=member_id,
        subscriber_id=subscriber_id,
        details={"roles": list(roles)},
    )
    return member_id


async def enrol_staff(
    db: Db,
    *,
    by: Person,
    at: datetime,
    connection_id: UUID,
    subject: str,
    name: str,
    email: str,
    roles: tuple[str, ...],
) -> UUID:
    """Let a person of the provider's staff in, with roles. Refuses a subscriber's provider to sign in by."""
    await _own_connection(db, connection_id, subscriber_id=None)
    staff_id = uuid4()
    await db.execute(
        insert(members.staff).values(
            id=staff_id,
            connection_id=connection_id,
            subject=subject,
            name=name,
            email=email,
            roles=list(roles),
            invited_at=at,
        )
    )
    await events.record(
        db,
        by=by,
        at=at,
        verb="staff_enrolled",
        object_kind="staff",
        object_id=staff_id,
        subscriber_id=None,
        details={"roles": list(roles)},
    )
    return staff_id


async def _own_connection(db: Db, connection_id: UUID, *, subscriber_id: UUID | None) -> None:
    connection = await members.connection(db, connection_id)
    if connection is None or connection.subscriber_id != subscriber_id:
        raise Conflict("この会社の認証サーバーではありません。登録されている認証サーバーを選んでください。")
