"""What the log keeps beside each act, in words: every key has a label here, and no value is shown as it is stored."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from portal.records.events import Event
from portal.terms.periods import Month
from portal.usecases.reviews import RECOMMENDATION_LABELS
from portal.web.access import ROLE_LABELS
from portal.web.rendering import day, month_name, yen

DETAIL_LABELS: Mapping[str, str] = {
    "number": "番号",
    "revision": "保存した回",
    "version": "版",
    "policy": "提供条件の版",
    "policy_sha256": "提供条件のSHA-256",
    "price_sheet_from": "料金表の適用開始日",
    "code": "コード",
    "name": "名称",
    "parent": "義務を負わせた者",
    "contracted_on": "契約日",
    "authority": "権限の根拠",
    "sha256": "SHA-256",
    "application": "申込",
    "contract": "契約",
    "starts_on": "利用開始日",
    "opened_on": "開通日",
    "return_by": "補正の期限",
    "fields": "指摘",
    "recommendation": "審査の結果",
    "code_label": "理由の区分",
    "effective_on": "最終利用日",
    "units": "オプション",
    "before": "変更前",
    "after": "設定した日",
    "slug": "接続名",
    "issuer": "発行者",
    "roles": "権限",
    "reference": "照会番号",
    "month": "月",
    "contracts": "契約",
    "invoices": "請求書",
    "total": "合計（税込）",
    "file": "ファイル",
    "rows": "行",
    "mode": "取り込み方",
}
# The log keeps keys in no order.
_ORDER = {name: place for place, name in enumerate(DETAIL_LABELS)}
# Codes of ours that another detail, or the reason, says in words.
UNSAID: Mapping[str, frozenset[str]] = {
    "application_declined": frozenset({"code"}),
    "exception_settled": frozenset({"code"}),
}
# Ids of other things, shown by the number people know them by.
REFERENCES = ("application", "contract")
LONGEST = 60
MODE_LABELS = {"replace": "今ある回線と置き換え", "append": "今ある回線に追加"}


def _on(value: Any) -> str:
    return day(date.fromisoformat(value))


def _count(unit: str) -> Callable[[Any], str]:
    return lambda value: f"{int(value):,}{unit}"


_SAID: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(
        ("price_sheet_from", "contracted_on", "starts_on", "opened_on", "return_by", "before", "after"), _on
    ),
    **dict.fromkeys(("fields", "contracts", "invoices"), _count("件")),
    "rows": _count("行"),
    "revision": _count("回目"),
    "total": lambda value: yen(int(value)),
    "month": lambda value: month_name(Month.parse(value)),
    "recommendation": lambda value: {str(one): label for one, label in RECOMMENDATION_LABELS.items()}[value],
    "mode": lambda value: MODE_LABELS[value],
    "roles": lambda value: "、".join(ROLE_LABELS.get(one, one) for one in value),
}


def referred(event: Event, name: str) -> UUID | None:
    """The id that a detail holds, if it is one."""
    try:
        return UUID(event.details.get(name) or "")
    except ValueError:
        return None


def details_said(event: Event, numbers: Mapping[UUID, str]) -> tuple[str, ...]:
    """The details of an act with their labels; `numbers`: of the applications and contracts that it refers to."""
    told = []
    for name, value in sorted(event.details.items(), key=lambda one: _ORDER.get(one[0], len(_ORDER))):
        if value in (None, "", []) or name in UNSAID.get(event.verb, ()):
            continue
        identity = referred(event, name) if name in REFERENCES else None
        text = numbers.get(identity) if identity else said(name, value)
        if text:
            told.append(f"{DETAIL_LABELS.get(name, 'その他')}：{text}")
    return tuple(told)


def said(name: str, value: Any) -> str:
    """A value in words, or, where it is not of the form that its key has, as it is; a long one by its beginning."""
    try:
        text = _SAID.get(name, str)(value)
    except (KeyError, TypeError, ValueError):
        text = str(value)
    return text if len(text) <= LONGEST else f"{text[:12]}…"
