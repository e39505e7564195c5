"""審査: take an application, send it back, finish its review; another person accepts or declines it (職務分掌)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from portal.records import applications, lines
from portal.records.applications import Application
from portal.records.base import Db
from portal.records.members import Person
from portal.terms.applications import (
    DECLINE_REASON_LABELS,
    KINDS,
    MOVES,
    ApplicationKind,
    ApplicationState,
    DeclineReason,
    Move,
    MoveRefusedError,
    Role,
    after,
)
from portal.terms.periods import japanese, tokyo_date
from portal.terms.violations import Violation, Violations
from portal.usecases.application_events import record_act
from portal.usecases.assessments import assess
from portal.usecases.contracts import EFFECTS, Acceptance
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused
from portal.usecases.questions import NEW_CONTRACT


class Recommendation(StrEnum):
    """What the clerk who finished the review advises; the decision is the approver's alone."""

    ACCEPT = "accept"
    DECLINE = "decline"


RECOMMENDATION_LABELS: Mapping[Recommendation, str] = {
    Recommendation.ACCEPT: "審査済 — 承諾相当",
    Recommendation.DECLINE: "審査済 — 謝絶相当",
}
# What of the form a return may name, besides single lines. The names are those of the form's fields.
RETURNABLE: Mapping[ApplicationKind, tuple[tuple[str, str], ...]] = {
    ApplicationKind.NEW_CONTRACT: (
        *((question.name, question.label) for question in NEW_CONTRACT),
        ("lines", "回線の全体"),
    ),
}
VERBS: Mapping[Move, str] = {
    Move.TAKE: "application_taken",
    Move.SEND_BACK: "application_sent_back",
    Move.PROVISION: "application_provisioned",
    Move.FIND_INFEASIBLE: "application_found_infeasible",
}
# The moves of staff after acceptance that need no day.
WORK = (Move.PROVISION, Move.FIND_INFEASIBLE)


@dataclass(frozen=True, slots=True)
class Return:
    """差戻し of one field, or of one line (`line`: its row in the application); why, for the subscriber to read.

    `column`: the one field of the row, by its name in the form and its label; None for the row as a whole.
    """

    field: str
    reason: str
    line: int | None = None
    column: tuple[str, str] | None = None

    def place(self, labels: Mapping[str, str]) -> tuple[str, str]:
        """Where it is marked in the form, and what people call that place."""
        if self.line is None:
            return self.field, labels[self.field]
        if self.column is None:
            return f"lines-{self.line}", f"回線 {self.line}行目"
        name, label = self.column
        return f"lines-{self.line}-{name}", f"回線 {self.line}行目 {label}"


async def take(db: Db, *, by: Person, at: datetime, application_id: UUID) -> None:
    """Begin the review of an application that has arrived."""
    application = await _locked(db, application_id)
    await _move(db, application, Move.TAKE, by=by, at=at, values={"reviewed_by": by.id})


async def send_back(
    db: Db, *, by: Person, at: datetime, application_id: UUID, returns: Sequence[Return], return_by: date | None
) -> None:
    """Send an application back: each field or line with its reason, and the day by which to correct it.

    Refused without a reason for every one, for a line that is not there, and with a deadline that is not in the future.
    """
    application = await _locked(db, application_id)
    target = _target(application, Move.SEND_BACK, by)
    kind = ApplicationKind(application.kind)
    labels = dict(RETURNABLE.get(kind, ()))
    count, _ = await applications.line_counts(db, application_id, subscriber_id=application.subscriber_id)
    reasons = _unfit_returns(returns, labels, count)
    if return_by is None or return_by <= tokyo_date(at):
        reasons.append("補正の期限は、本日より後の日にしてください。")
    if reasons or return_by is None:
        raise Refused(Violation(KINDS[kind].clause, reason) for reason in reasons)
    table = applications.application_returns
    latest = await db.scalar(select(func.max(table.c.round)).where(table.c.application_id == application_id))
    await db.execute(
        insert(table),
        [
            {
                "subscriber_id": application.subscriber_id,
                "application_id": application_id,
                "round": (latest or 0) + 1,
                "field": field,
                "label": label,
                "reason": one.reason,
                "returned_by": by.id,
                "returned_at": at,
            }
            for one in returns
            for field, label in (one.place(labels),)
        ],
    )
    unprepared = {"prepared_by": None, "prepared_at": None, "prepared_note": None}
    await _write(db, application, {"state": target, "return_by": return_by, **unprepared}, at=at)
    await record_act(
        db,
        application,
        verb=VERBS[Move.SEND_BACK],
        by=by,
        at=at,
        details={"return_by": return_by.isoformat(), "fields": len(returns)},
        return_by=return_by,
    )


