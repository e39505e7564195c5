"""申込 by its use-cases: drafts kept as they are, the gate at submission, the moves, and who may make them."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.gateways.cipher import Cipher
from portal.records import application_lines, applications, database, events
from portal.records.members import Person
from portal.terms.applications import ApplicationKind
from portal.terms.offerings import Offering
from portal.usecases import applications as acts
from portal.usecases import drafts, reviews
from portal.usecases.applications import Examined
from portal.usecases.drafts import Overtaken
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused
from portal.usecases.reviews import Return
from tests.builders import Company, World
from tests.makers_applications import (
    ANSWERS,
    DRAFTED_AT,
    SEALING_KEY,
    SUBMITTED_AT,
    cells,
    drafted,
    ready,
    stored,
    submitted,
    typed_line,
)

TODAY = date(2026, 10, 15)


@pytest.fixture(scope="module", autouse=True)
async def _ready(pool: AsyncEngine, world: World) -> None:
    await ready(pool, world)


async def examined(pool: AsyncEngine, company: Company, application_id: UUID, on: date = TODAY) -> Examined:
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        application = await applications.get(db, application_id, subscriber_id=company.id)
        assert application is not None
        return await acts.examine(db, application, on=on)


async def submit(
    pool: AsyncEngine, by: Person, application_id: UUID, *, revision: int = 2, at: datetime = SUBMITTED_AT
) -> str:
    async with database.transaction(pool, "subscriber", subscriber_id=by.subscriber_id) as db:
        return await acts.submit(db, by=by, at=at, application_id=application_id, revision=revision)


async def save(
    pool: AsyncEngine, by: Person, application_id: UUID, *, revision: int, rows: list[dict[str, str]] | None = None
) -> int:
    async with database.transaction(pool, "subscriber", subscriber_id=by.subscriber_id) as db:
        return await drafts.save(
            db,
            by=by,
            at=DRAFTED_AT,
            application_id=application_id,
            revision=revision,
            answers=ANSWERS,
            lines=None if rows is None else [typed_line(row) for row in rows],
        )


async def sent_back(pool: AsyncEngine, world: World, application_id: UUID) -> None:
    async with database.transaction(pool, "staff") as db:
        await reviews.take(db, by=world.desk.clerk, at=SUBMITTED_AT, application_id=application_id)
    async with database.transaction(pool, "staff") as db:
        await reviews.send_back(
            db,
            by=world.desk.clerk,
            at=SUBMITTED_AT,
            application_id=application_id,
            returns=[Return("purpose", "目的を確かめてください。")],
            return_by=date(2026, 10, 30),
        )


async def test_a_draft_is_kept_although_it_does_not_hold(pool: AsyncEngine, world: World) -> None:
    broken = cells(11, 同意日時="H31.5.1", 住居種別="")
    application_id = await drafted(pool, world.ours, [broken], answers={"purpose": "", "contact_email": "だれか"})
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        (line,) = await applications.lines(db, application_id, subscriber_id=world.ours.id)
    assert not line.whole
    assert line.access_line_id is None
    assert line.given["同意日時"] == "H31.5.1"
    assert "アクセスキー" not in line.given
    assert Cipher(SEALING_KEY).open(line.access_key_sealed or b"", purpose="access_key") == b"Ab3dEf7h"
    found = await examined(pool, world.ours, application_id)
    assert any("利用の目的" in one for one in found.unfinished)
    assert any("1行目" in one for one in found.unfinished)
    with pytest.raises(Conflict):
        await submit(pool, world.ours.signatory, application_id)


async def test_the_access_key_is_nowhere_in_the_clear(pool: AsyncEngine, owner_pool: AsyncEngine, world: World) -> None:
    await drafted(pool, world.ours, [cells(12)])
    async with owner_pool.connect() as db:
        for table in ("application_lines", "applications", "events", "uploads"):
            rows = await db.execute(text(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%Ab3dEf7h%'"))
            assert rows.scalar_one() == 0


async def test_lines_without_a_day_of_their_own_go_by_the_application(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(13), cells(14, 開通希望日="2026/12/24")])
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        lines = await applications.lines(db, application_id, subscriber_id=world.ours.id)
    assert [line.wanted_on for line in lines] == [date(2026, 11, 1), date(2026, 12, 24)]


async def test_the_second_of_two_writers_is_told(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(15)])
    assert await save(pool, world.ours.operator, application_id, revision=2, rows=[cells(15), cells(16)]) == 3
    with pytest.raises(Overtaken):
        await save(pool, world.ours.signatory, application_id, revision=2, rows=[cells(15)])
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        assert await applications.line_counts(db, application_id, subscriber_id=world.ours.id) == (2, 0)


async def test_rows_move_up_when_one_is_taken_away(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(17), cells(18), cells(19)])
    whose = {"application_id": application_id, "subscriber_id": world.ours.id}
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        lines = await applications.lines(db, application_id, subscriber_id=world.ours.id)
        await application_lines.remove(db, [lines[0].id], **whose)
        left = await applications.lines(db, application_id, subscriber_id=world.ours.id)
    assert [(line.position, line.access_line_id) for line in left] == [(1, "CAF0000000018"), (2, "CAF0000000019")]


@pytest.mark.clause("A10", "holds")
async def test_the_fees_that_follow(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(
        pool, world.ours, [cells(20 + place, オプション="DS-Liteバンドル") for place in range(3)]
    )
    found = (await examined(pool, world.ours, application_id)).estimate
    assert found is not None
    assert [(charge.code, charge.amount) for charge in found.on_acceptance.charges] == [
        ("initial_fee", 100_000),
        ("option_initial", 0),
    ]
    assert found.on_acceptance.total == 110_000
    assert str(found.whole_month.month) == "2026-12"
    # 40,000 for up to 50 lines, 3 × 200, no bandwidth, 3 × 100 for a whole month: 40,900 and 4,090 of tax.
    assert [charge.amount for charge in found.whole_month.charges] == [40_000, 600, 0, 300]
    assert found.whole_month.total == 44_990


async def test_a_submission_gives_a_number_and_its_event(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(24)])
    number = await submit(pool, world.ours.signatory, application_id)
    assert number.startswith("A-20261015-")
    application = await stored(pool, application_id)
    assert (application.state, application.number, application.submitted_at) == ("submitted", number, SUBMITTED_AT)
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        told = (await events.of_object(db, "application", application_id))[-1]
    assert told.verb == "application_submitted"
    assert {"A4-1", "A5-6-1", "A5-6-2", "A5-6-3", "A10"} == set(told.clauses)
    assert told.details["number"] == number
    assert told.details["policy"] == "2026-04"
    assert len(told.details["policy_sha256"]) == 64


async def test_every_refusal_at_once(pool: AsyncEngine, world: World) -> None:
    """Each of these alone refuses; together all of them are named."""
    application_id = await drafted(
        pool,
        world.ours,
        [
            cells(31, 住居種別="集合"),
            cells(32, 同意方法="約款のみ"),
            cells(33, 再販先コード="NOBODY"),
            cells(34, オプション="IPv4固定IP"),
        ],
    )
    with pytest.raises(Refused) as refusal:
        await submit(pool, world.ours.signatory, application_id)
    found = {violation.clause: violation.subjects for violation in refusal.value.violations}
    assert found == {
        "A5-5": ("CAF0000000031",),
        "A5-6-2": ("CAF0000000032",),
        "A5-6-3": ("CAF0000000033",),
        "A4-2": ("CAF0000000034/ipv4_fixed",),
    }
    assert (await stored_draft(pool, world.ours, application_id)).state == "draft"


async def stored_draft(pool: AsyncEngine, company: Company, application_id: UUID) -> applications.Application:
    async with database.transaction(pool, "subscriber", subscriber_id=company.id) as db:
        found = await applications.get(db, application_id, subscriber_id=company.id)
    assert found is not None
    return found


@pytest.mark.clause("A5-6-2", "boundary")
@pytest.mark.parametrize(("consented", "refused"), [("2026/4/1", False), ("2026/3/31", True)])
async def test_a_consent_is_not_older_than_the_version_it_names(
    pool: AsyncEngine, world: World, consented: str, refused: bool
) -> None:
    application_id = await drafted(pool, world.ours, [cells(35, 同意日時=consented)])
    found = await examined(pool, world.ours, application_id)
    assert [violation.clause for violation in found.violations] == (["A5-6-2"] if refused else [])


@pytest.mark.clause("A5-1", "refused")
async def test_resale_needs_the_number_of_the_notification(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    application_id = await drafted(pool, world.theirs, [cells(36)])
    change = text("UPDATE subscribers SET resale_number = :number WHERE id = :id")
    async with owner_pool.begin() as db:
        await db.execute(change, {"number": None, "id": world.theirs.id})
    without = await examined(pool, world.theirs, application_id)
    async with owner_pool.begin() as db:
        await db.execute(change, {"number": "A-99-00000", "id": world.theirs.id})
    assert [violation.clause for violation in without.violations] == ["A5-1"]
    assert (await examined(pool, world.theirs, application_id)).violations == ()


async def test_the_same_line_twice_is_unfinished(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(37), cells(37)])
    found = await examined(pool, world.ours, application_id)
    assert any("CAF0000000037" in one for one in found.unfinished)
    with pytest.raises(Conflict):
        await submit(pool, world.ours.signatory, application_id)


async def test_what_was_confirmed_is_what_is_submitted(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(38)])
    await save(pool, world.ours.operator, application_id, revision=2, rows=[cells(38), cells(39)])
    with pytest.raises(Conflict):
        await submit(pool, world.ours.signatory, application_id, revision=2)
    assert await submit(pool, world.ours.signatory, application_id, revision=3)


async def test_only_a_signatory_binds(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(40)])
    with pytest.raises(Forbidden):
        await submit(pool, world.ours.operator, application_id)


async def test_another_company_finds_nothing(pool: AsyncEngine, world: World) -> None:
    application_id = await drafted(pool, world.ours, [cells(41)])
    stranger = world.theirs.signatory
    with pytest.raises(NotFound):
        await submit(pool, stranger, application_id)
    with pytest.raises(NotFound):
        await save(pool, stranger, application_id, revision=2)
    # Even one that names the owner's company finds nothing: the database goes by the transaction's tenancy.
    impostor = replace(stranger, subscriber_id=world.ours.id)
    async with database.transaction(pool, "subscriber", subscriber_id=world.theirs.id) as db:
        with pytest.raises(NotFound):
            await acts.submit(db, by=impostor, at=SUBMITTED_AT, application_id=application_id, revision=2)


async def test_a_returned_one_is_corrected_and_handed_in_again(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, [cells(42)])
    with pytest.raises(Conflict):
        await save(pool, world.ours.operator, application_id, revision=2)
    number = (await stored(pool, application_id)).number
    await sent_back(pool, world, application_id)
    assert await save(pool, world.ours.operator, application_id, revision=2, rows=[cells(43)]) == 3
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await acts.resubmit(db, by=world.ours.signatory, at=SUBMITTED_AT, application_id=application_id, revision=3)
    application = await stored(pool, application_id)
    assert (application.state, application.number, application.return_by) == ("in_review", number, None)


async def test_withdrawn_until_accepted_and_not_twice(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, [cells(44)])
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await acts.withdraw(db, by=world.ours.signatory, at=SUBMITTED_AT, application_id=application_id)
    assert (await stored(pool, application_id)).state == "withdrawn"
    with pytest.raises(Conflict):
        async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
            await acts.withdraw(db, by=world.ours.signatory, at=SUBMITTED_AT, application_id=application_id)


async def test_a_draft_is_discarded_whole_and_what_was_submitted_is_not(pool: AsyncEngine, world: World) -> None:
    draft = await drafted(pool, world.ours, [cells(45)])
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await drafts.discard(db, by=world.ours.operator, at=DRAFTED_AT, application_id=draft)
        assert await applications.lines(db, draft, subscriber_id=world.ours.id) == []
    application_id = await submitted(pool, world.ours, [cells(46)])
    with pytest.raises(Conflict):
        async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
            await drafts.discard(db, by=world.ours.operator, at=DRAFTED_AT, application_id=application_id)


async def test_a_withdrawn_one_is_begun_again_with_everything(pool: AsyncEngine, world: World) -> None:
    old = await submitted(pool, world.ours, [cells(47), cells(48)])
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        await acts.withdraw(db, by=world.ours.signatory, at=SUBMITTED_AT, application_id=old)
        new = await drafts.copy(db, by=world.ours.operator, at=SUBMITTED_AT, application_id=old)
        lines = await applications.lines(db, new, subscriber_id=world.ours.id)
    assert [line.access_line_id for line in lines] == ["CAF0000000047", "CAF0000000048"]
    assert (await stored_draft(pool, world.ours, new)).answers == ANSWERS
    assert await submit(pool, world.ours.signatory, new, revision=1)


async def test_kinds_that_are_not_open_here(pool: AsyncEngine, world: World) -> None:
    for kind, offering in (
        (ApplicationKind.ADD_LINES, Offering.IPOE_SHARED),
        (ApplicationKind.NEW_CONTRACT, Offering.IPOE_CAPPED),
    ):
        with pytest.raises(NotFound):
            async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
                await drafts.begin(db, by=world.ours.operator, at=DRAFTED_AT, kind=kind, offering=offering)


async def test_numbers_have_no_gap_and_no_double(pool: AsyncEngine, world: World) -> None:
    day = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
    ids = [await drafted(pool, world.ours, [cells(60 + place)]) for place in range(5)]
    numbers = await asyncio.gather(*(submit(pool, world.ours.signatory, one, at=day) for one in ids))
    assert sorted(number[:16] for number in numbers) == [f"A-20261020-0000{place}" for place in range(1, 6)]
