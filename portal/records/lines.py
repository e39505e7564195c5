"""回線 and the options on them, with the days on which they are in service."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from portal.records.base import Db, fetch_all, metadata, moment, owner, row_key, text_column

OPTIONS = "('router_rental', 'ipv4_ports_12800', 'ipv4_ports_64000', 'ipv4_fixed', 'dslite_bundle')"

lines = Table(
    "lines",
    metadata,
    row_key(),
    owner(),
    Column("contract_id", Uuid, nullable=False),
    Column("application_id", Uuid, nullable=True),
    text_column("access_line_id"),
    Column("access_key_sealed", LargeBinary, nullable=False),
    text_column("dwelling"),
    text_column("prefecture"),
    text_column("area", nullable=True),
    text_column("own_reference", nullable=True),
    Column("partner_id", Uuid, nullable=True),
    Column("starts_on", Date, nullable=False),
    # The day before the first: it never began (開通不可).
    Column("last_on", Date, nullable=True),
    UniqueConstraint("subscriber_id", "id"),
    ForeignKeyConstraint(["subscriber_id", "contract_id"], ["contracts.subscriber_id", "contracts.id"]),
    ForeignKeyConstraint(["subscriber_id", "partner_id"], ["partners.subscriber_id", "partners.id"]),
    CheckConstraint(r"access_line_id ~ '^(CAF[0-9]{10}|COP[0-9]{8})$'", name="access_line_id"),
    CheckConstraint("dwelling IN ('detached', 'multi_unit')", name="dwelling"),
    CheckConstraint("last_on >= starts_on - 1", name="last_on"),
    # One living line per access-line id, over all subscribers.
    ExcludeConstraint(
        (Column("access_line_id", Text), "="),
        (text("daterange(starts_on, last_on + 1)"), "&&"),
        using="gist",
        name="lines_living_once",
    ),
    # A page of a contract's lines is read in order, without sorting all of them.
    Index("lines_contract_idx", "contract_id", "access_line_id", "starts_on"),
)

line_options = Table(
    "line_options",
    metadata,
    row_key(),
    owner(),
    Column("contract_id", Uuid, nullable=False),
    Column("line_id", BigInteger, nullable=False),
    text_column("option"),
    moment("accepted_at"),
    Column("starts_on", Date, nullable=False),
    Column("last_on", Date, nullable=True),
    UniqueConstraint("subscriber_id", "id"),
    ForeignKeyConstraint(["subscriber_id", "contract_id"], ["contracts.subscriber_id", "contracts.id"]),
    ForeignKeyConstraint(["subscriber_id", "line_id"], ["lines.subscriber_id", "lines.id"]),
    CheckConstraint(f"option IN {OPTIONS}", name="option"),
    CheckConstraint("last_on >= starts_on - 1", name="last_on"),
    # A7-2: one port type per line at a time.
    ExcludeConstraint(
        (Column("line_id", BigInteger), "="),
        (text("daterange(starts_on, last_on + 1)"), "&&"),
        where=text("option IN ('ipv4_ports_12800', 'ipv4_ports_64000')"),
        using="gist",
        name="line_options_one_port_type",
    ),
    Index("line_options_line_idx", "subscriber_id", "line_id"),
)


@dataclass(frozen=True, slots=True)
class Line:
    id: int
    access_line_id: str
    dwelling: str
    prefecture: str
    area: str | None
    own_reference: str | None
    partner_id: UUID | None
    starts_on: date
    last_on: date | None


@dataclass(frozen=True, slots=True)
class LineOption:
    id: int
    line_id: int
    option: str
    accepted_at: datetime
    starts_on: date
    last_on: date | None


@dataclass(frozen=True, slots=True)
class PrefectureCount:
    """Lines of one prefecture: in service on a day, to begin later, and how many of both have an explicit consent."""

    prefecture: str
    in_service: int
    planned: int
    consented: int


@dataclass(frozen=True, slots=True)
class ListedLine:
    """A line with its options that have not ended and its newest consent, for a page or a file."""

    access_line_id: str
    dwelling: str
    prefecture: str
    area: str | None
    own_reference: str | None
    partner_code: str | None
    starts_on: date
    last_on: date | None
    options: tuple[str, ...]
    end_user_ref: str | None
    consented_at: datetime | None
    consent_method: str | None
    policy_version: str | None


@dataclass(frozen=True, slots=True)
class Clash:
    """An access-line id that an application asks for and a contract already holds on some of the same days."""

    access_line_id: str
    contract_id: UUID
    contract_number: str


async def of_contract(db: Db, contract_id: UUID, *, subscriber_id: UUID) -> Sequence[Line]:
    statement = (
        select(lines)
        .where(lines.c.contract_id == contract_id, lines.c.subscriber_id == subscriber_id)
        .order_by(lines.c.access_line_id, lines.c.starts_on)
    )
    return await fetch_all(db, Line, statement)


async def options_of_contract(db: Db, contract_id: UUID, *, subscriber_id: UUID) -> Sequence[LineOption]:
    statement = (
        select(line_options)
        .where(line_options.c.contract_id == contract_id, line_options.c.subscriber_id == subscriber_id)
        .order_by(line_options.c.id)
    )
    return await fetch_all(db, LineOption, statement)


# The page's own lines are chosen first, so that nothing else is looked up for any other line.
_LISTED = """
    SELECT l.access_line_id, l.dwelling, l.prefecture, l.area, l.own_reference, p.code AS partner_code,
           l.starts_on, l.last_on,
           ARRAY(
               SELECT o.option FROM line_options o
               WHERE o.line_id = l.id AND coalesce(least(o.last_on, (
                   SELECT min(n.effective_on) FROM notice_options x
                   JOIN notices n ON n.id = x.notice_id AND n.voided_at IS NULL WHERE x.line_option_id = o.id
               )), :on) >= :on ORDER BY o.id
           ) AS options,
           c.end_user_ref, c.consented_at, c.method AS consent_method, v.version AS policy_version
    FROM (
        SELECT * FROM lines l WHERE l.contract_id = :contract AND l.subscriber_id = :subscriber {matches}
        ORDER BY l.access_line_id, l.starts_on OFFSET :offset LIMIT :limit
    ) l
    LEFT JOIN partners p ON p.id = l.partner_id
    LEFT JOIN LATERAL (
        SELECT g.end_user_ref, g.consented_at, g.method, g.policy_id FROM consents g
        WHERE g.subscriber_id = l.subscriber_id AND g.access_line_id = l.access_line_id
          AND g.partner_id IS NOT DISTINCT FROM l.partner_id AND g.withdrawn_at IS NULL
        ORDER BY g.consented_at DESC LIMIT 1
    ) c ON true
    LEFT JOIN policies v ON v.id = c.policy_id
    ORDER BY l.access_line_id, l.starts_on
