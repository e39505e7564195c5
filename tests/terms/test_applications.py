"""第6条: the lives of applications."""

import importlib
from itertools import product

import pytest

from portal.terms.applications import (
    DECLINE_REASON_LABELS,
    KINDS,
    MOVES,
    STATE_LABELS,
    ApplicationKind,
    ApplicationState,
    DeclineReason,
    Move,
    MoveRefusedError,
    Role,
    after,
    moves_from,
)

S, M, R = ApplicationState, Move, Role
LIFE = [
    (S.DRAFT, M.SUBMIT, R.SIGNATORY, S.SUBMITTED),
    (S.SUBMITTED, M.TAKE, R.CLERK, S.IN_REVIEW),
    (S.IN_REVIEW, M.SEND_BACK, R.CLERK, S.RETURNED),
    (S.RETURNED, M.RESUBMIT, R.SIGNATORY, S.IN_REVIEW),
    (S.IN_REVIEW, M.ACCEPT, R.APPROVER, S.ACCEPTED),
    (S.IN_REVIEW, M.DECLINE, R.APPROVER, S.DECLINED),
    (S.DRAFT, M.WITHDRAW, R.SIGNATORY, S.WITHDRAWN),
    (S.SUBMITTED, M.WITHDRAW, R.SIGNATORY, S.WITHDRAWN),
    (S.IN_REVIEW, M.WITHDRAW, R.SIGNATORY, S.WITHDRAWN),
    (S.RETURNED, M.WITHDRAW, R.SIGNATORY, S.WITHDRAWN),
    (S.ACCEPTED, M.PROVISION, R.CLERK, S.PROVISIONING),
    (S.PROVISIONING, M.PUT_IN_SERVICE, R.CLERK, S.IN_SERVICE),
    (S.PROVISIONING, M.FIND_INFEASIBLE, R.CLERK, S.INFEASIBLE),
]


@pytest.mark.clause("A6-1-1", "holds")
@pytest.mark.parametrize(("state", "move", "role", "target"), LIFE)
def test_an_application_moves_on(state: S, move: M, role: R, target: S) -> None:
    assert after(state, move, role=role) is target
    assert move in moves_from(state, role=role)


@pytest.mark.clause("A6-1-1", "refused")
@pytest.mark.clause("A6-1-1", "boundary")
def test_every_other_move_is_refused() -> None:
    allowed = {(state, move, role) for state, move, role, _ in LIFE}
    for state, move, role in product(S, M, R):
        if (state, move, role) not in allowed:
            with pytest.raises(MoveRefusedError):
                after(state, move, role=role)


def test_what_is_accepted_is_neither_withdrawn_nor_declined() -> None:
    assert moves_from(S.ACCEPTED, role=R.SIGNATORY) == ()
    assert moves_from(S.ACCEPTED, role=R.APPROVER) == ()


def test_decisions_need_a_second_person() -> None:
    assert {move for move, entry in MOVES.items() if entry.two_people} == {M.ACCEPT, M.DECLINE}
    assert {move for move, entry in MOVES.items() if entry.needs_reason} == {M.SEND_BACK, M.DECLINE, M.FIND_INFEASIBLE}


def test_tables_are_complete() -> None:
    assert set(KINDS) == set(ApplicationKind)
    assert set(STATE_LABELS) == set(S)
    assert set(MOVES) == set(M)
    assert set(DECLINE_REASON_LABELS) == set(DeclineReason)


def test_the_rule_of_each_kind_exists() -> None:
    for entry in KINDS.values():
        if entry.rule is not None:
            module, _, name = entry.rule.rpartition(".")
            assert callable(getattr(importlib.import_module(module), name))
