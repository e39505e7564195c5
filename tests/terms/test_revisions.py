"""附則: the registry of revisions, and the registry of readings."""

import pytest

from portal.terms import revisions
from portal.terms.clauses import CLAUSES
from portal.terms.readings import READINGS, Source

from .facts import day


@pytest.mark.clause("F-1", "holds")
def test_the_original_and_nine_revisions() -> None:
    assert [revision.effective_on for revision in revisions.REVISIONS] == [
        day("2016-06-01"),
        day("2017-09-01"),
        day("2018-01-01"),
        day("2018-08-01"),
        day("2019-10-01"),
        day("2020-05-01"),
        day("2020-12-01"),
        day("2023-12-01"),
        day("2024-08-01"),
        day("2024-12-01"),
    ]


@pytest.mark.clause("F-1", "boundary")
@pytest.mark.parametrize(
    ("on", "number"), [("2016-05-31", None), ("2016-06-01", 0), ("2024-11-30", 8), ("2024-12-01", 9), ("2030-01-01", 9)]
)
def test_the_version_in_force(on: str, number: int | None) -> None:
    revision = revisions.in_force_on(day(on))
    assert (None if revision is None else revision.number) == number


def test_readings_complete_known_clauses_and_are_never_the_text() -> None:
    for reading in READINGS.values():
        assert reading.source is not Source.TEXT
        assert set(reading.clauses) <= set(CLAUSES)
