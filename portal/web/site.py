"""The frame of every page: who is signed in, and the way to everything they may enter."""

from datetime import datetime

from portal.records.members import Person
from portal.web.access import ROLE_LABELS
from portal.web.rendering import NavItem, ShownPerson, Site
from portal.web.services import Services

SUBSCRIBER_NAV = (
    ("ホーム", "/"),
    ("申込", "/applications"),
    ("契約", "/contracts"),
    ("解約", "/notices"),
    ("提供条件", "/policies"),
    ("再販先", "/partners"),
    ("料金表", "/price-sheets"),
    ("請求・明細", "/statements"),
)
STAFF_NAV = (
    ("ホーム", "/desk"),
    ("申込の審査", "/desk/applications"),
    ("契約", "/desk/contracts"),
    ("解約", "/desk/notices"),
    ("料金表", "/desk/price-sheets"),
    ("提供条件", "/desk/policies"),
    ("月締め", "/desk/closings"),
    ("請求書", "/desk/invoices"),
    ("記録", "/desk/events"),
)
# Where the demo's mail can be read: nothing of it leaves the machine.
DEMO_NAV = (("メール（デモ）", "/desk/mailbox"),)
NAV = {"subscriber": SUBSCRIBER_NAV, "staff": STAFF_NAV}


def site_for(services: Services, person: Person | None, *, path: str, at: datetime) -> Site:
    shown = None
    if person:
        labels = tuple(ROLE_LABELS[role] for role in person.roles)
        shown = ShownPerson(person.name, person.company, person.realm, labels)
    nav = NAV[person.realm] if person else ()
    if person and person.realm == "staff" and services.settings.demo:
        nav = (*nav, *DEMO_NAV)
    return Site(
        product_name=services.settings.product_name,
        provider_name=services.settings.provider.name,
        person=shown,
        nav=tuple(NavItem(label, href, _current(href, path)) for label, href in nav),
        now=at,
    )


def _current(href: str, path: str) -> bool:
    if href in ("/", "/desk"):
        return path == href
    return path == href or path.startswith(href + "/")
