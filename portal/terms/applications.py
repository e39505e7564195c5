"""申込: its kinds, its states, and the one table of moves between them. 解約申込書 is a notice, not an application."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ApplicationKind(StrEnum):
    """What may be applied for."""

    NEW_CONTRACT = "new_contract"
    ADD_LINES = "add_lines"
    REMOVE_LINES = "remove_lines"
    CHANGE_OFFERING = "change_offering"
    CHANGE_BANDWIDTH = "change_bandwidth"
    ADD_OPTIONS = "add_options"
    CHANGE_PORT_TYPE = "change_port_type"
    DEVICE_HANDLING = "device_handling"
    CHANGE_DETAILS = "change_details"


@dataclass(frozen=True, slots=True)
class KindEntry:
    """One kind: its label, its clause and the rule of the terms that decides it (None: nothing but staff does)."""

    label: str
    clause: str
    rule: str | None


KINDS: Mapping[ApplicationKind, KindEntry] = {
    ApplicationKind.NEW_CONTRACT: KindEntry("新規契約", "A4-1", "portal.terms.changes.form"),
    ApplicationKind.ADD_LINES: KindEntry("回線の追加", "A6-1-2", "portal.terms.changes.add_lines"),
    ApplicationKind.REMOVE_LINES: KindEntry("回線の減少", "A6-1-2", "portal.terms.changes.remove_lines"),
    ApplicationKind.CHANGE_OFFERING: KindEntry("品目の変更", "A6-1-1", "portal.terms.changes.change_offering"),
    ApplicationKind.CHANGE_BANDWIDTH: KindEntry("契約帯域の変更", "A6-1-3", "portal.terms.changes.change_bandwidth"),
    ApplicationKind.ADD_OPTIONS: KindEntry("オプションの追加", "A7-1", "portal.terms.options.add_options"),
    ApplicationKind.CHANGE_PORT_TYPE: KindEntry("ポート種別の変更", "A6-1-3", "portal.terms.options.change_port_type"),
    ApplicationKind.DEVICE_HANDLING: KindEntry("機器の取扱いの承諾", "A7-3", None),
    ApplicationKind.CHANGE_DETAILS: KindEntry("登録事項の変更", "A6-1-3", None),
}


class ApplicationState(StrEnum):
    """Where an application stands; the only state the portal stores, because people decide it."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    PROVISIONING = "provisioning"
    IN_SERVICE = "in_service"
    INFEASIBLE = "infeasible"


STATE_LABELS: Mapping[ApplicationState, str] = {
    ApplicationState.DRAFT: "作成中",
    ApplicationState.SUBMITTED: "受付済",
    ApplicationState.IN_REVIEW: "審査中",
    ApplicationState.RETURNED: "差戻し",
    ApplicationState.ACCEPTED: "承諾",
    ApplicationState.DECLINED: "謝絶",
    ApplicationState.WITHDRAWN: "取下げ",
    ApplicationState.PROVISIONING: "手配中",
    ApplicationState.IN_SERVICE: "開通",
    ApplicationState.INFEASIBLE: "開通不可",
}


class Role(StrEnum):
    """Roles that move applications: members of the subscriber, and staff of the provider."""

    SIGNATORY = "signatory"
    OPERATOR = "operator"
    CLERK = "clerk"
    APPROVER = "approver"


class Move(StrEnum):
    """What people do to an application."""

    SUBMIT = "submit"
    TAKE = "take"
    SEND_BACK = "send_back"
    RESUBMIT = "resubmit"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    PROVISION = "provision"
    PUT_IN_SERVICE = "put_in_service"
    FIND_INFEASIBLE = "find_infeasible"


@dataclass(frozen=True, slots=True)
class MoveEntry:
    """One move: from which states to which, by whom. `two_people`: not by who prepared it."""

    label: str
    sources: frozenset[ApplicationState]
    target: ApplicationState
    roles: frozenset[Role]
    needs_reason: bool = False
    two_people: bool = False


