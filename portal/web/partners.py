"""再販先 (A5-6-3): the tree of partners, where duties are missing on it, and their record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.responses import Response

from portal.records import events, partners, policies
from portal.records.partners import Imposed, Partner
from portal.terms import eligibility
from portal.terms.contract import PartnerEdge
from portal.usecases import facts
from portal.usecases import partners as acts
from portal.usecases.outcomes import Conflict, NotFound, Refused
from portal.usecases.readings import fold_reference, has_control_character, is_formula, widen_kana
from portal.web.access import PREPARES
from portal.web.forms import Form
from portal.web.shown import ClauseRef, ShownViolation, clause_ref, violations_shown
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call, go
from portal.web.typed import day

OURSELVES = (("", "自社（直接）"),)
CONFIRMED = (("yes", "同じ義務を負わせる条項が、この契約にあることを確かめました"),)
ADD_LABELS = {"code": "再販先コード", "name": "会社名", "parent": "上位"}
DUTY_LABELS = {
    "parent": "義務を負わせた者",
    "contracted_on": "契約日",
    "clause_confirmed": "条項の確認",
    "version": "提供条件の版",
}


@dataclass(frozen=True)
class Row:
    """A partner in the order of the tree; `path` says in words from whom to whom the service goes."""

    partner: Partner
    href: str
    path: str
    depth: int
    status: str
    tone: str
    gap: str | None


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[Row, ...]
    gap_count: int
    may_record: bool
    clause: ClauseRef


@dataclass(frozen=True)
class NewPage:
    form: Form
    parents: tuple[tuple[str, str], ...]
    clause: ClauseRef


@dataclass(frozen=True)
class ShowPage:
    row: Row
    form: Form
    imposed: tuple[Imposed, ...]
    events: tuple[ShownEvent, ...]
    parents: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    confirmed: tuple[tuple[str, str], ...]
    may_record: bool
    clause: ClauseRef
    violations: tuple[ShownViolation, ...]


async def index(call: Call) -> Response:
    rows = await _rows(call)
    gaps = sum(row.gap is not None for row in rows)
    return call.page("partners/list.html", IndexPage(rows, gaps, PREPARES.admits(call.by), clause_ref("A5-6-3")))


async def new(call: Call) -> Response:
    return await _new(call, Form())


async def add(call: Call) -> Response:
    form = call.form(**ADD_LABELS)
    form.need("code", "name")
    code, name = fold_reference(form.text("code")), widen_kana(form.text("name"))
    if is_formula(code):
        form.refuse("code", "数式として動く値です。先頭の = + - @ を除き、値だけを入力してください。")
    if len(code) > 40 or has_control_character(code, newlines=False):
        form.refuse("code", "40字までの、見える文字にしてください。")
    if len(name) > 200 or has_control_character(name, newlines=False):
        form.refuse("name", "200字までの、見える文字にしてください。")
    parent_id = _parent(form)
    if not form.errors:
        form = _read_otherwise(call, form, code=code, name=name)
    if not form.errors:
        try:
            partner_id = await acts.add(
                call.db,
                by=call.by,
                at=call.at,
                subscriber_id=call.subscriber_id,
                code=code,
                name=name,
                parent_id=parent_id,
            )
        except Conflict as conflict:
            form.refuse("code", str(conflict))
        else:
            return go(f"/partners/{partner_id}")
    return await _new(call, form, status=422)


def _read_otherwise(call: Call, form: Form, **read: str) -> Form:
    """Nothing is read otherwise than typed in silence: what was read stands in its field, to be sent once more."""
    changed = {name: value for name, value in read.items() if value != form.text(name)}
    if not changed:
        return form
    filled = Form({name: form.value(name) for name in ADD_LABELS} | changed, labels=ADD_LABELS, submission_key=call.key)
    for name, value in changed.items():
        filled.refuse(name, f"{value} と読み替えます。よければこのまま登録してください。")
    return filled


async def show(call: Call) -> Response:
    partner = await _partner(call)
    values = {"parent": str(partner.parent_id or "")}
    if found := await policies.published(call.db):
        standing = await facts.policy_standing(call.db, subscriber_id=call.subscriber_id)
        current = eligibility.current_policy(standing, on=call.today)
        values["version"] = current.version if current else found[0].version
    return await _show(call, partner, Form(values))


async def impose_duties(call: Call) -> Response:
    partner = await _partner(call)
    form = call.form(**DUTY_LABELS)
    versions = await _versions(call)
    version = form.choose("version", versions)
    contracted_on = day(form, "contracted_on")
    confirmed = "yes" in form.values("clause_confirmed")
    if not confirmed:
        form.refuse("clause_confirmed", "契約書の条項を確かめ、印を付けてください。")
    parent_id = _parent(form)
    if form.errors or contracted_on is None:
        return await _show(call, partner, form, status=422)
    try:
        await acts.impose_duties(
            call.db,
            by=call.by,
            at=call.at,
            subscriber_id=call.subscriber_id,
            partner_id=partner.id,
            parent_id=parent_id,
            contracted_on=contracted_on,
            clause_confirmed=confirmed,
            version=version,
        )
    except Refused as refused:
        return await _show(call, partner, form, violations_shown(refused.violations), status=422)
    return go(f"/partners/{partner.id}")


async def _new(call: Call, form: Form, *, status: int = 200) -> Response:
    return call.page("partners/new.html", NewPage(form, await _parents(call), clause_ref("A5-6-3")), status=status)


async def _show(
    call: Call, partner: Partner, form: Form, violations: tuple[ShownViolation, ...] = (), *, status: int = 200
) -> Response:
    rows = await _rows(call)
    told = await events.of_object(call.db, "partner", partner.id)
    page = ShowPage(
        row=next(row for row in rows if row.partner.id == partner.id),
        form=form,
        imposed=tuple(await partners.imposed(call.db, partner.id, subscriber_id=call.subscriber_id)),
        events=shown_events(told, to_staff=False),
        parents=await _parents(call, without=partner.id),
        versions=await _versions(call),
        confirmed=CONFIRMED,
        may_record=PREPARES.admits(call.by),
        clause=clause_ref("A5-6-3"),
        violations=violations,
    )
    return call.page("partners/show.html", page, status=status)


async def _partner(call: Call) -> Partner:
    partner = await partners.get(call.db, call.id(), subscriber_id=call.subscriber_id)
    if partner is None:
        raise NotFound
    return partner


def _parent(form: Form) -> UUID | None:
    """The chosen partner above; an id that is none of ours is found to be so by the use-case."""
    typed = form.value("parent")
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise NotFound from None


async def _parents(call: Call, *, without: UUID | None = None) -> tuple[tuple[str, str], ...]:
    found = await partners.of_subscriber(call.db, subscriber_id=call.subscriber_id)
    others = ((str(one.id), f"{one.code}　{one.name}") for one in found if one.id != without)
    return (*OURSELVES, *others)


async def _versions(call: Call) -> tuple[tuple[str, str], ...]:
    found = await policies.published(call.db)
    return tuple((policy.version, f"{policy.version}版　{policy.title}") for policy in found)


async def _rows(call: Call) -> tuple[Row, ...]:
    found = await partners.of_subscriber(call.db, subscriber_id=call.subscriber_id)
    edges = await facts.partner_edges(call.db, subscriber_id=call.subscriber_id)
    return _tree(found, edges)


def _tree(found: Sequence[Partner], edges: Mapping[str, PartnerEdge]) -> tuple[Row, ...]:
    """The partners, each right below the one above it; without recursion, so that no tree is too deep."""
    children: dict[UUID | None, list[Partner]] = {}
    for partner in found:
        children.setdefault(partner.parent_id, []).append(partner)
    rows: list[Row] = []
    waiting: list[tuple[Partner, tuple[str, ...]]] = [
        (partner, ("自社",)) for partner in reversed(children.get(None, []))
    ]
    while waiting:
        partner, above = waiting.pop()
        path = (*above, partner.code)
        rows.append(_row(partner, path, eligibility.partner_gap(partner.code, edges)))
        waiting += [(child, path) for child in reversed(children.get(partner.id, []))]
    return tuple(rows)


def _row(partner: Partner, path: tuple[str, ...], gap: str | None) -> Row:
    if gap is None:
        status, tone = "そろっています", "good"
    elif gap == partner.code:
        status, tone = "義務の記録がありません", "attention"
    else:
        status, tone = f"上位の {gap} に記録がありません", "attention"
    return Row(partner, f"/partners/{partner.id}", " → ".join(path), len(path) - 1, status, tone, gap)
