"""The first row: what it must have, may have, and must not have."""

from datetime import date

import pytest

from portal.gateways.spreadsheets import Row
from portal.usecases.consent_files import check_consents
from portal.usecases.file_findings import Checked
from portal.usecases.file_headers import is_personal
from portal.usecases.file_reports import Summary
from tests.files.making import GOOD_CONSENT, rows_of

TODAY = date(2026, 10, 15)
FIVE = tuple(GOOD_CONSENT)


def check(header: tuple[str, ...], *rows: object) -> list[Checked]:
    return list(check_consents(rows_of(header, *(rows or (GOOD_CONSENT,))), today=TODAY))


def findings(checked: list[Checked]) -> list[tuple[int, str, str]]:
    return [(finding.row, finding.column, finding.code) for one in checked for finding in one.findings]


def test_spaces_width_and_order_are_forgiven() -> None:
    (checked,) = check(
        ("提供条件版", " 同意 方法", "同意\n日時", "利用者番号　", "\ufeff回線ＩＤ"),
        ["v", "書面", "2026-10-01", "U", "CAF0000000001"],
    )
    assert checked.record is not None


def test_a_missing_column_is_said_once_and_no_row_is_taken() -> None:
    checked = check(FIVE[:4])
    assert findings(checked) == [(1, "提供条件版", "header_missing")]
    summary = Summary()
    for one in checked:
        summary.add(one)
    assert (summary.rows, summary.ok, summary.errors) == (1, 0, 1)


def test_the_line_by_its_id_or_the_own_reference() -> None:
    assert findings(check(FIVE[1:])) == [(1, "回線ID", "header_missing")]
    (checked,) = check(("自社管理番号", *FIVE[1:]), GOOD_CONSENT | {"自社管理番号": "A1"})
    assert checked.record.own_reference == "A1"


def test_an_unknown_column_with_a_suggestion() -> None:
    header, row = check((*FIVE, "証跡ファイル名"))
    assert findings([header]) == [(1, "証跡ファイル名", "header_unknown")]
    assert "もしかして「証跡ファイル」" in header.findings[0].message
    assert row.record is not None


def test_a_column_twice() -> None:
    header, _ = check((*FIVE, "回線 ID"))
    assert findings([header]) == [(1, "回線ID", "header_duplicate")]


@pytest.mark.parametrize(
    "name",
    [
        *("氏名", "お名前", "姓", "フリガナ", "ｶﾅ", "カナ氏名", "住所", "設置場所住所", "郵便番号"),
        *("電話番号", "ＴＥＬ", "携帯", "メール", "メールアドレス", "E-mail", "生年月日", "性別", "利用者名"),
        *("customer_name", "Phone", "address1", "氏 名", "ふりがな", "部屋番号"),
    ],
)
def test_personal_data_is_refused_by_its_name_and_its_values_go_nowhere(name: str) -> None:
    row = GOOD_CONSENT | {name: "例示たろう"}
    checked = check((*FIVE, name), row)
    assert [code for _, _, code in findings(checked)] == ["personal_data"]
    assert "例示たろう" not in repr(checked)


@pytest.mark.parametrize(
    "name", ["回線ID", "利用者番号", "証跡ファイル", "取得者", "備考", "担当部署", "filename", "hotel", "再販先コード"]
)
def test_what_is_no_personal_data(name: str) -> None:
    assert not is_personal(name)


def test_a_file_without_a_header_gives_nothing_of_its_first_row_away() -> None:
    checked = list(check_consents([Row(1, ("CAF0000000001", "山田", "090-0000-0000"))], today=TODAY))
    assert {code for _, _, code in findings(checked)} == {"header_missing"}
    assert "090" not in repr(checked)


def test_a_blank_first_row_is_no_header() -> None:
    rows = [Row(3, FIVE), Row(4, tuple(GOOD_CONSENT.values()))]
    assert {code for _, _, code in findings(list(check_consents(rows, today=TODAY)))} == {"header_missing"}


def test_unreadable_bytes_in_a_header() -> None:
    header, _ = check((*FIVE, "取\udc8e者"))
    assert findings([header]) == [(1, "取�者", "encoding")]


def test_a_column_without_a_name_may_be_empty_only() -> None:
    (taken,) = check((*FIVE, ""), [*GOOD_CONSENT.values(), ""])
    assert taken.record is not None
    (refused,) = check((*FIVE, ""), [*GOOD_CONSENT.values(), "x"])
    assert findings([refused]) == [(2, "", "not_a_table")]


def test_the_column_of_errors_of_the_last_time_is_passed_over() -> None:
    (checked,) = check((*FIVE, "エラー"), [*GOOD_CONSENT.values(), "回線ID: =1"])
    assert checked.record is not None


def test_a_header_of_too_many_columns() -> None:
    strange = tuple(f"列{number}" for number in range(296))
    assert findings(check((*FIVE, *strange)))[0] == (1, "", "not_a_table")
    assert len(findings(check((*FIVE, *strange[:295], *[""] * 500)))) == 295
