"""解約申込書 (A9, A7-9): what it is of, where it stands on a day, and why one may be void."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice ends."""

    CONTRACT = "contract"
    OPTIONS = "options"


NOTICE_KIND_LABELS: Mapping[NoticeKind, str] = {
    NoticeKind.CONTRACT: "契約の解約",
    NoticeKind.OPTIONS: "オプションの解約",
}
NOTICE_CLAUSES: Mapping[NoticeKind, str] = {NoticeKind.CONTRACT: "A9", NoticeKind.OPTIONS: "A7-9"}


class NoticeState(StrEnum):
    """Where a notice stands. It needs nobody's consent: acknowledging it is a courtesy, not a condition."""

    ARRIVED = "arrived"
    WAITING = "waiting"
    ENDED = "ended"
    VOID = "void"


NOTICE_STATE_LABELS: Mapping[NoticeState, str] = {
    NoticeState.ARRIVED: "到達",
    NoticeState.WAITING: "終了待ち",
    NoticeState.ENDED: "終了",
    NoticeState.VOID: "無効",
}


class VoidCode(StrEnum):
    """Why a notice brings nothing. A wish to go on is not among them: what has arrived is never taken back (A9)."""

    NO_AUTHORITY = "no_authority"
    UNKNOWN_OBJECT = "unknown_object"


VOID_LABELS: Mapping[VoidCode, str] = {
    VoidCode.NO_AUTHORITY: "権限のない人による",
    VoidCode.UNKNOWN_OBJECT: "対象の契約・オプションがない",
}


def notice_state(*, effective_on: date, acknowledged: bool, void: bool, on: date) -> NoticeState:
    """A9: where a notice stands on a day; its last day runs to 24:00."""
    if void:
        return NoticeState.VOID
    if effective_on < on:
        return NoticeState.ENDED
    return NoticeState.WAITING if acknowledged else NoticeState.ARRIVED
