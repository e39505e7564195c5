"""第4条, 第5条: who may use the service, for which homes, and what opens the gate to `ipoe_shared`."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from portal.terms.contract import ANY_VERSION, Line, PartnerEdge, PolicyStanding, PolicyVersion
from portal.terms.offerings import Dwelling
from portal.terms.periods import japanese
from portal.terms.violations import Violation, Violations, name_some


def corporation(*, qualified: bool) -> Violations:
    """A4-1: refuses a subscriber that is neither a corporation nor accepted as equivalent to one."""
    if qualified:
        return ()
    return (
        Violation("A4-1", "契約者は法人（法人に相当すると当社が認めるものを含む）に限ります。資格を確認してください。"),
    )


def dwelling(lines: Iterable[Line]) -> Violations:
    """A5-5: refuses multi-unit homes among lines that face `ipoe` or `ipoe_shared`."""
    multi = tuple(line.id for line in lines if line.dwelling is Dwelling.MULTI_UNIT)
    if not multi:
        return ()
    reason = (
        f"この品目は集合住宅向けに利用できません（{name_some(multi)}）。戸建の回線にするか、帯域制限を選んでください。"
    )
    return (Violation("A5-5", reason, multi),)


def unusual_dwelling(lines: Iterable[Line]) -> Violations:
    """A1-3: detached homes on `ipoe_capped`: a warning to show, never a refusal."""
    detached = tuple(line.id for line in lines if line.dwelling is Dwelling.DETACHED)
    if not detached:
        return ()
    reason = f"帯域制限は集合住宅向けの品目です。戸建の回線があります（{name_some(detached)}）。ご確認ください。"
    return (Violation("A1-3", reason, detached),)


def current_policy(policy: PolicyStanding, *, on: date) -> PolicyVersion | None:
    """A5-6-1: the version of the traffic policy in effect on a day: the latest published of those effective by then."""
    effective = _effective(policy, on)
    return effective[-1] if effective else None


def policy_agreed(policy: PolicyStanding, *, on: date) -> Violations:
    """A5-6-1: refuses when the current version is not agreed, unless its deadline runs and the one before is agreed."""
    effective = _effective(policy, on)
    if not effective:
        return (Violation("A5-6-1", "提供条件がまだ公表されていません。公表後に同意してください。"),)
    current = effective[-1]
    if current.version in policy.agreed:
        return ()
    before_agreed = len(effective) > 1 and effective[-2].version in policy.agreed
    if before_agreed and current.agree_by is not None and on <= current.agree_by:
        return ()
    late = f"（期限 {japanese(current.agree_by)}）" if current.agree_by is not None else ""
    return (
        Violation("A5-6-1", f"現行の提供条件（{current.version}版）への同意{late}がありません。同意してください。"),
    )


def agreeable(policy: PolicyStanding, version: str, *, on: date) -> Violations:
    """A5-6-1: refuses agreement to a version that is not the current one."""
    current = current_policy(policy, on=on)
    if current is not None and current.version == version:
        return ()
    which = "公表された提供条件はありません" if current is None else f"現行は{current.version}版です"
    return (Violation("A5-6-1", f"{version}版には同意できません。{which}。現行の版を確認して同意してください。"),)


def counting_versions(policy: PolicyStanding, *, on: date) -> frozenset[str]:
    """A5-6-2: the versions to which a consent counts: the current one, later ones, and earlier ones not superseded.

    Going back from the current version, one that asks end users to consent again (実質) ends the row.
    """
    effective = _effective(policy, on)
    counting = {version.version for version in policy.versions if version not in effective}
    for version in reversed(effective):
        counting.add(version.version)
        if version.consent_again:
            break
    return frozenset(counting)


def consents(lines: Iterable[Line], policy: PolicyStanding, *, on: date, needed_from: date = date.min) -> Violations:
    """A5-6-2: refuses lines without an explicit consent that counts, by the later of their start and `needed_from`."""
    counting = counting_versions(policy, on=on)
    missing = tuple(line.id for line in lines if not _has_consent(line, counting, by=max(line.starts_on, needed_from)))
    if not missing:
        return ()
    reason = (
        f"帯域制御についての利用者の明確な同意がない回線があります（{name_some(missing)}）。同意を登録してください。"
    )
    return (Violation("A5-6-2", reason, missing),)


def flow_down(lines: Iterable[Line], partners: Mapping[str, PartnerEdge]) -> Violations:
    """A5-6-3: refuses lines whose partner, or any above it, has not had the duties imposed on it. A circle is a gap."""
    lines = tuple(lines)
    named = {line.partner for line in lines if line.partner is not None}
    gaps = {partner: gap for partner in named if (gap := partner_gap(partner, partners)) is not None}
    concerned = tuple(line.id for line in lines if line.partner in gaps)
    if not concerned:
        return ()
    reason = (
        f"再販先（{name_some(sorted(set(gaps.values())))}）に同じ義務を負わせた記録が揃っていない回線があります"
        f"（{name_some(concerned)}）。契約日・条項の確認・提供条件の版を登録してください。"
    )
    return (Violation("A5-6-3", reason, concerned),)


def partner_gap(partner: str, partners: Mapping[str, PartnerEdge]) -> str | None:
    """A5-6-3: the first partner, going up from this one, whose edge is missing, incomplete or closes a circle."""
    seen: set[str] = set()
    step: str | None = partner
    while step is not None:
        edge = partners.get(step)
        if edge is None or not edge.complete or step in seen:
            return step
        seen.add(step)
        step = edge.parent
    return None


def shared_gate(
    lines: Collection[Line],
    *,
    policy: PolicyStanding,
    partners: Mapping[str, PartnerEdge],
    on: date,
    needed_from: date = date.min,
) -> Violations:
    """A5-6: all that keeps lines out of `ipoe_shared` by agreement, consent and partner (dwelling: A5-5)."""
    return (
        *policy_agreed(policy, on=on),
        *consents(lines, policy, on=on, needed_from=needed_from),
        *flow_down(lines, partners),
    )


def _effective(policy: PolicyStanding, on: date) -> list[PolicyVersion]:
    return [version for version in policy.versions if version.effective_on <= on]


def _has_consent(line: Line, counting: frozenset[str], *, by: date) -> bool:
    consent = line.consent
    if consent is None or consent.withdrawn or (consent.weak and not consent.weak_accepted):
        return False
    if consent.obtained_on is not None and consent.obtained_on > by:
        return False
    return consent.version == ANY_VERSION or consent.version in counting
