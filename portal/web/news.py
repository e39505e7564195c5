"""最近の動き on the home pages: the acts of the log that are news, each with the number or version it is about."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from portal.records import home
from portal.records.events import Event
from portal.terms.periods import Month
from portal.web.rendering import month_name
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call
from portal.web.verbs import OBJECT_LABELS

_BOTH = frozenset(
    {
        "application_submitted",
        "application_resubmitted",
        "application_withdrawn",
        "application_taken",
        "application_sent_back",
        "application_accepted",
        "application_declined",
        "application_put_in_service",
        "application_found_infeasible",
        "billing_start_set",
        "billing_start_corrected",
        "notice_acknowledged",
        "notice_given",
        "notice_voided",
        "options_stopped",
        "policy_agreed",
        "price_sheet_shown",
        "price_sheet_acknowledged",
        "subscriber_registered",
    }
)
SUBSCRIBER_NEWS = _BOTH | {"partner_added", "duties_imposed"}
STAFF_NEWS = _BOTH | {
    "notice_void_prepared",
    "application_prepared",
    "policy_prepared",
    "policy_published",
    "price_sheet_prepared",
    "price_sheet_discarded",
    "month_tried",
    "month_issued",
}


async def latest_news(call: Call) -> tuple[ShownEvent, ...]:
    """The latest acts of the person's company, for staff of everybody; clauses are on each thing's own page."""
    owner, to_staff = call.by.subscriber_id, call.by.realm == "staff"
    found = await home.news(call.db, STAFF_NEWS if to_staff else SUBSCRIBER_NEWS, subscriber_id=owner)
    numbers = await home.numbers_of(
        call.db,
        [event.object_id for event in found if event.object_kind == "application"],
        [event.object_id for event in found if event.object_kind == "contract"],
        subscriber_id=owner,
    )
    shown = shown_events(found, to_staff=to_staff)
    return tuple(
        replace(one, title=_titled(_about(event, numbers, one.title), one.title), clauses=())
        for event, one in zip(found, shown, strict=True)
    )


def _titled(about: str, title: str) -> str:
    return f"{about}：{title}" if about else title


def _about(event: Event, numbers: Mapping[UUID, str], title: str) -> str:
    """Which thing; of what kind only where the act's own name does not say it."""
    kind = OBJECT_LABELS.get(event.object_kind, "")
    label = "" if kind in title else kind
    told = [_told(name, value) for name in ("version", "month", "name", "number") if (value := event.details.get(name))]
    known = numbers.get(event.object_id) or (told[0] if told else "")
    return f"{label} {known}".strip()


def _told(name: str, value: str) -> str:
    return month_name(Month.parse(value)) if name == "month" else value
