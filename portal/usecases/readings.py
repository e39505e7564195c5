"""How what people type and Excel saves is read: width, dates, eras, ids. Pure; what is unclear is asked about.

A reading never changes a value in silence: the caller compares what was typed with what was read and says so.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from itertools import permutations

from portal.terms.periods import TOKYO, japanese

# 明治 from 1873-01-01: before, Japan counted by another calendar. An era begins on the day of its proclamation.
_ERAS = (
    ("明治", "M", 1868, date(1873, 1, 1), date(1912, 7, 29)),
    ("大正", "T", 1912, date(1912, 7, 30), date(1926, 12, 24)),
    ("昭和", "S", 1926, date(1926, 12, 25), date(1989, 1, 7)),
    ("平成", "H", 1989, date(1989, 1, 8), date(2019, 4, 30)),
    ("令和", "R", 2019, date(2019, 5, 1), date.max),
)
_TIME = r"(?:(?:[ ]+|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
_ERA_NAME = r"(?P<era>明治|大正|昭和|平成|令和|[MTSHR])"
_CIVIL = tuple(
    re.compile(form + _TIME, re.ASCII | re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日",
    )
)
_OF_ERA = tuple(
    re.compile(_ERA_NAME + form + _TIME, re.ASCII | re.IGNORECASE)
    for form in (
        r"(?P<year>\d{1,2}|元)年(?P<month>\d{1,2})月(?P<day>\d{1,2})日",
        r"(?P<year>\d{1,2}|元)(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
        r"(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})",
    )
)
_UNCLEAR = re.compile(
    r"(?:(?P<date>\d{1,2}([-/.])\d{1,2}\2\d{1,4}|\d{1,2}年\d{1,2}月\d{1,2}日)|(?P<packed>\d{6})"
    r"|(?P<short>\d{1,2}[-/.]\d{1,2}|\d{1,2}月\d{1,2}日))" + _TIME,
    re.ASCII,
)

_SPACES = " \u3000\u00a0"
_DASHES = "ー－−‐‑–—―ｰ"
_DASH_IN_CODE = re.compile(rf"(?<=[0-9A-Za-z])[{_DASHES}](?=[0-9A-Za-z])")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_HALF_WIDTH_KANA = re.compile("[\uff66-\uff9f]+")
_SPLIT_KANA = re.compile("[\u3041-\u30ff][\u3099\u309a]")
_INVISIBLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_NOT_TEXT = re.compile("[\ud800-\udfff\ufffd]")
_FORMULA = re.compile(r"[=@]|[+\-].", re.DOTALL)
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
_DANGEROUS = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
TOO_LATE = date(2100, 1, 1)
_ROUNDED_BY_EXCEL = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+", re.ASCII)


class ReadingError(Exception):
    """A value that cannot be read: the finding's code, and what is wrong and what to do (Japanese)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it was written, with its time of day where one was written (both in Asia/Tokyo)."""

    on: date
    at: time | None = None

    @property
    def instant(self) -> datetime:
        """The moment, in Asia/Tokyo; the beginning of the day where no time was written."""
        return datetime.combine(self.on, self.at or time(), tzinfo=TOKYO)

    def __str__(self) -> str:
        return self.on.isoformat() if self.at is None else f"{self.on.isoformat()} {self.at.isoformat()}"


def strip(text: str) -> str:
    """Without the spaces and newlines around it, full-width and no-break ones included."""
    return text.strip(_SPACES + "\r\n\t")


def fold(text: str) -> str:
    """The form of codes and dates: NFKC, and every kind of dash between letters or digits as a hyphen."""
    return _DASH_IN_CODE.sub("-", unicodedata.normalize("NFKC", text))


def fold_reference(text: str) -> str:
    """The form of references that their owner chose: only full-width letters, digits and dashes; ① stays ①."""
    return _DASH_IN_CODE.sub("-", text.translate(_FULL_WIDTH))


def widen_kana(text: str) -> str:
    """The form of names: half-width kana in full width, split marks joined; nothing else, so 髙﨑① stays as it is."""
    widened = _HALF_WIDTH_KANA.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
    return _SPLIT_KANA.sub(lambda pair: unicodedata.normalize("NFC", pair[0]), widened)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program would run this text: it begins with `=`, `@`, or `+` or `-` and more."""
    return _FORMULA.match(text) is not None


def neutralise(text: str) -> str:
    """A cell on its way out: an apostrophe before what a spreadsheet program would run."""
    return "'" + text if _DANGEROUS.match(text) else text


def undo_neutralise(text: str) -> str:
    """A cell on its way in: without the apostrophe that `neutralise` wrote."""
    return text[1:] if _NEUTRALISED.match(text) else text


def is_undecodable(text: str) -> bool:
    """Whether it holds bytes that are no character, or the mark (U+FFFD) that another program left for them."""
    return _NOT_TEXT.search(text) is not None


def has_control_character(text: str, *, newlines: bool) -> bool:
    """Whether it holds what nobody sees: controls, zero-width and direction marks, newlines unless allowed."""
    return _INVISIBLE.search(text.replace("\r\n", "\n")) is not None or (not newlines and "\n" in text)


def is_rounded_by_excel(text: str) -> bool:
    """Whether Excel has replaced the last digits of a long number: 1.23457E+15."""
    return _ROUNDED_BY_EXCEL.fullmatch(text) is not None


def choice_key(text: str) -> str:
    """What two spellings of a word share when they differ in width, case, spaces and dashes only."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join("-" if letter in _DASHES else letter for letter in folded if not letter.isspace())


