"""Encodings, line ends, quotes and numbering of CSV files, and what is no table at all."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.gateways.spreadsheets import Row, read_rows
from tests.files.making import zipped

HEADER = "回線ID,取得者"
TEXT = HEADER + "\r\nCAF0000000001,髙﨑①\r\nCAF0000000002,山田　太郎\r\n"
CELLS = [["回線ID", "取得者"], ["CAF0000000001", "髙﨑①"], ["CAF0000000002", "山田　太郎"]]


def cells(source: Path | bytes) -> list[list[object]]:
    return [list(row.cells) for row in read_rows(source)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "utf-16-le-bom", "utf-16-be-bom"])
def test_the_encodings_in_which_excel_saves(encoding: str) -> None:
    if encoding.endswith("-bom"):
        data = ("\ufeff" + TEXT).encode(encoding.removesuffix("-bom"))
    else:
        data = TEXT.encode(encoding)
    assert cells(data) == CELLS


def test_euc_jp_is_told_from_cp932() -> None:
    text = HEADER + "\nCAF0000000001,山田　太郎\nCAF0000000002,ヤマダ\n"
    assert cells(text.encode("euc_jp"))[1:] == [["CAF0000000001", "山田　太郎"], ["CAF0000000002", "ヤマダ"]]


def test_half_width_kana_in_cp932_is_not_taken_for_euc_jp() -> None:
    text = HEADER + "\r\n" + "CAF0000000001,ﾔﾏﾀﾞ ﾀﾛｳ\r\n" * 500
    assert cells(text.encode("cp932"))[1] == ["CAF0000000001", "ﾔﾏﾀﾞ ﾀﾛｳ"]


def test_tab_separated_unicode_text_of_excel() -> None:
    assert cells(TEXT.replace(",", "\t").encode("utf-16")) == CELLS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_one_damaged_row_stays_one_damaged_row(encoding: str) -> None:
    rows = [f"CAF{number:010d},髙橋".encode(encoding.removesuffix("-sig")) for number in range(1, 101)]
    rows[49] += b"\x81"
    data = "\r\n".join([HEADER]).encode(encoding) + b"\r\n" + b"\r\n".join(rows) + b"\r\n"
    read = cells(data)
    assert read[0] == ["回線ID", "取得者"]
    assert read[49] == ["CAF0000000049", "髙橋"]
    assert read[50] == ["CAF0000000050", "髙橋\udc81"]
    assert read[51] == ["CAF0000000051", "髙橋"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_line_ends(end: str) -> None:
    assert cells(TEXT.replace("\r\n", end).encode()) == CELLS


def test_a_quoted_newline_begins_no_row_and_blank_rows_are_numbered() -> None:
    data = '回線ID,取得者\r\nCAF0000000001,"営業部\n髙﨑 ""①"""\r\n\r\nCAF0000000002,b\r\n'.encode("cp932")
    assert [(row.number, list(row.cells)) for row in read_rows(data)] == [
        (1, ["回線ID", "取得者"]),
        (2, ["CAF0000000001", '営業部\n髙﨑 "①"']),
        (3, [""]),
        (4, ["CAF0000000002", "b"]),
    ]


def test_an_unclosed_quote_breaks_its_own_row_only() -> None:
    data = b'a,b\r\n1,"x\r\n2,y\r\n3,"z"\r\n4,w\r\n'
    assert list(read_rows(data)) == [
        Row(1, ["a", "b"]),
        Row(2, ['1,"x'], "quote"),
        Row(3, ["2", "y"]),
        Row(4, ["3", "z"]),
        Row(5, ["4", "w"]),
    ]


def test_control_of_the_unclosed_quote_a_lenient_reader_swallows_the_rest() -> None:
    text = 'a,b\r\n1,"x\r\n2,y\r\n4,w\r\n'
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == 2
    assert len(cells(text.encode())) == 4


def test_a_quote_that_never_closes_in_a_long_file_costs_one_row() -> None:
    data = b'a,b\r\n1,"x\r\n' + b"2,y\r\n" * 50_000
    rows = list(read_rows(data))
    assert len(rows) == 50_002
    assert [row.number for row in rows if row.broken] == [2]


def test_text_after_a_closing_quote() -> None:
    assert [row.broken for row in read_rows(b'a,b\r\n"x"y,z\r\n1,2\r\n')] == ["", "quote", ""]


def test_ragged_rows_come_as_they_are() -> None:
    assert cells(b"a,b,c\n1\n1,2,3,4\n") == [["a", "b", "c"], ["1"], ["1", "2", "3", "4"]]


def test_nul_bytes_are_kept_for_the_check() -> None:
    assert cells(b"a,b\r\n1,x\x00y\r\n" + b"1,z\r\n" * 10)[1] == ["1", "x\x00y"]


@given(st.lists(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=8), min_size=2), min_size=1))
def test_what_csv_writes_is_read_back(table: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["a", "b"], *table])
    assert cells(b"\xef\xbb\xbf" + file.getvalue().encode()) == [["a", "b"], *table]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"  \r\n ", "empty"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "html"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html>", "html"),
        (b"<?xml version='1.0'?><Workbook/>", "html"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "ole"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "binary"),
        (b"\x1f\x8b\x08\x00", "binary"),
        (zipped("a.csv", TEXT), "zip"),
        (b"PK\x03\x04 not a zip at all", "zip"),
        (TEXT.encode("iso2022_jp_ext", "replace"), "jis"),
        (TEXT.encode("utf-16-le"), "utf16"),
        (b"a" * (3 << 20), "long_line"),
        (("\ufeff" + "\u0a0a" * (3 << 19)).encode("utf-16-le"), "long_line"),
    ],
)
def test_what_is_no_table(data: bytes, why: str) -> None:
    assert list(read_rows(data)) == [Row(1, (), why)]


def test_a_path_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(read_rows(tmp_path / "nothing.csv"))


READ_LONG = """
import resource, sys
from pathlib import Path
from portal.gateways.spreadsheets import read_rows
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
print(sum(1 for _ in read_rows(Path(sys.argv[1]))))
"""
READ_NAIVELY = """
import csv, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
print(len(list(csv.reader(open(sys.argv[1], newline="")))))
"""


def test_memory_stays_bounded_where_a_naive_reader_dies(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        for _ in range(40):
            file.write((b"".join(b"%d," % (1000 + n) for n in range(9)) + b"9\r\n") * 25_000)
    run = [
        subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False)
        for code in (READ_LONG, READ_NAIVELY)
    ]
    assert run[0].stdout.strip() == b"1000000"
    assert run[1].returncode != 0
    assert b"MemoryError" in run[1].stderr