def _unfit_returns(returns: Sequence[Return], labels: Mapping[str, str], lines: int) -> list[str]:
    if not returns:
        return ["差し戻す項目と理由を、1件以上入力してください。"]
    reasons = []
    if any(not one.reason.strip() for one in returns):
        reasons.append("差し戻す項目には、それぞれ理由を入力してください。")
    if any(one.line is None and one.field not in labels for one in returns):
        reasons.append("差し戻す項目を選んでください。")
    if any(one.line is not None and not 1 <= one.line <= lines for one in returns):
        reasons.append(f"回線の行番号は、1から{lines:,}までで指定してください。")
    return reasons


async def prepare(
    db: Db, *, by: Person, at: datetime, application_id: UUID, recommendation: Recommendation, note: str
) -> None:
    """Record that the review is finished and what it advises; the one who decides is another person."""
    application = await _locked(db, application_id)
    if application.state != ApplicationState.IN_REVIEW:
        raise Conflict("審査中の申込だけを審査済みにできます。画面を開き直してください。")
    if not by.may(Role.CLERK):
        raise Forbidden("審査済みの記録は、審査担当が行います。")
    written = {
        "prepared_by": by.id,
        "prepared_at": at,
        "prepared_note": f"{RECOMMENDATION_LABELS[recommendation]}：{note}",
    }
    await _write(db, application, written, at=at)
    # The staff's alone: a subscriber reads the decision, not what was advised.
    await record_act(
        db,
        application,
        verb="application_prepared",
        by=by,
        at=at,
        reason=note,
        details={"recommendation": recommendation},
        internal=True,
    )


async def accept(
    db: Db, *, by: Person, at: datetime, application_id: UUID, starts_on: date, seen_prepared_at: datetime | None
) -> UUID:
    """承諾: by another person than the one who prepared it; the id of the contract it forms or changes.

    The terms are asked again, on the facts of this moment: every clause that does not hold is a refusal. Refused also
    when `starts_on`, the first possible day of service, is past, and when the review is not the one that was seen.
    """
    application = await _to_decide(db, application_id, Move.ACCEPT, by=by)
    if application.prepared_at != seen_prepared_at:
        raise Conflict("審査の結果が、確認の画面を開いた後に変わりました。内容を確かめ直してください。")
    kind, today = ApplicationKind(application.kind), tokyo_date(at)
    assessment = await assess(db, application, on=today, starts_on=starts_on)
    violations = assessment.violations
    if starts_on < today:
        late = f"利用開始日は、承諾日（{japanese(today)}）以後の日にしてください。"
        violations = (Violation(KINDS[kind].clause, late), *violations)
    if violations:
        raise Refused(violations)
    contract_id = await EFFECTS[kind](db, Acceptance(application=application, by=by, at=at, starts_on=starts_on))
    decision = {"decided_by": by.id, "decided_at": at, "contract_id": contract_id}
    await _write(db, application, {"state": ApplicationState.ACCEPTED, **decision}, at=at)
    await record_act(
        db,
        application,
        verb="application_accepted",
        by=by,
        at=at,
        clauses=tuple(check.clause for check in assessment.checks),
        details={"contract": str(contract_id), "starts_on": starts_on.isoformat()},
        starts_on=starts_on,
    )
    return contract_id


async def decline(db: Db, *, by: Person, at: datetime, application_id: UUID, code: DeclineReason, reason: str) -> None:
    """謝絶: with a code and a reason, by another person than the one who prepared it."""
    application = await _to_decide(db, application_id, Move.DECLINE, by=by)
    if not reason.strip():
        clause = KINDS[ApplicationKind(application.kind)].clause
        raise Refused((Violation(clause, "謝絶の理由を入力してください。契約者に通知する文です。"),))
    decision = {"decided_by": by.id, "decided_at": at, "decision_code": code, "decision_reason": reason}
    await _write(db, application, {"state": ApplicationState.DECLINED, **decision}, at=at)
    await record_act(
        db,
        application,
        verb="application_declined",
        by=by,
        at=at,
        clauses=(KINDS[ApplicationKind(application.kind)].clause,),
        reason=reason,
        details={"code": code, "code_label": DECLINE_REASON_LABELS[code]},
    )


