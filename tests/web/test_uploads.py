"""Files of lines in the browser: looked at before anything is taken over, and given back with what is wrong."""

import re
from uuid import UUID, uuid4

import httpx2
import openpyxl
import pytest

from portal.gateways.cipher import Cipher
from portal.records import applications, database, uploads
from tests.makers_applications import SEALING_KEY, cells, csv_file, drafted, ready
from tests.portals import Portal, text_of


@pytest.fixture(scope="module", autouse=True)
async def _ready(portal: Portal) -> None:
    await ready(portal.pool, portal.world)


async def upload(portal: Portal, application_id: UUID, content: bytes, *, name: str = "回線.csv") -> httpx2.Response:
    """Send a file as the page does."""
    async with await portal.client(portal.world.ours.operator) as browser:
        return await browser.post(
            f"/applications/{application_id}/uploads",
            data={"submission_key": str(uuid4())},
            files={"file": (name, content)},
        )


async def ids(portal: Portal, application_id: UUID) -> list[str | None]:
    async with database.transaction(portal.pool, "subscriber", subscriber_id=portal.world.ours.id) as db:
        lines = await applications.lines(db, application_id, subscriber_id=portal.world.ours.id)
    return [line.access_line_id for line in lines]


async def test_a_file_is_looked_at_then_taken_over_once(portal: Portal) -> None:
    operator = portal.world.ours.operator
    application_id = await drafted(portal.pool, portal.world.ours, [cells(1)])
    sent = await upload(portal, application_id, csv_file([cells(2, 回線ID="ＣＡＦ０００００００００２"), cells(3)]))
    assert sent.status_code == 303
    path = sent.headers["location"]
    page = await portal.get(operator, path)
    words = text_of(page)
    assert "誤りはありません。まだ取り込んでいません。" in words
    assert "ＣＡＦ０００００００００２" in words
    assert await ids(portal, application_id) == ["CAF0000000001"]
    assert (await portal.post(operator, f"{path}/apply", {})).status_code == 422
    for _ in range(2):
        applied = await portal.post(operator, f"{path}/apply", {"mode": "append"})
        assert applied.headers["location"] == f"/applications/{application_id}/edit?saved=1"
    assert await ids(portal, application_id) == ["CAF0000000001", "CAF0000000002", "CAF0000000003"]
    assert "取り込み済み" in text_of(await portal.get(operator, path))
    confirm = await portal.get(portal.world.ours.signatory, f"/applications/{application_id}/confirm")
    assert "この内容で申し込む" in text_of(confirm)


async def test_errors_name_row_column_value_and_remedy_and_nothing_is_taken(portal: Portal) -> None:
    operator = portal.world.ours.operator
    application_id = await drafted(portal.pool, portal.world.ours, [cells(4)])
    rows = [cells(5), cells(6, 同意日時="平成31年5月1日"), cells(5), cells(7, 利用者番号="")]
    path = (await upload(portal, application_id, csv_file(rows))).headers["location"]
    page = await portal.get(operator, path)
    words = text_of(page)
    assert "この内容を取り込む" not in words
    for told in ("平成31年5月1日", "2行目と同じ回線IDです", "利用者番号が空です"):
        assert told in words
    assert "Ab3dEf7h" not in page.text
    assert (await portal.post(operator, f"{path}/apply", {"mode": "replace"})).status_code == 409
    assert await ids(portal, application_id) == ["CAF0000000004"]
    back = await portal.get(operator, f"{path}/errors.csv")
    assert back.headers["content-type"] == "text/csv; charset=utf-8"
    assert back.content.startswith(b"\xef\xbb\xbf")
    assert len(back.content.decode("utf-8-sig").split("\r\n")) == 6
    assert b"Ab3dEf7h" not in back.content
    gone = await portal.post(operator, f"{path}/discard", {})
    assert gone.headers["location"] == f"/applications/{application_id}/edit"
    assert (await portal.get(operator, path)).status_code == 404


