"""Files of consents: every finding refused, and its neighbour taken."""

from datetime import UTC, date, datetime

import pytest

from portal.gateways.spreadsheets import Row, read_rows
from portal.usecases.consent_files import ParsedConsent, check_consents
from portal.usecases.file_checks import MAX_ROWS, within_limit
from portal.usecases.file_findings import Checked, Finding, ReadAs
from portal.usecases.file_reports import Summary
from tests.files.making import CONSENT_HEADER, GOOD_CONSENT, csv_text, rows_of

TODAY = date(2026, 10, 15)
FIVE = ("回線ID", "利用者番号", "同意日時", "同意方法", "提供条件版")


def check(*rows: dict[str, object], header: tuple[str, ...] = CONSENT_HEADER) -> list[Checked]:
    return list(check_consents(rows_of(header, *rows), today=TODAY))


def check_csv(text: str, encoding: str = "utf-8-sig") -> list[Checked]:
    return list(check_consents(read_rows(text.encode(encoding)), today=TODAY))


def findings(checked: list[Checked]) -> list[tuple[int, str, str]]:
    return [(finding.row, finding.column, finding.code) for one in checked for finding in one.findings]


def test_a_whole_row() -> None:
    row = GOOD_CONSENT | {
        "再販先コード": "P-07",
        "証跡ファイル": "2026年10月/証跡 1.pdf",
        "証跡SHA256": "AB" * 32,
        "取得者": "髙﨑①",
        "自社管理番号": "",
    }
    (checked,) = check(row)
    assert checked.findings == ()
    record = checked.record
    assert (record.row, record.access_line_id, record.own_reference, record.partner_code) == (
        2,
        "CAF0000000001",
        None,
        "P-07",
    )
    assert record.consent == ParsedConsent(
        end_user_ref="U-1001",
        consented_at=datetime(2026, 10, 1, 0, 30, tzinfo=UTC),
        has_time=True,
        method="web",
        policy_version="2026-04",
        evidence_file="2026年10月/証跡 1.pdf",
        evidence_sha256="ab" * 32,
        collector="髙﨑①",
    )
    assert record.read_as == (ReadAs("証跡SHA256", "AB" * 30 + "…", "ab" * 32),)


def test_the_plain_way_and_the_careful_way_give_the_same() -> None:
    plain = GOOD_CONSENT | {"同意日時": "2026/10/1 9:30", "取得者": "山田"}
    careful = plain | {"取得者": "山田 "}
    (one,), (other,) = check(plain), check(careful)
    assert one.record.consent == other.record.consent
    assert one.key == other.key == ("回線ID", "CAF0000000001")


@pytest.mark.parametrize(
    ("label", "code"),
    [
        *(("ウェブ", "web"), ("書面", "paper"), ("電話録音", "phone_recording")),
        *(("対面端末", "in_person_terminal"), ("約款のみ", "terms_only"), ("ｳｪﾌﾞ", "web")),
    ],
)
def test_methods(label: str, code: str) -> None:
    (checked,) = check(GOOD_CONSENT | {"同意方法": label})
    assert checked.record.consent.method == code


@pytest.mark.parametrize(
    ("column", "bad", "code", "good"),
    [
        ("利用者番号", "", "required", "1"),
        ("利用者番号", "   ", "required", " 1 "),
        ("同意日時", "", "required", "2026-10-15"),
        ("同意方法", "", "required", "書面"),
        ("提供条件版", "", "required", "v1"),
        ("回線ID", "CAF000000001", "line_id", "CAF0000000001"),
        ("回線ID", "CAF00000000001", "line_id", "ＣＡＦ０００００００００１"),
        ("回線ID", "COP123456789", "line_id", "cop12345678"),
        ("回線ID", "CAX0000000001", "line_id", "COP00000001"),
        ("同意日時", "H31.5.1", "date_invalid", "H31.4.30"),
        ("同意日時", "2026/9/31", "date_invalid", "2026/9/30"),
        ("同意日時", "1/2/2026", "date_ambiguous", "2026/1/2"),
        ("同意日時", "2026-10-16", "date_future", "2026-10-15"),
        ("同意日時", "2026-10-16 00:00", "date_future", "2026-10-15 23:59"),
        ("同意方法", "メール", "choice", "対面端末"),
        ("証跡SHA256", "a" * 63, "sha256", "a" * 64),
        ("証跡SHA256", "g" * 64, "sha256", "F" * 64),
        ("利用者番号", "U" * 65, "too_long", "U" * 64),
        ("取得者", "山" * 101, "too_long", "山" * 100),
        ("利用者番号", "1.23457E+15", "too_long", "1.23457E-15"),
        ("利用者番号", "U\x001", "control_character", "U1"),
        ("利用者番号", "U\n1", "control_character", "U1\n"),
        ("取得者", "山\u202e田", "control_character", "営業部\n山田"),
        ("取得者", "=1+1", "formula", "1+1="),
        ("取得者", "'=1+1", "formula", "'1+1"),
        ("利用者番号", "'@SUM(A1)", "formula", "SUM@A1"),
        ("取得者", "@SUM(A1)", "formula", "山田@営業"),
        ("利用者番号", "-1+1", "formula", "1-1"),
        ("利用者番号", "＋1", "formula", "１＋1"),
        ("取得者", "髙\udc81", "encoding", "髙﨑①"),
        ("取得者", "山\ufffd", "encoding", "山田"),
        ("利用者番号", date(2026, 10, 1), "date_ambiguous", "10-1"),
        ("再販先コード", "=P1", "formula", "P1"),
    ],
)
def test_a_cell_and_its_neighbour(column: str, bad: object, code: str, good: str) -> None:
    refused, taken = check(GOOD_CONSENT | {column: bad}), check(GOOD_CONSENT | {column: good})
    assert findings(refused) == [(2, column, code)]
    assert refused[0].record is None
    assert findings(taken) == []
    assert taken[0].record is not None


