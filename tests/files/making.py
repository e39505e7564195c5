"""Makes the files that tests upload: rows as gateways give them, CSV text, XLSX as Excel and as attackers write it."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from portal.gateways.spreadsheets import Row

CONSENT_HEADER = (
    *("回線ID", "自社管理番号", "利用者番号", "同意日時", "同意方法", "提供条件版", "再販先コード"),
    *("証跡ファイル", "証跡SHA256", "取得者"),
)
LINE_HEADER = (
    *("回線ID", "アクセスキー", "住居種別", "都道府県", "エリア区分", "自社管理番号"),
    *("再販先コード", "開通希望日", "オプション"),
)
SHARED_HEADER = (*LINE_HEADER, "利用者番号", "同意日時", "同意方法", "提供条件版")

GOOD_CONSENT = {
    "回線ID": "CAF0000000001",
    "利用者番号": "U-1001",
    "同意日時": "2026-10-01 09:30",
    "同意方法": "ウェブ",
    "提供条件版": "2026-04",
}
GOOD_LINE = {
    "回線ID": "CAF0000000001",
    "アクセスキー": "Ab12Cd34",
    "住居種別": "戸建",
    "都道府県": "東京都",
}
GOOD_SHARED_LINE = GOOD_LINE | {name: value for name, value in GOOD_CONSENT.items() if name != "回線ID"}


def csv_text(header: Iterable[str], *rows: Sequence[str], end: str = "\r\n") -> str:
    """Rows whose cells need no quotes, as CSV."""
    return "".join(",".join(cells) + end for cells in (header, *rows))


def rows_of(header: Sequence[str], *rows: dict[str, object] | Sequence[object]) -> list[Row]:
    """Rows as a gateway gives them: from row 2 on, dicts by the names of the header or plain cells."""
    cells = [[row.get(name, "") for name in header] if isinstance(row, dict) else list(row) for row in rows]
    return [Row(number, tuple(row)) for number, row in enumerate([list(header), *cells], start=1)]


CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def raw_xlsx(path: Path, sheet: Iterable[bytes]) -> Path:
    """An XLSX whose one sheet holds these bytes as its data, however large."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_OFFICE}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for piece in sheet:
                part.write(piece)
            part.write(b"</sheetData></worksheet>")
    return path


def far_apart(path: Path) -> Path:
    """2 KB, two cells, and between them the 17 billion of the whole sheet."""
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return raw_xlsx(path, [cells])


def inflating(path: Path, megabytes: int = 300) -> Path:
    """300 KB that inflate to 300 MB of blanks."""
    return raw_xlsx(path, [b" " * (1 << 20)] * megabytes)


def zipped(name: str, content: str) -> bytes:
    """Some other zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()