async def advance(
    db: Db, *, by: Person, at: datetime, application_id: UUID, move: Move, reason: str | None = None
) -> None:
    """The work after acceptance: 手配, 開通不可 (with a reason)."""
    if move not in WORK:
        raise Conflict("この画面からは行えない操作です。")
    application = await _locked(db, application_id)
    if MOVES[move].needs_reason and not (reason or "").strip():
        clause = KINDS[ApplicationKind(application.kind)].clause
        raise Refused((Violation(clause, f"「{MOVES[move].label}」の理由を入力してください。"),))
    await _move(db, application, move, by=by, at=at, reason=reason)
    if move is Move.FIND_INFEASIBLE:
        await lines.never_begin(db, application.id, subscriber_id=application.subscriber_id)


async def put_in_service(db: Db, *, by: Person, at: datetime, application_id: UUID, on: date) -> None:
    """開通: record the day on which the lines came into service. The 課金開始日 does not follow from it (A10).

    Refused before the first line may begin, and with a day that is still to come.
    """
    application = await _locked(db, application_id)
    target = _target(application, Move.PUT_IN_SERVICE, by)
    if violations := await unfit_opening(db, application, on=on, today=tokyo_date(at)):
        raise Refused(violations)
    await _write(db, application, {"state": target}, at=at)
    details = {"opened_on": on.isoformat()}
    await record_act(db, application, verb="application_put_in_service", by=by, at=at, details=details)


async def unfit_opening(db: Db, application: Application, *, on: date, today: date) -> Violations:
    """Why a day cannot be the 開通日 of an accepted application; nothing when it can."""
    clause = KINDS[ApplicationKind(application.kind)].clause
    earliest = await lines.first_start(db, application.id, subscriber_id=application.subscriber_id)
    if earliest is None:
        earliest = tokyo_date(application.decided_at or application.changed_at)
    if on < earliest:
        return (Violation(clause, f"開通日は、利用開始日（{japanese(earliest)}）以後の日にしてください。"),)
    if on > today:
        return (Violation(clause, f"開通日は、本日（{japanese(today)}）以前の日にしてください。"),)
    return ()


async def _locked(db: Db, application_id: UUID) -> Application:
    application = await applications.get(db, application_id, for_update=True)
    if application is None:
        raise NotFound
    return application


async def _to_decide(db: Db, application_id: UUID, move: Move, *, by: Person) -> Application:
    """An application that this person may decide now: prepared, and by somebody else, whatever roles they hold."""
    application = await _locked(db, application_id)
    _target(application, move, by)
    if application.prepared_by is None:
        raise Conflict("まだ審査済みになっていません。審査担当が審査を終えてから、承諾または謝絶をしてください。")
    if application.prepared_by == by.id:
        raise Forbidden("この申込は、あなたが審査を終えたものです。承諾と謝絶は、ほかの決裁者が行います。")
    return application


def _target(application: Application, move: Move, by: Person) -> ApplicationState:
    role = next((role for role in Role if role in MOVES[move].roles and by.may(role)), None)
    if role is None:
        raise Forbidden(f"あなたの役割では「{MOVES[move].label}」ことができません。")
    try:
        return after(ApplicationState(application.state), move, role=role)
    except MoveRefusedError as error:
        raise Conflict(f"{error} 画面を開き直してください。") from error


async def _move(
    db: Db,
    application: Application,
    move: Move,
    *,
    by: Person,
    at: datetime,
    values: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    target = _target(application, move, by)
    await _write(db, application, {"state": target, **(values or {})}, at=at)
    await record_act(db, application, verb=VERBS[move], by=by, at=at, reason=reason)


async def _write(db: Db, application: Application, values: Mapping[str, Any], *, at: datetime) -> None:
    table = applications.applications
    await db.execute(update(table).where(table.c.id == application.id).values(changed_at=at, **values))
