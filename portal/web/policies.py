"""提供条件 for subscribers (A5-6-1): the versions, their text, and the agreement in 入力, 確認 and 完了."""

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from portal.records import policies
from portal.records.policies import Agreement, Policy
from portal.terms import eligibility
from portal.terms.contract import PolicyStanding
from portal.usecases import facts
from portal.usecases import policies as acts
from portal.usecases.outcomes import NotFound, Refused
from portal.web.access import BINDS
from portal.web.forms import Form
from portal.web.policy_view import Version, shown
from portal.web.shown import ClauseRef, ShownViolation, clause_ref, violations_shown
from portal.web.transaction import Call, go

READ = (("yes", "全文を読みました"),)


@dataclass(frozen=True)
class Row:
    """A version in the list, and what this company has done about it."""

    version: Version
    href: str
    status: str
    tone: str
    agreement: Agreement | None


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[Row, ...]
    clause: ClauseRef


@dataclass(frozen=True)
class ShowPage:
    row: Row
    clause: ClauseRef
    may_agree: bool
    waits_for_signatory: bool


@dataclass(frozen=True)
class AgreePage:
    version: Version
    form: Form
    read: tuple[tuple[str, str], ...]
    company: str
    name: str
    authority: str
    path: str
    clauses: tuple[ClauseRef, ...]
    violations: tuple[ShownViolation, ...] = ()


@dataclass(frozen=True)
class AgreementPage:
    version: Version
    agreement: Agreement
    company: str
    provider: str
    path: str
    clause: ClauseRef


async def index(call: Call) -> Response:
    standing = await facts.policy_standing(call.db, subscriber_id=call.subscriber_id)
    agreed = {one.policy_id: one for one in await policies.agreed(call.db, subscriber_id=call.subscriber_id)}
    found = await policies.published(call.db)
    rows = tuple(_row(policy, agreed.get(policy.id), standing, on=call.today) for policy in found)
    return call.page("policies/list.html", IndexPage(rows, clause_ref("A5-6-1")))


async def show(call: Call) -> Response:
    policy = await _published(call)
    standing = await facts.policy_standing(call.db, subscriber_id=call.subscriber_id)
    agreement = await policies.agreement(call.db, subscriber_id=call.subscriber_id, policy_id=policy.id)
    agreeable = agreement is None and not eligibility.agreeable(standing, policy.version, on=call.today)
    binds = BINDS.admits(call.by)
    page = ShowPage(
        row=_row(policy, agreement, standing, on=call.today),
        clause=clause_ref("A5-6-1"),
        may_agree=agreeable and binds,
        waits_for_signatory=agreeable and not binds,
    )
    return call.page("policies/show.html", page)


async def document(call: Call) -> Response:
    """The very bytes whose SHA-256 stands in the agreement, for anybody to check."""
    policy = await _published(call)
    body = acts.document(title=policy.title, version=policy.version, body=policy.body)
    headers = {"Content-Disposition": f'attachment; filename="policy-{policy.version}.txt"'}
    return Response(body, media_type="text/plain; charset=utf-8", headers=headers)


async def read(call: Call) -> Response:
    """入力: the whole text."""
    return call.page("policies/read.html", await _agree_page(call, Form()))


async def confirm(call: Call) -> Response:
    """確認: what will be agreed to, for whom, and what follows."""
    form = Form({"read": call.query("read")}, many={"read": (call.query("read"),)}, labels={"read": "全文の確認"})
    if call.query("read") != "yes":
        form.refuse("read", "全文を読み、印を付けてください。")
        return call.page("policies/read.html", await _agree_page(call, form), status=422)
    return call.page("policies/confirm.html", await _agree_page(call, form))


async def agree(call: Call) -> Response:
    form = call.form()
    version = call.request.path_params["version"]
    try:
        await acts.agree(call.db, by=call.by, at=call.at, version=version, sha256=form.code("sha256"))
    except Refused as refused:
        page = await _agree_page(call, form, violations_shown(refused.violations))
        return call.page("policies/confirm.html", page, status=422)
    return go(f"/policies/{version}/agreed")


async def agreed(call: Call) -> Response:
    """完了."""
    return call.page("policies/agreed.html", await _agreement_page(call))


async def certificate(call: Call) -> Response:
    """The agreement as a sheet of paper."""
    return call.page("policies/certificate.html", await _agreement_page(call))


def _row(policy: Policy, agreement: Agreement | None, standing: PolicyStanding, *, on: date) -> Row:
    label, tone = _standing(policy, agreement, standing, on=on)
    return Row(shown(policy), f"/policies/{policy.version}", label, tone, agreement)


def _standing(policy: Policy, agreement: Agreement | None, standing: PolicyStanding, *, on: date) -> tuple[str, str]:
    if agreement is not None:
        return "同意済み", "good"
    if on < policy.effective_on:
        return "効力発生前", "waiting"
    if eligibility.agreeable(standing, policy.version, on=on):
        return "以前の版", "ended"
    return ("同意待ち", "attention") if on <= policy.agree_by else ("同意の期限超過", "attention")


async def _published(call: Call) -> Policy:
    policy = await policies.get(call.db, call.request.path_params["version"])
    if policy is None or policy.published_at is None:
        raise NotFound
    return policy


async def _agree_page(call: Call, form: Form, violations: tuple[ShownViolation, ...] = ()) -> AgreePage:
    policy = await _published(call)
    return AgreePage(
        version=shown(policy),
        form=form,
        read=READ,
        company=call.by.company,
        name=call.by.name,
        authority=call.by.authority or "",
        path=f"/policies/{policy.version}",
        clauses=tuple(clause_ref(one) for one in ("A5-6-1", "A5-6-2", "A5-6-3")),
        violations=violations,
    )


async def _agreement_page(call: Call) -> AgreementPage:
    policy = await _published(call)
    agreement = await policies.agreement(call.db, subscriber_id=call.subscriber_id, policy_id=policy.id)
    if agreement is None:
        raise NotFound
    return AgreementPage(
        version=shown(policy),
        agreement=agreement,
        company=call.by.company,
        provider=call.services.settings.provider.name,
        path=f"/policies/{policy.version}",
        clause=clause_ref("A5-6-1"),
    )
