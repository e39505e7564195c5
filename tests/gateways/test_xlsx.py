"""XLSX files: what Excel users make of them, and what attackers do."""

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from portal.gateways.spreadsheets import Row, read_rows
from tests.files.making import far_apart, inflating, raw_xlsx

NAIVE = """
import resource, sys, python_calamine
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
python_calamine.load_workbook(sys.argv[1]).get_sheet_by_index(0).to_python()
"""


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """A workbook as it grows in an office: a hidden sheet, merged cells, formulas, dates, errors, hidden rows."""
    book = openpyxl.Workbook()
    hidden = book.active
    assert hidden is not None
    hidden["A1"] = "コード表"
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("回線")
    book.active = 1
    sheet.append(["回線ID", "同意日時", "自社管理番号", "取得者"])
    sheet.append(["CAF0000000001", datetime.fromisoformat("2026-10-15 09:30"), 123, "髙﨑①"])
    sheet.append(["CAF0000000002", date(2026, 10, 15), 12.5, "=A1&B1"])
    sheet.append([])
    sheet.append(["CAF0000000003", 46310, 12345678901234567, "営業部\n山田"])
    sheet["D7"] = "右下"
    sheet["A7"] = "CAF0000000004"
    sheet["B7"] = "#N/A"
    sheet["B7"].data_type = "e"
    sheet["C7"] = True
    sheet.merge_cells("D7:D8")
    sheet.row_dimensions[4].hidden = True
    for row in range(9, 40):
        sheet.row_dimensions[row].hidden = True
        sheet.cell(row, 1).font = openpyxl.styles.Font(bold=True)
    sheet["B5"].number_format = '[$-ja-JP-x-gannen]ggge"年"m"月"d"日"'
    path = tmp_path / "messy.xlsx"
    book.save(path)
    return path


def test_a_messy_workbook(messy: Path) -> None:
    assert list(read_rows(messy)) == [
        Row(1, ["回線ID", "同意日時", "自社管理番号", "取得者"]),
        Row(2, ["CAF0000000001", datetime.fromisoformat("2026-10-15 09:30"), "123", "髙﨑①"]),
        Row(3, ["CAF0000000002", date(2026, 10, 15), "12.5", ""], formulas=frozenset({3})),
        Row(5, ["CAF0000000003", date(2026, 10, 15), "1.23456789012346E+16", "営業部\n山田"]),
        Row(7, ["CAF0000000004", "#N/A", "TRUE", "右下"]),
    ]


def test_bytes_are_read_as_a_path_is(messy: Path) -> None:
    assert list(read_rows(messy.read_bytes())) == list(read_rows(messy))


def test_a_table_that_begins_further_down_and_right_keeps_its_numbers(tmp_path: Path) -> None:
    path = raw_xlsx(tmp_path / "a.xlsx", [b'<row r="3"><c r="C3"><v>7</v></c></row>'])
    assert list(read_rows(path)) == [Row(3, ["", "", "7"])]


def test_formulas_are_found_however_they_are_written(tmp_path: Path) -> None:
    sheet = (
        b'<row r="1"><c r="A1" t="str"><f>1+1</f><v>2</v></c><c s="1" r="B1"><f t="shared" si="0"/><v>3</v></c>'
        b"<c r='C1'>\n<f>2</f><v>4</v></c><c r=\"D1\"><v>5</v></c></row>"
    )
    assert list(read_rows(raw_xlsx(tmp_path / "a.xlsx", [sheet]))) == [
        Row(1, ["2", "3", "4", "5"], formulas=frozenset({0, 1, 2}))
    ]


def test_a_formula_is_found_across_the_pieces_in_which_a_sheet_is_read(tmp_path: Path) -> None:
    rows = [f'<row r="{n}"><c r="A{n}"><f>{n}</f><v>{n}</v></c></row>'.encode() for n in range(1, 60_001)]
    read = list(read_rows(raw_xlsx(tmp_path / "a.xlsx", rows)))
    assert len(read) == 60_000
    assert all(row.formulas == {0} for row in read)


def test_a_sheet_that_declares_billions_of_cells_is_refused(tmp_path: Path) -> None:
    path = far_apart(tmp_path / "bomb.xlsx")
    assert path.stat().st_size < 3_000
    assert list(read_rows(path)) == [Row(1, (), "too_big")]
    naive = subprocess.run([sys.executable, "-c", NAIVE, str(path)], capture_output=True, check=False)
    assert naive.returncode < 0  # the reader does not raise, it takes its process with it


def test_a_sheet_that_inflates_to_300_mb_is_refused(tmp_path: Path) -> None:
    path = inflating(tmp_path / "bomb.xlsx")
    assert path.stat().st_size < 400_000
    assert list(read_rows(path)) == [Row(1, (), "too_big")]


def test_its_neighbour_of_twelve_mb_is_read(tmp_path: Path) -> None:
    path = inflating(tmp_path / "blanks.xlsx", megabytes=12)
    assert list(read_rows(path)) == []


def test_a_damaged_sheet_is_refused(messy: Path) -> None:
    data = bytearray(messy.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    read = list(read_rows(bytes(data)))
    assert read[-1].broken in {"zip", "too_big"}


def test_a_reader_that_stops_early_leaves_no_child(messy: Path) -> None:
    rows = read_rows(messy)
    next(rows)
    rows.close()
    with pytest.raises(StopIteration):
        next(rows)
