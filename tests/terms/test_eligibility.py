"""第1条, 第4条, 第5条: who may use the service, for which homes, and the gate to 帯域共有."""

import pytest

from portal.terms import changes, eligibility, offerings
from portal.terms.contract import Consent, Contract, PolicyStanding, PolicyVersion
from portal.terms.offerings import Bandwidth, Offering

from .facts import AGREED, clauses, contract, day, edge, line, multi_unit

ON = day("2026-01-12")


def shared(**facts: object) -> Contract:
    return contract(Offering.IPOE_SHARED, **({"policy": AGREED} | facts))


@pytest.mark.clause("A4-1", "refused")
@pytest.mark.clause("A4-1", "boundary")
def test_only_corporations_form_a_contract() -> None:
    assert clauses(changes.form(contract(), qualified=False, on=ON)) == ["A4-1"]
    assert changes.form(contract(), qualified=True, on=ON) == ()


@pytest.mark.clause("A1-1", "refused")
@pytest.mark.clause("A5-5", "refused")
def test_multi_unit_homes_are_refused_on_ipoe() -> None:
    (violation,) = changes.add_lines(contract(), lines=[multi_unit(), line()], on=ON)
    assert violation.clause == "A5-5"
    assert violation.subjects == ("M1",)
    assert "M1" in violation.reason


@pytest.mark.clause("A1-2", "refused")
@pytest.mark.clause("A5-5", "refused")
def test_multi_unit_homes_are_refused_on_shared() -> None:
    assert clauses(changes.add_lines(shared(), lines=[multi_unit()], on=ON)) == ["A5-5"]


@pytest.mark.clause("A5-5", "boundary")
@pytest.mark.clause("A1-1", "boundary")
@pytest.mark.clause("A1-2", "boundary")
@pytest.mark.clause("A1-3", "boundary")
def test_the_offering_decides_which_homes_it_serves() -> None:
    capped = contract(Offering.IPOE_CAPPED)
    assert changes.add_lines(contract(), lines=[line()], on=ON) == ()
    assert changes.add_lines(shared(), lines=[line()], on=ON) == ()
    assert changes.add_lines(capped, lines=[multi_unit()], on=ON) == ()
    assert clauses(changes.add_lines(contract(), lines=[line(), multi_unit()], on=ON)) == ["A5-5"]
    assert clauses(changes.add_lines(shared(), lines=[line(), multi_unit()], on=ON)) == ["A5-5"]


@pytest.mark.clause("A1-3", "holds")
def test_a_detached_home_on_capped_is_a_warning_not_a_refusal() -> None:
    detached = [line("L1"), multi_unit("M1")]
    assert changes.add_lines(contract(Offering.IPOE_CAPPED), lines=detached, on=ON) == ()
    (warning,) = eligibility.unusual_dwelling(detached)
    assert (warning.clause, warning.subjects) == ("A1-3", ("L1",))
    assert eligibility.unusual_dwelling([multi_unit()]) == ()


@pytest.mark.clause("A1-3", "refused")
@pytest.mark.parametrize("offering", [Offering.IPOE, Offering.IPOE_SHARED])
def test_only_capped_is_contracted_by_bandwidth(offering: Offering) -> None:
    areas = Bandwidth(areas={"east-1": 100})
    found = offerings.formation_violations(offering, areas, accepted_on=ON)
    assert clauses(found) == ["A1-3"]
    assert offerings.formation_violations(Offering.IPOE_CAPPED, areas, accepted_on=ON) == ()


@pytest.mark.clause("A5-6-1", "refused")
def test_shared_needs_the_agreement_to_the_current_policy() -> None:
    published = PolicyStanding(versions=(PolicyVersion(version="v1"), PolicyVersion(version="v2")))
    for policy in (PolicyStanding(), published, PolicyStanding(versions=published.versions, agreed=frozenset({"v1"}))):
        assert clauses(changes.add_lines(shared(policy=policy), lines=[line()], on=ON)) == ["A5-6-1"]
        assert clauses(changes.form(shared(policy=policy), qualified=True, on=ON)) == ["A5-6-1"]


@pytest.mark.clause("A5-6-1", "boundary")
@pytest.mark.parametrize(
    ("on", "agreed", "opens"),
    [
        ("2026-02-28", {"v1"}, True),
        ("2026-03-31", {"v1"}, True),
        ("2026-04-01", {"v1"}, False),
        ("2026-04-01", {"v1", "v2"}, True),
        ("2026-03-31", set(), False),
    ],
)
def test_the_version_before_serves_through_the_deadline(on: str, agreed: set[str], *, opens: bool) -> None:
    versions = (
        PolicyVersion(version="v1", effective_on=day("2025-04-01")),
        PolicyVersion(version="v2", effective_on=day("2026-03-01"), agree_by=day("2026-03-31")),
    )
    policy = PolicyStanding(versions=versions, agreed=frozenset(agreed))
    assert (eligibility.policy_agreed(policy, on=day(on)) == ()) is opens


