"""申込, as the subscriber makes them: examined by the terms, submitted, resubmitted, withdrawn. Staff: `reviews`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from stdnum.jp import cn

from portal.records import application_lines, applications, events, lines, numbers, policies, subscribers
from portal.records.applications import Application, ApplicationLine
from portal.records.base import Db
from portal.records.members import Person
from portal.records.policies import Policy
from portal.records.subscribers import Subscriber
from portal.terms import changes
from portal.terms.applications import ApplicationKind, ApplicationState, Move, MoveRefusedError, Role, after
from portal.terms.contract import Contract
from portal.terms.eligibility import current_policy
from portal.terms.fees import NoPriceError
from portal.terms.offerings import OFFERINGS, Offering
from portal.terms.periods import tokyo_date
from portal.terms.references import reference
from portal.terms.violations import Violation, Violations, name_some
from portal.usecases import facts, mail, questions
from portal.usecases.estimates import Estimate, estimate
from portal.usecases.line_judgement import Known, is_before_publication, known
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused
from portal.usecases.questions import Question, unanswered

SERIES = "A"


@dataclass(frozen=True)
class Examined:
    """Everything that is to be said of an application on a day, all of it at once."""

    unfinished: tuple[str, ...]
    """What is still missing or unreadable in the form itself."""
    violations: Violations
    warnings: Violations
    policy: Policy | None
    """The version of the traffic policy that the company's agreement stands on."""
    estimate: Estimate | None

    @property
    def holds(self) -> bool:
        return not self.unfinished and not self.violations


Rule = Callable[[Db, Application, Sequence[ApplicationLine], date], Awaitable[Examined]]


@dataclass(frozen=True)
class KindHere:
    """One kind of application that may be made here: for which offerings, what it asks, what decides it."""

    offerings: tuple[Offering, ...]
    questions: tuple[Question, ...]
    examine: Rule


async def examine(db: Db, application: Application, *, on: date) -> Examined:
    """A4 to A7: hold an application, with all its lines, against the terms on a day."""
    rows = await applications.lines(db, application.id, subscriber_id=application.subscriber_id)
    return await KINDS_HERE[ApplicationKind(application.kind)].examine(db, application, rows, on)


async def submit(db: Db, *, by: Person, at: datetime, application_id: UUID, revision: int) -> str:
    """Submit a draft as it was shown at `revision`; its 受付番号. Receipt is not acceptance.

    Refused with every violation, Conflict when it is unfinished, has moved on or was saved since.
    """
    application, examined, state = await _moved(
        db, Move.SUBMIT, by=by, at=at, application_id=application_id, revision=revision
    )
    today = tokyo_date(at)
    number = reference(SERIES, today, await numbers.next_serial(db, SERIES, today))
    await _set(db, application, state=state.value, number=number, submitted_by=by.id, submitted_at=at, changed_at=at)
    await _tell(db, application, by=by, at=at, verb="application_submitted", number=number, examined=examined)
    return number


async def resubmit(db: Db, *, by: Person, at: datetime, application_id: UUID, revision: int) -> None:
    """Hand a returned (差戻し) application in again, under its number; its review begins anew."""
    application, examined, state = await _moved(
        db, Move.RESUBMIT, by=by, at=at, application_id=application_id, revision=revision
    )
    await _set(db, application, state=state.value, changed_at=at, return_by=None)
    await _tell(
        db, application, by=by, at=at, verb="application_resubmitted", number=application.number, examined=examined
    )


async def withdraw(db: Db, *, by: Person, at: datetime, application_id: UUID) -> None:
    """Withdraw (取下げ) what was submitted, until it is accepted. Conflict for drafts (discarded) and later states."""
    application = await own(db, by=by, application_id=application_id)
    if application.submitted_at is None:
        raise Conflict("提出していない申込は、取り下げではなく削除してください。")
    state = _after(application, Move.WITHDRAW, by=by)
    await _set(db, application, state=state.value, changed_at=at, return_by=None)
    await _tell(db, application, by=by, at=at, verb="application_withdrawn", number=application.number, examined=None)


