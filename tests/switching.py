"""A pytest plugin that switches functions off, one at a time, and reports which clauses' tests did not notice.

It reads a plan (`SWITCHING_PLAN`, JSON: pairs of a clause and the dotted name of a function) and writes a report
(`SWITCHING_REPORT`, JSON: the tests that fail already without a switch, and the pairs that no test noticed). Only the
tests marked with the clause are run; generated ones (hypothesis) are left to the ordinary run.
"""

import importlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from enum import Enum
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from portal.terms.fees import Charge
from portal.terms.periods import Span

# Where the neutral value of the kind of answer would not even run: a copy that answers without looking.
WEAKENED: dict[str, Callable[..., Any]] = {
    "portal.terms.fees.sheet_on": lambda sheets, _day: sheets[-1],
}


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Instead of running the tests once: run a clause's tests for each pair of the plan."""
    marked: dict[str, list[pytest.Item]] = {}
    for item in session.items:
        if item.get_closest_marker("hypothesis") is None:
            for mark in item.iter_markers("clause"):
                marked.setdefault(mark.args[0], []).append(item)
    every = {item.nodeid: item for items in marked.values() for item in items}
    failing = [name for name, item in every.items() if fails(item)]
    unnoticed = []
    for clause, name in json.loads(Path(os.environ["SWITCHING_PLAN"]).read_text(encoding="utf-8")):
        with switched_off(name):
            if not any(fails(item) for item in marked.get(clause, [])):
                unnoticed.append((clause, name))
    report = {"run": len(every), "failing": failing, "unnoticed": unnoticed}
    Path(os.environ["SWITCHING_REPORT"]).write_text(json.dumps(report), encoding="utf-8")
    return True


def fails(item: pytest.Item) -> bool:
    """Whether a test fails when it is run now."""
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


@contextmanager
def switched_off(name: str) -> Iterator[None]:
    """Put a weakened copy in the place of a function, for whoever holds it, and take it out again."""
    module, _, attribute = name.rpartition(".")
    function: FunctionType = getattr(importlib.import_module(module), attribute)
    original = FunctionType(function.__code__, function.__globals__, attribute, function.__defaults__)
    original.__kwdefaults__ = function.__kwdefaults__
    special = WEAKENED.get(name)

    def weakened(*args: Any, **keywords: Any) -> Any:
        if special is not None:
            return special(*args, **keywords)
        try:
            return neutral(original(*args, **keywords))
        except ValueError:
            return None

    saved = (function.__code__, function.__defaults__, function.__kwdefaults__)
    function.__globals__[stand_in.__name__] = weakened
    function.__code__, function.__defaults__, function.__kwdefaults__ = _call_stand_in.__code__, None, None
    try:
        yield
    finally:
        function.__code__, function.__defaults__, function.__kwdefaults__ = saved
        del function.__globals__[stand_in.__name__]


def neutral(answer: Any) -> Any:
    """What a rule that is switched off answers: no violation, the other of two, the day or the yen beside it."""
    neutral_of: tuple[tuple[type, Callable[[Any], Any]], ...] = (
        (bool, lambda truth: not truth),
        (Enum, lambda member: next(other for other in type(member) if other is not member)),
        (int, lambda number: number + 1),
        (date, lambda day: date.fromordinal(day.toordinal() + 1)),
        (tuple, lambda _: ()),
        (frozenset, lambda _: frozenset()),
        (Charge, lambda charge: replace(charge, amount=charge.amount + 1)),
        (Span, lambda span: Span(span.first)),
    )
    return next((make(answer) for kind, make in neutral_of if isinstance(answer, kind)), None)


def stand_in(*_args: Any, **_keywords: Any) -> Any:
    """Holds the place of the weakened copy in the module whose function is switched off."""
    raise NotImplementedError


def _call_stand_in(*args: Any, **keywords: Any) -> Any:
    return stand_in(*args, **keywords)
