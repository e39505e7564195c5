"""審査: taking, sending back, finishing, deciding; by whom, from which state, and on the terms of that moment."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.records import applications, contracts, database, events, lines
from portal.records.applications import Application
from portal.records.members import Person
from portal.terms import standing
from portal.terms.applications import DeclineReason, Move
from portal.usecases import facts, reviews
from portal.usecases.assessments import Check, assess
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused
from portal.usecases.reviews import Recommendation, Return
from tests.builders import World
from tests.makers_reviews import (
    ACCEPTED_AT,
    PREPARED_AT,
    STARTS_ON,
    TAKEN_AT,
    MadeLine,
    accepted,
    made_lines,
    opened,
    prepared,
    ready,
    submitted,
)
from tests.makers_terms import publish_policy

pytestmark = pytest.mark.usefixtures("begun")
DEADLINE = date(2026, 10, 20)


@pytest.fixture(scope="module")
async def begun(pool: AsyncEngine, world: World) -> None:
    await ready(pool, world)


async def load(pool: AsyncEngine, application_id: UUID) -> Application:
    async with database.transaction(pool, "staff") as db:
        application = await applications.get(db, application_id)
    assert application is not None
    return application


async def take(pool: AsyncEngine, application_id: UUID, *, by: Person) -> None:
    async with database.transaction(pool, "staff") as db:
        await reviews.take(db, by=by, at=TAKEN_AT, application_id=application_id)


async def send_back(
    pool: AsyncEngine, application_id: UUID, *returns: Return, by: Person, return_by: date | None = DEADLINE
) -> None:
    async with database.transaction(pool, "staff") as db:
        await reviews.send_back(
            db, by=by, at=PREPARED_AT, application_id=application_id, returns=returns, return_by=return_by
        )


async def accept(
    pool: AsyncEngine,
    application_id: UUID,
    *,
    by: Person,
    starts_on: date = STARTS_ON,
    seen: datetime = PREPARED_AT,
    at: datetime = ACCEPTED_AT,
) -> UUID:
    async with database.transaction(pool, "staff") as db:
        return await reviews.accept(
            db, by=by, at=at, application_id=application_id, starts_on=starts_on, seen_prepared_at=seen
        )


async def checks(
    pool: AsyncEngine, application_id: UUID, *, on: date = date(2026, 10, 8), starts_on: date = STARTS_ON
) -> dict[str, Check]:
    application = await load(pool, application_id)
    async with database.transaction(pool, "staff") as db:
        assessment = await assess(db, application, on=on, starts_on=starts_on)
    refused = {violation.clause for violation in assessment.violations}
    assert refused == {check.clause for check in assessment.checks if check.verdict == "ng"}
    return {check.clause: check for check in assessment.checks}


def clauses(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.clause for violation in refused.value.violations]


def line(serial: int, *, options: tuple[str, ...] = ()) -> tuple[MadeLine, ...]:
    return (MadeLine(access_line_id=f"COP{serial:08}", options=options),)


async def test_a_clerk_takes_what_has_arrived(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(1))
    await take(pool, application_id, by=world.desk.clerk)
    application = await load(pool, application_id)
    assert (application.state, application.reviewed_by) == ("in_review", world.desk.clerk.id)
    with pytest.raises(Conflict):
        await take(pool, application_id, by=world.desk.second_clerk)


async def test_only_a_clerk_takes(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(2))
    for person in (world.desk.approver, world.desk.billing, world.desk.auditor):
        with pytest.raises(Forbidden):
            await take(pool, application_id, by=person)
    with pytest.raises(NotFound):
        await take(pool, UUID(int=1), by=world.desk.clerk)


async def test_it_is_sent_back_by_field_and_by_line_with_a_deadline(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, made_lines(3, first=300_000))
    await prepared(pool, world, application_id)
    wanted = (
        Return("purpose", "再販の相手を確かめてください。"),
        Return("line", "記載を確かめてください。", line=3),
        Return("line", "都道府県が違います。", line=2, column=("prefecture", "都道府県")),
    )
    await send_back(pool, application_id, *wanted, by=world.desk.clerk)
    application = await load(pool, application_id)
    assert (application.state, application.return_by, application.prepared_by) == ("returned", DEADLINE, None)
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        found = await applications.returns(db, application_id, subscriber_id=world.ours.id)
        told = (await events.of_object(db, "application", application_id))[-1]
    assert [(one.round, one.field, one.label) for one in found] == [
        (1, "purpose", "利用の目的"),
        (1, "lines-3", "回線 3行目"),
        (1, "lines-2-prefecture", "回線 2行目 都道府県"),
    ]
    assert told.verb == "application_sent_back"
    assert told.clauses == (), "no clause decides that something is asked"


@pytest.mark.parametrize(
    ("returns", "return_by", "count"),
    [
        ((), DEADLINE, 1),
        ((Return("purpose", " "),), None, 2),
        ((Return("nothing", "理由"),), date(2026, 10, 7), 2),
        ((Return("line", "理由", line=2),), date(2026, 10, 6), 2),
        ((Return("line", "理由", line=0),), DEADLINE, 1),
    ],
)
async def test_a_return_without_reason_or_future_deadline_is_refused_for_every_reason(
    pool: AsyncEngine, world: World, returns: Sequence[Return], return_by: date | None, count: int
) -> None:
    application_id = await submitted(pool, world.ours, line(3))
    await take(pool, application_id, by=world.desk.clerk)
    with pytest.raises(Refused) as refused:
        await send_back(pool, application_id, *returns, by=world.desk.clerk, return_by=return_by)
    assert len(refused.value.violations) == count
    assert (await load(pool, application_id)).state == "in_review"


async def test_the_day_after_is_the_earliest_deadline(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(4))
    await take(pool, application_id, by=world.desk.clerk)
    reason = Return("purpose", "理由")
    await send_back(pool, application_id, reason, by=world.desk.clerk, return_by=date(2026, 10, 8))


async def test_who_finished_the_review_never_decides_whatever_roles_they_hold(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    application_id = await submitted(pool, world.ours, line(5))
    await prepared(pool, world, application_id)
    clerk = world.desk.clerk
    promoted = Person(clerk.id, "staff", None, clerk.name, clerk.email, ("clerk", "approver"), None, clerk.company)
    with pytest.raises(Forbidden):
        await accept(pool, application_id, by=promoted)
    async with database.transaction(pool, "staff") as db:
        with pytest.raises(Forbidden):
            await reviews.decline(
                db,
                by=promoted,
                at=ACCEPTED_AT,
                application_id=application_id,
                code=DeclineReason.OTHER,
                reason="理由",
            )
    # CONTROL: without the use-case, the database refuses the same person by itself.
    async with owner_pool.begin() as db:
        with pytest.raises(IntegrityError, match="two_people"):
            await db.execute(
                text("UPDATE applications SET decided_by = :one WHERE id = :id"),
                {"one": clerk.id, "id": application_id},
            )


async def test_nothing_is_decided_before_the_review_is_finished(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(6))
    await take(pool, application_id, by=world.desk.clerk)
    with pytest.raises(Conflict):
        await accept(pool, application_id, by=world.desk.approver)


async def test_an_acceptance_is_of_the_review_that_was_seen(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(7))
    await prepared(pool, world, application_id)
    with pytest.raises(Conflict):
        await accept(pool, application_id, by=world.desk.approver, seen=TAKEN_AT)
    await accept(pool, application_id, by=world.desk.approver)


async def test_an_acceptance_is_recorded_with_every_clause_that_was_checked(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(8))
    contract_id = await accepted(pool, world, application_id)
    application = await load(pool, application_id)
    assert (application.state, application.decided_by) == ("accepted", world.desk.approver.id)
    assert application.contract_id == contract_id
    async with database.transaction(pool, "staff") as db:
        told = (await events.of_object(db, "application", application_id))[-1]
    assert told.verb == "application_accepted"
    assert set(told.clauses) >= {"A4-1", "A5-1", "A5-5", "A5-6-1", "A5-6-2", "A5-6-3", "A4-2", "A7-1", "A7-2", "A10"}


async def test_the_first_day_of_service_is_not_before_the_acceptance(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(9))
    await prepared(pool, world, application_id)
    with pytest.raises(Refused) as refused:
        await accept(pool, application_id, by=world.desk.approver, starts_on=date(2026, 10, 7))
    assert clauses(refused) == ["A4-1"]
    await accept(pool, application_id, by=world.desk.approver, starts_on=date(2026, 10, 8))


async def test_the_checklist_finds_every_clause_that_does_not_hold(pool: AsyncEngine, world: World) -> None:
    lines = (
        MadeLine(access_line_id="COP00000010", dwelling="multi_unit"),
        MadeLine(access_line_id="COP00000011", consented_at=None),
        MadeLine(access_line_id="COP00000012", consent_method="terms_only"),
        MadeLine(access_line_id="COP00000013", partner_code="P-404"),
        MadeLine(access_line_id="COP00000014", options=("router_rental",)),
        MadeLine(access_line_id="COP00000014"),
    )
    application_id = await submitted(pool, world.ours, lines, purpose="")
    found = await checks(pool, application_id)
    wrong = {clause for clause, check in found.items() if check.verdict == "ng"}
    assert wrong == {"A5-1", "A1-2", "A5-5", "A5-6-2", "A5-6-3", "A4-2"}
    assert "COP00000011" in (found["A5-6-2"].finding or "")
    assert "COP00000012" in (found["A5-6-2"].finding or "")
    assert found["A5-6-1"].verdict == found["A10"].verdict == "ok"


async def test_a_barred_option_and_two_port_types_are_found(pool: AsyncEngine, world: World) -> None:
    barred = await submitted(pool, world.ours, line(15, options=("ipv4_fixed",)))
    assert (await checks(pool, barred))["A4-2"].verdict == "ng"
    ports = line(16, options=("ipv4_ports_12800", "ipv4_ports_64000"))
    two = await submitted(pool, world.ours, ports, offering="ipoe")
    found = await checks(pool, two)
    assert (found["A4-2"].verdict, found["A7-2"].verdict) == ("ok", "ng")


async def test_an_application_without_lines_is_asked_about(pool: AsyncEngine, world: World) -> None:
    found = await checks(pool, await submitted(pool, world.ours, ()))
    assert found["A1-2"].verdict == "ask"


async def test_no_price_in_force_is_a_refusal(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(17))
    found = await checks(pool, application_id, on=date(2026, 3, 31), starts_on=date(2026, 3, 31))
    assert found["A10"].verdict == "ng"
    found = await checks(pool, application_id, on=date(2026, 4, 1), starts_on=date(2026, 4, 1))
    assert found["A10"].verdict == "ok"


async def test_a_line_of_another_company_is_refused_without_saying_whose(pool: AsyncEngine, world: World) -> None:
    await accepted(pool, world, await submitted(pool, world.theirs, line(20)))
    application_id = await submitted(pool, world.ours, line(20))
    await prepared(pool, world, application_id)
    with pytest.raises(Refused) as refused:
        await accept(pool, application_id, by=world.desk.approver)
    assert clauses(refused) == ["A1-2"]
    reason = refused.value.violations[0].reason
    assert "COP00000020" in reason
    assert world.theirs.name not in reason
    assert (await load(pool, application_id)).state == "in_review"


async def both_accepted_at_once(pool: AsyncEngine, owner_pool: AsyncEngine, world: World, serial: int) -> object:
    """Accept one line for one company, and before that commits for the other: what becomes of the second."""
    first, second = [await submitted(pool, company, line(serial)) for company in (world.ours, world.theirs)]
    for application_id in (first, second):
        await prepared(pool, world, application_id)
    async with database.transaction(pool, "staff") as db, owner_pool.connect() as watcher:
        await reviews.accept(
            db,
            by=world.desk.approver,
            at=ACCEPTED_AT,
            application_id=first,
            starts_on=STARTS_ON,
            seen_prepared_at=PREPARED_AT,
        )
        other = asyncio.create_task(accept(pool, second, by=world.desk.approver))
        # Its checks are over and it waits for the first one's locks; then the first one commits.
        while not await watcher.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            await watcher.rollback()
    return (await asyncio.gather(other, return_exceptions=True))[0]


async def held(pool: AsyncEngine, serial: int) -> tuple[int, int]:
    """How many lines and how many contracts hold this access-line id."""
    async with database.transaction(pool, "staff") as db:
        found = await db.execute(
            text("SELECT count(*), count(DISTINCT contract_id) FROM lines WHERE access_line_id = :id"),
            {"id": f"COP{serial:08}"},
        )
        lines, contracts = found.one()
        return lines, contracts


async def test_of_two_acceptances_of_one_line_at_once_one_is_refused_with_nothing_half_done(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    async with database.transaction(pool, "staff") as db:
        before = await db.scalar(text("SELECT count(*) FROM contracts"))
    outcome = await both_accepted_at_once(pool, owner_pool, world, 21)
    assert isinstance(outcome, Refused)
    assert "COP00000021" in outcome.violations[0].reason
    async with database.transaction(pool, "staff") as db:
        after = await db.scalar(text("SELECT count(*) FROM contracts"))
    assert (await held(pool, 21), int(after or 0) - int(before or 0)) == ((1, 1), 1)


async def test_control_without_the_constraint_both_would_hold_the_line(
    pool: AsyncEngine, owner_pool: AsyncEngine, world: World
) -> None:
    async with owner_pool.begin() as db:
        made = await db.scalar(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'lines_living_once'")
        )
        await db.execute(text("ALTER TABLE lines DROP CONSTRAINT lines_living_once"))
    assert isinstance(await both_accepted_at_once(pool, owner_pool, world, 22), UUID)
    assert await held(pool, 22) == (2, 2)
    async with owner_pool.begin() as db:
        await db.execute(text("DELETE FROM lines WHERE access_line_id = 'COP00000022'"))
        await db.execute(text(f"ALTER TABLE lines ADD CONSTRAINT lines_living_once {made}"))


async def test_what_the_review_advises_is_the_staffs_alone(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(23))
    await prepared(pool, world, application_id)
    async with database.transaction(pool, "staff") as db:
        told = {event.verb for event in await events.of_object(db, "application", application_id)}
    async with database.transaction(pool, "subscriber", subscriber_id=world.ours.id) as db:
        shown = {event.verb for event in await events.of_object(db, "application", application_id)}
    assert told - shown == {"application_prepared"}
    assert "application_taken" in shown


async def test_facts_that_changed_since_the_review_are_asked_again(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(30))
    await prepared(pool, world, application_id)
    # A new material version, in force from the 20th: the earlier agreement serves to the 31st, earlier consents do not.
    await publish_policy(
        pool,
        world,
        version="2026-10",
        effective_on=date(2026, 10, 20),
        agree_by=date(2026, 10, 31),
        at=datetime(2026, 10, 8, 2, 0, tzinfo=UTC),
    )
    late = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
    with pytest.raises(Refused) as refused:
        await accept(pool, application_id, by=world.desk.approver, starts_on=date(2026, 11, 2), at=late)
    assert clauses(refused) == ["A5-6-1", "A5-6-2"]
    # CONTROL: on the day before the new version is in force the same act holds.
    before = datetime(2026, 10, 19, 1, 0, tzinfo=UTC)
    await accept(pool, application_id, by=world.desk.approver, starts_on=date(2026, 11, 2), at=before)


async def test_a_decline_carries_its_code_and_reason(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(31))
    await prepared(pool, world, application_id)

    async def decline(reason: str) -> None:
        async with database.transaction(pool, "staff") as db:
            await reviews.decline(
                db,
                by=world.desk.approver,
                at=ACCEPTED_AT,
                application_id=application_id,
                code=DeclineReason.OUT_OF_AREA,
                reason=reason,
            )

    with pytest.raises(Refused):
        await decline("　")
    await decline("提供区域の外です。")
    application = await load(pool, application_id)
    assert (application.state, application.decision_code) == ("declined", "out_of_area")
    async with database.transaction(pool, "staff") as db:
        told = await events.of_object(db, "application", application_id)
    assert [(one.verb, one.clauses) for one in told[-2:]] == [
        ("application_prepared", ()),
        ("application_declined", ("A4-1",)),
    ]
    assert application.decision_reason == "提供区域の外です。"
    with pytest.raises(Conflict):
        await decline("もう一度")


async def test_the_work_after_acceptance_follows_the_table_of_moves(pool: AsyncEngine, world: World) -> None:
    async def advance(application_id: UUID, move: Move, reason: str | None = None) -> str:
        async with database.transaction(pool, "staff") as db:
            by = world.desk.clerk
            await reviews.advance(db, by=by, at=ACCEPTED_AT, application_id=application_id, move=move, reason=reason)
        return (await load(pool, application_id)).state

    first = await submitted(pool, world.ours, line(40))
    await accepted(pool, world, first)
    assert await advance(first, Move.PROVISION) == "provisioning"
    with pytest.raises(Conflict):
        await advance(first, Move.PUT_IN_SERVICE)
    second = await submitted(pool, world.ours, line(41))
    await accepted(pool, world, second)
    await advance(second, Move.PROVISION)
    with pytest.raises(Refused):
        await advance(second, Move.FIND_INFEASIBLE)
    assert await advance(second, Move.FIND_INFEASIBLE, "設備がない") == "infeasible"
    with pytest.raises(Conflict):
        await advance(second, Move.ACCEPT)


async def test_the_service_is_recorded_with_its_day(pool: AsyncEngine, world: World) -> None:
    """Two lines from 2026-10-20 and 2026-11-01: not before the first of them, not in the future, and once."""
    rows = (MadeLine(access_line_id="CAF0000000043", wanted_on=date(2026, 11, 1)), *line(44))
    application_id = await submitted(pool, world.ours, rows)
    await accepted(pool, world, application_id)

    async def put(on: date, at: datetime) -> None:
        async with database.transaction(pool, "staff") as db:
            await reviews.put_in_service(db, by=world.desk.clerk, at=at, application_id=application_id, on=on)

    # 00:30 of October 20 in Tokyo; the day before has come as well, and is too early all the same.
    october_20 = datetime(2026, 10, 19, 15, 30, tzinfo=UTC)
    with pytest.raises(Conflict):
        await put(date(2026, 10, 20), october_20)
    async with database.transaction(pool, "staff") as db:
        await reviews.advance(
            db, by=world.desk.clerk, at=ACCEPTED_AT, application_id=application_id, move=Move.PROVISION
        )
    for on, at in ((date(2026, 10, 19), october_20), (date(2026, 10, 21), october_20)):
        with pytest.raises(Refused):
            await put(on, at)
    with pytest.raises(Refused):
        await put(date(2026, 10, 20), datetime(2026, 10, 19, 14, 59, tzinfo=UTC))
    assert (await load(pool, application_id)).state == "provisioning"
    await put(date(2026, 10, 20), october_20)
    assert (await load(pool, application_id)).state == "in_service"
    async with database.transaction(pool, "staff") as db:
        told = (await events.of_object(db, "application", application_id))[-1]
    assert (told.verb, told.details) == ("application_put_in_service", {"opened_on": "2026-10-20"})
    assert told.clauses == ()
    with pytest.raises(Conflict):
        await put(date(2026, 10, 20), october_20)


async def test_an_application_without_lines_is_in_service_from_its_acceptance(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, ())
    await accepted(pool, world, application_id)
    with pytest.raises(Refused):
        await opened(pool, world, application_id, on=date(2026, 10, 7), at=ACCEPTED_AT)
    async with database.transaction(pool, "staff") as db:
        await reviews.put_in_service(
            db, by=world.desk.clerk, at=ACCEPTED_AT, application_id=application_id, on=date(2026, 10, 8)
        )
    assert (await load(pool, application_id)).state == "in_service"


async def test_an_applications_own_lines_are_no_clash(pool: AsyncEngine, world: World) -> None:
    own, other = await submitted(pool, world.ours, line(45)), await submitted(pool, world.theirs, line(45))
    await accepted(pool, world, own)
    async with database.transaction(pool, "staff") as db:
        first = date(2026, 10, 20)
        mine = await lines.clashes(db, own, subscriber_id=world.ours.id, starts_on=first)
        theirs = await lines.clashes(db, other, subscriber_id=world.theirs.id, starts_on=first)
    assert not mine
    assert [clash.access_line_id for clash in theirs] == ["COP00000045"]


async def test_a_line_that_never_began_is_free_for_another_contract(pool: AsyncEngine, world: World) -> None:
    """開通不可: no day in service, no monthly charge, and the access-line id may be applied for again."""
    infeasible = await submitted(pool, world.ours, line(42))
    contract_id = await accepted(pool, world, infeasible)
    async with database.transaction(pool, "staff") as db:
        for move, reason in ((Move.PROVISION, None), (Move.FIND_INFEASIBLE, "設備がない")):
            await reviews.advance(
                db, by=world.desk.clerk, at=ACCEPTED_AT, application_id=infeasible, move=move, reason=reason
            )
    async with database.transaction(pool, "staff") as db:
        record = await contracts.get(db, contract_id)
        assert record is not None
        formed = await facts.contract(db, record)
    (only,) = formed.lines.values()
    assert (only.starts_on, only.last_on) == (date(2026, 10, 20), date(2026, 10, 19))
    assert standing.lines_reaching(formed, date(2026, 10, 20)) == ()
    again = await accepted(pool, world, await submitted(pool, world.theirs, line(42)))
    assert again != contract_id


async def test_only_a_review_under_way_is_finished(pool: AsyncEngine, world: World) -> None:
    application_id = await submitted(pool, world.ours, line(42))
    async with database.transaction(pool, "staff") as db:
        with pytest.raises(Conflict):
            await reviews.prepare(
                db,
                by=world.desk.clerk,
                at=PREPARED_AT,
                application_id=application_id,
                recommendation=Recommendation.ACCEPT,
                note="—",
            )