"""
_MATCHES = "AND (l.access_line_id ILIKE :search OR l.own_reference ILIKE :search)"


async def listed(
    db: Db,
    contract_id: UUID,
    *,
    subscriber_id: UUID,
    on: date,
    search: str = "",
    offset: int = 0,
    limit: int | None = None,
) -> Sequence[ListedLine]:
    """The lines of a contract, with what a reader asks of each, in one query; `limit` None: all of them."""
    statement = text(_LISTED.format(matches=_MATCHES if search else ""))
    values = {
        "contract": contract_id,
        "subscriber": subscriber_id,
        "on": on,
        "offset": offset,
        "limit": limit,
        **({"search": f"%{_literal(search)}%"} if search else {}),
    }
    return await fetch_all(db, ListedLine, statement, values)


def _literal(search: str) -> str:
    """A search word as LIKE takes it: its own signs mean themselves."""
    return re.sub(r"([\\%_])", r"\\\1", search)


async def count_by_prefecture(
    db: Db, contract_id: UUID, *, subscriber_id: UUID, on: date, consents: bool
) -> Sequence[PrefectureCount]:
    """The contract's lines that have not ended on a day, by prefecture, most first; with `consents`, how many have one.

    Consents given only by general terms (約款のみ) do not count (A5-6-2). Lines and consents are stacked and grouped,
    not joined: row-level security makes the planner expect few rows, and a loop over both would be their product.
    """
    statement = text("""
        SELECT prefecture, sum(begun)::int AS in_service, sum(coming)::int AS planned,
               coalesce(sum(begun + coming) FILTER (WHERE given), 0)::int AS consented
        FROM (
            SELECT max(prefecture) AS prefecture, sum(begun) AS begun, sum(coming) AS coming, bool_or(given) AS given
            FROM (
                SELECT access_line_id, coalesce(partner_id, subscriber_id) AS giver, prefecture,
                       (starts_on <= :on)::int AS begun, (starts_on > :on)::int AS coming, false AS given
                FROM lines
                WHERE contract_id = :contract AND subscriber_id = :subscriber
                  AND (last_on IS NULL OR last_on >= greatest(:on, starts_on))
                UNION ALL
                SELECT access_line_id, coalesce(partner_id, subscriber_id), NULL, 0, 0, true FROM consents
                WHERE :consents AND subscriber_id = :subscriber AND withdrawn_at IS NULL AND method <> 'terms_only'
            ) AS stacked
            GROUP BY access_line_id, giver
        ) AS held
        WHERE prefecture IS NOT NULL
        GROUP BY prefecture ORDER BY sum(begun + coming) DESC, prefecture
    """)
    values = {"contract": contract_id, "subscriber": subscriber_id, "on": on, "consents": consents}
    return await fetch_all(db, PrefectureCount, statement, values)


async def clashes(db: Db, application_id: UUID, *, subscriber_id: UUID, starts_on: date) -> Sequence[Clash]:
    """The lines of an application that a contract of any subscriber holds on days it asks for (staff only).

    The lines that the application itself brought are no clash.
    """
    statement = text("""
        SELECT DISTINCT l.access_line_id, l.contract_id, c.number AS contract_number
        FROM application_lines a
        JOIN lines l ON l.access_line_id = a.access_line_id AND l.application_id IS DISTINCT FROM a.application_id
         AND daterange(l.starts_on, l.last_on + 1) && daterange(greatest(a.wanted_on, :starts_on), NULL, '[]')
        JOIN contracts c ON c.id = l.contract_id
        WHERE a.application_id = :application AND a.subscriber_id = :subscriber
        ORDER BY l.access_line_id
    """)
    values = {"application": application_id, "subscriber": subscriber_id, "starts_on": starts_on}
    return await fetch_all(db, Clash, statement, values)


async def first_start(db: Db, application_id: UUID, *, subscriber_id: UUID) -> date | None:
    """The first day of service of the lines that an application brought; None when it brought none."""
    of_application = (lines.c.application_id == application_id) & (lines.c.subscriber_id == subscriber_id)
    found: date | None = await db.scalar(select(func.min(lines.c.starts_on)).where(of_application))
    return found


async def copy_from_application(
    db: Db, application_id: UUID, *, subscriber_id: UUID, contract_id: UUID, starts_on: date, at: datetime
) -> None:
    """Make an application's lines lines of a contract, with their options, in two sets.

    A line starts on the day its row wants, at the earliest on `starts_on`. A line that is in service elsewhere breaks
    the constraint `lines_living_once`.
    """
    values = {"application": application_id, "subscriber": subscriber_id, "contract": contract_id}
    await db.execute(
        text("""
            INSERT INTO lines (subscriber_id, contract_id, application_id, access_line_id, access_key_sealed, dwelling,
                               prefecture, area, own_reference, partner_id, starts_on)
            SELECT a.subscriber_id, :contract, a.application_id, a.access_line_id, a.access_key_sealed, a.dwelling,
                   a.prefecture, a.area, a.own_reference, p.id, greatest(a.wanted_on, :starts_on)
            FROM application_lines a
            LEFT JOIN partners p ON p.subscriber_id = a.subscriber_id AND p.code = a.partner_code
            WHERE a.application_id = :application AND a.subscriber_id = :subscriber AND a.whole
            ORDER BY a.position
        """),
        {**values, "starts_on": starts_on},
    )
    await db.execute(
        text("""
            INSERT INTO line_options (subscriber_id, contract_id, line_id, option, accepted_at, starts_on)
            SELECT l.subscriber_id, l.contract_id, l.id, o.option, :at, l.starts_on
            FROM application_lines a
            JOIN lines l ON l.application_id = a.application_id AND l.access_line_id = a.access_line_id
            CROSS JOIN LATERAL unnest(a.options) WITH ORDINALITY AS o (option, place)
            WHERE a.application_id = :application AND a.subscriber_id = :subscriber AND a.whole
              AND l.contract_id = :contract
            ORDER BY a.position, o.place
        """),
        {**values, "at": at},
    )


async def never_begin(db: Db, application_id: UUID, *, subscriber_id: UUID) -> None:
    """開通不可: the lines of an application, and the options on them, have no day in service, so their ids are free."""
    of_application = (lines.c.application_id == application_id) & (lines.c.subscriber_id == subscriber_id)
    await db.execute(update(lines).where(of_application).values(last_on=lines.c.starts_on - 1))
    found = select(lines.c.id).where(of_application)
    await db.execute(
        update(line_options).where(line_options.c.line_id.in_(found)).values(last_on=line_options.c.starts_on - 1)
    )
