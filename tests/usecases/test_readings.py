"""How typed values are read: dates and eras, width, names, formulas."""

from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.usecases.readings import (
    Choices,
    Day,
    ReadingError,
    fold,
    fold_reference,
    has_control_character,
    is_formula,
    neutralise,
    read_day,
    undo_neutralise,
    widen_kana,
)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-10-15", date(2026, 10, 15)),
        ("2026/10/15", date(2026, 10, 15)),
        ("2026/1/5", date(2026, 1, 5)),
        ("20261015", date(2026, 10, 15)),
        ("2026年10月15日", date(2026, 10, 15)),
        ("令和8年10月15日", date(2026, 10, 15)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R8.10.15", date(2026, 10, 15)),
        ("R081015", date(2026, 10, 15)),
        ("r8.10.15", date(2026, 10, 15)),
        ("２０２６／１０／１５", date(2026, 10, 15)),
        ("２０２６年１０月１５日", date(2026, 10, 15)),
        ("２０２６ー１０ー１５", date(2026, 10, 15)),
        ("2026－10‐15".replace("‐", "－"), date(2026, 10, 15)),
        ("Ｒ０８１０１５", date(2026, 10, 15)),
        ("㋿8年10月15日", date(2026, 10, 15)),
        ("　2026/10/15 ", date(2026, 10, 15)),
        ("2024/2/29", date(2024, 2, 29)),
        # The first and the last day of every era.
        ("M6.1.1", date(1873, 1, 1)),
        ("明治45年7月29日", date(1912, 7, 29)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("T15.12.24", date(1926, 12, 24)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("S64.1.7", date(1989, 1, 7)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("H310430", date(2019, 4, 30)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("R1.5.1", date(2019, 5, 1)),
    ],
)
def test_dates_that_name_one_day(typed: str, day: date) -> None:
    assert read_day(typed) == Day(day)


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("2026/10/15 9:30", time(9, 30)),
        ("2026-10-15T09:30:05", time(9, 30, 5)),
        ("令和8年10月15日　２３：５９：５９", time(23, 59, 59)),
        ("R081015 00:00", time(0, 0)),
    ],
)
def test_a_time_of_day_may_follow(typed: str, at: time) -> None:
    assert read_day(typed) == Day(date(2026, 10, 15), at)


def test_moments_are_in_japan() -> None:
    japan = timezone(timedelta(hours=9))
    assert read_day("2026-10-15 00:10").instant == datetime(2026, 10, 15, 0, 10, tzinfo=japan)
    assert read_day("2026-10-15").instant == datetime(2026, 10, 15, tzinfo=japan)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        # The day after the last and before the first of every era.
        ("明治5年12月31日", "date_invalid"),
        ("明治45年7月30日", "date_invalid"),
        ("大正元年7月29日", "date_invalid"),
        ("大正15年12月25日", "date_invalid"),
        ("昭和元年12月24日", "date_invalid"),
        ("昭和64年1月8日", "date_invalid"),
        ("平成元年1月7日", "date_invalid"),
        ("平成31年5月1日", "date_invalid"),
        ("H31.5.1", "date_invalid"),
        ("令和元年4月30日", "date_invalid"),
        ("令和0年5月1日", "date_invalid"),
        ("2026-02-29", "date_invalid"),
        ("2026/13/1", "date_invalid"),
        ("2026-10-15 24:00", "date_invalid"),
        ("2026/10-15", "date_invalid"),
        ("2026-10-15 9", "date_invalid"),
        ("46310", "date_invalid"),
        ("昨日", "date_invalid"),
        ("99.99.99", "date_invalid"),
        ("1/2/2026", "date_ambiguous"),
        ("10/15/2026", "date_ambiguous"),
        ("8.10.15", "date_ambiguous"),
        ("26/10/15", "date_ambiguous"),
        ("081015", "date_ambiguous"),
        ("8年10月15日", "date_ambiguous"),
        ("10月15日", "date_ambiguous"),
        ("10/15", "date_ambiguous"),
        ("８．１０．１５", "date_ambiguous"),
    ],
)
def test_dates_that_do_not(typed: str, code: str) -> None:
    with pytest.raises(ReadingError) as refused:
        read_day(typed)
    assert refused.value.code == code


def test_an_impossible_era_date_says_when_the_era_was() -> None:
    with pytest.raises(ReadingError, match="平成は1989年1月8日から2019年4月30日まで"):
        read_day("平成31年5月1日")


@given(st.dates(min_value=date(2019, 5, 1), max_value=date(2099, 12, 31)))
def test_every_day_of_this_era_reads_the_same_in_every_form(day: date) -> None:
    year = day.year - 2018
    forms = (
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year:04}{day.month:02}{day.day:02}",
        f"令和{year}年{day.month}月{day.day}日",
        f"R{year}.{day.month}.{day.day}",
        f"R{year:02}{day.month:02}{day.day:02}",
    )
    assert {read_day(form).on for form in forms} == {day}


def test_width_of_codes() -> None:
    assert fold("ＣＡＦ００１ー２") == "CAF001-2"
    assert fold("ｶﾞ①") == "ガ1"


def test_references_keep_what_is_no_width() -> None:
    assert fold_reference("Ａ－１ー２—3①サーバー") == "A-1-2-3①サーバー"


@pytest.mark.parametrize("name", ["髙﨑①", "𠮷野家", "神田", "サーバー－部", "ＡＢＣ", "葛󠄀城"])
def test_names_stay_as_they_are(name: str) -> None:
    assert widen_kana(name) == name


def test_half_width_and_split_kana_of_names() -> None:
    assert widen_kana("ﾔﾏﾀﾞ ﾀﾛｳ髙①") == "ヤマダ タロウ髙①"
    assert widen_kana("か\u3099") == "が"


def test_what_nobody_sees() -> None:
    assert has_control_character("a\u200bb", newlines=True)
    assert has_control_character("a\u202eb", newlines=True)
    assert has_control_character("a\tb", newlines=True)
    assert has_control_character("a\nb", newlines=False)
    assert not has_control_character("a\r\nb", newlines=True)
    assert not has_control_character("髙﨑①", newlines=False)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+81 90", "-2+3", '="001"'])
def test_formulas(text: str) -> None:
    assert is_formula(text)
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("text", ["A-1", "1+1", "-", "'=1", "山田@東京"])
def test_what_is_no_formula(text: str) -> None:
    assert not is_formula(text)


@pytest.mark.parametrize("text", ["\t=1", "＝1+1", "'=1", "\r=1"])
def test_what_is_neutralised_besides(text: str) -> None:
    assert neutralise(text) == "'" + text


@given(st.text(alphabet="'=+-@\t\r＝a髙1", max_size=6))
def test_what_goes_out_comes_back(text: str) -> None:
    assert undo_neutralise(neutralise(text)) == text


def test_choices_in_any_width() -> None:
    choices = Choices({"DS-Liteバンドル": "dslite", "ウェブ": "web"})
    assert choices.read("ＤＳーＬｉｔｅﾊﾞﾝﾄﾞﾙ") == "dslite"
    assert choices.read("ｳｪﾌﾞ") == "web"
    with pytest.raises(ReadingError, match="もしかして「ウェブ」"):
        choices.read("ウエブ")
