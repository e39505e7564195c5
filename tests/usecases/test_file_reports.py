"""What comes back: counts, JSON, the file with its errors."""

import json
from datetime import date
from pathlib import Path

import pytest

from portal.gateways.spreadsheets import read_rows
from portal.usecases.consent_files import check_consents, consent_kind
from portal.usecases.file_checks import also
from portal.usecases.file_findings import Checked, Finding
from portal.usecases.file_reports import Summary, error_file, report_json, report_text
from portal.usecases.line_files import check_lines, line_kind
from tests.files.making import GOOD_CONSENT, GOOD_LINE, csv_text

TODAY = date(2026, 10, 15)
FIVE = tuple(GOOD_CONSENT)
FILE = csv_text(
    FIVE,
    ["CAF0000000001", "U1", "H31.5.1", "書面", "v1"],
    ["CAF0000000002", "U2", "令和8年10月1日", "書面", "v1"],
    ["CAF0000000003", "U3", "2026-10-01", "口頭", "v1"],
).encode("cp932")


def test_json() -> None:
    summary = Summary()
    report = json.loads("".join(report_json(check_consents(read_rows(FILE), today=TODAY), summary)))
    assert set(report) == {"rows", "ok", "findings"}
    assert (report["rows"], report["ok"], summary.errors) == (3, 1, 2)
    first = dict(report["findings"][0])
    assert "平成は1989年1月8日から" in first.pop("message")
    assert first == {"row": 2, "column": "同意日時", "code": "date_invalid", "severity": "error", "value": "H31.5.1"}


def test_json_of_nothing_wrong() -> None:
    good = csv_text(FIVE, [*GOOD_CONSENT.values()]).encode()
    report = "".join(report_json(check_consents(read_rows(good), today=TODAY), Summary()))
    assert json.loads(report) == {"rows": 1, "ok": 1, "findings": []}


def test_text_names_the_readings() -> None:
    text = "".join(report_text(check_consents(read_rows(FILE), today=TODAY), Summary()))
    assert "読み替え 同意日時 1件 例: 3行目「令和8年10月1日」→「2026-10-01」" in text
    assert "4行目 同意方法 「口頭」" in text
    assert "3行のうち 1行に誤りがありません。" in text


def returned(data: bytes, checked: list[Checked], kind: object) -> list[list[str]]:
    found = [finding for one in checked for finding in one.findings]
    out = b"".join(error_file(kind, read_rows(data), found))
    assert out.startswith(b"\xef\xbb\xbf")
    assert b"\n" not in out.replace(b"\r\n", b"")
    return [list(row.cells) for row in read_rows(out)]


def test_the_same_file_comes_back_with_its_errors_and_can_be_uploaded_again() -> None:
    kind = consent_kind(today=TODAY)
    rows = returned(FILE, list(check_consents(read_rows(FILE), today=TODAY)), kind)
    assert rows[0] == [*FIVE, "エラー"]
    assert [row[:5] for row in rows[1:]] == [
        ["CAF0000000001", "U1", "H31.5.1", "書面", "v1"],
        ["CAF0000000002", "U2", "令和8年10月1日", "書面", "v1"],
        ["CAF0000000003", "U3", "2026-10-01", "口頭", "v1"],
    ]
    assert rows[1][5].startswith("同意日時: 平成にこの日付はありません")
    assert rows[2][5] == ""
    corrected = csv_text(
        rows[0],
        *[[cell.replace("H31.5.1", "H31.4.30").replace("口頭", "書面") for cell in row[:5]] for row in rows[1:]],
    )
    again = list(check_consents(read_rows(corrected.encode()), today=TODAY))
    assert [one.record is not None for one in again] == [True, True, True]


def test_formulas_personal_data_and_credentials_do_not_come_back() -> None:
    header = (*GOOD_LINE, "氏名", "自社管理番号")
    data = csv_text(header, [*GOOD_LINE.values(), "例示たろう", "=1+1"], ["", "", "", "", "", ""]).encode()
    kind = line_kind(offering="ipoe", today=TODAY)
    rows = returned(data, list(check_lines(read_rows(data), offering="ipoe", today=TODAY)), kind)
    assert "personal_data" not in rows[0][-1]
    assert rows[0][-1].startswith("エラー（氏名: ")
    assert rows[1][:6] == ["CAF0000000001", "••••••••", "戸建", "東京都", "", "'=1+1"]


def test_what_the_database_knows_is_added_to_the_rows() -> None:
    def judge(one: Checked) -> list[Finding]:
        if one.record is None:
            return []
        if one.record.access_line_id == "CAF0000000002":
            return [Finding(one.row, "回線ID", "unknown_line", "error", "CAF0000000002", "ありません。")]
        return []

    def weak(one: Checked) -> list[Finding]:
        return [Finding(one.row, "同意方法", "weak_method", "warning", "書面", "弱い方法です。")]

    good = csv_text(FIVE, [*GOOD_CONSENT.values()], ["CAF0000000002", *list(GOOD_CONSENT.values())[1:]]).encode()
    summary = Summary()
    for one in also(also(check_consents(read_rows(good), today=TODAY), judge), weak):
        summary.add(one)
    assert (summary.rows, summary.ok, summary.errors, summary.warnings) == (2, 1, 1, 2)


def test_only_the_first_findings_are_kept_but_all_are_counted() -> None:
    data = csv_text(FIVE, *[[f"CAF{number:010d}", "U", "2026-10-01", "口頭", "v"] for number in range(1_500)]).encode()
    summary = Summary()
    for one in check_consents(read_rows(data), today=TODAY):
        summary.add(one)
    assert (len(summary.findings), summary.codes["choice"]) == (1_000, 1_500)


def test_a_file_that_cannot_be_opened_leaves_no_half_of_an_answer(tmp_path: Path) -> None:
    checked = check_consents(read_rows(tmp_path / "nothing.csv"), today=TODAY)
    with pytest.raises(FileNotFoundError):
        next(report_json(checked, Summary()))
