"""The simulation against worked examples and against an oracle that shares nothing with it.

`HISTORIES=5000 pytest tests/test_oracle.py` compares more histories; `HISTORIES_FROM` moves the first seed.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.oracle import faults
from tests.oracle.histories import history
from tests.oracle.invalid import SPOILS, spoil
from tests.oracle.oracle import CLAUSE, simulate, simulate_all
from tests.oracle.reading import EVENTS, Invalid

WORKED = sorted((Path(__file__).parent / "oracle" / "worked").glob("*.json"))
HISTORIES = int(os.environ.get("HISTORIES", "400"))
FIRST_SEED = int(os.environ.get("HISTORIES_FROM", "20160601"))
BATCH = 100
BATCHES = range(FIRST_SEED, FIRST_SEED + HISTORIES, BATCH)
REFUSALS = {
    "agree_policy": {"A5-6-1"},
    "line_add": {"A9", "A5-5", "A5-6-1", "A5-6-2", "A5-6-3"},
    "line_remove": {"A7-9"},
    "option_add": {"A9", "A7-1", "A4-2", "A7-2"},
    "offering_change": {"A9", "A6-1-1", "A1-n1", "A4-2", "A5-5", "A5-6-1", "A5-6-2", "A5-6-3"},
    "bandwidth_change": {"A9", "A6-1-3", "A1-n1"},
    "withdraw_notice": {"A9"},
}


@cache
def by_the_oracle(seed):
    """The history of a seed, and what the oracle makes of it."""
    scenario = history(seed)
    return scenario, normalised(simulate(scenario))


def run_portal(file):
    return subprocess.run(
        [sys.executable, "-m", "portal", "simulate", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def portal(scenario, folder):
    """The product's output for a scenario or a list, or AssertionError with its message."""
    file = folder / "scenario.json"
    file.write_text(json.dumps(scenario, ensure_ascii=False), encoding="utf-8")
    done = run_portal(file)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def normalised(output):
    """Without the texts for people and the rows of 0 yen, charges in one order."""
    months = []
    for month in output["months"]:
        charges = [{key: row[key] for key in row if key != "because"} for row in month["charges"] if row["amount"] != 0]
        months.append({**month, "charges": sorted(charges, key=lambda row: (row["code"], row.get("option", "")))})
    refused = [{key: row[key] for key in row if key != "reason"} for row in output["refused"]]
    return {**output, "months": months, "refused": refused}


