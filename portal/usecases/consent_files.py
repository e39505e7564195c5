"""Files of end users' consents (A5-6-2): one row per line. No column of them identifies a person."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from portal.usecases.file_checks import check_rows, without_duplicates
from portal.usecases.file_findings import Checked, Column, Key, Kind, Objection, ReadAs, Row, Value, Values
from portal.usecases.readings import (
    Choices,
    Day,
    ReadingError,
    fold,
    fold_reference,
    is_formula,
    read_day,
    widen_kana,
)

METHODS = Choices(
    {
        "ウェブ": "web",
        "書面": "paper",
        "電話録音": "phone_recording",
        "対面端末": "in_person_terminal",
        "約款のみ": "terms_only",
    }
)
_LINE_ID = re.compile(r"CAF\d{10}|COP\d{8}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")

# Letters that stand for themselves in every reading: no width, no formula, no space to strip.
_LETTERS = "0-9A-Za-zぁ-んァ-ヶ一-鿿"
PLAIN_DAY = r"\d{4}(?:-\d\d-\d\d|/\d{1,2}/\d{1,2}|\d{4})"


@dataclass(frozen=True, slots=True)
class ParsedConsent:
    """同意 of one end user as a row states it. `consented_at` is in Asia/Tokyo; midnight where `has_time` is False."""

    end_user_ref: str
    consented_at: datetime
    has_time: bool
    method: str
    policy_version: str
    evidence_file: str | None
    evidence_sha256: str | None
    collector: str | None


@dataclass(frozen=True, slots=True)
class ParsedConsentRow:
    """A row of a file of consents: the line by its id or by the subscriber's own reference, never by both."""

    row: int
    access_line_id: str | None
    own_reference: str | None
    partner_code: str | None
    consent: ParsedConsent
    read_as: tuple[ReadAs, ...]


def read_line_id(text: str) -> str:
    """An access-line id: CAF + 10 digits or COP + 8 digits, in any width and case. Refuses others with `line_id`."""
    folded = fold(text).upper()
    if _LINE_ID.fullmatch(folded) is None:
        raise ReadingError(
            "line_id", "回線IDは CAF と数字10桁、または COP と数字8桁です。通知書の番号を入力してください。"
        )
    return folded


def read_reference(text: str) -> str:
    """A number or code that its owner chose: full-width letters and digits are narrowed, the rest stays."""
    folded = fold_reference(text)
    if is_formula(folded):
        raise ReadingError("formula", "数式として動く値です。先頭の ＝ ＋ － ＠ を除き、値だけを入力してください。")
    return folded


def read_sha256(text: str) -> str:
    """The SHA-256 of an evidence file: 64 hexadecimal digits. Refuses others with `sha256`."""
    folded = fold(text).lower()
    if _SHA256.fullmatch(folded) is None:
        message = "SHA-256は0〜9とa〜fの64文字です。証跡ファイルから計算し直して貼り付けてください。"
        raise ReadingError("sha256", message)
    return folded


def read_text(text: str) -> str:
    """A name, as its owner writes it: half-width kana in full width, nothing else changed."""
    return widen_kana(text)


def choice_label(choices: Choices) -> "dict[Value, str]":
    """The words of the codes."""
    return {code: word for word, code in choices.words.items()}


def plain_text(limit: int) -> str:
    """Free text that no reading changes."""
    return f"[{_LETTERS}][{_LETTERS}_./ー-]{{0,{limit - 1}}}"


def line_id_column(*, required: bool) -> Column:
    """回線ID."""
    return Column(name="回線ID", read=read_line_id, plain=r"CAF\d{10}|COP\d{8}", required=required)


def reference_column(name: str, *, required: bool = False, limit: int = 64) -> Column:
    """A column of references or codes."""
    return Column(
        name=name,
        read=read_reference,
        plain=f"[0-9A-Za-z][0-9A-Za-z_./-]{{0,{limit - 1}}}",
        required=required,
        limit=limit,
    )


