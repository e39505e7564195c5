"""第2条, 第7条第9項, 第9条: days, months, and the dates a notice brings."""

from datetime import UTC, datetime

import pytest

from portal.terms import options, periods
from portal.terms.periods import Month, Span

from .facts import day


@pytest.mark.clause("A2", "holds")
def test_minimum_term_ends_the_day_before_the_same_day_of_the_next_month() -> None:
    assert periods.minimum_term_last_day(day("2026-01-15")) == day("2026-02-14")
    assert periods.minimum_term_last_day(day("2026-12-15")) == day("2027-01-14")


@pytest.mark.clause("A2", "boundary")
@pytest.mark.parametrize(
    ("starts_on", "ends_on"),
    [
        ("2026-01-01", "2026-01-31"),
        ("2026-01-28", "2026-02-27"),
        ("2026-01-29", "2026-02-28"),
        ("2026-01-30", "2026-02-28"),
        ("2026-01-31", "2026-02-28"),
        ("2028-01-29", "2028-02-28"),
        ("2028-01-30", "2028-02-29"),
        ("2028-01-31", "2028-02-29"),
        ("2026-02-28", "2026-03-27"),
        ("2028-02-29", "2028-03-28"),
        ("2026-03-31", "2026-04-30"),
        ("2026-12-31", "2027-01-30"),
    ],
)
def test_minimum_term_at_month_ends(starts_on: str, ends_on: str) -> None:
    assert periods.minimum_term_last_day(day(starts_on)) == day(ends_on)


@pytest.mark.clause("A9", "holds")
@pytest.mark.clause("A7-9", "holds")
def test_a_notice_takes_effect_thirty_days_after_arrival() -> None:
    assert periods.notice_last_day(day("2025-01-31"), None) == day("2025-03-02")
    assert periods.notice_last_day(day("2025-12-15"), None) == day("2026-01-14")
    assert periods.earliest_last_day(day("2025-01-31")) == day("2025-03-02")


@pytest.mark.clause("A9", "boundary")
@pytest.mark.clause("A7-9", "boundary")
@pytest.mark.parametrize(
    ("arrived", "requested", "last_day"),
    [
        ("2024-01-31", None, "2024-03-01"),
        ("2026-03-04", "2026-04-02", "2026-04-03"),
        ("2026-03-04", "2026-04-03", "2026-04-03"),
        ("2026-03-04", "2026-04-04", "2026-04-04"),
        ("2026-03-04", "2026-03-01", "2026-04-03"),
    ],
)
def test_the_later_of_arrival_and_request(arrived: str, requested: str | None, last_day: str) -> None:
    requested_on = day(requested) if requested else None
    assert periods.notice_last_day(day(arrived), requested_on) == day(last_day)
    assert periods.earliest_last_day(day(arrived)) <= day(last_day)


@pytest.mark.clause("A7-8", "holds")
@pytest.mark.clause("A7-8", "boundary")
def test_an_option_may_stop_before_a_month_is_over() -> None:
    """Its stop is reckoned from the notice alone: an option begun the same day is not kept a month from its start."""
    assert options.stop_last_day(day("2026-01-01"), None) == day("2026-01-31")
    assert options.stop_last_day(day("2026-01-01"), day("2026-02-01")) == day("2026-02-01")


@pytest.mark.parametrize(
    ("instant", "tokyo"),
    [
        (datetime(2026, 3, 4, 14, 59, 59, tzinfo=UTC), "2026-03-04"),
        (datetime(2026, 3, 4, 15, 0, 0, tzinfo=UTC), "2026-03-05"),
        (datetime(2025, 12, 31, 15, 0, 0, tzinfo=UTC), "2026-01-01"),
    ],
)
def test_the_date_of_an_instant_is_its_date_in_tokyo(instant: datetime, tokyo: str) -> None:
    assert periods.tokyo_date(instant) == day(tokyo)


def test_an_instant_without_an_offset_has_no_date() -> None:
    with pytest.raises(ValueError, match="offset"):
        periods.tokyo_date(datetime.fromisoformat("2026-03-04T09:00:00"))


def test_a_day_begins_at_midnight_in_tokyo() -> None:
    assert periods.tokyo_midnight(day("2026-01-01")) == datetime(2025, 12, 31, 15, tzinfo=UTC)


def test_months() -> None:
    assert Month.parse("2028-02").last == day("2028-02-29")
    assert Month.parse("2026-12").plus(1) == Month(2027, 1)
    assert Month.parse("2026-01").plus(-1) == Month(2025, 12)
    assert [str(month) for month in periods.months(Month(2025, 12), Month(2026, 2))] == [
        "2025-12",
        "2026-01",
        "2026-02",
    ]
    assert list(periods.months(Month(2026, 2), Month(2026, 1))) == []
    for wrong in ("2026-13", "2026-00", "0000-01", "2026-1", "2026-01-01", "２０２６-01"):
        with pytest.raises(ValueError, match="not a month"):
            Month.parse(wrong)


def test_first_of_a_month_from_a_day() -> None:
    assert periods.first_of_month_from(day("2026-04-01")) == day("2026-04-01")
    assert periods.first_of_month_from(day("2026-04-02")) == day("2026-05-01")


def test_spans_hold_their_last_day() -> None:
    span = Span(day("2026-01-10"), day("2026-01-20"))
    assert [span.holds(day(text)) for text in ("2026-01-09", "2026-01-10", "2026-01-20", "2026-01-21")] == [
        False,
        True,
        True,
        False,
    ]
    assert span.reaches(day("2026-01-20"))
    assert not span.reaches(day("2026-01-21"))
    assert span.outlasts(day("2026-01-19"))
    assert not span.outlasts(day("2026-01-20"))
    assert periods.days_in(span) == 11


def test_a_span_that_ends_before_it_begins_is_never() -> None:
    never = Span(day("2026-02-01"), day("2026-01-31"))
    assert not never.reaches(day("2026-01-01"))
    assert not never.outlasts(day("2026-01-01"))
    assert never.within(day("2026-01-01"), day("2026-12-31")) is None
    assert periods.days_in(never) == 0
