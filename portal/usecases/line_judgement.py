"""What only the database can say of a line that was read: its policy version, its partner, the gate of its offering."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from portal.records import policies
from portal.records.base import Db
from portal.terms.contract import Line, PartnerEdge
from portal.terms.eligibility import counting_versions, current_policy, dwelling, partner_gap
from portal.terms.offerings import DWELLING_LABELS, OFFERINGS, Dwelling, Offering
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.terms.periods import japanese, tokyo_date
from portal.usecases import facts
from portal.usecases.file_findings import Checked, Finding, Values, failed
from portal.usecases.line_files import ParsedLine
from portal.usecases.readings import Day


@dataclass(frozen=True)
class Known:
    """What stands in the database on a day, as plain values that another process may take along."""

    offering: Offering
    on: date
    published_on: Mapping[str, date]
    """Every published version of the traffic policy, in order of publication, with its day."""
    current: str | None
    counting: frozenset[str]
    """The versions to which a consent still counts (A5-6-2)."""
    partners: Mapping[str, PartnerEdge]


async def known(db: Db, *, subscriber_id: UUID, offering: Offering, on: date) -> Known:
    """Load what lines of a subscriber are held against on a day."""
    standing = await facts.policy_standing(db, subscriber_id=subscriber_id)
    current = current_policy(standing, on=on)
    published = reversed(await policies.published(db))
    return Known(
        offering=offering,
        on=on,
        published_on={policy.version: tokyo_date(policy.published_at) for policy in published if policy.published_at},
        current=current.version if current else None,
        counting=counting_versions(standing, on=on),
        partners=await facts.partner_edges(db, subscriber_id=subscriber_id),
    )


@dataclass(frozen=True)
class _Said:
    """What of a row the database has a word on; None or empty what is not there or could not be read."""

    row: int
    access_line_id: str
    dwelling: str | None
    options: tuple[str, ...]
    partner_code: str | None
    policy_version: str | None
    consented_on: date | None
    method: str | None


def judge(what: Known) -> Callable[[Checked[ParsedLine]], tuple[Finding, ...]]:
    """A5-5, A4-2, A5-6: a judge of lines, for `file_checks.also`. It finds, row by row, what the gate would refuse.

    Of a row with errors it judges what could be read, so that errors do not come one after another.
    """

    def findings(checked: Checked[ParsedLine]) -> tuple[Finding, ...]:
        said = _said(checked)
        if said is None:
            return ()
        wrong = {finding.column for finding in checked.findings if finding.severity == "error"}
        return tuple(finding for finding in _findings(what, said) if finding.column not in wrong)

    return findings


def _said(checked: Checked[ParsedLine]) -> _Said | None:
    line, rest = checked.record, checked.rest
    if line is not None:
        consent = line.consent
        return _Said(
            row=line.row,
            access_line_id=line.access_line_id,
            dwelling=line.dwelling,
            options=line.options,
            partner_code=line.partner_code,
            policy_version=consent.policy_version if consent else None,
            consented_on=tokyo_date(consent.consented_at) if consent else None,
            method=consent.method if consent else None,
        )
    if rest is None:
        return None
    options, consented = rest.get("オプション"), rest.get("同意日時")
    return _Said(
        row=checked.row,
        access_line_id=_text(rest, "回線ID") or "",
        dwelling=_text(rest, "住居種別"),
        options=options if isinstance(options, tuple) else (),
        partner_code=_text(rest, "再販先コード"),
        policy_version=_text(rest, "提供条件版"),
        consented_on=consented.on if isinstance(consented, Day) else None,
        method=_text(rest, "同意方法"),
    )


def _text(values: Values, name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def _findings(what: Known, said: _Said) -> Iterator[Finding]:
    entry = OFFERINGS[what.offering]
    if entry.detached_only and said.dwelling is not None:
        here = Line(id=said.access_line_id, dwelling=Dwelling(said.dwelling), starts_on=what.on)
        for violation in dwelling([here]):
            yield failed(said.row, "住居種別", violation.clause, DWELLING_LABELS[here.dwelling], violation.reason)
    barred = [OPTIONS[kind].file_label for kind in map(OptionKind, said.options) if _is_barred(kind, what.offering)]
    if barred:
        message = f"{entry.label}では利用できないオプションです（{'、'.join(barred)}）。この欄から除いてください。"
        yield failed(said.row, "オプション", "A4-2", ";".join(barred), message)
    if said.partner_code is not None:
        yield from _of_partner(what, said.row, said.partner_code)
    if said.policy_version is not None:
        yield from _of_version(what, said.row, said.policy_version, said.consented_on)
    if said.method == facts.WEAK_METHOD:
        message = "約款だけの同意では、帯域共有の回線として申し込めません。明確な同意を別に得てください（A5-6-2）。"
        yield Finding(said.row, "同意方法", "weak_method", "warning", "約款のみ", message)


def _is_barred(kind: OptionKind, offering: Offering) -> bool:
    return offering in OPTIONS[kind].barred_on


def _of_partner(what: Known, row: int, code: str) -> Iterator[Finding]:
    if code not in what.partners:
        message = "登録のない再販先コードです。「再販先」で登録するか、正しいコードを入力してください。"
        yield failed(row, "再販先コード", "unknown_partner", code, message)
    elif OFFERINGS[what.offering].controls_traffic and (gap := partner_gap(code, what.partners)) is not None:
        message = f"再販先 {gap} に同じ義務を負わせた記録がありません（A5-6-3）。「再販先」で登録してください。"
        yield failed(row, "再販先コード", "partner_gap", code, message)


def _of_version(what: Known, row: int, version: str, consented_on: date | None) -> Iterator[Finding]:
    published_on = what.published_on.get(version)
    if published_on is None:
        message = "公表されていない提供条件の版です。「提供条件」の画面にある版を入力してください。"
        yield failed(row, "提供条件版", "unknown_policy", version, message)
        return
    if consented_on is not None and is_before_publication(what, consented_on, version):
        message = f"{version}版の公表（{japanese(published_on)}）より前の同意です。日付か版を確かめてください。"
        yield failed(row, "同意日時", "before_policy", japanese(consented_on), message)
    if version not in what.counting:
        message = f"{version}版への同意は、現行の{what.current}版では有効ではありません。改めて同意を得てください。"
        yield failed(row, "提供条件版", "older_than_current", version, message)
    elif _is_older(what, version):
        message = f"現行は{what.current}版です。この版への同意は引き続き有効です。"
        yield Finding(row, "提供条件版", "older_than_current", "warning", version, message)


def is_before_publication(what: Known, consented_on: date, version: str) -> bool:
    """A5-6-2: whether a consent is older than the publication of the version it names (reading: it cannot be to it)."""
    published_on = what.published_on.get(version)
    return published_on is not None and consented_on < published_on


def _is_older(what: Known, version: str) -> bool:
    order = list(what.published_on)
    return what.current is not None and order.index(version) < order.index(what.current)
