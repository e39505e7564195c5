"""ホーム of a company's people: what waits for them first, then their contracts, then what has happened."""

from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from portal.records import applications, contracts, home, invoices, partners, policies, prices
from portal.records.applications import ListedApplication
from portal.terms.applications import KINDS, ApplicationKind, ApplicationState
from portal.terms.eligibility import current_policy
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.periods import add_days
from portal.usecases import facts
from portal.web.access import BINDS, PREPARES, ROLE_LABELS, Who
from portal.web.contracts import ContractRow, contract_row
from portal.web.news import latest_news
from portal.web.rendering import day, month_name, yen
from portal.web.timeline import ShownEvent
from portal.web.transaction import Call, go

SHOWN_CONTRACTS = 5
SHOWN_TASKS = 20
# Whether a statement was read is not recorded: for so many days from its issue it stands among what is to be done.
STATEMENT_DAYS = 14


@dataclass(frozen=True)
class Task:
    """One thing that waits: since when, until when. `overdue` only where a day has passed."""

    label: str
    href: str
    detail: str | None
    since: datetime | date | None
    until: date | None
    overdue: bool = False
    count: int | None = None


@dataclass(frozen=True)
class HomePage:
    """`others`: what the company has to do and this person may not."""

    tasks: tuple[Task, ...]
    others: tuple[Task, ...]
    contracts: tuple[ContractRow, ...]
    more_contracts: bool
    news: tuple[ShownEvent, ...]
    may_apply: bool


async def show(call: Call) -> Response:
    if call.by.realm == "staff":
        return go("/desk")
    found = await contracts.listed(call.db, on=call.today, subscriber_id=call.subscriber_id, limit=SHOWN_CONTRACTS + 1)
    waiting = [
        *await _agreement(call),
        *await _applications(call),
        *await _gaps(call),
        *await _sheets(call),
        *await _statements(call),
    ]
    by_day = sorted(waiting, key=lambda one: (not one[1].overdue, one[1].until is None, one[1].until or date.max))
    page = HomePage(
        tasks=tuple(task for who, task in by_day if who is None or who.admits(call.by))[:SHOWN_TASKS],
        others=tuple(_named(who, task) for who, task in by_day if who and not who.admits(call.by))[:SHOWN_TASKS],
        contracts=tuple(contract_row(row, on=call.today, path="/contracts") for row in found[:SHOWN_CONTRACTS]),
        more_contracts=len(found) > SHOWN_CONTRACTS,
        news=await latest_news(call),
        may_apply=PREPARES.admits(call.by),
    )
    return call.page("home/show.html", page)


# What waits, and who may do it (None: everybody).
Waits = list[tuple[Who | None, Task]]


async def _agreement(call: Call) -> Waits:
    """A5-6-1: the current version, where the company has not agreed to it."""
    standing = await facts.policy_standing(call.db, subscriber_id=call.subscriber_id)
    current = current_policy(standing, on=call.today)
    if current is None or current.version in standing.agreed:
        return []
    late = current.agree_by is not None and current.agree_by < call.today
    detail = (
        "期限までに同意しないと、帯域共有の回線を新しく申し込めません。"
        if not late
        else "同意するまで、帯域共有の回線を新しく申し込めません。今の回線はそのまま使えます。"
    )
    policy = await policies.get(call.db, current.version)
    label = f"提供条件 {current.version}版に同意する"
    since = policy.published_at if policy else None
    return [(BINDS, Task(label, f"/policies/{current.version}", detail, since, current.agree_by, late))]


async def _applications(call: Call) -> Waits:
    found = await applications.listed(
        call.db,
        subscriber_id=call.subscriber_id,
        states=(ApplicationState.DRAFT.value, ApplicationState.RETURNED.value),
        oldest_first=True,
        limit=SHOWN_TASKS,
    )
    return [_application(call, one) for one in found]


def _application(call: Call, one: ListedApplication) -> tuple[Who, Task]:
    kind = KINDS[ApplicationKind(one.kind)].label
    what = f"{kind}（{OFFERINGS[Offering(one.offering)].label}）" if one.offering else kind
    href = f"/applications/{one.id}"
    if one.state == ApplicationState.RETURNED:
        late = one.return_by is not None and one.return_by < call.today
        detail = "差し戻されました。指摘された箇所を直して、再提出してください。"
        return PREPARES, Task(f"{one.number} {what}を補正する", href, detail, one.changed_at, one.return_by, late)
    detail = "作成中です。提出するまで、当社には届いていません。"
    return PREPARES, Task(f"{what}の下書きを仕上げる", href, detail, one.changed_at, None)


async def _gaps(call: Call) -> Waits:
    """A5-6-3: partners on whom the duties are not imposed: their lines cannot be ordered as `ipoe_shared`."""
    found = await partners.of_subscriber(call.db, subscriber_id=call.subscriber_id)
    open_ones = [partner for partner in found if partner.contracted_on is None]
    if not open_ones:
        return []
    names = "、".join(partner.name for partner in open_ones[:3]) + ("ほか" if len(open_ones) > 3 else "")
    since = await home.first_recorded(call.db, [one.id for one in open_ones], subscriber_id=call.subscriber_id)
    detail = f"{names}。登録するまで、この再販先の回線を帯域共有で申し込めません。"
    return [
        (PREPARES, Task("再販先に義務を負わせた契約を登録する", "/partners", detail, since, None, count=len(open_ones)))
    ]


async def _sheets(call: Call) -> Waits:
    found = await prices.listed(call.db, subscriber_id=call.subscriber_id, shown_only=True)
    waiting = [sheet for sheet in found if sheet.acknowledged_at is None]
    return [
        (
            BINDS,
            Task(
                f"料金表（{month_name(sheet.effective_from)}から）の受領を確認する",
                f"/price-sheets/{sheet.id}",
                f"契約 {sheet.contract_number}" if sheet.contract_number else "これから結ぶ契約の料金表です。",
                sheet.shown_at,
                None,
            ),
        )
        for sheet in waiting
    ]


async def _statements(call: Call) -> Waits:
    """Statements issued lately, with the day of payment: everybody has them to read."""
    since = add_days(call.today, -STATEMENT_DAYS)
    found = await invoices.issued(call.db, subscriber_id=call.subscriber_id, from_=since, limit=SHOWN_TASKS)
    return [
        (
            None,
            Task(
                f"{month_name(one.month)}分の請求書を確認する",
                f"/statements/{one.id}",
                f"{one.number}　ご請求金額 {yen(one.total)}（税込）"
                + (f"　お支払期限 {day(one.due_on)}" if one.due_on else ""),
                one.issued_on,
                None,
            ),
        )
        for one in found
    ]


def _named(who: Who, task: Task) -> Task:
    """Whose turn it is, for those whose turn it is not."""
    roles = "か".join(ROLE_LABELS[role] for role in who.subscriber)
    return Task(
        task.label, task.href, f"{roles}の対応待ちです。{task.detail or ''}", task.since, task.until, task.overdue
    )