async def _moved(
    db: Db, move: Move, *, by: Person, at: datetime, application_id: UUID, revision: int
) -> tuple[Application, Examined, ApplicationState]:
    application = await own(db, by=by, application_id=application_id)
    state = _after(application, move, by=by)
    if application.revision != revision:
        raise Conflict("確認の画面を開いた後に、申込の内容が保存し直されました。もう一度、確認してください。")
    examined = await examine(db, application, on=tokyo_date(at))
    if examined.violations:
        raise Refused(examined.violations)
    if examined.unfinished:
        raise Conflict("".join(examined.unfinished))
    return application, examined, state


async def own(db: Db, *, by: Person, application_id: UUID) -> Application:
    """The application of the person's company, locked. NotFound for another company's."""
    if by.subscriber_id is None:
        raise NotFound
    application = await applications.get(db, application_id, subscriber_id=by.subscriber_id, for_update=True)
    if application is None:
        raise NotFound
    return application


def _after(application: Application, move: Move, *, by: Person) -> ApplicationState:
    if not by.may(Role.SIGNATORY):
        raise Forbidden("申込、再提出、取下げは、会社を代表する権限のある人（署名権限者）がします。")
    try:
        return after(ApplicationState(application.state), move, role=Role.SIGNATORY)
    except MoveRefusedError as refusal:
        raise Conflict(str(refusal)) from refusal


async def _set(db: Db, application: Application, **values: object) -> None:
    await db.execute(
        update(applications.applications)
        .where(
            applications.applications.c.id == application.id,
            applications.applications.c.subscriber_id == application.subscriber_id,
        )
        .values(**values)
    )


async def _tell(
    db: Db,
    application: Application,
    *,
    by: Person,
    at: datetime,
    verb: str,
    number: str | None,
    examined: Examined | None,
) -> None:
    details: dict[str, Any] = {"number": number, "revision": application.revision}
    if examined is not None and examined.policy is not None:
        details |= {"policy": examined.policy.version, "policy_sha256": examined.policy.sha256}
    if examined is not None and examined.estimate is not None:
        details |= {"price_sheet_from": examined.estimate.sheet.effective_on.isoformat()}
    await events.record(
        db,
        by=by,
        at=at,
        verb=verb,
        object_kind="application",
        object_id=application.id,
        subscriber_id=application.subscriber_id,
        clauses=("A4-1", "A5-6-1", "A5-6-2", "A5-6-3", "A10") if examined else (),
        details=details,
    )
    # Handed in again, an application keeps its number; a first one has just been given it.
    await mail.tell_of_application(db, replace(application, number=number), verb=verb, at=at)


async def _new_contract(db: Db, application: Application, rows: Sequence[ApplicationLine], on: date) -> Examined:
    """A4-1, A4-2, A5, A10: all that forbids forming the contract that is applied for."""
    owner, offering = application.subscriber_id, Offering(application.offering or "")
    contract = await facts.proposed(db, rows, subscriber_id=owner, offering=offering, accepted_on=on, starts_on=on)
    subscriber = await subscribers.get(db, owner)
    if subscriber is None:
        raise NotFound
    what = await known(db, subscriber_id=owner, offering=offering, on=on)
    expected, unpriced = _estimate(contract, on=on)
    return Examined(
        unfinished=await _unfinished(db, application, rows, on=on),
        violations=(
            *changes.form(contract, qualified=bool(cn.is_valid(subscriber.corporate_number)), on=on),
            *_before_publication(what, rows),
            *_resale(subscriber, application.answers),
            *await _already_ours(db, application, offering, on=on),
            *unpriced,
        ),
        warnings=_warnings(what, rows, contract.policy.agreed),
        policy=await _relied_on(db, subscriber_id=owner, on=on),
        estimate=expected,
    )


