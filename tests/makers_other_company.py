"""Every kind of thing of a company that has an address of its own, made by the use-cases, with the way to it.

`VISITS` is read beside the route table: a route with an id in its address makes its thing here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import applications, database, invoices
from portal.terms.periods import Month
from portal.usecases import applications as application_acts
from portal.usecases import closings, reviews
from portal.usecases import partners as partner_acts
from portal.usecases.reviews import Return
from tests.builders import Company, World
from tests.makers_applications import ANSWERS, cells, csv_file, drafted, submitted
from tests.makers_closings import shown
from tests.makers_notices import given, unit_ids
from tests.makers_reviews import MadeLine, accepted, in_billing
from tests.makers_reviews import submitted as arrived
from tests.makers_terms import price_sheet, quote
from tests.portals import PROVIDER, Portal

AT = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
OCTOBER_IS_OVER = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
SERIAL = count(1)
ROW = cells(7770001, 自社管理番号="見本管理7770001")
TYPED = {
    "access_line_id": "CAF0007770002",
    "access_key": "Ab3dEf7h",
    "dwelling": "戸建",
    "prefecture": "東京都",
    "end_user_ref": "U-7770002",
    "consented_at": "2026/10/01",
    "consent_method": "ウェブ",
    "policy_version": "2026-04",
}


@dataclass(frozen=True)
class Holdings:
    """A company that has everything: what is made once, and where more of it is made."""

    portal: Portal
    company: Company
    contract_id: UUID
    invoice_id: UUID

    @property
    def pool(self) -> AsyncEngine:
        return self.portal.pool


@dataclass(frozen=True)
class Visit:
    """The address of a real thing, the form that does something to it, and what its owner is answered there."""

    address: str
    form: Mapping[str, str | list[str]] = field(default_factory=dict)
    files: object = None
    answer: int | None = None


Way = Callable[[Holdings], Awaitable[Visit]]


async def contract_and_invoice(portal: Portal, company: Company) -> Holdings:
    """A contract in billing since 2026-10-20, and its invoice of October, issued."""
    line = MadeLine(access_line_id="CAF0007770099", own_reference="見本管理7770099", options=("dslite_bundle",))
    pool, world = portal.pool, portal.world
    contract_id = await accepted(pool, world, await arrived(pool, company, (line,)))
    await in_billing(pool, world, contract_id, date(2026, 10, 20))
    return Holdings(portal, company, contract_id, await _issued(pool, world, company))


async def _issued(pool: AsyncEngine, world: World, company: Company) -> UUID:
    desk = world.desk
    issuer = {
        "name": PROVIDER.name,
        "postal_code": PROVIDER.postal_code,
        "address": PROVIDER.address,
        "registration_number": PROVIDER.registration_number,
        "bank_account": PROVIDER.bank_account,
    }
    async with database.transaction(pool, "staff") as db:
        closing_id = await closings.try_month(
            db, by=desk.billing, at=OCTOBER_IS_OVER, month=Month(2026, 10), issuer=issuer
        )
        await closings.issue(
            db, by=desk.second_billing, at=OCTOBER_IS_OVER, closing_id=closing_id, seen=await shown(db, closing_id)
        )
        (invoice,) = [one for one in await invoices.of_closing(db, closing_id) if one.subscriber_id == company.id]
    return invoice.id


async def draft(holdings: Holdings) -> UUID:
    """A draft of one line, saved once (revision 2)."""
    return await drafted(holdings.pool, holdings.company, [ROW])


async def draft_line(holdings: Holdings) -> tuple[UUID, int]:
    """A draft, and the id of its line."""
    application_id = await draft(holdings)
    company = holdings.company
    async with database.transaction(holdings.pool, "subscriber", subscriber_id=company.id) as db:
        (line,) = await applications.lines(db, application_id, subscriber_id=company.id)
    return application_id, line.id


async def waiting(holdings: Holdings) -> UUID:
    """An application that was submitted."""
    return await submitted(holdings.pool, holdings.company, [ROW])


async def returned(holdings: Holdings) -> UUID:
    """An application that was sent back."""
    application_id = await waiting(holdings)
    clerk = holdings.portal.world.desk.clerk
    async with database.transaction(holdings.pool, "staff") as db:
        await reviews.take(db, by=clerk, at=AT, application_id=application_id)
        await reviews.send_back(
            db,
            by=clerk,
            at=AT,
            application_id=application_id,
            returns=(Return("purpose", "目的を確かめてください。"), Return("lines", "鍵を確かめてください。", line=1)),
            return_by=date(2026, 10, 29),
        )
    return application_id


async def withdrawn(holdings: Holdings) -> UUID:
    """An application that was taken back."""
    application_id, company = await waiting(holdings), holdings.company
    async with database.transaction(holdings.pool, "subscriber", subscriber_id=company.id) as db:
        await application_acts.withdraw(db, by=company.signatory, at=AT, application_id=application_id)
    return application_id


async def uploaded(holdings: Holdings) -> tuple[UUID, UUID]:
    """A draft with a file of lines that has been checked and not taken over."""
    application_id = await draft(holdings)
    files = {"file": ("見本の回線.csv", csv_file([ROW]), "text/csv")}
    answer = await holdings.portal.post(
        holdings.company.operator, f"/applications/{application_id}/uploads", {"whole": "1"}, files=files
    )
    return application_id, UUID(answer.headers["location"].rsplit("/", 1)[1])


async def partner(holdings: Holdings) -> UUID:
    """A partner company on whom no duties are imposed yet."""
    company, number = holdings.company, next(SERIAL)
    async with database.transaction(holdings.pool, "subscriber", subscriber_id=company.id) as db:
        return await partner_acts.add(
            db,
            by=company.signatory,
            at=AT,
            subscriber_id=company.id,
            code=f"MIHON-{number}",
            name=f"見本再販{number}号株式会社",
            parent_id=None,
        )


async def sheet(holdings: Holdings) -> UUID:
    """A quotation that was shown."""
    effective_on = Month(2016, 6).plus(next(SERIAL)).first
    world = holdings.portal.world
    return await quote(holdings.pool, world, holdings.company, sheet=price_sheet(effective_on))


async def notice(holdings: Holdings) -> UUID:
    """A 解約申込書 for the contract, far in the future."""
    company = holdings.company
    return (await given(holdings.pool, company, holdings.contract_id, at=AT, requested_on=date(2040, 1, 31))).id


async def of_application(
    make: Callable[[Holdings], Awaitable[UUID]],
    path: str,
    holdings: Holdings,
    *,
    form: Mapping[str, str | list[str]] | None = None,
    files: object = None,
    answer: int | None = None,
) -> Visit:
    return Visit(f"/applications/{await make(holdings)}{path}", form or {}, files, answer)


async def of_line(holdings: Holdings, *, form: Mapping[str, str | list[str]] | None = None) -> Visit:
    application_id, line_id = await draft_line(holdings)
    typed = {f"lines-{line_id}-{name}": value for name, value in TYPED.items()}
    return Visit(f"/applications/{application_id}/lines/{line_id}", {**typed, **form} if form else {})


async def of_upload(path: str, holdings: Holdings, *, form: Mapping[str, str | list[str]] | None = None) -> Visit:
    application_id, upload_id = await uploaded(holdings)
    return Visit(f"/applications/{application_id}/uploads/{upload_id}{path}", form or {})


async def of_contract(path: str, holdings: Holdings) -> Visit:
    return Visit(f"/contracts/{holdings.contract_id}{path}")


async def of_notice_form(path: str, holdings: Holdings, *, options: bool = False) -> Visit:
    """The form of a notice; with `options`, for an option of the contract."""
    units = await unit_ids(holdings.pool, holdings.company, holdings.contract_id) if options else ()
    form: dict[str, str | list[str]] = {"requested_on": "2040-01-31", "units": [str(one) for one in units]}
    return Visit(f"/contracts/{holdings.contract_id}{path}", form)


async def of_notice(path: str, holdings: Holdings) -> Visit:
    return Visit(f"/notices/{await notice(holdings)}{path}")


async def of_invoice(path: str, holdings: Holdings) -> Visit:
    return Visit(f"/statements/{holdings.invoice_id}{path}")


async def of_partner(path: str, holdings: Holdings) -> Visit:
    duties = {"version": "2026-04", "contracted_on": "2026/10/01", "clause_confirmed": "yes", "parent": ""}
    return Visit(f"/partners/{await partner(holdings)}{path}", duties)


async def of_sheet(path: str, holdings: Holdings) -> Visit:
    return Visit(f"/price-sheets/{await sheet(holdings)}{path}")


async def of_agreement(path: str, _: Holdings) -> Visit:
    """The agreement to a version to which only this company has agreed."""
    return Visit(f"/policies/2026-10/{path}")


SAVED = {"revision": "2", **ANSWERS}
NEW_ROW = {f"lines-n1-{name}": value for name, value in TYPED.items()}
FILE = {"file": ("回線.csv", csv_file([ROW]), "text/csv")}
APPLICATION, UPLOAD = "/applications/{id:uuid}", "/applications/{id:uuid}/uploads/{upload:uuid}"
VISITS: Mapping[str, Way] = {
    f"GET {APPLICATION}": partial(of_application, waiting, ""),
    f"GET {APPLICATION}/edit": partial(of_application, returned, "/edit"),
    f"POST {APPLICATION}/edit": partial(of_application, draft, "/edit", form=SAVED),
    f"POST {APPLICATION}/edit/rows": partial(
        of_application, draft, "/edit/rows", form={**SAVED, "rows": "typed", "add_lines": "1"}, answer=422
    ),
    f"GET {APPLICATION}/lines/new": partial(of_application, draft, "/lines/new"),
    f"POST {APPLICATION}/lines/new": partial(of_application, draft, "/lines/new", form={"revision": "2", **NEW_ROW}),
    f"GET {APPLICATION}/lines/{{line:int}}": of_line,
    f"POST {APPLICATION}/lines/{{line:int}}": partial(of_line, form={"revision": "2"}),
    f"GET {APPLICATION}/lines.csv": partial(of_application, draft, "/lines.csv"),
    f"POST {APPLICATION}/uploads": partial(of_application, draft, "/uploads", form={"whole": "1"}, files=FILE),
    f"GET {UPLOAD}": partial(of_upload, ""),
    f"GET {UPLOAD}/errors.csv": partial(of_upload, "/errors.csv"),
    f"POST {UPLOAD}/apply": partial(of_upload, "/apply", form={"mode": "replace"}),
    f"POST {UPLOAD}/discard": partial(of_upload, "/discard"),
    f"GET {APPLICATION}/confirm": partial(of_application, draft, "/confirm"),
    f"POST {APPLICATION}/confirm": partial(of_application, draft, "/confirm", form={"revision": "2"}),
    f"GET {APPLICATION}/submitted.csv": partial(of_application, waiting, "/submitted.csv"),
    f"GET {APPLICATION}/receipt": partial(of_application, waiting, "/receipt"),
    f"GET {APPLICATION}/receipt/pdf": partial(of_application, waiting, "/receipt/pdf"),
    f"GET {APPLICATION}/withdraw": partial(of_application, waiting, "/withdraw"),
    f"POST {APPLICATION}/withdraw": partial(of_application, waiting, "/withdraw"),
    f"GET {APPLICATION}/discard": partial(of_application, draft, "/discard"),
    f"POST {APPLICATION}/discard": partial(of_application, draft, "/discard"),
    f"POST {APPLICATION}/copy": partial(of_application, withdrawn, "/copy"),
    "GET /contracts/{id:uuid}": partial(of_contract, ""),
    "GET /contracts/{id:uuid}/lines.csv": partial(of_contract, "/lines.csv"),
    "GET /contracts/{id:uuid}/notice": partial(of_notice_form, "/notice"),
    "POST /contracts/{id:uuid}/notice": partial(of_notice_form, "/notice"),
    "GET /contracts/{id:uuid}/option-notice": partial(of_notice_form, "/option-notice"),
    "POST /contracts/{id:uuid}/option-notice": partial(of_notice_form, "/option-notice", options=True),
    "GET /notices/{id:uuid}": partial(of_notice, ""),
    "GET /notices/{id:uuid}/pdf": partial(of_notice, "/pdf"),
    "GET /partners/{id:uuid}": partial(of_partner, ""),
    "POST /partners/{id:uuid}/duties": partial(of_partner, "/duties"),
    "GET /policies/{version}/agreed": partial(of_agreement, "agreed"),
    "GET /policies/{version}/agreement": partial(of_agreement, "agreement"),
    "GET /price-sheets/{id:uuid}": partial(of_sheet, ""),
    "POST /price-sheets/{id:uuid}/acknowledge": partial(of_sheet, "/acknowledge"),
    "GET /statements/{id:uuid}": partial(of_invoice, ""),
    "GET /statements/{id:uuid}/pdf": partial(of_invoice, "/pdf"),
}
