"""Every clause is enforced by named code whose switching off fails a test, or excused with a reason."""

import ast
import importlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.terms.clause import Clause, Duty
from portal.terms.clauses import CLAUSES, clause
from portal.terms.readings import READINGS, Source

ROOT = Path(__file__).parent.parent
CASES = {"holds", "refused", "boundary"}
IDS = (
    "A1-1 A1-2 A1-3 A1-n1 A1-n2 A2 A3-1 A3-2 A3-3 A4-1 A4-2 A5-1 A5-2 A5-3 A5-4 A5-5 A5-6-1 A5-6-2 A5-6-3 "
    "A6-1-1 A6-1-2 A6-1-3 A7-1 A7-2 A7-3 A7-4 A7-5 A7-6 A7-7 A7-8 A7-9 A7-x A8 A9 A10 A11 A12 A13 A14-1 A14-2 A15 "
    "F-1 F-2 B1-1 B1-2 B2-1-i B2-1-ii B2-1-iii B2-2 B3-1 B3-2 B3-3 B4"
)
ENFORCED = [entry for entry in CLAUSES.values() if entry.excused is None]
PLAN = [(entry.id, name) for entry in ENFORCED for name in entry.enforced_by]
# Functions that no clause names: their tests must not fail, or the harness would see failures everywhere.
CONTROL = [("A2", "portal.terms.periods.tokyo_midnight"), ("B1-1", "portal.terms.fees.option_stop_fee")]


def marks() -> set[tuple[str, str]]:
    """The clause marks of all tests, read from their source: (clause, case)."""
    found = set()
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.clause":
                clause_id, case = (argument.value for argument in node.args if isinstance(argument, ast.Constant))
                found.add((clause_id, case))
    return found


MARKS = marks()


def missing_cases(entry: Clause, marked: set[tuple[str, str]]) -> set[str]:
    """What a clause's tests do not show: what is refused (E), what holds (C), and always the boundary."""
    cases = {case for clause_id, case in marked if clause_id == entry.id}
    needed = {"boundary"}
    if Duty.ENFORCE in entry.duties:
        needed.add("refused")
    if Duty.COMPUTE in entry.duties:
        needed.add("holds")
    return needed - cases


def switch_off(plan: list[tuple[str, str]], folder: Path) -> dict:
    """Run the plan in a process of its own and read its report."""
    plan_file, report = folder / "plan.json", folder / "report.json"
    plan_file.write_text(json.dumps(plan), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment |= {"SWITCHING_PLAN": str(plan_file), "SWITCHING_REPORT": str(report)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.switching", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--confcutdir=tests/terms", "tests/terms"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text(encoding="utf-8"))


def test_the_registry_is_whole() -> None:
    assert " ".join(CLAUSES) == IDS
    assert clause("A5-5").display == "第5条第5項"


@pytest.mark.parametrize("entry", CLAUSES.values(), ids=lambda entry: entry.id)
def test_a_clause_is_either_enforced_or_excused(entry: Clause) -> None:
    assert bool(entry.enforced_by) is (entry.excused is None)
    assert entry.display
    assert entry.wording
    assert entry.duties
    for name in entry.enforced_by:
        module, _, function = name.rpartition(".")
        assert inspect.isfunction(getattr(importlib.import_module(module), function)), name


@pytest.mark.parametrize("entry", CLAUSES.values(), ids=lambda entry: entry.id)
def test_what_rests_on_more_than_the_text_names_its_reading(entry: Clause) -> None:
    if entry.source is not Source.TEXT:
        assert entry.source in {reading.source for reading in entry.readings}


def test_marks_name_known_clauses_and_cases() -> None:
    assert {clause_id for clause_id, _ in MARKS} <= set(CLAUSES)
    assert {case for _, case in MARKS} <= CASES


@pytest.mark.parametrize("entry", ENFORCED, ids=lambda entry: entry.id)
def test_an_enforced_clause_has_its_tests(entry: Clause) -> None:
    assert missing_cases(entry, MARKS) == set()


def test_a_missing_test_would_be_seen() -> None:
    assert missing_cases(clause("A5-5"), MARKS - {("A5-5", "refused")}) == {"refused"}
    assert missing_cases(clause("A2"), MARKS - {("A2", "boundary")}) == {"boundary"}
    assert missing_cases(clause("B2-2"), MARKS - {("B2-2", "holds")}) == {"holds"}


def test_readings_are_named_once() -> None:
    assert all(reading.id == key for key, reading in READINGS.items())


def test_switching_a_rule_off_fails_its_test(tmp_path: Path) -> None:
    report = switch_off([*PLAN, *CONTROL], tmp_path)
    assert report["failing"] == []
    assert report["run"] > len(ENFORCED)
    assert [tuple(pair) for pair in report["unnoticed"]] == CONTROL
