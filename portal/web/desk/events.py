"""記録: the append-only log, newest first, paged by the events' own ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from portal.records import events, home
from portal.records.events import Event
from portal.web.access import ROLE_LABELS
from portal.web.details import details_said, referred
from portal.web.forms import Form
from portal.web.shown import ClauseRef, Paging, clause_ref
from portal.web.transaction import Call
from portal.web.verbs import OBJECT_LABELS, VERB_LABELS

ROWS = 50


@dataclass(frozen=True)
class Row:
    id: int
    at: datetime
    title: str
    object: str
    object_href: str
    who: str
    roles: str
    reason: tuple[str, ...]
    detail: str
    clauses: tuple[ClauseRef, ...]


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[Row, ...]
    paging: Paging
    form: Form
    verbs: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]
    filtered: bool


async def index(call: Call) -> Response:
    """`?before=` and `?after=` are ids of events: pages stay the same while new events come in on top."""
    kept = {name: call.query(name) for name in ("verb", "kind", "object")}
    before, after = _number(call.query("before")), _number(call.query("after"))
    found = await events.latest(
        call.db,
        verb=kept["verb"],
        object_kind=kept["kind"],
        object_id=_uuid(kept["object"]),
        before=before,
        after=after,
        limit=ROWS + 1,
    )
    # One more than a page says that there is more in the direction asked for.
    more = len(found) > ROWS
    shown = found[-ROWS:] if after is not None else found[:ROWS]
    older = bool(shown) and (more or after is not None)
    newer = bool(shown) and (more if after is not None else before is not None)
    paging = Paging(
        f"{len(shown)}件を表示",
        _href(kept, after=shown[0].id) if newer else None,
        _href(kept, before=shown[-1].id) if older else None,
    )
    numbers = await home.numbers_of(
        call.db,
        [one for event in shown if (one := referred(event, "application"))],
        [one for event in shown if (one := referred(event, "contract"))],
        subscriber_id=None,
    )
    page = IndexPage(
        rows=tuple(_row(event, numbers) for event in shown),
        paging=paging,
        form=Form(kept),
        verbs=(("", "すべて"), *VERB_LABELS.items()),
        kinds=(("", "すべて"), *OBJECT_LABELS.items()),
        filtered=any(kept.values()),
    )
    return call.page("desk/events/list.html", page)


def _row(event: Event, numbers: Mapping[UUID, str]) -> Row:
    return Row(
        id=event.id,
        at=event.at,
        title=VERB_LABELS.get(event.verb, event.verb),
        object=OBJECT_LABELS.get(event.object_kind, event.object_kind),
        object_href=_href({"kind": event.object_kind, "object": str(event.object_id)}),
        who=f"{event.company}　{event.person_name}".strip(),
        roles="・".join(ROLE_LABELS.get(role, role) for role in event.roles),
        reason=tuple((event.reason or "").splitlines()),
        detail="　".join(details_said(event, numbers)),
        clauses=tuple(clause_ref(one) for one in event.clauses),
    )


def _href(kept: dict[str, str], **more: int) -> str:
    query = {name: value for name, value in kept.items() if value} | {name: str(value) for name, value in more.items()}
    return f"/desk/events?{urlencode(query)}"


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None


def _uuid(typed: str) -> UUID | None:
    """An id that is none finds nothing, rather than everything."""
    if not typed:
        return None
    try:
        return UUID(typed)
    except ValueError:
        return UUID(int=0)
