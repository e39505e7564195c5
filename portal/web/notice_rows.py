"""What follows from a 解約申込書, row by row, each with its clause: for the preview, 確認, 完了 and the desk alike."""

from collections.abc import Iterator
from dataclasses import dataclass

from portal.terms.notices import NOTICE_CLAUSES, NoticeKind
from portal.terms.periods import japanese, previous_day
from portal.usecases.notice_outlook import Outlook
from portal.web.rendering import day, day_era, month_name, yen
from portal.web.shown import ClauseRef, Why, clause_ref, why

UNPRICED = "適用する料金表がまだないため、金額を示せません。"


@dataclass(frozen=True)
class Row:
    """One thing that follows; `why` where it is derived, else the clauses alone. `main`: the day that will hold."""

    label: str
    value: str
    clauses: tuple[ClauseRef, ...] = ()
    why: Why | None = None
    main: bool = False


def outlook_rows(kind: NoticeKind, outlook: Outlook) -> tuple[Row, ...]:
    """What follows from a notice; the days first, then the money, then the devices."""
    return tuple(_contract_rows(outlook) if kind is NoticeKind.CONTRACT else _option_rows(outlook))


def day_rows(kind: NoticeKind, outlook: Outlook) -> tuple[Row, ...]:
    """Arrival, the earliest day, and the day that will hold with its derivation."""
    clause = NOTICE_CLAUSES[kind]
    return (
        Row("到達日", f"{day(outlook.received_on)}（きょう届いた場合）"),
        Row("最も早い最終利用日", day(outlook.earliest_on), (clause_ref(clause),)),
        Row("この届出による最終利用日", day_era(outlook.last_on), why=why((clause,), outlook.because), main=True),
    )


def later_row(kind: NoticeKind, outlook: Outlook, later: Outlook) -> Row:
    """What changes when the notice arrives on the next day."""
    told = []
    if later.last_on == outlook.last_on:
        told.append("最終利用日は変わりません。")
    else:
        told.append(f"最終利用日が{japanese(later.last_on)}になります。")
    if later.last_month != outlook.last_month and later.last_month is not None:
        told.append(f"料金が{later.last_month.japanese}分までかかります。")
    if later.cost != outlook.cost:
        told.append(f"終了に伴う費用が{yen(outlook.cost)}から{yen(later.cost)}に変わります。")
    return Row("届くのが1日遅れると", "".join(told), (clause_ref(NOTICE_CLAUSES[kind]),))


def _contract_rows(outlook: Outlook) -> Iterator[Row]:
    if outlook.ends_on != outlook.last_on:
        told = "先に効力が生じる解約申込書があるため、契約はこの日に終わります。"
        yield Row("契約が終わる日", day_era(outlook.ends_on), why=why(("A9",), told))
    if outlook.last_month is None:
        yield Row("月額費用", "課金開始前に終わるため、かかりません。", (clause_ref("A10"),))
    else:
        told = f"{month_name(outlook.last_month)}分まで（その月は全額。日割はありません）"
        yield Row("最後に月額費用がかかる月", told, (clause_ref("B2-1-i"),))
    yield _term(outlook)
    if outlook.return_days:
        yield Row("オプションの解約費用", "契約とともに終わるオプションには、かかりません。", (clause_ref("A7-x"),))
    yield _devices(outlook)


def _term(outlook: Outlook) -> Row:
    label = "最低利用期間内解除調定金"
    if outlook.term_last_on is None:
        return Row(label, "課金開始前のため、かかりません。", (clause_ref("A2"), clause_ref("A11")))
    if not outlook.priced:
        return Row(label, UNPRICED, (clause_ref("B4"),))
    for charge in outlook.charges:
        return Row(label, f"{yen(charge.amount)}（不課税）", why=why(("A11", charge.clause), charge.because))
    told = f"最低利用期間は{japanese(outlook.term_last_on)}まで。かかりません。"
    return Row(label, told, (clause_ref("A2"), clause_ref("A11")))


def _option_rows(outlook: Outlook) -> Iterator[Row]:
    if outlook.ends_on != outlook.last_on:
        told = "契約が先に終わるため、オプションも契約と同じ日に終わります。"
        yield Row("オプションが終わる日", day_era(outlook.ends_on), why=why(("A7-x",), told, source="reading"))
    if outlook.last_month is None:
        yield Row("オプションの月額", "課金期間の外で終わるため、かかりません。", (clause_ref("B2-2"),))
    else:
        told = f"{month_name(outlook.last_month)}分まで（最後の月は日割）"
        yield Row("最後にオプションの月額がかかる月", told, (clause_ref("B2-2"),))
    yield _stop_fee(outlook)
    yield Row("最低利用期間", "オプションにはありません。", (clause_ref("A7-8"),))
    yield _devices(outlook)


def _stop_fee(outlook: Outlook) -> Row:
    if not outlook.priced:
        return Row("解約費用", UNPRICED, (clause_ref("B3-3"),))
    for charge in outlook.charges:
        derived = why((charge.clause,), charge.because, source=charge.source)
        return Row("解約費用", f"{yen(charge.amount)}（税抜）", why=derived)
    return Row("解約費用", "かかりません。", (clause_ref("B3-3"),))


def _devices(outlook: Outlook) -> Row:
    days = outlook.return_days
    if not days:
        return Row("返却するルータ", "ありません。", (clause_ref("A7-4"),))
    told = "以後、" if days[0] == days[-1] else "から順に、使い終わったものを"
    return Row(
        "返却するルータ",
        f"{len(days):,}台。{japanese(days[0])}{told}遅滞なく返却してください。",
        (clause_ref("A7-4"),),
    )


def advice(outlook: Outlook) -> str | None:
    """B2-1: whether the warning about the first of a month can be heeded: a day earlier spares the whole month."""
    if outlook.warning is None:
        return None
    if outlook.ends_on != outlook.last_on or outlook.last_on == outlook.earliest_on:
        return "最も早い最終利用日のため、これより前の日にはできません。"
    day_before = previous_day(outlook.last_on)
    return f"{japanese(day_before)}を最終利用日にすると、{outlook.last_on.month}月分の月額費用はかかりません。"