def _estimate(contract: Contract, *, on: date) -> tuple[Estimate | None, Violations]:
    if not contract.price_sheets:
        reason = "料金表がまだ提示されていません。契約の費用は料金表によるため、提示を受けてから申し込んでください。"
        return None, (Violation("A10", reason),)
    try:
        return estimate(contract, on=on), ()
    except NoPriceError:
        reason = (
            f"提示された料金表に、{len(contract.lines):,}回線の区分がありません。当社に料金表の提示を求めてください。"
        )
        return None, (Violation("A10", reason),)


async def _unfinished(
    db: Db, application: Application, rows: Sequence[ApplicationLine], *, on: date
) -> tuple[str, ...]:
    asked = KINDS_HERE[ApplicationKind(application.kind)].questions
    found = list(unanswered(asked, application.answers, on=on).values())
    broken = [f"{place}行目" for place, row in enumerate(rows, start=1) if not row.whole]
    if not rows:
        found.append("回線がありません。1件以上を入力するか、ファイルを取り込んでください。")
    if broken:
        found.append(f"直すところが残っている回線があります（{name_some(broken)}）。")
    if twice := await application_lines.named_twice(db, application.id, subscriber_id=application.subscriber_id):
        found.append(f"同じ回線IDが2回以上あります（{name_some(twice)}）。1行だけ残してください。")
    return tuple(found)


def _before_publication(what: Known, rows: Sequence[ApplicationLine]) -> Violations:
    """A5-6-2: refuses consents that are older than the version they name (reading: they cannot be to it)."""
    early = tuple(
        row.access_line_id or ""
        for row in rows
        if row.consented_at is not None
        and is_before_publication(what, tokyo_date(row.consented_at), row.policy_version or "")
    )
    if not early:
        return ()
    reason = f"提供条件の公表より前の日付の同意があります（{name_some(early)}）。同意日時か版を直してください。"
    return (Violation("A5-6-2", reason, early),)


def _resale(subscriber: Subscriber, answers: Mapping[str, str]) -> Violations:
    """A5-1: refuses resale without the number of the registration or notification, or a reasoned exemption."""
    if answers.get("purpose") != "resale" or subscriber.resale_number or subscriber.resale_exemption:
        return ()
    reason = "再販には、電気通信事業の登録または届出の番号が要ります。当社に番号を届け出てください。"
    return (Violation("A5-1", reason),)


async def _already_ours(db: Db, application: Application, offering: Offering, *, on: date) -> Violations:
    """Refuses lines that a contract of the company itself still holds; other companies' are not seen from here."""
    found = await lines.clashes(db, application.id, subscriber_id=application.subscriber_id, starts_on=on)
    ids = tuple(clash.access_line_id for clash in found)
    if not ids:
        return ()
    reason = f"貴社の契約ですでに利用している回線があります（{name_some(ids)}）。回線IDを確かめ、行を除いてください。"
    return (Violation(OFFERINGS[offering].clause, reason, ids),)


def _warnings(what: Known, rows: Sequence[ApplicationLine], agreed: frozenset[str]) -> Violations:
    found = []
    weak = tuple(row.access_line_id or "" for row in rows if row.consent_method == facts.WEAK_METHOD)
    if weak:
        reason = f"約款だけの同意は弱い方法です（{name_some(weak)}）。明確な同意を別に得てください。"
        found.append(Violation("A5-6-2", reason, weak))
    if what.current is not None and what.current not in agreed:
        found.append(Violation("A5-6-1", f"現行の提供条件（{what.current}版）に、まだ同意していません。"))
    return tuple(found)


async def _relied_on(db: Db, *, subscriber_id: UUID, on: date) -> Policy | None:
    """A5-6-1: the current version when it is agreed, else the agreed one before it."""
    standing = await facts.policy_standing(db, subscriber_id=subscriber_id)
    current = current_policy(standing, on=on)
    if current is None:
        return None
    for version in reversed([one for one in standing.versions if one.effective_on <= on]):
        if version.version in standing.agreed:
            return await policies.get(db, version.version)
    return None


KINDS_HERE: Mapping[ApplicationKind, KindHere] = {
    ApplicationKind.NEW_CONTRACT: KindHere((Offering.IPOE_SHARED,), questions.NEW_CONTRACT, _new_contract),
}
