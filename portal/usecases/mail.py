"""Mail: who must be told of which act. One table; the letters are left in the outbox, in the act's own transaction.

A letter says that something happened, its number, its days and where to read it. It carries no data of end users, no
reason in free words, no amount and no secret: mail is not a sealed way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from itertools import groupby
from urllib.parse import quote
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portal.records import outbox
from portal.records.applications import Application
from portal.records.base import Db
from portal.records.notices import Notice
from portal.records.outbox import Letter, NewLetter, Recipient
from portal.settings import ROOT, Settings
from portal.terms.applications import KINDS, ApplicationKind
from portal.terms.notices import NOTICE_KIND_LABELS, NoticeKind
from portal.terms.periods import TOKYO, Month, japanese, tokyo_date

# 控え and news go to those who bind the company and to those who work for it.
COMPANY = ("signatory", "operator")


class Audience(StrEnum):
    """Whose people are told: the company's whose affair it is, every company's with shared lines, or the desk's."""

    COMPANY = "company"
    SHARED = "shared"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Told:
    """One letter of an act: to whom, by role; what it says (`templates/mail/`); the page that it is about."""

    audience: Audience
    roles: tuple[str, ...]
    template: str
    path: str


def _company(template: str, path: str) -> Told:
    return Told(Audience.COMPANY, COMPANY, template, path)


def _desk(role: str, template: str, path: str) -> Told:
    return Told(Audience.DESK, (role,), template, path)


APPLICATION, AT_DESK = "/applications/{object_id}", "/desk/applications/{object_id}"
NOTICE_ARRIVED = (
    _company("notice_given", "/notices/{object_id}"),
    _desk("clerk", "desk_notice_arrived", "/desk/notices/{object_id}"),
)
TOLD: Mapping[str, tuple[Told, ...]] = {
    "policy_published": (Told(Audience.SHARED, COMPANY, "policy_published", "/policies/{version}"),),
    "policy_agreed": (_company("policy_agreed", "/policies/{version}/agreed"),),
    "application_submitted": (
        _company("application_submitted", APPLICATION),
        _desk("clerk", "desk_application_waits", AT_DESK),
    ),
    "application_resubmitted": (
        _company("application_resubmitted", APPLICATION),
        _desk("clerk", "desk_application_waits", AT_DESK),
    ),
    "application_withdrawn": (
        _company("application_withdrawn", APPLICATION),
        _desk("clerk", "desk_application_withdrawn", AT_DESK),
    ),
    "application_sent_back": (_company("application_sent_back", APPLICATION),),
    "application_prepared": (_desk("approver", "desk_application_prepared", AT_DESK),),
    "application_accepted": (_company("application_accepted", APPLICATION),),
    "application_declined": (_company("application_declined", APPLICATION),),
    "application_put_in_service": (_company("application_put_in_service", APPLICATION),),
    "application_found_infeasible": (_company("application_found_infeasible", APPLICATION),),
    "billing_start_set": (_company("billing_start_set", "/contracts/{object_id}"),),
    "billing_start_corrected": (_company("billing_start_corrected", "/contracts/{object_id}"),),
    "notice_given": NOTICE_ARRIVED,
    "options_stopped": NOTICE_ARRIVED,
    "notice_voided": (_company("notice_voided", "/notices/{object_id}"),),
    "price_sheet_shown": (_company("price_sheet_shown", "/price-sheets/{object_id}"),),
    "month_issued": (_company("month_issued", "/statements"),),
}


async def tell(
    db: Db,
    *,
    verb: str,
    at: datetime,
    object_kind: str,
    object_id: UUID,
    subscriber_id: UUID | None,
    **facts: object,
) -> None:
    """Leave the letters that the table names for an act; none where it names none.

    `facts`: what the letters of this act say. A fact that one of them asks for and that is missing is a fault.
    """
    for told in TOLD.get(verb, ()):
        people = await _people(db, told, subscriber_id=subscriber_id)
        letters = _written(told, people, {**facts, "object_id": object_id})
        await outbox.put(db, letters, at=at, verb=verb, object_kind=object_kind, object_id=object_id)


async def tell_of_application(db: Db, application: Application, *, verb: str, at: datetime, **facts: object) -> None:
    """Leave the letters of an act on an application."""
    await tell(
        db,
        verb=verb,
        at=at,
        object_kind="application",
        object_id=application.id,
        subscriber_id=application.subscriber_id,
        number=application.number,
        kind=KINDS[ApplicationKind(application.kind)].label,
        applicant=application.company,
        **facts,
    )


async def tell_of_notice(db: Db, notice: Notice, *, verb: str, at: datetime) -> None:
    """Leave the letters of an act on a 解約申込書: its arrival to the second, and the day that follows from it."""
    await tell(
        db,
        verb=verb,
        at=at,
        object_kind="notice",
        object_id=notice.id,
        subscriber_id=notice.subscriber_id,
        number=notice.number,
        kind=NOTICE_KIND_LABELS[NoticeKind(notice.kind)],
        applicant=notice.company,
        contract=notice.contract_number,
        received_at=notice.received_at,
        effective_on=notice.effective_on,
    )


async def _people(db: Db, told: Told, *, subscriber_id: UUID | None) -> Sequence[Recipient]:
    if told.audience is Audience.DESK:
        return await outbox.desk(db, told.roles[0], subscriber_id=subscriber_id)
    if told.audience is Audience.SHARED:
        return await outbox.people_with_shared_lines(db, told.roles)
    if subscriber_id is None:
        raise ValueError(f"{told.template}: a letter to a company needs the company")
    return await outbox.people_of(db, subscriber_id, told.roles)


def _written(told: Told, people: Sequence[Recipient], facts: Mapping[str, object]) -> list[NewLetter]:
    """The letters, written once for each company; the first line of a template is the subject."""
    path = told.path.format_map({name: quote(str(value), safe="") for name, value in facts.items()})
    letters = []
    for (subscriber_id, company), them in groupby(people, key=lambda one: (one.subscriber_id, one.company)):
        text = environment().get_template(f"{told.template}.txt").render(**facts, company=company)
        subject, _, body = text.partition("\n")
        letters += [
            NewLetter(
                subscriber_id=subscriber_id, to_address=one.address, subject=subject, body=body.strip(), path=path
            )
            for one in them
        ]
    return letters


def whole(letter: Letter, settings: Settings) -> tuple[str, str]:
    """Subject and text as they leave: with the name and the address of this installation."""
    text = environment().get_template("_frame.txt").render(letter=letter, settings=settings)
    return f"【{settings.product_name}】{letter.subject}", text


@cache
def environment() -> Environment:
    """The templates of letters. Plain text: nothing is escaped, so no letter is ever shown as HTML."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates" / "mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    env.filters |= {"day": _day, "moment": _moment, "month": _month}
    return env


def _day(value: date) -> str:
    return japanese(value)


def _moment(value: datetime) -> str:
    return f"{_day(tokyo_date(value))} {value.astimezone(TOKYO):%H:%M:%S}"


def _month(value: date) -> str:
    return Month.of(value).japanese