async def test_a_file_that_was_cut_off_is_not_taken_for_a_whole_one(portal: Portal) -> None:
    application_id = await drafted(portal.pool, portal.world.ours, [cells(8)])
    path = f"/applications/{application_id}/uploads"
    async with await portal.client(portal.world.ours.operator) as browser:
        parts = [
            ("submission_key", (None, str(uuid4()))),
            ("file", ("回線.csv", csv_file([cells(9)]))),
            ("end", (None, "1")),
        ]
        whole = browser.build_request("POST", path, files=parts)
        sent = await whole.aread()
        headers = {"Content-Type": whole.headers["content-type"]}
        assert (await browser.post(path, content=sent[:-40], headers=headers)).status_code == 422
        page = await browser.get(f"/applications/{application_id}/edit")
        assert "アップロードしたファイル" not in page.text
        # Control: the same bytes to their end are taken.
        assert (await browser.post(path, content=sent, headers=headers)).status_code == 303


async def test_no_file_at_all(portal: Portal) -> None:
    application_id = await drafted(portal.pool, portal.world.ours, [cells(14, 都道府県="東京")])
    answer = await portal.post(portal.world.ours.operator, f"/applications/{application_id}/uploads", {})
    assert answer.status_code == 422
    words = text_of(answer)
    assert "ファイルを選んでから送ってください" in words
    # Control: the draft has errors of its own, which its own page tells.
    assert "選べる値ではありません" not in words
    own = text_of(await portal.get(portal.world.ours.operator, f"/applications/{application_id}/edit"))
    assert "選べる値ではありません" in own


async def test_a_line_that_is_there_already_is_told_beside_the_choice(portal: Portal) -> None:
    application_id = await drafted(portal.pool, portal.world.ours, [cells(15)])
    path = (await upload(portal, application_id, csv_file([cells(15)]))).headers["location"]
    answer = await portal.post(portal.world.ours.operator, f"{path}/apply", {"mode": "append"})
    assert answer.status_code == 422
    assert "すでに入力されている回線ID" in text_of(answer)
    assert 'id="mode-error"' in answer.text


async def test_a_name_is_shown_and_never_a_path(portal: Portal) -> None:
    operator = portal.world.ours.operator
    application_id = await drafted(portal.pool, portal.world.ours, [cells(10)])
    sent = await upload(portal, application_id, csv_file([cells(11)]), name="..\\..\\etc/<b>回線</b>.csv")
    page = await portal.get(operator, sent.headers["location"])
    assert "<b>" not in page.text
    assert "etc" not in text_of(page)


