"""条文チェック: an application against the terms, clause by clause, and the fees that its acceptance brings.

The checklist and what acceptance refuses are one evaluation: a clause is 不適合 exactly when acceptance is refused
with it.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from stdnum.jp import cn

from portal.records import applications, lines, subscribers
from portal.records.applications import Application, ApplicationLine
from portal.records.base import Db
from portal.records.subscribers import Subscriber
from portal.terms import changes, fees
from portal.terms.applications import KINDS, ApplicationKind
from portal.terms.clauses import CLAUSES
from portal.terms.contract import Contract
from portal.terms.eligibility import unusual_dwelling
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.statements import Statement
from portal.terms.violations import Violation, Violations, name_some
from portal.usecases import facts
from portal.usecases.estimates import estimate
from portal.usecases.outcomes import Conflict, NotFound
from portal.usecases.questions import PURPOSES

PURPOSE_LABELS: Mapping[str, str] = dict(PURPOSES)
Verdict = Literal["ok", "ng", "ask"]


@dataclass(frozen=True, slots=True)
class Check:
    """One clause of the checklist: what was looked at, the verdict, and what was found."""

    clause: str
    label: str
    verdict: Verdict
    finding: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """An application against the terms. `violations` is all that forbids acceptance; none means it may be accepted."""

    checks: tuple[Check, ...]
    violations: Violations
    on_acceptance: Statement | None = None
    """B1: owed on acceptance; None while no price is shown."""
    monthly: Statement | None = None
    """B2 of a whole month with every line in service, from the month of 課金開始日."""


async def assess(db: Db, application: Application, *, on: date, starts_on: date) -> Assessment:
    """Evaluate an application on a day as if accepted then, its lines in service from `starts_on` at the earliest.

    Raises Conflict for a kind that has no evaluation here.
    """
    assessor = ASSESSORS.get(ApplicationKind(application.kind))
    if assessor is None:
        label = KINDS[ApplicationKind(application.kind)].label
        raise Conflict(f"「{label}」の申込は、この画面では審査できません。")
    return await assessor(db, application, on, starts_on)


async def _new_contract(db: Db, application: Application, on: date, starts_on: date) -> Assessment:
    owner = application.subscriber_id
    subscriber = await subscribers.get(db, owner)
    if subscriber is None:
        raise NotFound
    if application.offering not in set(Offering):
        return Assessment(_listed((("A6-1-1", "品目の指定"),), (_no_offering(),), ()), (_no_offering(),))
    offering = Offering(application.offering)
    rows = await applications.lines(db, application.id, subscriber_id=owner)
    contract = await facts.proposed(
        db, rows, subscriber_id=owner, offering=offering, accepted_on=on, starts_on=starts_on
    )
    clashing = await lines.clashes(db, application.id, subscriber_id=owner, starts_on=starts_on)
    on_acceptance, monthly, unpriced = _prices(contract, on=on)
    violations = (
        *changes.form(contract, qualified=cn.is_valid(subscriber.corporate_number), on=on),
        *_purpose(application, subscriber),
        *_rows(rows, OFFERINGS[offering].clause),
        *_partners(rows, contract),
        *in_service_elsewhere([clash.access_line_id for clash in clashing], OFFERINGS[offering].clause),
        *unpriced,
    )
    questions = _questions(application, subscriber, contract)
    return Assessment(_listed(_relevant(offering), violations, questions), violations, on_acceptance, monthly)


Assessor = Callable[[Db, Application, date, date], Awaitable[Assessment]]
# A kind of application that staff can accept has one entry here and one in `contracts.EFFECTS`.
ASSESSORS: Mapping[ApplicationKind, Assessor] = {ApplicationKind.NEW_CONTRACT: _new_contract}


def in_service_elsewhere(access_line_ids: Sequence[str], clause: str) -> Violations:
    """Refuses lines that a contract already holds on the same days; neutral: it never says whose."""
    if not access_line_ids:
        return ()
    reason = (
        f"ほかの契約で利用中の回線が含まれています（{name_some(access_line_ids)}）。"
        "回線IDを確かめて差し戻すか、その回線の利用が終わった後の日を利用開始日にしてください。"
    )
    return (Violation(clause, reason, tuple(access_line_ids)),)


def _no_offering() -> Violation:
    return Violation("A6-1-1", "品目が指定されていません。差し戻して、品目の指定を求めてください。")


def _relevant(offering: Offering) -> tuple[tuple[str, str], ...]:
    entry = OFFERINGS[offering]
    shared = (
        ("A5-6-1", "現行の提供条件に同意している"),
        ("A5-6-2", "回線ごとに利用者の明確な同意がある"),
    )
    return (
        ("A4-1", "契約者が法人である（法人番号の検査数字）"),
        ("A5-1", "利用目的と、再販のための届出番号"),
        (entry.clause, "回線の記載が揃い、ほかの契約で利用されていない"),
        *((("A5-5", "集合住宅の回線がない"),) if entry.detached_only else ()),
        *((("A1-n1", "エリア区分ごとの上限"),) if not entry.counts_lines else ()),
        *(shared if entry.controls_traffic else ()),
        ("A5-6-3", "再販先が登録され、同じ義務を負っている"),
        ("A7-1", "オプションの開始日に回線が利用中である"),
        ("A4-2", "品目で利用できるオプションだけである"),
        ("A7-2", "ポート拡張の種別は1回線に一つである"),
        ("A10", "料金表を示している"),
    )


def _listed(
    relevant: Sequence[tuple[str, str]], violations: Violations, questions: Sequence[Violation]
) -> tuple[Check, ...]:
    """The checks in the order of the list; a violation of any other clause comes after them, never lost."""
    labels = dict(relevant)
    labels |= {found.clause: CLAUSES[found.clause].wording for found in (*violations, *questions)} | dict(relevant)
    return tuple(_check(clause, label, violations, questions) for clause, label in labels.items())


def _check(clause: str, label: str, violations: Violations, questions: Sequence[Violation]) -> Check:
    reasons = [found.reason for found in violations if found.clause == clause]
    asked = [found.reason for found in questions if found.clause == clause]
    verdict: Verdict = "ng" if reasons else "ask" if asked else "ok"
    return Check(clause, label, verdict, " ".join((*reasons, *asked)) or None)


def _purpose(application: Application, subscriber: Subscriber) -> Violations:
    """A5-1: refuses an unsaid purpose, and resale without a notification number or a reasoned exemption."""
    purpose = application.answers.get("purpose", "")
    if purpose not in PURPOSE_LABELS:
        return (Violation("A5-1", "利用の目的の指定がありません。差し戻してください。"),)
    if purpose == "resale" and not (subscriber.resale_number or subscriber.resale_exemption):
        return (Violation("A5-1", "再販に必要な電気通信事業の登録・届出番号がありません。"),)
    return ()


def _rows(rows: Sequence[ApplicationLine], clause: str) -> Violations:
    """Refuses rows that are not whole yet, and an access-line id that stands twice."""
    broken = tuple(f"{row.position}行目" for row in rows if not row.whole)
    counted = Counter(row.access_line_id for row in rows if row.whole and row.access_line_id)
    twice = tuple(line for line, times in counted.items() if times > 1)
    found = []
    if broken:
        found.append(
            Violation(clause, f"記載の揃わない回線があります（{name_some(broken)}）。差し戻してください。", broken)
        )
    if twice:
        found.append(
            Violation(clause, f"同じ回線IDが重複しています（{name_some(twice)}）。差し戻してください。", twice)
        )
    return tuple(found)


def _partners(rows: Sequence[ApplicationLine], contract: Contract) -> Violations:
    """A5-6-3: refuses a partner code that is not registered, whatever the offering (the shared gate asks more)."""
    unknown = tuple(sorted({row.partner_code for row in rows if row.partner_code} - set(contract.partners)))
    if not unknown or OFFERINGS[contract.offering].controls_traffic:
        return ()
    return (Violation("A5-6-3", f"登録のない再販先コードです（{name_some(unknown)}）。差し戻してください。", unknown),)


def _questions(application: Application, subscriber: Subscriber, contract: Contract) -> tuple[Violation, ...]:
    """What a person is to look at; none of it forbids acceptance."""
    entry = OFFERINGS[contract.offering]
    asked: list[Violation] = []
    if application.answers.get("purpose") == "resale" and not subscriber.resale_number and subscriber.resale_exemption:
        asked.append(Violation("A5-1", f"届出番号の免除理由を確かめてください：{subscriber.resale_exemption}"))
    if not contract.lines:
        asked.append(Violation(entry.clause, "回線のない申込です。契約だけを成立させてよいか確かめてください。"))
    if not entry.counts_lines:
        asked.extend(unusual_dwelling(contract.lines.values()))
    return tuple(asked)


def _prices(contract: Contract, *, on: date) -> tuple[Statement | None, Statement | None, Violations]:
    """A10: the fees that follow; refuses while no price sheet in force, or no band of it, is shown for them."""
    try:
        fees.sheet_on(contract.price_sheets, on)
        expected = estimate(contract, on=on)
    except fees.NoPriceError:
        reason = "この申込に適用できる料金表を契約者に示していません。料金表を作成し、提示してから承諾してください。"
        return None, None, (Violation("A10", reason),)
    return expected.on_acceptance, expected.whole_month, ()
