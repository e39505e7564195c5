"""Files of lines by their use-cases: kept with what was found, taken over whole or not at all, once."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import applications, database
from portal.records import uploads as records
from portal.terms.offerings import Offering
from portal.usecases import uploads
from portal.usecases.file_findings import Checked
from portal.usecases.line_files import ParsedLine, check_line_row
from portal.usecases.line_judgement import judge, known
from portal.usecases.outcomes import Conflict, NotFound
from portal.usecases.uploads import Mode, SealedLine, given_of
from portal.web.uploads import FileLines, file_with_errors, read_file
from tests.builders import World
from tests.makers_applications import DRAFTED_AT, TODAY, cells, csv_file, drafted, ready, submitted
from tests.makers_terms import publish_policy


@pytest.fixture(scope="module", autouse=True)
async def _ready(pool: AsyncEngine, world: World) -> None:
    await ready(pool, world)
    await publish_policy(
        pool,
        world,
        version="2026-09",
        material=False,
        effective_on=date(2026, 9, 1),
        agree_by=date(2026, 12, 31),
        at=DRAFTED_AT.replace(month=8),
    )


async def read(pool: AsyncEngine, world: World, content: bytes) -> FileLines:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        what = await known(db, subscriber_id=world.ours.id, offering=Offering.IPOE_SHARED, on=TODAY)
    return read_file(content, what, {})


async def kept(pool: AsyncEngine, world: World, application_id: UUID, found: FileLines) -> UUID:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        return await uploads.keep(
            db,
            by=world.ours.operator,
            at=DRAFTED_AT,
            application_id=application_id,
            file_name="回線.csv",
            size=1,
            sha256="0" * 64,
            content_sealed=b"sealed",
            summary=found.summary,
        )


async def apply(pool: AsyncEngine, world: World, upload_id: UUID, found: FileLines, mode: Mode = "replace") -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await uploads.apply(
            db,
            by=world.ours.operator,
            at=DRAFTED_AT,
            upload_id=upload_id,
            mode=mode,
            summary=found.summary,
            lines=[SealedLine(line, b"sealed") for line in found.lines],
        )


async def ids(pool: AsyncEngine, world: World, application_id: UUID) -> list[str | None]:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        lines = await applications.lines(db, application_id, subscriber_id=world.ours.id)
    assert [line.position for line in lines] == list(range(1, len(lines) + 1))
    return [line.access_line_id for line in lines]


async def test_nothing_is_taken_over_until_it_is_confirmed_and_then_once(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(1)])
    found = await read(pool, world, csv_file([cells(2), cells(3)]))
    upload_id = await kept(pool, world, application_id, found)
    assert await ids(pool, world, application_id) == ["CAF0000000001"]
    await apply(pool, world, upload_id, found, "append")
    await apply(pool, world, upload_id, found, "append")
    assert await ids(pool, world, application_id) == ["CAF0000000001", "CAF0000000002", "CAF0000000003"]


async def test_replacing_leaves_only_the_file(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(4), cells(5), cells(6)])
    found = await read(pool, world, csv_file([cells(6), cells(7)]))
    await apply(pool, world, await kept(pool, world, application_id, found), found)
    assert await ids(pool, world, application_id) == ["CAF0000000006", "CAF0000000007"]


async def test_a_line_that_is_there_already_is_not_appended(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(8)])
    found = await read(pool, world, csv_file([cells(8), cells(9)]))
    upload_id = await kept(pool, world, application_id, found)
    with pytest.raises(Conflict, match="CAF0000000008"):
        await apply(pool, world, upload_id, found, "append")
    assert await ids(pool, world, application_id) == ["CAF0000000008"]


async def test_one_error_keeps_all_of_it_out(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(10)])
    found = await read(pool, world, csv_file([cells(11), cells(12, 住居種別="集合")]))
    upload_id = await kept(pool, world, application_id, found)
    with pytest.raises(Conflict):
        await apply(pool, world, upload_id, found)
    # Nor when it was whole at the preview and is not any more.
    good = await read(pool, world, csv_file([cells(11)]))
    upload_id = await kept(pool, world, application_id, good)
    with pytest.raises(Conflict):
        await apply(pool, world, upload_id, found)
    assert await ids(pool, world, application_id) == ["CAF0000000010"]


async def test_only_an_open_draft_takes_files_and_only_its_company(pool: AsyncEngine, world: World) -> None:
    found = await read(pool, world, csv_file([cells(13)]))
    application_id = await submitted(pool, world.ours, [cells(14)])
    with pytest.raises(Conflict):
        await kept(pool, world, application_id, found)
    draft = await drafted(pool, world.ours, [cells(15)])
    upload_id = await kept(pool, world, draft, found)
    async with database.transaction(pool, "subscriber", subscriber_id=world.theirs.id) as db:
        with pytest.raises(NotFound):
            await uploads.discard(db, by=world.theirs.operator, upload_id=upload_id)
        assert await records.get(db, upload_id, subscriber_id=world.ours.id) is None


async def test_discarding_before_and_after(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(16)])
    found = await read(pool, world, csv_file([cells(17)]))
    first, second = [await kept(pool, world, application_id, found) for _ in range(2)]
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await uploads.discard(db, by=world.ours.operator, upload_id=first)
        assert await records.get(db, first, subscriber_id=world.ours.id) is None
    await apply(pool, world, second, found)
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        with pytest.raises(Conflict):
            await uploads.discard(db, by=world.ours.operator, upload_id=second)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"住居種別": "集合"}, ("住居種別", "A5-5", "error")),
        ({"オプション": "ルータレンタル"}, ("オプション", "A4-2", "error")),
        ({"オプション": "DS-Liteバンドル"}, None),
        ({"再販先コード": "P-404"}, ("再販先コード", "unknown_partner", "error")),
        ({"提供条件版": "2030-01"}, ("提供条件版", "unknown_policy", "error")),
        ({"提供条件版": "2026-04"}, ("提供条件版", "older_than_current", "warning")),
        ({"同意日時": "2026/8/15"}, None),
        ({"同意日時": "2026/8/14"}, ("同意日時", "before_policy", "error")),
        ({"同意方法": "約款のみ"}, ("同意方法", "weak_method", "warning")),
    ],
)
async def test_what_the_database_says_of_a_row(
    pool: AsyncEngine, world: World, changed: dict[str, str], said: tuple[str, str, str] | None
) -> None:
    row = cells(20, **{"提供条件版": "2026-09", **changed})
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        what = await known(db, subscriber_id=world.ours.id, offering=Offering.IPOE_SHARED, on=TODAY)
    line = check_line_row(row, offering="ipoe_shared", today=TODAY, row=7)
    assert isinstance(line, ParsedLine)
    found = [(one.row, one.column, one.code, one.severity) for one in judge(what)(Checked(7, line))]
    assert found == ([(7, *said)] if said else [])


async def test_a_version_that_asks_again_makes_older_consents_errors(pool: AsyncEngine, world: World) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        what = await known(db, subscriber_id=world.ours.id, offering=Offering.IPOE_SHARED, on=TODAY)
    strict = replace(what, counting=frozenset({"2026-09"}))
    line = check_line_row(cells(21), offering="ipoe_shared", today=TODAY)
    assert isinstance(line, ParsedLine)
    assert [(one.code, one.severity) for one in judge(strict)(Checked(1, line))] == [("older_than_current", "error")]


async def test_a_row_says_everything_that_is_wrong_with_it(pool: AsyncEngine, world: World) -> None:
    found = await read(pool, world, csv_file([cells(22), cells(22, 住居種別="集合")]))
    assert [(one.row, one.column, one.code) for one in found.summary.findings if one.severity == "error"] == [
        (3, "住居種別", "A5-5"),
        (3, "回線ID", "duplicate_in_file"),
    ]


async def test_the_file_comes_back_with_errors_and_without_keys(pool: AsyncEngine, world: World) -> None:
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        what = await known(db, subscriber_id=world.ours.id, offering=Offering.IPOE_SHARED, on=TODAY)
    body = file_with_errors(csv_file([cells(23), cells(24, 再販先コード="P-404")]), what, {})
    assert body.startswith(b"\xef\xbb\xbf")
    lines = body.decode("utf-8-sig").split("\r\n")
    assert lines[0].endswith("エラー")
    assert "登録のない再販先コード" in lines[2]
    assert "Ab3dEf7h" not in body.decode("utf-8-sig")


def test_what_is_kept_of_a_line_reads_the_same_again() -> None:
    row = cells(
        25,
        開通希望日="令和8年12月1日",
        オプション="DS-Liteバンドル",
        自社管理番号="髙﨑①",
        取得者="例示 窓口",
        証跡SHA256="AB" * 32,
        同意日時="R8.10.1 9:05",
    )
    first = check_line_row(row, offering="ipoe_shared", today=TODAY)
    assert isinstance(first, ParsedLine)
    again = check_line_row({**given_of(first), "アクセスキー": "Ab3dEf7h"}, offering="ipoe_shared", today=TODAY)
    assert isinstance(again, ParsedLine)
    assert replace(again, read_as=()) == replace(first, read_as=())


async def test_a_row_with_an_error_is_held_against_the_database_all_the_same(pool: AsyncEngine, world: World) -> None:
    wrong = {"アクセスキー": "short", "住居種別": "集合", "再販先コード": "P-404", "提供条件版": "2030-01"}
    found = await read(pool, world, csv_file([cells(26, 同意方法="口頭", **wrong)]))
    assert {(one.column, one.code) for one in found.summary.findings} == {
        ("アクセスキー", "access_key"),
        ("同意方法", "choice"),
        ("住居種別", "A5-5"),
        ("再販先コード", "unknown_partner"),
        ("提供条件版", "unknown_policy"),
    }
    assert found.lines == []


async def test_what_could_not_be_read_is_not_judged(pool: AsyncEngine, world: World) -> None:
    found = await read(pool, world, csv_file([cells(27, 再販先コード="=P", 提供条件版="", 住居種別="謎")]))
    assert {(one.column, one.code) for one in found.summary.findings} == {
        ("再販先コード", "formula"),
        ("提供条件版", "required"),
        ("住居種別", "choice"),
    }