def choice_column(name: str, choices: Choices) -> Column:
    """A required column that holds one of some words."""
    return Column(
        name=name,
        read=choices.read,
        plain="|".join(re.escape(word) for word in choices.words),
        quick=choices.words.__getitem__,
        label=choice_label(choices).__getitem__,
        required=True,
    )


OWN_REFERENCE = Column(name="自社管理番号", read=str, plain=plain_text(64), keeps=True)
PARTNER_CODE = reference_column("再販先コード")
CONSENT_COLUMNS = (
    reference_column("利用者番号", required=True),
    Column(
        name="同意日時",
        read=read_day,
        plain=PLAIN_DAY + r"(?: \d{1,2}:\d\d(?::\d\d)?)?",
        quick=read_day,
        required=True,
        is_date=True,
    ),
    choice_column("同意方法", METHODS),
    reference_column("提供条件版", required=True),
    Column(name="証跡ファイル", read=str, plain=plain_text(255), limit=255),
    Column(name="証跡SHA256", read=read_sha256, plain="[0-9a-f]{64}", limit=200),
    Column(name="取得者", read=read_text, plain=plain_text(100), limit=100, keeps=True),
)


def consent_objections(values: Values, today: date) -> list[Objection]:
    """Refuses a consent dated after today with `date_future`."""
    day = values["同意日時"]
    if isinstance(day, Day) and day.on > today:
        return [
            Objection("同意日時", "date_future", "今日より後の日付です。利用者が実際に同意した日時を入力してください。")
        ]
    return []


def consent_of(values: Values) -> ParsedConsent:
    """The consent of a row whose values all hold."""
    day = cast("Day", values["同意日時"])
    return ParsedConsent(
        end_user_ref=cast("str", values["利用者番号"]),
        consented_at=day.instant,
        has_time=day.at is not None,
        method=cast("str", values["同意方法"]),
        policy_version=cast("str", values["提供条件版"]),
        evidence_file=text_of(values, "証跡ファイル"),
        evidence_sha256=text_of(values, "証跡SHA256"),
        collector=text_of(values, "取得者"),
    )


def text_of(values: Values, name: str) -> str | None:
    """The text of a column that may be empty."""
    return cast("str | None", values[name])


def consent_kind(*, today: date) -> Kind[ParsedConsentRow]:
    """Files of consents, as of a day in Asia/Tokyo."""

    def objections(values: Values, bad: frozenset[str]) -> list[Objection]:
        found = consent_objections(values, today)
        if (values["回線ID"] is None) == (values["自社管理番号"] is None) and not bad & {"回線ID", "自社管理番号"}:
            found.append(
                Objection(
                    "回線ID", "both_or_neither_key", "回線IDと自社管理番号は、どちらか一方だけを入力してください。"
                )
            )
        return found

    return Kind(
        columns=(line_id_column(required=False), OWN_REFERENCE, *CONSENT_COLUMNS, PARTNER_CODE),
        objections=objections,
        record=_row,
        key=_key,
        one_of=("回線ID", "自社管理番号"),
    )


def _row(row: int, values: Values, read_as: tuple[ReadAs, ...]) -> ParsedConsentRow:
    return ParsedConsentRow(
        row=row,
        access_line_id=text_of(values, "回線ID"),
        own_reference=text_of(values, "自社管理番号"),
        partner_code=text_of(values, "再販先コード"),
        consent=consent_of(values),
        read_as=read_as,
    )


def _key(values: Values) -> Key | None:
    for name in ("回線ID", "自社管理番号"):
        if isinstance(value := values[name], str):
            return name, value
    return None


def check_consents(rows: Iterable[Row], *, today: date) -> Iterator[Checked[ParsedConsentRow]]:
    """What each row of a file of consents holds, or why it holds none; everything that needs no database."""
    return without_duplicates(check_rows(consent_kind(today=today), rows))
