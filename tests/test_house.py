"""The laws of the house that a machine can check (docs/architecture.md)."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.terms.applications import KINDS
from portal.usecases import applications, contracts
from portal.web import application_kinds
from portal.web.routes import ENTRIES

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "portal").rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
LONGEST_FILE = 350
LONGEST_FUNCTION = 60


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_imports_only_look_down() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()


def test_only_the_clock_reads_the_clock() -> None:
    readers = {"now", "today", "utcnow", "localtime", "gmtime"}
    found = [
        place
        for path in SOURCES
        if path.name != "clock.py"
        for place, call in calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr in readers and not _is_our_clock(call.func)
    ]
    assert found == []


def _is_our_clock(function: ast.Attribute) -> bool:
    """`clock.now()` and the like: our clock, or one that was handed in."""
    return ast.unparse(function.value).lower().endswith(("clock", "clock()", "self"))


def test_date_arithmetic_is_in_periods() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name != "periods.py" and re.search(r"\btimedelta\b", path.read_text())
    ]
    assert found == []


def test_only_the_wrapper_commits() -> None:
    allowed = {"portal/web/transaction.py", "portal/records/database.py"}
    found = [
        place
        for path in SOURCES
        if str(path.relative_to(ROOT)) not in allowed
        for place, call in calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit"
    ]
    assert found == []


def test_no_business_date_comes_from_the_database_clock() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in [*SOURCES, *(ROOT / "migrations").rglob("*.py")]
        if re.search(r"\bfunc\.now|\bcurrent_(date|timestamp)\b|\bnow\(\)\s*[-+]", path.read_text(), re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= LONGEST_FILE
    long = [
        f"{node.name} {node.end_lineno - node.lineno}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno > LONGEST_FUNCTION
    ]
    assert long == []


def test_nothing_is_excused() -> None:
    marks = re.compile(r"# (noqa|type: ignore|pragma: no cover)|\b(TODO|FIXME|XXX)\b|\|\s*safe\b")
    scripts = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in [*SOURCES, *TEMPLATES, *scripts]
        if (match := marks.search(path.read_text()))
    ]
    assert found == []


def test_templates_keep_to_the_content_security_policy() -> None:
    barred = re.compile(
        r"""<style\b|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|hx-on|href="javascript:""", re.IGNORECASE
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}" for path in TEMPLATES if (match := barred.search(path.read_text()))
    ]
    assert found == []


def test_every_kind_of_application_that_can_be_made_is_whole() -> None:
    """A kind has its rule in terms, its questions and its rule in use-cases, its effect on acceptance, its form."""
    made = set(applications.KINDS_HERE)
    assert made <= set(KINDS)
    assert made == set(contracts.EFFECTS)
    assert made == set(application_kinds.FORMS)


def test_every_route_is_named_once() -> None:
    addresses = [(entry.method, entry.path) for entry in ENTRIES]
    assert len(addresses) == len(set(addresses))


def test_the_project_speaks_of_the_product_alone() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    barred = re.compile(r"/work/|\.\./shared|/root/|pypi\.org|registry\.npmjs", re.IGNORECASE)
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in {".woff2", ".xlsx", ".png"} or path == Path(__file__) or not path.exists():
            continue
        if match := barred.search(path.read_text(errors="replace")):
            found.append(f"{name}: {match[0]}")
    assert found == []
