"""条文トレース: every clause with its short wording, whom it binds, and what in the portal follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from portal.records.members import Realm
from portal.terms.clause import Clause, Duty
from portal.terms.clauses import CLAUSES
from portal.terms.readings import Reading
from portal.usecases.outcomes import NotFound
from portal.web.shown import SOURCES, ClauseRef, clause_ref
from portal.web.transaction import Call

ARTICLES: Mapping[str, str] = {
    "A1": "第1条　品目",
    "A2": "第2条　最低利用期間",
    "A3": "第3条　IPアドレス",
    "A4": "第4条　契約者の資格とオプション",
    "A5": "第5条　再販と利用",
    "A6": "第6条　変更の申込",
    "A7": "第7条　オプション",
    "A8": "第8条　廃止",
    "A9": "第9条　解約",
    "A10": "第10条　料金",
    "A11": "第11条　最低利用期間内の終了",
    "A12": "第12条　保証",
    "A13": "第13条　免責",
    "A14": "第14条　計測と提案",
    "A15": "第15条　報告",
    "F": "附則",
    "B1": "別紙1　1 初期費用",
    "B2": "別紙1　2 月額費用",
    "B3": "別紙1　3 その他の費用",
    "B4": "別紙2　最低利用期間内解除調定金",
}
DUTY_LABELS: Mapping[Duty, str] = {
    Duty.ENFORCE: "判定（合わないものは受け付けない）",
    Duty.RECORD: "記録",
    Duty.COMPUTE: "計算（日付と金額）",
    Duty.WORKFLOW: "手続き（人が決める）",
}
# Where a clause is met with: label, the subscriber's page, the desk's page.
_APPLICATIONS = ("申込", "/applications", "/desk/applications")
_CONTRACTS = ("契約", "/contracts", "/desk/contracts")
_POLICIES = ("提供条件", "/policies", "/desk/policies")
_PARTNERS = ("再販先", "/partners", None)
_PRICES = ("料金表", "/price-sheets", "/desk/price-sheets")
_INVOICES = ("請求・明細", "/statements", "/desk/invoices")
PAGES: Mapping[str, tuple[tuple[str, str | None, str | None], ...]] = {
    "A1": (_APPLICATIONS, _CONTRACTS),
    "A2": (_CONTRACTS,),
    "A4": (_APPLICATIONS,),
    "A5": (_APPLICATIONS,),
    "A5-6-1": (_POLICIES, _APPLICATIONS),
    "A5-6-2": (_APPLICATIONS,),
    "A5-6-3": (_PARTNERS, _APPLICATIONS),
    "A10": (_PRICES, _INVOICES),
    "A11": (_INVOICES,),
    "F": (_CONTRACTS,),
    "B1": (_PRICES, _INVOICES),
    "B2": (_PRICES, _INVOICES),
    "B3": (_PRICES, _INVOICES),
    "B4": (_INVOICES,),
}


@dataclass(frozen=True)
class Row:
    clause: Clause
    source: str
    does: str


@dataclass(frozen=True)
class Group:
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class IndexPage:
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class ShownReading:
    """A reading or a general term that completes a clause."""

    wording: str
    source: str
    since: date


@dataclass(frozen=True)
class ShowPage:
    clause: Clause
    article: str
    source: str
    duties: tuple[str, ...]
    rules: tuple[str, ...]
    readings: tuple[ShownReading, ...]
    pages: tuple[tuple[str, str], ...]
    neighbours: tuple[ClauseRef, ...]


async def index(call: Call) -> Response:
    groups = tuple(
        Group(title, tuple(_row(clause) for clause in CLAUSES.values() if _article(clause.id) == article))
        for article, title in ARTICLES.items()
    )
    return call.page("clauses/list.html", IndexPage(groups))


async def show(call: Call) -> Response:
    clause = CLAUSES.get(call.request.path_params["clause"])
    if clause is None:
        raise NotFound
    article = _article(clause.id)
    page = ShowPage(
        clause=clause,
        article=ARTICLES[article],
        source=SOURCES[clause.source],
        duties=tuple(label for duty, label in DUTY_LABELS.items() if duty in clause.duties),
        rules=tuple(name.removeprefix("portal.") for name in clause.enforced_by),
        readings=tuple(_reading(reading) for reading in clause.readings),
        pages=_pages(clause.id, call.by.realm),
        neighbours=tuple(clause_ref(one) for one in CLAUSES if _article(one) == article and one != clause.id),
    )
    return call.page("clauses/show.html", page)


def _article(clause_id: str) -> str:
    return clause_id.partition("-")[0]


def _row(clause: Clause) -> Row:
    duties = (label.partition("（")[0] for duty, label in DUTY_LABELS.items() if duty in clause.duties)
    return Row(clause, SOURCES[clause.source], "・".join(duties))


def _reading(reading: Reading) -> ShownReading:
    return ShownReading(reading.wording, SOURCES[reading.source], reading.since)


def _pages(clause_id: str, realm: Realm) -> tuple[tuple[str, str], ...]:
    places = PAGES.get(clause_id, PAGES.get(_article(clause_id), ()))
    addresses = ((label, ours if realm == "subscriber" else desk) for label, ours, desk in places)
    return tuple((label, address) for label, address in addresses if address is not None)