def suggestion(word: str, known: Iterable[str]) -> str:
    """「もしかして」 and the nearest known word, or nothing."""
    keys = {choice_key(name): name for name in known if len(word) <= 64}
    near = get_close_matches(choice_key(word), keys, n=1, cutoff=0.5)
    return f"もしかして「{keys[near[0]]}」ですか。" if near else ""


class Choices:
    """Words, each with its code."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = words
        self._codes = {choice_key(word): code for word, code in words.items()}

    def read(self, text: str) -> str:
        """The code of a word in any width. Refuses another word with `choice`, and names the nearest."""
        code = self._codes.get(choice_key(text))
        if code is not None:
            return code
        hint = suggestion(text, self.words)
        listed = f"次のどれかを入力してください: {'、'.join(self.words)}" if len(self.words) <= 10 else ""
        raise ReadingError(
            "choice",
            f"選べる値ではありません。{hint}{listed}" + ("" if hint or listed else "正式な名称で入力してください。"),
        )


@lru_cache(maxsize=4096)
def read_day(typed: str) -> Day:
    """A date, or date and time, in the forms that name one day only.

    2026-10-15, 2026/10/15, 2026/1/5, 20261015, 2026年10月15日, 令和8年10月15日, 令和元年5月1日, R8.10.15, R081015,
    in any width, with HH:MM[:SS] where wanted. Refuses an impossible day, an era outside its years and any other form
    with `date_invalid`, and what could be several days (1/2/2026, 8.10.15) with `date_ambiguous`. A day from 2100 on
    is a slip of the hand (9999-12-31, R99.1.1), in whatever field.
    """
    day = _read_day(strip(fold(typed)))
    if day.on >= TOO_LATE:
        raise ReadingError("date_invalid", "2100年より前の日付を入力してください。")
    return day


def _read_day(text: str) -> Day:
    for form in _CIVIL:
        if found := form.fullmatch(text):
            return _day(found, int(found["year"]))
    for form in _OF_ERA:
        if found := form.fullmatch(text):
            return _day_of_era(found)
    if found := _UNCLEAR.fullmatch(text):
        return _unclear(found)
    raise ReadingError(
        "date_invalid", "日付として読めません。2026/10/15 または 令和8年10月15日 のように入力してください。"
    )


def _day(found: re.Match[str], year: int) -> Day:
    try:
        on = date(year, int(found["month"]), int(found["day"]))
        at = None
        if found["hour"] is not None:
            at = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    except ValueError:
        raise ReadingError(
            "date_invalid", "暦にない日付か、ありえない時刻です。正しい日時を入力してください。"
        ) from None
    return Day(on, at)


def _day_of_era(found: re.Match[str]) -> Day:
    name = found["era"].upper()
    era, _, year_one, first, last = next(entry for entry in _ERAS if name in entry[:2])
    year = 1 if found["year"] == "元" else int(found["year"])
    day = _day(found, year_one + year - 1) if year else None
    if day is None or not first <= day.on <= last:
        span = f"{japanese(first)}から" + ("" if last == date.max else f"{japanese(last)}まで")
        message = f"{era}にこの日付はありません（{era}は{span}）。正しい元号か西暦で入力し直してください。"
        raise ReadingError("date_invalid", message)
    return day


def _unclear(found: re.Match[str]) -> Day:
    """Never a day: asks which one is meant, or says that none can be."""
    numbers = [int(part) for name in ("date", "short") for part in re.findall(r"\d+", found[name] or "")]
    if found["packed"]:
        numbers = [int(found["packed"][place : place + 2]) for place in (0, 2, 4)]
    if not any(1 <= month <= 12 and 1 <= day <= 31 for month, day in permutations(numbers, 2)):
        raise ReadingError("date_invalid", "暦にない日付です。正しい日付を 2026/10/15 のように入力してください。")
    raise ReadingError(
        "date_ambiguous",
        "年月日の順か、西暦か和暦かが決まりません。2026/10/15（年は4桁）か 令和8年10月15日 のように入力してください。",
    )