def differences(expected, actual, place=""):
    """The places where two outputs differ, as lines for people."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = [*expected, *(key for key in actual if key not in expected)]
        return [d for key in keys for d in differences(expected.get(key), actual.get(key), f"{place}.{key}")]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [d for n, (one, other) in pairs for d in differences(one, other, f"{place}[{n}]")]
    return [] if expected == actual else [f"{place}: expected {expected!r}, got {actual!r}"]


def assert_worked(case, output):
    assert differences(normalised(case["expected"]), normalised(output)) == []


@pytest.mark.parametrize("file", WORKED, ids=lambda file: file.stem)
def test_worked_example_by_the_oracle(file):
    for case in json.loads(file.read_text(encoding="utf-8"))["cases"]:
        if "invalid" in case:
            with pytest.raises(Invalid) as refusal:
                simulate(case["input"])
            assert refusal.value.place.startswith(case["invalid"])
        else:
            assert_worked(case, simulate(case["input"]))


@pytest.mark.parametrize("file", WORKED, ids=lambda file: file.stem)
def test_worked_example_by_the_portal(file, tmp_path):
    cases = json.loads(file.read_text(encoding="utf-8"))["cases"]
    valid = [case for case in cases if "invalid" not in case]
    for case, output in zip(valid, portal([case["input"] for case in valid], tmp_path), strict=True):
        assert_worked(case, output)
    for case in cases:
        if "invalid" in case:
            assert_refused_as_a_whole(case["input"], case["invalid"], tmp_path)


def assert_refused_as_a_whole(scenario, place, folder):
    file = folder / "invalid.json"
    file.write_text(json.dumps(scenario, ensure_ascii=False), encoding="utf-8")
    done = run_portal(file)
    assert (done.returncode, done.stdout) == (2, ""), (done.returncode, done.stdout[:200], done.stderr[-500:])
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert place in done.stderr


@pytest.mark.parametrize("first_seed", BATCHES)
def test_portal_agrees_with_the_oracle(first_seed, tmp_path):
    seeds = range(first_seed, min(first_seed + BATCH, FIRST_SEED + HISTORIES))
    outputs = portal([by_the_oracle(seed)[0] for seed in seeds], tmp_path)
    for seed, output in zip(seeds, outputs, strict=True):
        scenario, expected = by_the_oracle(seed)
        wrong = differences(expected, normalised(output))
        if wrong:
            pytest.fail(f"seed {seed}:\n" + "\n".join(wrong) + "\n" + json.dumps(scenario, ensure_ascii=False))


def test_histories_touch_every_rule():
    accepted, refused, clauses, codes = Counter(), Counter(), Counter(), Counter()
    for seed in range(FIRST_SEED, FIRST_SEED + 300):
        scenario, output = by_the_oracle(seed)
        reasons = {row["event"]: row["clauses"] for row in output["refused"]}
        for n, event in enumerate(scenario["events"]):
            (refused if n in reasons else accepted)[event["type"]] += 1
            clauses.update((event["type"], clause) for clause in reasons.get(n, []))
        codes.update(row["code"] for month in output["months"] for row in month["charges"])
    for counts in (accepted, refused, clauses, codes):
        sys.stdout.write(f"{dict(sorted(counts.items()))}\n")
    assert set(accepted) == set(EVENTS) - {"withdraw_notice"}
    assert set(clauses) == {(kind, clause) for kind, of_kind in REFUSALS.items() for clause in of_kind}
    assert set(codes) == set(CLAUSE)
    assert min(*clauses.values(), *codes.values()) >= 5


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.__name__)
def test_control_a_fault_is_noticed(fault):
    """A faulty copy must differ from the oracle on the histories that every run compares."""
    for seed in range(FIRST_SEED, FIRST_SEED + 300):
        scenario, expected = by_the_oracle(seed)
        try:
            output = fault(scenario).run()
        except Invalid:
            return  # it refused an event whose ids are named later: noticed
        if differences(expected, normalised(output)):
            return
    pytest.fail(f"{fault.__name__} went unnoticed in 300 histories")


@pytest.mark.parametrize("name", SPOILS)
def test_invalid_scenario(name, tmp_path):
    scenario, place = spoil(7, name)
    with pytest.raises(Invalid) as refusal:
        simulate(scenario)
    assert refusal.value.place.startswith(place)
    assert_refused_as_a_whole(scenario, place, tmp_path)


def test_one_invalid_scenario_spoils_the_list(tmp_path):
    scenario, place = spoil(8, "30 February")
    scenarios = [history(9), scenario, history(10)]
    with pytest.raises(Invalid) as refusal:
        simulate_all(scenarios)
    assert refusal.value.place == f"[1].{place}"
    assert_refused_as_a_whole(scenarios, f"[1].{place}", tmp_path)


def test_reads_standard_input(tmp_path):
    scenario, expected = by_the_oracle(FIRST_SEED)
    done = subprocess.run(
        [sys.executable, "-m", "portal", "simulate", "-"],
        input=json.dumps(scenario),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert differences(expected, normalised(json.loads(done.stdout))) == []


@pytest.mark.parametrize("content", ["", "{", "3", '"text"', "null", "[[]]", "\ufeff["])
def test_a_file_that_holds_no_scenario(content, tmp_path):
    file = tmp_path / "scenario.json"
    file.write_text(content, encoding="utf-8")
    done = run_portal(file)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