def test_a_finding_says_row_column_value_and_what_to_do() -> None:
    (checked,) = check(GOOD_CONSENT | {"同意日時": "H31.5.1"})
    message = (
        "平成にこの日付はありません（平成は1989年1月8日から2019年4月30日まで）。"
        "正しい元号か西暦で入力し直してください。"
    )
    assert checked.findings == (Finding(2, "同意日時", "date_invalid", "error", "H31.5.1", message),)


def test_every_column_of_a_row_is_found_wrong_at_once() -> None:
    row = {"回線ID": "CAF1", "同意日時": "2026-10-16", "同意方法": "口頭", "取得者": "=A1"}
    assert findings(check(row)) == [
        (2, "回線ID", "line_id"),
        (2, "利用者番号", "required"),
        (2, "同意方法", "choice"),
        (2, "提供条件版", "required"),
        (2, "取得者", "formula"),
        (2, "同意日時", "date_future"),
    ]


def test_line_id_or_own_reference_but_one() -> None:
    own = GOOD_CONSENT | {"回線ID": "", "自社管理番号": "管-①"}
    (taken,) = check(own)
    assert (taken.record.access_line_id, taken.record.own_reference) == (None, "管-①")
    assert findings(check(GOOD_CONSENT | {"自社管理番号": "A1"})) == [(2, "回線ID", "both_or_neither_key")]
    assert findings(check(GOOD_CONSENT | {"回線ID": ""})) == [(2, "回線ID", "both_or_neither_key")]


def test_a_wrong_own_reference_is_not_also_neither() -> None:
    assert findings(check(GOOD_CONSENT | {"回線ID": "", "自社管理番号": "=1"})) == [(2, "自社管理番号", "formula")]


def test_a_line_twice_is_found_even_where_the_row_is_wrong_besides() -> None:
    rows = [
        GOOD_CONSENT,
        GOOD_CONSENT | {"回線ID": "CAF0000000002"},
        GOOD_CONSENT | {"同意方法": "口頭", "回線ID": "ｃａｆ0000000001"},
    ]
    checked = check(*rows)
    assert findings(checked) == [(4, "同意方法", "choice"), (4, "回線ID", "duplicate_in_file")]
    assert "2行目と同じ" in checked[2].findings[1].message
    assert [one.record is not None for one in checked] == [True, True, False]


def test_blank_rows_are_neither_counted_nor_renumbered() -> None:
    text = csv_text(
        FIVE, [*GOOD_CONSENT.values()], ["", "　", "", "", ""], ["CAF1", "U", "2026-10-01", "書面", "v"], [""]
    )
    checked = check_csv(text)
    summary = Summary()
    for one in checked:
        summary.add(one)
    assert (summary.rows, summary.ok) == (2, 1)
    assert findings(checked) == [(4, "回線ID", "line_id")]


