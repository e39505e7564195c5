"""再販先 (A5-6-3): the tree of partners, and the duties that were imposed on each of its edges by contract."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, update

from portal.records import events, partners, policies
from portal.records.base import Db
from portal.records.members import Person
from portal.records.partners import Partner
from portal.terms import eligibility
from portal.terms.contract import ANY_VERSION, PartnerEdge
from portal.terms.periods import tokyo_date
from portal.terms.violations import Violation
from portal.usecases import facts
from portal.usecases.outcomes import Conflict, NotFound, Refused

CLAUSE = "A5-6-3"


async def add(
    db: Db, *, by: Person, at: datetime, subscriber_id: UUID, code: str, name: str, parent_id: UUID | None
) -> UUID:
    """Add a partner company below the subscriber (None) or another partner. Conflict when the code is in use.

    Until duties are imposed on its edge it is a gap (A5-6-3): its lines cannot be ordered as `ipoe_shared`.
    """
    if await partners.by_code(db, code, subscriber_id=subscriber_id) is not None:
        raise Conflict(f"再販先コード {code} はすでに使われています。別のコードを入力してください。")
    if parent_id is not None:
        await _get(db, parent_id, subscriber_id)
    partner_id = uuid4()
    await db.execute(
        insert(partners.partners).values(
            id=partner_id, subscriber_id=subscriber_id, code=code, name=name, parent_id=parent_id, recorded_at=at
        )
    )
    await events.record(
        db,
        by=by,
        at=at,
        verb="partner_added",
        object_kind="partner",
        object_id=partner_id,
        subscriber_id=subscriber_id,
        clauses=(CLAUSE,),
        details={"code": code, "name": name},
    )
    return partner_id


async def impose_duties(
    db: Db,
    *,
    by: Person,
    at: datetime,
    subscriber_id: UUID,
    partner_id: UUID,
    parent_id: UUID | None,
    contracted_on: date,
    clause_confirmed: bool,
    version: str,
) -> None:
    """A5-6-3: record that the duties were imposed on a partner, by contract, by the one above it (None: ourselves).

    Imposing them again replaces the one above. Refuses a contract date in the future, a clause that was not confirmed,
    a version that is not published, and a circle; all reasons at once.
    """
    await partners.lock_tree(db, subscriber_id=subscriber_id)
    partner = await _get(db, partner_id, subscriber_id)
    parent = None if parent_id is None else await _get(db, parent_id, subscriber_id)
    policy = await policies.get(db, version)
    edge = PartnerEdge(
        partner=partner.code,
        parent=parent.code if parent else None,
        contracted_on=contracted_on,
        clause_confirmed=clause_confirmed,
        version=policy.version if policy and policy.published_at else None,
    )
    violations = _faults(edge, await facts.partner_edges(db, subscriber_id=subscriber_id), on=tokyo_date(at))
    if violations or policy is None:
        raise Refused(violations)
    mine = (partners.partners.c.id == partner_id) & (partners.partners.c.subscriber_id == subscriber_id)
    await db.execute(update(partners.partners).where(mine).values(parent_id=parent_id))
    await db.execute(
        insert(partners.duties).values(
            subscriber_id=subscriber_id,
            partner_id=partner_id,
            parent_id=parent_id,
            contracted_on=contracted_on,
            clause_confirmed=clause_confirmed,
            policy_id=policy.id,
            recorded_by=by.id,
            recorded_at=at,
        )
    )
    await events.record(
        db,
        by=by,
        at=at,
        verb="duties_imposed",
        object_kind="partner",
        object_id=partner_id,
        subscriber_id=subscriber_id,
        clauses=(CLAUSE,),
        details={
            "code": partner.code,
            "parent": edge.parent,
            "contracted_on": contracted_on.isoformat(),
            "version": version,
        },
    )


def _faults(edge: PartnerEdge, edges: Mapping[str, PartnerEdge], *, on: date) -> tuple[Violation, ...]:
    reasons = []
    if edge.contracted_on is None or edge.contracted_on > on:
        reasons.append("契約日が今日より後です。義務を負わせる契約を結んだ日を入力してください。")
    if not edge.clause_confirmed:
        reasons.append("同じ義務を負わせる条項が契約にあることを確かめてください。")
    if edge.version is None:
        reasons.append("提供条件の版が公表されていません。公表された版を選んでください。")
    if _circle(edge, edges):
        reasons.append(f"{edge.parent} は {edge.partner} の下にあります。上位の再販先を選び直してください。")
    return tuple(Violation(CLAUSE, reason, (edge.partner,)) for reason in reasons)


def _circle(edge: PartnerEdge, edges: Mapping[str, PartnerEdge]) -> bool:
    """Whether the edge would close a circle: were every edge complete, nothing else could leave a gap."""
    tree = {
        code: replace(known, contracted_on=date.min, clause_confirmed=True, version=ANY_VERSION)
        for code, known in {**edges, edge.partner: edge}.items()
    }
    return eligibility.partner_gap(edge.partner, tree) is not None


async def _get(db: Db, partner_id: UUID, subscriber_id: UUID) -> Partner:
    partner = await partners.get(db, partner_id, subscriber_id=subscriber_id)
    if partner is None:
        raise NotFound
    return partner
