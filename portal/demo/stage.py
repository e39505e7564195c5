"""The stage of the demo: the database, the companies and their people, and the acts that every story is made of."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.demo import cast, texts
from portal.demo.cast import Cast
from portal.demo.days import Calendar
from portal.demo.files import Batch, excel_csv
from portal.gateways.cipher import Cipher
from portal.records import applications, database
from portal.records.base import Db
from portal.records.members import Person
from portal.terms.applications import ApplicationKind, Move
from portal.terms.offerings import Offering
from portal.terms.periods import tokyo_date
from portal.usecases import applications as application_acts
from portal.usecases import drafts, people, reviews, uploads
from portal.usecases.line_judgement import known
from portal.usecases.reviews import Recommendation
from portal.usecases.uploads import SealedLine
from portal.web import uploads as files
from portal.web.line_rows import KEY


@dataclass(frozen=True)
class Company:
    """A company of the cast, registered: its people by their subject."""

    id: UUID
    cast: Cast
    people: Mapping[str, Person]

    @property
    def signatory(self) -> Person:
        return self.people["signatory"]

    @property
    def operator(self) -> Person:
        return self.people["operator"]


@dataclass(frozen=True)
class Stage:
    """Where the demo is played. Every act is a transaction of its own, in the role of whoever acts."""

    pool: AsyncEngine
    cipher: Cipher
    days: Calendar
    staff: Mapping[str, Person]

    @property
    def first_version(self) -> str:
        """Versions of the traffic policy are named by the month in which they were published."""
        return str(self.days.month(-6))

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Db]:
        """A transaction of the staff."""
        async with database.transaction(self.pool, "staff") as db:
            yield db

    @asynccontextmanager
    async def of(self, company: Company) -> AsyncIterator[Db]:
        """A transaction of a company."""
        async with database.transaction(self.pool, "subscriber", subscriber_id=company.id) as db:
            yield db


async def raise_curtain(
    pool: AsyncEngine, *, cipher: Cipher, days: Calendar, issuers: Mapping[str, str], client_secret: str
) -> tuple[Stage, Company, Company]:
    """Enrol the staff, register both companies, and let everybody sign in at their issuer (by slug)."""
    at = days.at(-6, 2)
    sealed = cipher.seal(client_secret.encode(), purpose="client_secret")
    staff: dict[str, Person] = {}
    async with database.transaction(pool, "staff") as db:
        connection_id = await _connect(db, cast.STAFF, None, at=at, issuers=issuers, sealed=sealed)
        for role in cast.STAFF.people:
            email = cast.STAFF.email(role)
            person_id = await people.enrol_staff(
                db,
                by=people.SETUP,
                at=at,
                connection_id=connection_id,
                subject=role.subject,
                name=role.name,
                email=email,
                roles=role.roles,
            )
            company = cast.STAFF.name
            staff[role.subject] = Person(person_id, "staff", None, role.name, email, role.roles, None, company)
        grown = await _register(db, cast.GROWN, at=at, issuers=issuers, sealed=sealed)
        new = await _register(db, cast.NEW, at=days.ago(6), issuers=issuers, sealed=sealed)
    return Stage(pool, cipher, days, staff), grown, new


async def _connect(
    db: Db, who: Cast, subscriber_id: UUID | None, *, at: datetime, issuers: Mapping[str, str], sealed: bytes
) -> UUID:
    return await people.connect_provider(
        db,
        by=people.SETUP,
        at=at,
        subscriber_id=subscriber_id,
        slug=who.slug,
        label=who.name,
        issuer=issuers[who.slug],
        client_id=cast.CLIENT_ID,
        client_secret_sealed=sealed,
    )


async def _register(db: Db, who: Cast, *, at: datetime, issuers: Mapping[str, str], sealed: bytes) -> Company:
    subscriber_id = await people.register_subscriber(
        db,
        by=people.SETUP,
        at=at,
        name=who.name,
        name_kana=who.name_kana,
        corporate_number=who.corporate_number,
        postal_code="999-0000",
        address=who.address,
        billing_contact="経理部 ご担当者",
        resale_number="A-99-99999",
    )
    connection_id = await _connect(db, who, subscriber_id, at=at, issuers=issuers, sealed=sealed)
    found = {}
    for role in who.people:
        email = who.email(role)
        person_id = await people.invite_member(
            db,
            by=people.SETUP,
            at=at,
            subscriber_id=subscriber_id,
            connection_id=connection_id,
            subject=role.subject,
            name=role.name,
            email=email,
            roles=role.roles,
            authority=role.authority,
        )
        found[role.subject] = Person(
            person_id, "subscriber", subscriber_id, role.name, email, role.roles, role.authority, who.name
        )
    return Company(subscriber_id, who, found)


async def draft_by_file(stage: Stage, company: Company, batch: Batch, *, at: datetime, note: str = "") -> UUID:
    """The operator begins a 新規 application of `ipoe_shared`, answers it, uploads a file and takes it over."""
    by = company.operator
    async with stage.of(company) as db:
        application_id = await drafts.begin(
            db, by=by, at=at, kind=ApplicationKind.NEW_CONTRACT, offering=Offering.IPOE_SHARED
        )
        answers = {
            "purpose": "resale",
            "contact_email": f"madoguchi@{company.cast.slug}.example",
            "wanted_on": "",
            "note": note,
        }
        await drafts.save(db, by=by, at=at, application_id=application_id, revision=1, answers=answers, lines=None)
    await upload(stage, company, application_id, batch, at=at)
    return application_id


async def upload(stage: Stage, company: Company, application_id: UUID, batch: Batch, *, at: datetime) -> None:
    """Upload a file of lines and, as it has no error, take it over."""
    by, content = company.operator, excel_csv(batch)
    async with stage.of(company) as db:
        what = await known(db, subscriber_id=company.id, offering=Offering.IPOE_SHARED, on=Calendar(at).today)
        read = files.read_file(content, what)
        upload_id = await uploads.keep(
            db,
            by=by,
            at=at,
            application_id=application_id,
            file_name=f"回線一覧_{batch.count}件.csv",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_sealed=stage.cipher.seal(content, purpose=files.PURPOSE),
            summary=read.summary,
        )
        lines = [SealedLine(one, stage.cipher.seal(one.access_key.encode(), purpose=KEY)) for one in read.lines]
        await uploads.apply(db, by=by, at=at, upload_id=upload_id, mode="replace", summary=read.summary, lines=lines)


async def submit(stage: Stage, company: Company, application_id: UUID, *, at: datetime) -> None:
    """The signatory submits the draft as it is."""
    async with stage.of(company) as db:
        application = await applications.get(db, application_id, subscriber_id=company.id)
        revision = application.revision if application else 0
        await application_acts.submit(db, by=company.signatory, at=at, application_id=application_id, revision=revision)


async def take(stage: Stage, application_id: UUID, *, by: str, at: datetime) -> None:
    """A clerk begins the review."""
    async with stage.desk() as db:
        await reviews.take(db, by=stage.staff[by], at=at, application_id=application_id)


async def review(
    stage: Stage,
    application_id: UUID,
    *,
    by: str,
    at: datetime,
    recommendation: Recommendation = Recommendation.ACCEPT,
    note: str = texts.NO_FAULT,
) -> None:
    """A clerk finishes the review: ready for an approver."""
    async with stage.desk() as db:
        await reviews.prepare(
            db, by=stage.staff[by], at=at, application_id=application_id, recommendation=recommendation, note=note
        )


async def accept(stage: Stage, application_id: UUID, *, by: str, at: datetime, starts_on: date) -> UUID:
    """An approver accepts what a clerk has prepared; the contract."""
    async with stage.desk() as db:
        application = await applications.get(db, application_id)
        return await reviews.accept(
            db,
            by=stage.staff[by],
            at=at,
            application_id=application_id,
            starts_on=starts_on,
            seen_prepared_at=application.prepared_at if application else None,
        )


async def provision(stage: Stage, application_id: UUID, *, by: str, at: datetime) -> None:
    """A clerk begins the provisioning."""
    async with stage.desk() as db:
        await reviews.advance(db, by=stage.staff[by], at=at, application_id=application_id, move=Move.PROVISION)


async def put_in_service(stage: Stage, application_id: UUID, *, by: str, at: datetime) -> None:
    """A clerk records that the lines are in service."""
    async with stage.desk() as db:
        await reviews.put_in_service(db, by=stage.staff[by], at=at, application_id=application_id, on=tokyo_date(at))
