"""The files that the demo's companies upload: lines with their end users' consents, as Excel saves them."""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

HEADER = (
    "回線ID",
    "アクセスキー",
    "住居種別",
    "都道府県",
    "自社管理番号",
    "再販先コード",
    "開通希望日",
    "オプション",
    "利用者番号",
    "同意日時",
    "同意方法",
    "提供条件版",
)
PREFECTURES = ("東京都", "神奈川県", "埼玉県", "千葉県", "大阪府", "愛知県", "福岡県", "北海道")
METHODS = ("ウェブ", "ウェブ", "ウェブ", "書面", "電話録音", "対面端末")
# One line in so many has the DS-Lite bundle, which no offering bars.
DSLITE_EVERY = 6


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Lines numbered from `first`; they begin on one of `starts`, in turn, and come by one of `partners`, in turn."""

    first: int
    count: int
    policy: str
    consented_on: date
    starts: Sequence[date] = ()
    partners: Sequence[str] = ("",)


def excel_csv(batch: Batch) -> bytes:
    """The file of a batch: CP932 and CRLF, dates with slashes."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(HEADER)
    for place in range(batch.count):
        rows.writerow(row_of(batch, place))
    return text.getvalue().encode("cp932")


def row_of(batch: Batch, place: int) -> tuple[str, ...]:
    """One row, in the order of the header. The same numbers always give the same row."""
    number = batch.first + place
    # Starts fall in blocks: the first part of the lines on the first day, and so on.
    start = batch.starts[place * len(batch.starts) // batch.count] if batch.starts else None
    return (
        line_id(number),
        hashlib.sha256(f"demo access key {number}".encode()).hexdigest()[:8].upper(),
        "戸建",
        PREFECTURES[number % len(PREFECTURES)],
        f"R-{number:06}",
        batch.partners[number % len(batch.partners)],
        f"{start:%Y/%m/%d}" if start else "",
        "DS-Liteバンドル" if number % DSLITE_EVERY == 0 else "",
        f"U-{number:06}",
        f"{batch.consented_on:%Y/%m/%d} {9 + number % 9}:{number % 60:02}",
        METHODS[number % len(METHODS)],
        batch.policy,
    )


def line_id(number: int) -> str:
    """CAF and ten digits, from a range that nobody uses."""
    return f"CAF99{number:08}"
