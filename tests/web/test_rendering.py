"""How dates, moments, money and numbers are written, and how typed numbers are folded."""

from datetime import UTC, date, datetime

import pytest
from jinja2 import UndefinedError

from portal.terms.periods import Month
from portal.web import rendering
from portal.web.rendering import Pages, folded
from portal.web.shown import page_of, paged

JUST_BEFORE_MIDNIGHT = datetime(2026, 10, 15, 14, 59, 59, tzinfo=UTC)
MIDNIGHT = datetime(2026, 10, 15, 15, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("on", "shown"),
    [
        (date(2026, 10, 12), "2026年10月12日（月）"),
        (date(2026, 10, 13), "2026年10月13日（火）"),
        (date(2026, 10, 14), "2026年10月14日（水）"),
        (date(2026, 10, 15), "2026年10月15日（木）"),
        (date(2026, 10, 16), "2026年10月16日（金）"),
        (date(2026, 10, 17), "2026年10月17日（土）"),
        (date(2026, 10, 18), "2026年10月18日（日）"),
        (date(2028, 2, 29), "2028年2月29日（火）"),
    ],
)
def test_days_with_their_week_day(on: date, shown: str) -> None:
    assert rendering.day(on) == shown


@pytest.mark.parametrize(
    ("on", "shown"),
    [
        (date(2026, 10, 15), "2026年10月15日（令和8年10月15日）"),
        (date(2019, 4, 30), "2019年4月30日（平成31年4月30日）"),
        (date(2019, 5, 1), "2019年5月1日（令和元年5月1日）"),
        (date(2019, 12, 31), "2019年12月31日（令和元年12月31日）"),
        (date(2020, 1, 1), "2020年1月1日（令和2年1月1日）"),
        (date(1989, 1, 7), "1989年1月7日（昭和64年1月7日）"),
        (date(1989, 1, 8), "1989年1月8日（平成元年1月8日）"),
        (date(1926, 12, 24), "1926年12月24日（大正15年12月24日）"),
        (date(1926, 12, 25), "1926年12月25日（昭和元年12月25日）"),
        (date(1912, 7, 29), "1912年7月29日（明治45年7月29日）"),
        (date(1912, 7, 30), "1912年7月30日（大正元年7月30日）"),
        (date(1850, 1, 1), "1850年1月1日（西暦1850年1月1日）"),
    ],
)
def test_days_with_their_era(on: date, shown: str) -> None:
    assert rendering.day_era(on) == shown


def test_a_moment_is_shown_in_tokyo() -> None:
    assert rendering.moment(JUST_BEFORE_MIDNIGHT) == "2026年10月15日（木）23:59:59"
    assert rendering.moment(MIDNIGHT) == "2026年10月16日（金）00:00:00"
    assert rendering.day_short(JUST_BEFORE_MIDNIGHT) == "2026/10/15"
    assert rendering.day_short(MIDNIGHT) == "2026/10/16"
    assert rendering.day_era(MIDNIGHT) == "2026年10月16日（令和8年10月16日）"
    assert rendering.machine(MIDNIGHT) == "2026-10-16T00:00:00+09:00"
    assert rendering.machine(date(2026, 1, 5)) == "2026-01-05"


def test_an_era_changes_at_midnight_in_tokyo() -> None:
    assert rendering.day_era(datetime(2019, 4, 30, 14, 59, 59, tzinfo=UTC)) == "2019年4月30日（平成31年4月30日）"
    assert rendering.day_era(datetime(2019, 4, 30, 15, 0, 0, tzinfo=UTC)) == "2019年5月1日（令和元年5月1日）"


def test_a_moment_without_an_offset_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="offset"):
        rendering.day(MIDNIGHT.replace(tzinfo=None))


def test_months() -> None:
    assert rendering.month_name(date(2026, 1, 31)) == "2026年1月"
    assert rendering.month_name(Month(2026, 12)) == "2026年12月"


@pytest.mark.parametrize(
    ("amount", "screen", "paper"),
    [
        (0, "0円", "0円"),
        (999, "999円", "999円"),
        (1_234_567, "1,234,567円", "1,234,567円"),
        (-1, "-1円", "▲1円"),
        (-1_234_567, "-1,234,567円", "▲1,234,567円"),
        (9_007_199_254_740_993, "9,007,199,254,740,993円", "9,007,199,254,740,993円"),
    ],
)
def test_money(amount: int, screen: str, paper: str) -> None:
    assert rendering.yen(amount) == screen
    assert rendering.yen_paper(amount) == paper


@pytest.mark.parametrize("hyphen", "-－ー‐‑‒–—―−⁃ｰ﹣﹘─━")
def test_every_hyphen_is_one_hyphen(hyphen: str) -> None:
    assert folded(f"A{hyphen}20261122{hyphen}00017{hyphen}W") == "A-20261122-00017-W"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("\u3000ａ－２０２６１１２２－０００１７－ｗ ", "A-20261122-00017-W"),
        ("caf0000000001", "CAF0000000001"),
        ("", ""),
        ("株式会社例示", "株式会社例示"),
    ],
)
def test_numbers_are_found_as_people_type_them(typed: str, number: str) -> None:
    assert folded(typed) == number


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("1", 1),
        ("2", 2),
        ("99999", 99_999),
        ("100000", 1),
        ("0", 1),
        ("-1", 1),
        ("", 1),
        ("１", 1),
        ("²", 1),
        ("1e3", 1),
    ],
)
def test_the_page_asked_for(asked: str, page: int) -> None:
    assert page_of(asked) == page


def test_a_page_of_five_thousand_digits_is_no_page() -> None:
    assert page_of("9" * 5_000) == 1


def test_paging_keeps_the_filters_and_counts_nothing() -> None:
    shown, paging = paged(range(51), 1, path="/contracts", query={"q": "例示", "state": "", "page": "7"})
    assert shown == tuple(range(50))
    assert paging.shown == "1〜50件目"
    assert (paging.previous_href, paging.next_href) == (None, "/contracts?q=%E4%BE%8B%E7%A4%BA&page=2")
    shown, paging = paged(range(3), 2, path="/contracts", query={})
    assert paging.shown == "51〜53件目"
    assert (paging.previous_href, paging.next_href) == ("/contracts?page=1", None)
    assert paged([], 1, path="/contracts", query={})[1].shown == "0件"


def test_a_static_file_has_an_address_that_changes_with_it() -> None:
    name, _, digest = rendering.asset("portal.css").partition("?v=")
    assert name == "/static/portal.css"
    assert len(digest) == 12


def test_what_people_typed_is_escaped_and_what_is_missing_is_an_error() -> None:
    shown = rendering.environment().from_string("{{ value }}").render(value='<b a="\'">&')
    assert shown == "&lt;b a=&#34;&#39;&#34;&gt;&amp;"
    with pytest.raises(UndefinedError):
        Pages().whole("errors/404.html")
