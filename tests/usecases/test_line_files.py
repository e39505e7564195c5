"""Files and typed rows of lines."""

from datetime import UTC, date, datetime

import pytest

from portal.gateways.spreadsheets import read_rows
from portal.usecases.file_findings import Checked
from portal.usecases.line_files import PREFECTURES, ParsedLine, check_line_row, check_lines
from tests.files.making import GOOD_LINE, GOOD_SHARED_LINE, LINE_HEADER, SHARED_HEADER, rows_of

TODAY = date(2026, 10, 15)


def check(*rows: dict[str, object], offering: str = "ipoe") -> list[Checked]:
    header = SHARED_HEADER if offering == "ipoe_shared" else LINE_HEADER
    return list(check_lines(rows_of(header, *rows), offering=offering, today=TODAY))


def findings(checked: list[Checked]) -> list[tuple[int, str, str]]:
    return [(finding.row, finding.column, finding.code) for one in checked for finding in one.findings]


def test_a_whole_line() -> None:
    row = GOOD_SHARED_LINE | {
        "エリア区分": "east-1",
        "自社管理番号": "髙﨑①",
        "再販先コード": "P07",
        "開通希望日": "令和8年11月1日",
        "オプション": "ルータレンタル；IPv4固定IP",
    }
    (checked,) = check(row, offering="ipoe_shared")
    line = checked.record
    assert isinstance(line, ParsedLine)
    assert (line.row, line.access_line_id, line.access_key, line.dwelling, line.prefecture) == (
        2,
        "CAF0000000001",
        "Ab12Cd34",
        "detached",
        "東京都",
    )
    assert (line.area, line.own_reference, line.partner_code, line.wanted_on) == (
        "east-1",
        "髙﨑①",
        "P07",
        date(2026, 11, 1),
    )
    assert line.options == ("router_rental", "ipv4_fixed")
    assert line.consent is not None
    assert line.consent.consented_at == datetime(2026, 10, 1, 0, 30, tzinfo=UTC)
    assert [(one.column, one.typed, one.read) for one in line.read_as] == [
        ("開通希望日", "令和8年11月1日", "2026-11-01"),
        ("オプション", "ルータレンタル；IPv4固定IP", "ルータレンタル;IPv4固定IP"),
    ]


@pytest.mark.parametrize("offering", ["ipoe", "ipoe_capped"])
def test_consent_is_asked_for_with_the_shared_offering_only(offering: str) -> None:
    (checked,) = check(GOOD_LINE, offering=offering)
    assert checked.record.consent is None
    assert findings(check(GOOD_LINE, offering="ipoe_shared")) == [
        (2, "利用者番号", "required"),
        (2, "同意日時", "required"),
        (2, "同意方法", "required"),
        (2, "提供条件版", "required"),
    ]


def test_columns_of_consent_are_unknown_to_the_other_offerings() -> None:
    checked = list(check_lines(rows_of(SHARED_HEADER, GOOD_SHARED_LINE), offering="ipoe", today=TODAY))
    assert [code for _, _, code in findings(checked)] == ["header_unknown"] * 4


@pytest.mark.parametrize(
    ("column", "bad", "code", "good"),
    [
        ("回線ID", "", "required", "COP00000001"),
        ("回線ID", "CAF-0000000001", "line_id", "caf0000000001"),
        ("アクセスキー", "", "required", "00000000"),
        ("アクセスキー", "Ab12Cd3", "access_key", "Ab12Cd3４"),
        ("アクセスキー", "Ab12Cd345", "access_key", "12345678"),
        ("アクセスキー", "Ab12-d34", "access_key", "abcdefgh"),
        ("アクセスキー", "••••••••", "access_key", "ABCDEFGH"),
        ("住居種別", "", "required", "集合"),
        ("住居種別", "戸建て", "choice", "戸建"),
        ("都道府県", "", "required", "北海道"),
        ("都道府県", "東京", "choice", "東京都"),
        ("都道府県", "京都", "choice", "京都府"),
        ("エリア区分", "e" * 65, "too_long", "e" * 64),
        ("自社管理番号", "=A1", "formula", "A1="),
        ("自社管理番号", "'=1+1", "formula", "'1+1"),
        ("自社管理番号", "a\x07", "control_character", "a"),
        ("開通希望日", "8.11.1", "date_ambiguous", "R8.11.1"),
        ("開通希望日", "2026/11/31", "date_invalid", "2026/11/30"),
        ("開通希望日", "2026/11/1 9:00", "date_invalid", "2026/11/1"),
        ("オプション", "ルーターレンタル", "choice", "ルータレンタル"),
        ("オプション", "DS-Liteバンドル;DS-Liteバンドル", "choice", "DS-Liteバンドル;"),
        ("オプション", "IPv4ポート拡張", "choice", "IPv4ポート拡張12800;IPv4固定IP"),
    ],
)
def test_a_cell_and_its_neighbour(column: str, bad: str, code: str, good: str) -> None:
    refused, taken = check(GOOD_LINE | {column: bad}), check(GOOD_LINE | {column: good})
    assert findings(refused) == [(2, column, code)]
    assert findings(taken) == []
    assert taken[0].record is not None


