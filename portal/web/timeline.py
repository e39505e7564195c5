"""経過: events of a thing as people read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.records.events import Event
from portal.web.details import DETAIL_LABELS, said
from portal.web.shown import ClauseRef, clause_ref
from portal.web.verbs import VERB_LABELS

# The rest stands on the thing's own page.
SAID = ("starts_on", "opened_on", "effective_on", "return_by", "code_label", "before", "after")


@dataclass(frozen=True, slots=True)
class ShownEvent:
    at: datetime
    title: str
    who: str
    detail: str | None
    clauses: tuple[ClauseRef, ...]


def shown_events(events: Iterable[Event], *, to_staff: bool) -> tuple[ShownEvent, ...]:
    """Events in the order given; subscribers read the provider's name in the place of its people's."""
    return tuple(_shown(event, to_staff=to_staff) for event in events)


def _shown(event: Event, *, to_staff: bool) -> ShownEvent:
    named = to_staff or event.realm == "subscriber"
    details = [f"{DETAIL_LABELS[name]}：{said(name, value)}" for name in SAID if (value := event.details.get(name))]
    return ShownEvent(
        at=event.at,
        title=VERB_LABELS.get(event.verb, event.verb),
        who=f"{event.company}　{event.person_name}" if named else event.company,
        detail="　".join((*details, *((event.reason,) if event.reason else ()))) or None,
        clauses=tuple(clause_ref(one) for one in event.clauses),
    )
