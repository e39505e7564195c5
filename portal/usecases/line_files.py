"""Files and typed rows of lines (回線): for `ipoe_shared` each with its end user's consent (A5-6-2)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time

from portal.terms.offerings import DWELLING_LABELS, OFFERINGS, Offering
from portal.terms.option_kinds import OPTIONS
from portal.usecases.consent_files import (
    CONSENT_COLUMNS,
    OWN_REFERENCE,
    PARTNER_CODE,
    PLAIN_DAY,
    ParsedConsent,
    choice_column,
    consent_objections,
    consent_of,
    line_id_column,
    reference_column,
    text_of,
)
from portal.usecases.file_checks import check_rows, check_values, without_duplicates
from portal.usecases.file_findings import Checked, Column, Finding, Key, Kind, Objection, ReadAs, Row, Value, Values
from portal.usecases.readings import Choices, Day, ReadingError, fold, read_day, strip

PREFECTURES = (
    *("北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県"),
    *("茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県"),
    *("新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県"),
    *("三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県"),
    *("鳥取県", "島根県", "岡山県", "広島県", "山口県"),
    *("徳島県", "香川県", "愛媛県", "高知県"),
    *("福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県"),
)
DWELLINGS = Choices({label: dwelling.value for dwelling, label in DWELLING_LABELS.items()})
LINE_OPTIONS = Choices({entry.file_label: kind.value for kind, entry in OPTIONS.items()})
_OPTION_WORDS = {code: word for word, code in LINE_OPTIONS.words.items()}
_ACCESS_KEY = re.compile(r"[0-9A-Za-z]{8}")
# Excel writes the mask's letters as others in files that are not UTF-8.
_MASKED_KEY = re.compile(r"[*＊•·・●?？]{8}")


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """A line as a row states it. The access key is a credential: seal it, show it to nobody."""

    row: int
    access_line_id: str
    access_key: str = field(repr=False)
    dwelling: str
    prefecture: str
    area: str | None
    own_reference: str | None
    partner_code: str | None
    wanted_on: date | None
    options: tuple[str, ...]
    consent: ParsedConsent | None
    read_as: tuple[ReadAs, ...]


def is_mask(text: str) -> bool:
    """Whether an access key is a mask, as files that are given back show it."""
    return _MASKED_KEY.fullmatch(strip(text)) is not None


def read_access_key(text: str) -> str:
    """The access key of a line: 8 letters or digits, in any width, case kept. Refuses others with `access_key`."""
    folded = fold(text)
    if _ACCESS_KEY.fullmatch(folded) is not None:
        return folded
    if is_mask(text):
        message = "アクセスキーは伏せてあります。元のファイルの値を入れてください。"
    elif len(folded) != 8:
        message = f"アクセスキーは半角英数字8文字です。{len(folded)}文字あります。通知書のとおりに入力してください。"
    else:
        message = "アクセスキーに英数字でない文字があります。通知書のとおりに、半角英数字8文字で入力してください。"
    raise ReadingError("access_key", message)


def read_wanted_day(text: str) -> Day:
    """開通希望日: a day. Refuses a time of day with `date_invalid`."""
    day = read_day(text)
    if day.at not in {None, time()}:
        raise ReadingError("date_invalid", "時刻は指定できません。日付だけを 2026/10/15 のように入力してください。")
    return Day(day.on)


def read_options(text: str) -> tuple[str, ...]:
    """オプション joined by `;`, in any width. Refuses an unknown one, and one named twice, with `choice`."""
    options = tuple(LINE_OPTIONS.read(word) for word in fold(text).split(";") if word.strip())
    if len(set(options)) < len(options):
        raise ReadingError("choice", "同じオプションが2回書かれています。1回だけにしてください。")
    return options


def option_words(value: Value) -> str:
    """Options as the column shows them."""
    return ";".join(_OPTION_WORDS[code] for code in value) if isinstance(value, tuple) else ""


_LINE_COLUMNS = (
    line_id_column(required=True),
    Column(name="アクセスキー", read=read_access_key, plain="[0-9A-Za-z]{8}", required=True, secret=True),
    choice_column("住居種別", DWELLINGS),
    choice_column("都道府県", Choices({name: name for name in PREFECTURES})),
    reference_column("エリア区分"),
    OWN_REFERENCE,
    PARTNER_CODE,
    Column(name="開通希望日", read=read_wanted_day, plain=PLAIN_DAY, quick=read_day, is_date=True),
    Column(
        name="オプション",
        read=read_options,
        plain="|".join(re.escape(word) for word in LINE_OPTIONS.words),
        quick=lambda word: (LINE_OPTIONS.words[word],),
        label=option_words,
        limit=200,
    ),
)


def line_kind(*, offering: str, today: date) -> Kind[ParsedLine]:
    """Files of lines for an offering, as of a day in Asia/Tokyo; consents are asked for with `ipoe_shared` only."""
    with_consent = OFFERINGS[Offering(offering)].controls_traffic

    def objections(values: Values, _: frozenset[str]) -> list[Objection]:
        return consent_objections(values, today) if with_consent else []

    def record(row: int, values: Values, read_as: tuple[ReadAs, ...]) -> ParsedLine:
        wanted, options = values["開通希望日"], values["オプション"]
        return ParsedLine(
            row=row,
            access_line_id=str(values["回線ID"]),
            access_key=str(values["アクセスキー"]),
            dwelling=str(values["住居種別"]),
            prefecture=str(values["都道府県"]),
            area=text_of(values, "エリア区分"),
            own_reference=text_of(values, "自社管理番号"),
            partner_code=text_of(values, "再販先コード"),
            wanted_on=wanted.on if isinstance(wanted, Day) else None,
            options=options if isinstance(options, tuple) else (),
            consent=consent_of(values) if with_consent else None,
            read_as=read_as,
        )

    columns = _LINE_COLUMNS + (CONSENT_COLUMNS if with_consent else ())
    return Kind(columns=columns, objections=objections, record=record, key=_key)


def _key(values: Values) -> Key | None:
    value = values["回線ID"]
    return ("回線ID", value) if isinstance(value, str) else None


def check_lines(rows: Iterable[Row], *, offering: str, today: date) -> Iterator[Checked[ParsedLine]]:
    """What each row of a file of lines holds, or why it holds none; everything that needs no database."""
    return without_duplicates(check_rows(line_kind(offering=offering, today=today), rows))


def check_line_row(
    values: Mapping[str, str], *, offering: str, today: date, row: int = 1
) -> ParsedLine | tuple[Finding, ...]:
    """The same check for one row typed into the form, keyed by the names of the columns; the row's number is given."""
    checked = checked_line_row(values, offering=offering, today=today, row=row)
    return checked.findings if checked.record is None else checked.record


def checked_line_row(values: Mapping[str, str], *, offering: str, today: date, row: int = 1) -> Checked[ParsedLine]:
    """The same, with what could be read of a row that makes no line."""
    return check_values(line_kind(offering=offering, today=today), values, row=row)
