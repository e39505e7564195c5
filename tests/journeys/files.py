"""The files of lines that the operator uploads: as Excel saved it, with its faults, and put right."""

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime

import openpyxl
from playwright.async_api import FilePayload

VERSION = "2026-10"
HEADER = (
    *("回線ID", "アクセスキー", "住居種別", "都道府県", "自社管理番号"),
    *("利用者番号", "同意日時", "同意方法", "提供条件版", "取得者"),
)
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def row(number: int, **changed: str) -> dict[str, str]:
    """A row that holds, with some columns changed."""
    whole = {
        "回線ID": f"CAF{number:010}",
        "アクセスキー": f"Key{number:05}",
        "住居種別": "戸建",
        "都道府県": "東京都",
        "自社管理番号": f"管理-{number}",
        "利用者番号": f"U-{number:04}",
        "同意日時": "2026/10/5 9:30",
        "同意方法": "ウェブ",
        "提供条件版": VERSION,
        "取得者": "髙﨑①",
    }
    return {**whole, **changed}


# As Excel shows them: row 1 is the header, the quoted newline of row 2 does not make a row, row 8 is empty.
MESSY = [
    row(
        1,
        回線ID="ＣＡＦ０００００００００１",
        自社管理番号="本社\n3階",
        同意日時="令和8年10月2日",
        利用者番号="Ｕ－０００１",
    ),
    row(2, 同意日時="H31.5.1"),
    row(1, 利用者番号="U-0003", 自社管理番号="管理-3"),
    row(4, 同意日時="", 同意方法=""),
    row(5, 住居種別="集合"),
    row(6, 同意日時="8.10.15"),
    dict.fromkeys(HEADER, ""),
]
# row, column, value, and what the message must say to do
FAULTS = [
    ("3", "同意日時", "H31.5.1", "正しい元号か西暦で入力し直してください。"),
    ("4", "回線ID", "CAF0000000001", "2行目と同じ回線IDです。どちらか一方の行を削除してください。"),
    ("5", "同意日時", "", "同意日時が空です。値を入力してください。"),
    ("5", "同意方法", "", "同意方法が空です。値を入力してください。"),
    ("6", "住居種別", "集合", "集合"),
    ("7", "同意日時", "8.10.15", "2026/10/15"),
]


def as_excel_saves(given: list[dict[str, str]]) -> FilePayload:
    """CSV as Japanese Excel saves it: CP932, CRLF, quotes where they must be."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(given)
    return {"name": "回線一覧（髙﨑）.csv", "mimeType": CSV_TYPE, "buffer": out.getvalue().encode("cp932")}


def as_xlsx(given: list[Mapping[str, object]]) -> FilePayload:
    book, out = openpyxl.Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.append(list(HEADER))
    for one in given:
        sheet.append([one[name] for name in HEADER])
    book.save(out)
    return {"name": "回線一覧_修正.xlsx", "mimeType": XLSX_TYPE, "buffer": out.getvalue()}


def corrected() -> list[Mapping[str, object]]:
    """The same lines put right, two of the moments in date cells."""
    day = date(2026, 10, 2)
    moment = datetime.fromisoformat("2026-10-05T09:30:00")
    return [
        {**row(1, 自社管理番号="本社\n3階"), "同意日時": day},
        {**row(2), "同意日時": moment},
        row(3),
        row(4),
        row(5),
    ]