@pytest.mark.clause("A5-6-1", "refused")
@pytest.mark.clause("A5-6-1", "boundary")
def test_only_the_current_version_can_be_agreed() -> None:
    versions = (
        PolicyVersion(version="v1", effective_on=day("2025-04-01")),
        PolicyVersion(version="v2", effective_on=day("2026-03-01")),
    )
    policy = PolicyStanding(versions=versions)
    assert eligibility.agreeable(policy, "v1", on=day("2026-02-28")) == ()
    assert clauses(eligibility.agreeable(policy, "v2", on=day("2026-02-28"))) == ["A5-6-1"]
    assert clauses(eligibility.agreeable(policy, "v1", on=day("2026-03-01"))) == ["A5-6-1"]
    assert clauses(eligibility.agreeable(PolicyStanding(), "v1", on=day("2026-03-01"))) == ["A5-6-1"]


@pytest.mark.clause("A5-6-2", "refused")
@pytest.mark.parametrize(
    "consent",
    [
        None,
        Consent(withdrawn=True),
        Consent(weak=True),
        Consent(version="v0"),
        Consent(version="v1", obtained_on=day("2026-01-16")),
    ],
)
def test_a_shared_line_needs_an_explicit_consent_that_counts(consent: Consent | None) -> None:
    (violation,) = changes.add_lines(shared(), lines=[line("L1"), line("L2", consent=consent)], on=ON)
    assert (violation.clause, violation.subjects) == ("A5-6-2", ("L2",))


@pytest.mark.clause("A5-6-2", "boundary")
@pytest.mark.parametrize(
    "consent",
    [Consent(version="v1", obtained_on=day("2026-01-15")), Consent(weak=True, weak_accepted=True), Consent()],
)
def test_a_consent_by_the_day_of_the_start_counts(consent: Consent) -> None:
    assert changes.add_lines(shared(), lines=[line(starts_on="2026-01-15", consent=consent)], on=ON) == ()


@pytest.mark.clause("A5-6-2", "boundary")
def test_a_version_that_asks_again_ends_the_consents_before_it() -> None:
    versions = (
        PolicyVersion(version="v1"),
        PolicyVersion(version="v2", consent_again=True),
        PolicyVersion(version="v3"),
        PolicyVersion(version="v4", effective_on=day("2026-06-01"), consent_again=True),
    )
    policy = PolicyStanding(versions=versions, agreed=frozenset({"v3", "v4"}))
    assert eligibility.counting_versions(policy, on=day("2026-05-31")) == {"v2", "v3", "v4"}
    assert eligibility.counting_versions(policy, on=day("2026-06-01")) == {"v4"}
    for version, refused in (("v1", True), ("v2", False), ("v3", False)):
        some = [line(consent=Consent(version=version))]
        assert bool(eligibility.consents(some, policy, on=day("2026-05-31"))) is refused


@pytest.mark.clause("A5-6-3", "refused")
@pytest.mark.parametrize(
    "edges",
    [
        [],
        [edge("P2", "P1")],
        [edge("P2", "P1"), edge("P1", contracted_on=None)],
        [edge("P2", "P1"), edge("P1", clause_confirmed=False)],
        [edge("P2", "P1", version=None), edge("P1")],
        [edge("P2", "P1"), edge("P1", "P2")],
        [edge("P2", "P2")],
    ],
)
def test_a_gap_or_a_circle_on_the_path_closes_the_gate(edges: list) -> None:
    partners = {one.partner: one for one in edges}
    lines = [line("L1"), line("L2", partner="P2")]
    (violation,) = changes.add_lines(shared(partners=partners), lines=lines, on=ON)
    assert (violation.clause, violation.subjects) == ("A5-6-3", ("L2",))


@pytest.mark.clause("A5-6-3", "boundary")
def test_a_whole_path_opens_the_gate_and_the_first_gap_is_named() -> None:
    whole = {"P1": edge("P1"), "P2": edge("P2", "P1")}
    assert changes.add_lines(shared(partners=whole), lines=[line(partner="P2")], on=ON) == ()
    assert eligibility.partner_gap("P2", whole) is None
    assert eligibility.partner_gap("P2", {"P2": whole["P2"]}) == "P1"
    assert eligibility.partner_gap("P2", {"P1": whole["P1"]}) == "P2"


def test_every_reason_is_given_at_once_in_the_order_of_the_clauses() -> None:
    bad = contract(Offering.IPOE_SHARED)
    lines = [multi_unit(consent=None, partner="P1")]
    assert clauses(changes.add_lines(bad, lines=lines, on=ON)) == ["A5-5", "A5-6-1", "A5-6-2", "A5-6-3"]


def test_the_gate_asks_nothing_of_lines_on_other_offerings() -> None:
    assert changes.add_lines(contract(), lines=[line(consent=None, partner="P9")], on=ON) == ()


def test_many_lines_are_counted_in_the_reason_and_all_named_beside_it() -> None:
    (violation,) = eligibility.dwelling(multi_unit(f"M{number}") for number in range(1, 3001))
    assert "M1、M2、M3 ほか2,997件" in violation.reason
    assert len(violation.subjects) == 3000
