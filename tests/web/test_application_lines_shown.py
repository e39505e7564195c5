"""The lines of an application as 確認, its page, its receipt and its file for Excel show them."""

import csv
import io
import re
from datetime import date

import pypdf
import pytest

from portal.records import database
from portal.usecases import applications as application_acts
from portal.usecases import reviews
from portal.usecases.reviews import Return
from tests.makers_applications import ANSWERS, SUBMITTED_AT, cells, drafted, ready, stored, submitted
from tests.portals import Portal, text_of

FULL = {
    "自社管理番号": "+81-管理1",
    "開通希望日": "2026/12/1",
    "オプション": "DS-Liteバンドル",
    "証跡ファイル": "同意.pdf",
    "証跡SHA256": "ab" * 32,
    "取得者": "例示窓口",
}


@pytest.fixture(scope="module", autouse=True)
async def _ready(portal: Portal) -> None:
    await ready(portal.pool, portal.world)


@pytest.mark.parametrize("page", ["", "/receipt"])
async def test_everything_a_line_says_is_on_the_page_and_the_receipt(portal: Portal, page: str) -> None:
    number = 201 if page else 202
    full = {**FULL, "自社管理番号": "管理1"}
    application_id = await submitted(portal.pool, portal.world.ours, [cells(number, **full), cells(number + 10)])
    answer = await portal.get(portal.world.ours.viewer, f"/applications/{application_id}{page}")
    words = text_of(answer)
    for said in (
        f"CAF0000000{number}",
        "DS-Lite",
        "自社が直接提供",
        "2026-12-01",
        "管理1",
        f"U-0{number}",
        "2026-10-01 14:30:00 ウェブ 2026-04版",
        "同意.pdf",
        "例示窓口",
    ):
        assert said in words
    assert "2026-11-01" in words  # A line without its own day has the application's.
    assert f"/applications/{application_id}/submitted.csv" in answer.text
    assert "Ab3dEf7h" not in answer.text


async def test_the_file_for_excel_has_all_columns_but_the_key_and_runs_nothing(portal: Portal) -> None:
    # A reference that begins with a full-width plus is kept as its owner writes it.
    full = {**FULL, "自社管理番号": "＋81"}
    application_id = await submitted(portal.pool, portal.world.ours, [cells(203, **full)])
    answer = await portal.get(portal.world.ours.viewer, f"/applications/{application_id}/submitted.csv")
    assert answer.status_code == 200
    header, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    told = dict(zip(header, row, strict=True))
    assert "アクセスキー" not in told
    assert "Ab3dEf7h" not in answer.text
    assert told["自社管理番号"] == "'＋81"
    assert told["証跡SHA256"] == "ab" * 32
    assert told["同意日時"] == "2026-10-01 14:30:00"
    stranger = await portal.get(portal.world.theirs.operator, f"/applications/{application_id}/submitted.csv")
    assert stranger.status_code == 404


async def test_the_copy_to_keep_is_a_document(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await submitted(portal.pool, ours, [cells(208, **{**FULL, "自社管理番号": "#管理*1"}), cells(209)])
    path = f"/applications/{application_id}/receipt/pdf"
    answer = await portal.get(ours.viewer, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    read = pypdf.PdfReader(io.BytesIO(answer.content))
    words = re.sub(r"\s+", "", "".join(page.extract_text() for page in read.pages))
    for said in (
        "申込の控え",
        "2026年10月15日（木）12:00:00",
        "CAF0000000208",
        "#管理*1",
        "ウェブ",
        "例示窓口",
        "ab" * 8,
    ):
        assert said in words
    assert "Ab3dEf7h" not in words
    assert (await portal.get(ours.viewer, path)).content == answer.content
    # What was not submitted has no copy to keep, and another company's does not exist.
    draft_id = await drafted(portal.pool, ours, [cells(210)])
    assert (await portal.get(ours.viewer, f"/applications/{draft_id}/receipt/pdf")).status_code == 404
    assert (await portal.get(portal.world.theirs.operator, path)).status_code == 404


async def test_what_was_read_otherwise_than_typed_is_listed_on_the_confirmation(portal: Portal) -> None:
    ours = portal.world.ours
    answers = {**ANSWERS, "contact_email": "ｍｏｕｓｈｉｋｏｍｉ＠ｅｘａｍｐｌｅ．ｅｘａｍｐｌｅ"}
    rows = [cells(204, 利用者番号="Ｕ－００２Ｂ"), cells(205)]
    application_id = await drafted(portal.pool, ours, rows, answers=answers)
    words = text_of(await portal.get(ours.operator, f"/applications/{application_id}/confirm"))
    assert "読み替えた値" in words
    assert "1行目 利用者番号 Ｕ－００２Ｂ U-002B" in words
    assert "moushikomi@example.example" in words
    assert "2行目" not in words
    page = text_of(await portal.get(ours.operator, f"/applications/{application_id}"))
    assert "U-002B" in page
    assert "Ｕ－００２Ｂ" not in page
    # Control: nothing is told where nothing was read otherwise.
    plain_id = await drafted(portal.pool, ours, [cells(206)])
    assert "読み替えた値" not in text_of(await portal.get(ours.operator, f"/applications/{plain_id}/confirm"))


async def test_a_resubmission_says_both_moments(portal: Portal) -> None:
    world, ours = portal.world, portal.world.ours
    application_id = await submitted(portal.pool, ours, [cells(207)])
    first = text_of(await portal.get(ours.viewer, f"/applications/{application_id}/receipt"))
    assert "到達日時 2026年10月15日（木）12:00:00" in first
    assert "再提出日時" not in first
    async with database.transaction(portal.pool, "staff") as db:
        await reviews.take(db, by=world.desk.clerk, at=SUBMITTED_AT, application_id=application_id)
        await reviews.send_back(
            db,
            by=world.desk.clerk,
            at=SUBMITTED_AT,
            application_id=application_id,
            returns=[Return("note", "番号を入力してください。")],
            return_by=date(2026, 10, 30),
        )
    returned = text_of(await portal.get(ours.viewer, f"/applications/{application_id}/receipt"))
    assert "差戻しの後に直している内容" in returned
    revision = (await stored(portal.pool, application_id)).revision
    async with database.transaction(portal.pool, "subscriber", subscriber_id=ours.id) as db:
        await application_acts.resubmit(
            db,
            by=ours.signatory,
            at=SUBMITTED_AT.replace(hour=6),
            application_id=application_id,
            revision=revision,
        )
    again = text_of(await portal.get(ours.viewer, f"/applications/{application_id}/receipt"))
    assert "再提出日時 2026年10月15日（木）15:00:00" in again
    assert "到達日時（最初の提出） 2026年10月15日（木）12:00:00" in again
