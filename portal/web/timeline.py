"""経過: events of a thing as people read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from portal.records.events import Event
from portal.terms.periods import japanese
from portal.web.shown import ClauseRef, clause_ref
from portal.web.verbs import VERB_LABELS

DETAIL_LABELS: Mapping[str, str] = {
    "starts_on": "利用開始日",
    "return_by": "補正の期限",
    "effective_on": "最終利用日",
    "code_label": "理由の区分",
    "before": "変更前",
    "after": "設定した日",
}


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
    details = [
        f"{label}：{_said(value)}" for name, label in DETAIL_LABELS.items() if (value := event.details.get(name))
    ]
    return ShownEvent(
        at=event.at,
        title=VERB_LABELS.get(event.verb, event.verb),
        who=f"{event.company}　{event.person_name}" if named else event.company,
        detail="　".join((*details, *((event.reason,) if event.reason else ()))) or None,
        clauses=tuple(clause_ref(one) for one in event.clauses),
    )


def _said(value: str) -> str:
    """A detail as people read it: days are stored as ISO writes them."""
    try:
        return japanese(date.fromisoformat(value))
    except ValueError:
        return value