def test_every_option() -> None:
    words = "ルータレンタル;IPv4ポート拡張12800;IPv4ポート拡張64000;IPv4固定IP;DS-Liteバンドル"
    (checked,) = check(GOOD_LINE | {"オプション": words})
    assert checked.record.options == (
        "router_rental",
        "ipv4_ports_12800",
        "ipv4_ports_64000",
        "ipv4_fixed",
        "dslite_bundle",
    )


def test_the_prefectures() -> None:
    assert len(set(PREFECTURES)) == 47
    (checked,) = check(GOOD_LINE | {"都道府県": "大坂府"})
    assert "もしかして「大阪府」" in checked.findings[0].message


def test_the_access_key_is_shown_nowhere() -> None:
    checked = check(
        GOOD_LINE | {"アクセスキー": "Secret-99"},
        GOOD_LINE | {"アクセスキー": "Ｓecret77", "回線ID": "CAF0000000002"},
        GOOD_LINE | {"アクセスキー": "Secret55", "回線ID": "x"},
    )
    assert checked[0].findings[0].value == "••••••••"
    assert "ecret" not in repr([(one.findings, one.record, one.read_as) for one in checked])
    assert checked[1].record.access_key == "Secret77"


def test_duplicates() -> None:
    checked = check(GOOD_LINE, GOOD_LINE | {"アクセスキー": "00000000"}, GOOD_LINE | {"回線ID": "CAF0000000002"})
    assert findings(checked) == [(3, "回線ID", "duplicate_in_file")]


def test_a_typed_row_is_checked_as_a_row_of_a_file_is() -> None:
    line = check_line_row(GOOD_SHARED_LINE, offering="ipoe_shared", today=TODAY, row=7)
    assert isinstance(line, ParsedLine)
    assert line.row == 7
    assert line.consent is not None
    refused = check_line_row(GOOD_SHARED_LINE | {"同意日時": "2026-10-16"}, offering="ipoe_shared", today=TODAY)
    assert not isinstance(refused, ParsedLine)
    assert [(finding.column, finding.code, finding.value) for finding in refused] == [
        ("同意日時", "date_future", "2026-10-16")
    ]


def test_a_typed_field_that_is_none_of_ours_is_refused() -> None:
    refused = check_line_row(GOOD_LINE | {"氏名": "山田"}, offering="ipoe", today=TODAY)
    assert not isinstance(refused, ParsedLine)
    assert [(finding.column, finding.value) for finding in refused] == [("氏名", "")]


def test_a_file_in_any_order_of_columns() -> None:
    data = "都道府県,住居種別,回 線 ＩＤ,ｱｸｾｽｷｰ\n東京都,集合,CAF0000000001,Ab12Cd34\n".encode("cp932")
    (checked,) = check_lines(read_rows(data), offering="ipoe_capped", today=TODAY)
    assert checked.record.dwelling == "multi_unit"


@pytest.mark.parametrize(
    ("column", "typed", "said"),
    [
        ("アクセスキー", "Ab12Cd3", "7文字あります"),
        ("アクセスキー", "Ab12Cd345", "9文字あります"),
        ("アクセスキー", "Ab12-d34", "英数字でない文字があります"),
        ("アクセスキー", "********", "アクセスキーは伏せてあります。元のファイルの値を入れてください。"),
        ("アクセスキー", "????????", "アクセスキーは伏せてあります。元のファイルの値を入れてください。"),
        ("エリア区分", "e" * 65, "長すぎます（65文字）。64文字以内にしてください。"),
        ("自社管理番号", "a\u202eb", "（U+202E）"),
    ],
)
def test_a_refusal_says_what_is_wrong(column: str, typed: str, said: str) -> None:
    refused = check_line_row({**GOOD_SHARED_LINE, column: typed}, offering="ipoe_shared", today=TODAY)
    assert isinstance(refused, tuple)
    (finding,) = refused
    assert said in finding.message
    if column == "アクセスキー":
        assert finding.value == "••••••••"
        assert ("伏せ" in finding.message) == (typed in {"********", "????????"})
    if "\u202e" in typed:
        assert finding.value == "a⟨U+202E⟩b"