async def test_an_xlsx_is_read_too(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    row = cells(12)
    sheet.append(list(row))
    sheet.append(list(row.values()))
    path = tmp_path_factory.mktemp("xlsx") / "lines.xlsx"
    book.save(path)
    application_id = await drafted(portal.pool, portal.world.ours, [])
    sent = await upload(portal, application_id, path.read_bytes(), name="lines.xlsx")
    words = text_of(await portal.get(portal.world.ours.operator, sent.headers["location"]))
    assert "誤りはありません" in words


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", "回線ID\r\nCAF0000000001\x00\r\n".encode(), b"\x00" * 64])
async def test_what_is_no_table_is_told_and_breaks_nothing(portal: Portal, content: bytes) -> None:
    application_id = await drafted(portal.pool, portal.world.ours, [])
    sent = await upload(portal, application_id, content)
    page = await portal.get(portal.world.ours.operator, sent.headers["location"])
    assert page.status_code == 200
    assert "この内容を取り込む" not in text_of(page)


async def test_a_file_belongs_to_its_draft_and_company(portal: Portal) -> None:
    operator = portal.world.ours.operator
    application_id = await drafted(portal.pool, portal.world.ours, [])
    other_id = await drafted(portal.pool, portal.world.ours, [])
    theirs_id = await drafted(portal.pool, portal.world.theirs, [])
    path = (await upload(portal, application_id, csv_file([cells(13)]))).headers["location"]
    upload_id = path.rsplit("/", 1)[1]
    assert (await portal.get(operator, f"/applications/{other_id}/uploads/{upload_id}")).status_code == 404
    stranger = portal.world.theirs.operator
    for tail in ("", "/errors.csv"):
        assert (await portal.get(stranger, path + tail)).status_code == 404
        wrong = f"/applications/{theirs_id}/uploads/{upload_id}{tail}"
        assert (await portal.get(stranger, wrong)).status_code == 404
    for tail in ("/apply", "/discard"):
        assert (await portal.post(stranger, path + tail, {"mode": "replace"})).status_code == 404


async def test_the_empty_file_has_the_columns(portal: Portal) -> None:
    application_id = await drafted(portal.pool, portal.world.ours, [])
    answer = await portal.get(portal.world.ours.operator, f"/applications/{application_id}/lines.csv")
    header = answer.content.decode("utf-8-sig").rstrip("\r\n").split(",")
    assert {"回線ID", "アクセスキー", "住居種別", "同意日時", "提供条件版"} <= set(header)
    assert re.search(r"filename\*=UTF-8''", answer.headers["content-disposition"])


async def kept_of(portal: Portal, application_id: UUID) -> bytes:
    """The content of the newest file of a draft, opened."""
    owner = portal.world.ours.id
    async with database.transaction(portal.pool, "subscriber", subscriber_id=owner) as db:
        newest = (await uploads.of_application(db, application_id, subscriber_id=owner))[0]
        sealed = await uploads.content(db, newest.id, subscriber_id=owner)
        assert "例示たろう" not in repr(newest)
    return Cipher(SEALING_KEY).open(sealed, purpose="upload")


async def test_nothing_of_a_file_with_personal_data_is_kept(portal: Portal) -> None:
    operator = portal.world.ours.operator
    application_id = await drafted(portal.pool, portal.world.ours, [])
    # A name that slipped into a column that is asked for does not stay in a finding, either.
    row = cells(30, 氏名="例示たろう", 電話番号="000-0000-0001", 住居種別="例示たろう")
    path = (await upload(portal, application_id, csv_file([row]))).headers["location"]
    assert await kept_of(portal, application_id) == b""
    words = text_of(await portal.get(operator, path))
    assert "このファイルの中身は保存していません" in words
    back = (await portal.get(operator, f"{path}/errors.csv")).content.decode("utf-8-sig")
    assert "「氏名」の列を、見出しごと削除" in back
    assert "例示たろう" not in back + words
    # Control: a file without such columns is kept as it came.
    content = csv_file([cells(30, 住居種別="例示")])
    other_id = await drafted(portal.pool, portal.world.ours, [])
    await upload(portal, other_id, content)
    assert await kept_of(portal, other_id) == content


async def test_a_file_without_a_header_is_not_kept(portal: Portal) -> None:
    application_id = await drafted(portal.pool, portal.world.ours, [])
    await upload(portal, application_id, "例示たろう,000-0000-0001\r\n".encode())
    assert await kept_of(portal, application_id) == b""


async def test_the_file_with_errors_is_corrected_and_its_masked_keys_are_known_again(portal: Portal) -> None:
    operator = portal.world.ours.operator
    application_id = await drafted(portal.pool, portal.world.ours, [cells(33, アクセスキー="Row33key")])
    rows = [cells(31, アクセスキー="Key00031"), cells(32, 住居種別="謎", アクセスキー="Key00032"), cells(33)]
    rows[2]["アクセスキー"] = ""
    path = (await upload(portal, application_id, csv_file(rows))).headers["location"]
    for wrong in ("謎", "不明", "戸建"):
        back = (await portal.get(operator, f"{path}/errors.csv")).content.decode("utf-8-sig")
        assert "Key00031" not in back
        corrected = (
            back.replace("謎", wrong).replace("不明", wrong).replace("CAF0000000033,,", "CAF0000000033,********,")
        )
        path = (await upload(portal, application_id, corrected.encode("utf-8-sig"))).headers["location"]
    assert "前に読み取った値" in text_of(await portal.get(operator, path))
    assert (await portal.post(operator, f"{path}/apply", {"mode": "replace"})).status_code == 303
    async with database.transaction(portal.pool, "subscriber", subscriber_id=portal.world.ours.id) as db:
        held = await applications.lines(db, application_id, subscriber_id=portal.world.ours.id)
    keys = [Cipher(SEALING_KEY).open(line.access_key_sealed or b"", purpose="access_key") for line in held]
    assert keys == [b"Key00031", b"Key00032", b"Row33key"]


async def test_a_mask_of_a_line_that_the_draft_never_had_is_refused(portal: Portal) -> None:
    operator = portal.world.ours.operator
    other = await drafted(portal.pool, portal.world.ours, [])
    await upload(portal, other, csv_file([cells(34), cells(35)]))
    application_id = await drafted(portal.pool, portal.world.ours, [])
    masked = csv_file([cells(34, アクセスキー="••••••••")], encoding="utf-8-sig")
    path = (await upload(portal, application_id, masked)).headers["location"]
    words = text_of(await portal.get(operator, path))
    assert "アクセスキーは伏せてあります。元のファイルの値を入れてください。" in words
    assert "この内容を取り込む" not in words
