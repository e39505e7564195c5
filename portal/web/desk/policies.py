"""提供条件 at the desk: prepared and revised by a clerk, published by another person, and who has agreed."""

import re
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from portal.records import events, policies
from portal.records.policies import Answer, Policy
from portal.usecases import policies as acts
from portal.usecases.outcomes import Conflict, NotFound
from portal.usecases.policies import Draft
from portal.web.access import APPROVER, CLERK
from portal.web.forms import Form
from portal.web.policy_view import Version, shown
from portal.web.shown import ClauseRef, clause_ref
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call, go
from portal.web.typed import day

VERSION = re.compile(r"(?!new$)[0-9A-Za-z][0-9A-Za-z.\-]{0,19}")
KINDS = (("yes", "実質", "利用者の同意も取り直す改定"), ("no", "軽微", "利用者の前の同意を有効なままにする改定"))
LABELS = {
    "version": "版番号",
    "title": "表題",
    "body": "本文",
    "material": "改定の種類",
    "effective_on": "効力発生日",
    "agree_by": "同意の期限",
}


@dataclass(frozen=True)
class Row:
    version: Version
    href: str
    status: str
    tone: str
    prepared_at: datetime


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[Row, ...]
    may_prepare: bool


@dataclass(frozen=True)
class NewPage:
    form: Form
    kinds: tuple[tuple[str, str, str], ...]
    revises: str
    clause: ClauseRef


@dataclass(frozen=True)
class ShowPage:
    row: Row
    clause: ClauseRef
    form: Form
    answers: tuple[Answer, ...]
    agreed_count: int
    events: tuple[ShownEvent, ...]
    may_publish: bool
    may_revise: bool
    prepared_by_me: bool


async def index(call: Call) -> Response:
    found = await policies.everything(call.db)
    return call.page("desk/policies/list.html", IndexPage(tuple(_row(one) for one in found), CLERK.admits(call.by)))


async def new(call: Call) -> Response:
    """An empty form, or with `?version=` the draft of that version to be revised."""
    revises = call.query("version")
    if not revises:
        return _new(call, Form({"material": "yes"}), "")
    draft = await policies.get(call.db, revises)
    if draft is None or draft.published_at is not None:
        raise NotFound
    values = {
        "version": draft.version,
        "title": draft.title,
        "body": draft.body,
        "material": "yes" if draft.material else "no",
        "effective_on": f"{draft.effective_on:%Y/%m/%d}",
        "agree_by": f"{draft.agree_by:%Y/%m/%d}",
    }
    return _new(call, Form(values), revises)


async def prepare(call: Call) -> Response:
    form = call.form(**LABELS)
    revises = form.code("revises")
    draft = _draft(form, call)
    if draft is None:
        return _new(call, form, revises, status=422)
    act = acts.revise if revises == draft.version else acts.prepare
    try:
        made = await act(call.db, by=call.by, at=call.at, draft=draft)
    except Conflict as conflict:
        form.refuse("version", str(conflict))
        return _new(call, form, revises, status=422)
    return go(f"/desk/policies/{made.version}")


async def show(call: Call) -> Response:
    policy = await policies.get(call.db, call.request.path_params["version"])
    if policy is None:
        raise NotFound
    draft = policy.published_at is None
    mine = policy.prepared_by == call.by.id
    answers = () if draft else tuple(await policies.answers(call.db, policy.id))
    told = await events.of_object(call.db, "policy", policy.id)
    page = ShowPage(
        row=_row(policy),
        clause=clause_ref("A5-6-1"),
        form=Form(),
        answers=answers,
        agreed_count=sum(answer.agreed_at is not None for answer in answers),
        events=shown_events(told, to_staff=True),
        may_publish=draft and not mine and APPROVER.admits(call.by),
        may_revise=draft and CLERK.admits(call.by),
        prepared_by_me=draft and mine,
    )
    return call.page("desk/policies/show.html", page)


async def publish(call: Call) -> Response:
    version = call.request.path_params["version"]
    await acts.publish(call.db, by=call.by, at=call.at, version=version, sha256=call.form().code("sha256"))
    return go(f"/desk/policies/{version}")


def _new(call: Call, form: Form, revises: str, *, status: int = 200) -> Response:
    return call.page("desk/policies/new.html", NewPage(form, KINDS, revises, clause_ref("A5-6-1")), status=status)


def _row(policy: Policy) -> Row:
    published = policy.published_at is not None
    status, tone = ("公表済み", "good") if published else ("公表待ち", "waiting")
    return Row(shown(policy), f"/desk/policies/{policy.version}", status, tone, policy.prepared_at)


def _draft(form: Form, call: Call) -> Draft | None:
    form.need("version", "title", "body")
    version = form.code("version")
    if not VERSION.fullmatch(version):
        form.refuse("version", "半角の英数字、点、ハイフンで20字までの版番号にしてください。例：2026-10")
    material = form.choose("material", tuple(kind[:2] for kind in KINDS)) == "yes"
    effective_on, agree_by = day(form, "effective_on"), day(form, "agree_by")
    if effective_on is None or agree_by is None:
        return None
    if effective_on < call.today:
        form.refuse("effective_on", "今日以後の日を入力してください。")
    if agree_by < effective_on:
        form.refuse("agree_by", "効力発生日以後の日を入力してください。")
    if form.errors:
        return None
    return Draft(
        version=version,
        title=form.text("title"),
        body=form.value("body"),
        material=material,
        effective_on=effective_on,
        agree_by=agree_by,
    )