_S = ApplicationState
_SIGNATORY = frozenset({Role.SIGNATORY})
_CLERK = frozenset({Role.CLERK})
_APPROVER = frozenset({Role.APPROVER})

MOVES: Mapping[Move, MoveEntry] = {
    Move.SUBMIT: MoveEntry("申し込む", frozenset({_S.DRAFT}), _S.SUBMITTED, _SIGNATORY),
    Move.TAKE: MoveEntry("審査を始める", frozenset({_S.SUBMITTED}), _S.IN_REVIEW, _CLERK),
    Move.SEND_BACK: MoveEntry("差し戻す", frozenset({_S.IN_REVIEW}), _S.RETURNED, _CLERK, needs_reason=True),
    Move.RESUBMIT: MoveEntry("再提出する", frozenset({_S.RETURNED}), _S.IN_REVIEW, _SIGNATORY),
    Move.ACCEPT: MoveEntry("承諾する", frozenset({_S.IN_REVIEW}), _S.ACCEPTED, _APPROVER, two_people=True),
    Move.DECLINE: MoveEntry(
        "謝絶する", frozenset({_S.IN_REVIEW}), _S.DECLINED, _APPROVER, needs_reason=True, two_people=True
    ),
    Move.WITHDRAW: MoveEntry(
        "取り下げる",
        frozenset({_S.DRAFT, _S.SUBMITTED, _S.IN_REVIEW, _S.RETURNED}),
        _S.WITHDRAWN,
        _SIGNATORY,
    ),
    Move.PROVISION: MoveEntry("手配する", frozenset({_S.ACCEPTED}), _S.PROVISIONING, _CLERK),
    Move.PUT_IN_SERVICE: MoveEntry("開通を記録する", frozenset({_S.PROVISIONING}), _S.IN_SERVICE, _CLERK),
    Move.FIND_INFEASIBLE: MoveEntry(
        "開通不可とする", frozenset({_S.PROVISIONING}), _S.INFEASIBLE, _CLERK, needs_reason=True
    ),
}


class MoveRefusedError(ValueError):
    """An application is not in a state from which the move starts, or the role may not make it."""


def after(state: ApplicationState, move: Move, *, role: Role) -> ApplicationState:
    """A6-1: the state after a move. Raises MoveRefusedError when the table does not have it for this state and role."""
    entry = MOVES[move]
    if state not in entry.sources:
        raise MoveRefusedError(f"「{STATE_LABELS[state]}」の申込は「{entry.label}」ことができません。")
    if role not in entry.roles:
        raise MoveRefusedError(f"この役割では「{entry.label}」ことができません。")
    return entry.target


def moves_from(state: ApplicationState, *, role: Role) -> tuple[Move, ...]:
    """The moves that a role may make in a state, for the buttons of a page."""
    return tuple(move for move, entry in MOVES.items() if state in entry.sources and role in entry.roles)


class DeclineReason(StrEnum):
    """Why an application is declined (謝絶)."""

    NOT_ELIGIBLE = "not_eligible"
    CLAUSE_NOT_MET = "clause_not_met"
    OUT_OF_AREA = "out_of_area"
    CREDIT = "credit"
    INCOMPLETE = "incomplete"
    TECHNICAL = "technical"
    OTHER = "other"


DECLINE_REASON_LABELS: Mapping[DeclineReason, str] = {
    DeclineReason.NOT_ELIGIBLE: "利用資格を満たさない",
    DeclineReason.CLAUSE_NOT_MET: "条項の要件を満たさない",
    DeclineReason.OUT_OF_AREA: "提供区域外",
    DeclineReason.CREDIT: "与信の基準を満たさない",
    DeclineReason.INCOMPLETE: "期限までに補正されない",
    DeclineReason.TECHNICAL: "技術上提供できない",
    DeclineReason.OTHER: "その他（理由を記載）",
}