def test_the_file_as_excel_saves_it_in_cp932() -> None:
    text = csv_text(
        (*FIVE, "取得者"),
        ["ＣＡＦ０００００００００１", "１００１", "令和8年10月1日", "ウェブ", "2026-04", "髙﨑①"],
        ["CAF0000000002", "1002", "2026/10/1 9:30", "書面", "2026-04", '"営業部\n髙﨑"'],
        ["CAF0000000001", "1003", "2026/10/1", "書面", "2026-04", ""],
        ["CAF0000000004", "1004", "", "", "", ""],
        ["", "", "", "", "", ""],
    )
    checked = check_csv(text, "cp932")
    assert [one.row for one in checked] == [2, 3, 4, 5]
    assert findings(checked) == [
        (4, "回線ID", "duplicate_in_file"),
        (5, "同意日時", "required"),
        (5, "同意方法", "required"),
        (5, "提供条件版", "required"),
    ]
    assert checked[0].record.consent.collector == "髙﨑①"
    assert checked[1].record.consent.collector == "営業部\n髙﨑"
    assert checked[0].read_as == (
        ReadAs("回線ID", "ＣＡＦ０００００００００１", "CAF0000000001"),
        ReadAs("利用者番号", "１００１", "1001"),
        ReadAs("同意日時", "令和8年10月1日", "2026-10-01"),
    )
    assert checked[1].read_as == ()


def test_a_row_of_too_many_cells_shows_none_of_them() -> None:
    checked = list(check_consents(rows_of(FIVE, [*GOOD_CONSENT.values(), "090-0000-0000"]), today=TODAY))
    assert findings(checked) == [(2, "", "not_a_table")]
    assert checked[0].findings[0].value == ""
    assert "6列目" in checked[0].findings[0].message


def test_a_row_of_too_few_cells_lacks_what_is_required_and_says_what_was_taken_as_empty() -> None:
    (short,) = check_csv(
        "回線ID,利用者番号,同意日時,同意方法,提供条件版,取得者\r\nCAF0000000001,U1,2026-10-01,書面\r\n"
    )
    assert findings([short]) == [(2, "提供条件版", "required")]
    (taken,) = check_csv(
        "回線ID,利用者番号,同意日時,同意方法,提供条件版,取得者\r\nCAF0000000001,U1,2026-10-01,書面,v\r\n"
    )
    assert taken.record.consent.collector is None
    assert taken.read_as == (ReadAs("", "5列だけの行", "足りない列は空欄"),)


def test_an_unclosed_quote_is_one_broken_row() -> None:
    text = csv_text(
        FIVE, [*GOOD_CONSENT.values()], ['"CAF2', "", "", "", ""], ["CAF0000000003", "U", "2026-10-01", "書面", "v"]
    )
    checked = check_csv(text)
    assert findings(checked) == [(3, "", "not_a_table")]
    assert [one.record is not None for one in checked] == [True, False, True]


def test_a_formula_cell_of_xlsx() -> None:
    rows = [Row(1, FIVE), Row(2, tuple(GOOD_CONSENT.values()), formulas=frozenset({1}))]
    assert findings(list(check_consents(rows, today=TODAY))) == [(2, "利用者番号", "formula")]


def test_date_cells_of_xlsx() -> None:
    (day,) = check(GOOD_CONSENT | {"同意日時": date(2026, 10, 15)})
    (moment,) = check(GOOD_CONSENT | {"同意日時": datetime.fromisoformat("2026-10-15 09:30")})
    assert (day.record.consent.has_time, moment.record.consent.has_time) == (False, True)
    assert moment.record.consent.consented_at == datetime(2026, 10, 15, 0, 30, tzinfo=UTC)
    assert findings(check(GOOD_CONSENT | {"同意日時": date(2026, 10, 16)})) == [(2, "同意日時", "date_future")]
    assert findings(check(GOOD_CONSENT | {"同意日時": "46310"})) == [(2, "同意日時", "date_invalid")]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ("html", "not_a_table"),
        ("ole", "not_a_table"),
        ("too_big", "not_a_table"),
        ("jis", "encoding"),
        ("utf16", "encoding"),
        ("empty", "not_a_table"),
        ("pdf", "not_a_table"),
        ("zip", "not_a_table"),
        ("binary", "not_a_table"),
        ("long_line", "not_a_table"),
    ],
)
def test_what_is_no_table(broken: str, code: str) -> None:
    (checked,) = check_consents([Row(1, (), broken)], today=TODAY)
    assert findings([checked]) == [(1, "", code)]
    assert not checked.is_row


def test_too_many_rows() -> None:
    rows = [Checked(number, None) for number in range(2, 6)]
    assert list(within_limit(rows, most=4)) == rows
    *taken, last = within_limit(rows, most=3)
    assert taken == rows[:3]
    assert findings([last]) == [(5, "", "too_long")]
    assert not last.is_row
    assert MAX_ROWS == 1_000_000
