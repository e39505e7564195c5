"""ホーム of the desk: what waits for this person's duties, how much and since when; then the figures, then the news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from portal.records import home
from portal.records.home import Waiting
from portal.terms.periods import Month
from portal.web.access import APPROVER, CLERK, CLOSES, PRICES, Who
from portal.web.home import Task
from portal.web.news import latest_news
from portal.web.timeline import ShownEvent
from portal.web.transaction import Call

QUEUE = "/desk/applications"


@dataclass(frozen=True)
class Kind:
    """One kind of work: who does it, and where. `two_people`: not by whom prepared it. None: the subscriber's turn."""

    label: str
    short: str
    who: Who | None
    href: str
    detail: str
    two_people: bool = False


KINDS: Mapping[str, Kind] = {
    "submitted": Kind(
        "届いた申込の審査を始める", "受付済", CLERK, f"{QUEUE}?state=submitted", "まだ誰も審査を始めていません。"
    ),
    "in_review": Kind(
        "申込を審査する", "審査中", CLERK, f"{QUEUE}?state=in_review", "審査を終えると、決裁者に渡ります。"
    ),
    "prepared": Kind(
        "審査の済んだ申込を決裁する",
        "決裁待ち",
        APPROVER,
        f"{QUEUE}?state=in_review",
        "承諾または謝絶を、審査をした人とは別の人がします。",
        two_people=True,
    ),
    "returned": Kind("差戻し", "差戻し中", None, f"{QUEUE}?state=returned", ""),
    "accepted": Kind("承諾した申込の手配を始める", "手配待ち", CLERK, f"{QUEUE}?state=accepted", ""),
    "provisioning": Kind(
        "開通を記録する", "手配中", CLERK, f"{QUEUE}?state=provisioning", "開通不可のときは理由を記録します。"
    ),
    "billing_start": Kind(
        "契約の課金開始日を設定する",
        "課金開始日待ち",
        CLERK,
        "/desk/contracts?start=none",
        "設定するまで、月額の料金はかかりません（A10）。",
    ),
    "notice": Kind(
        "届いた解約申込書を確認する",
        "確認待ちの解約",
        CLERK,
        "/desk/notices?state=arrived",
        "最終利用日は、届いた時に定まっています。",
    ),
    "notice_void": Kind(
        "解約申込書の無効を確かめる",
        "無効の決裁待ち",
        APPROVER,
        "/desk/notices",
        "準備した人とは別の人が確かめます。それまで解約申込書は有効です。",
        two_people=True,
    ),
    "price_sheet": Kind(
        "料金表を確かめて提示する",
        "提示待ちの料金表",
        PRICES,
        "/desk/price-sheets",
        "準備した人とは別の人が提示します。",
        two_people=True,
    ),
    "policy": Kind(
        "提供条件を確かめて公表する",
        "公表待ちの提供条件",
        APPROVER,
        "/desk/policies",
        "準備した人とは別の人が公表します。公表すると変えられません。",
        two_people=True,
    ),
    "closing": Kind(
        "試算した月の請求書を発行する",
        "発行待ちの月",
        CLOSES,
        "/desk/closings",
        "試算した人とは別の人が発行します。",
        two_people=True,
    ),
}


@dataclass(frozen=True)
class DeskPage:
    """`others`: what waits for colleagues; `reads_only`: the auditor's desk has nothing to do."""

    tasks: tuple[Task, ...]
    others: tuple[Task, ...]
    figures: tuple[tuple[str, str, str | None], ...]
    news: tuple[ShownEvent, ...]
    reads_only: bool


async def show(call: Call) -> Response:
    order = list(KINDS)
    waiting = await home.at_the_desk(call.db, person_id=call.by.id)
    found = sorted(waiting, key=lambda one: (order.index(one.what), one.since))
    mine = [one for one in found if _may(call, one)]
    theirs = [one for one in found if not _may(call, one) and KINDS[one.what].who is not None]
    page = DeskPage(
        tasks=(*(_task(one, on=call.today) for one in mine), *await _month_to_close(call)),
        others=tuple(_task(one, on=call.today) for one in theirs),
        figures=_figures(found),
        news=await latest_news(call),
        reads_only=call.by.roles == ("auditor",),
    )
    return call.page("desk/home/show.html", page)


def _may(call: Call, one: Waiting) -> bool:
    kind = KINDS[one.what]
    return kind.who is not None and kind.who.admits(call.by) and not (kind.two_people and one.mine)


def _task(one: Waiting, *, on: date) -> Task:
    kind = KINDS[one.what]
    late = one.until is not None and one.until < on
    return Task(kind.label, kind.href, kind.detail or None, one.since, one.until, late, one.count)


async def _month_to_close(call: Call) -> tuple[Task, ...]:
    """A10: last month, when there is something to charge and nobody has begun its close."""
    month = Month.of(call.today).plus(-1)
    count = await home.month_untried(call.db, month.first, until=month.last)
    if not count or not CLOSES.admits(call.by):
        return ()
    label = f"{month.japanese}分の月締めを試算する"
    return (Task(label, "/desk/closings", f"課金中の契約 {count:,}件", month.plus(1).first, None),)


def _figures(found: Sequence[Waiting]) -> tuple[tuple[str, str, str | None], ...]:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.what] = counts.get(one.what, 0) + one.count
    shown = ("submitted", "in_review", "prepared", "returned", "provisioning", "billing_start")
    return tuple((KINDS[what].short, f"{counts.get(what, 0):,}件", None) for what in shown)
