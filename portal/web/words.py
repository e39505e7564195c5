"""News: acts of the log in words that need no page beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from portal.records.events import Event
from portal.web.timeline import ShownEvent, shown_events
from portal.web.verbs import VERB_LABELS

_BOTH = {verb: f"申込：{label}" for verb, label in VERB_LABELS.items() if verb.startswith("application_")} | {
    "contract_formed": "契約が成立しました",
    "billing_start_set": "課金開始日を設定しました",
    "billing_start_corrected": "課金開始日を訂正しました",
    "policy_agreed": "提供条件に同意しました",
    "price_sheet_shown": "料金表を提示しました",
    "price_sheet_acknowledged": "料金表の受領を確認しました",
    "subscriber_registered": "契約者として登録しました",
}
SUBSCRIBER_NEWS: Mapping[str, str] = _BOTH | {
    "partner_added": "再販先を追加しました",
    "duties_imposed": "再販先に義務を負わせた契約を登録しました",
    "member_invited": "担当者を登録しました",
}
STAFF_NEWS: Mapping[str, str] = {verb: label for verb, label in _BOTH.items() if verb != "application_drafted"} | {
    "policy_prepared": "提供条件を準備しました",
    "policy_published": "提供条件を公表しました",
    "price_sheet_prepared": "料金表を準備しました",
    "month_tried": "月締めの試算をしました",
    "month_issued": "請求書を発行しました",
}


def shown_news(found: Iterable[Event], *, to_staff: bool) -> tuple[ShownEvent, ...]:
    """The news as they were read, each with its title, and with the number or version it is about."""
    titles = STAFF_NEWS if to_staff else SUBSCRIBER_NEWS
    events = tuple(found)
    shown = shown_events(events, to_staff=to_staff)
    return tuple(
        replace(one, title=titles[event.verb] + _about(event), clauses=())
        for event, one in zip(events, shown, strict=True)
    )


def _about(event: Event) -> str:
    about = next(
        (event.details[name] for name in ("number", "version", "month", "name") if event.details.get(name)), None
    )
    return f"（{about}）" if about else ""
