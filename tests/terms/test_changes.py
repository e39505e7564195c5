"""第6条, 附則, 第9条: changes of the offering, the lines and the bandwidth; what may begin before an end."""

from dataclasses import replace

import pytest

from portal.terms import changes, offerings, options, revisions, standing
from portal.terms.contract import BandwidthChange, PortTypeChange, with_change, with_lines, with_removal, with_units
from portal.terms.offerings import Bandwidth, Offering
from portal.terms.option_kinds import OptionKind

from .facts import AGREED, change_to, clauses, contract, day, ended, line, multi_unit, unit

ON = day("2026-01-20")
AREAS = Bandwidth(areas={"east-1": 200, "west-1": 100})


def bandwidth_change(effective_on: str, areas: dict[str, int], accepted_on: str = "2026-01-20") -> BandwidthChange:
    return BandwidthChange(
        accepted_on=day(accepted_on), effective_on=day(effective_on), bandwidth=Bandwidth(areas=areas)
    )


@pytest.mark.clause("A1-n1", "refused")
@pytest.mark.parametrize("areas", [None, {}, {"east-1": 150}, {"east-1": 0}, {"east-1": -100}, {"a": 100, "b": 1}])
def test_ceilings_are_given_by_area_in_units_of_100_mbps(areas: dict[str, int] | None) -> None:
    assert clauses(offerings.area_violations(areas)) == ["A1-n1"]
    capped = contract(Offering.IPOE_CAPPED, bandwidth=Bandwidth(areas=areas) if areas is not None else None)
    assert clauses(changes.form(capped, qualified=True, on=ON)) == ["A1-n1"]


@pytest.mark.clause("A1-n1", "boundary")
@pytest.mark.parametrize(("mbps", "good"), [(99, False), (100, True), (101, False), (200, True)])
def test_one_hundred_is_the_least_ceiling(mbps: int, *, good: bool) -> None:
    assert (offerings.area_violations({"east-1": mbps}) == ()) is good


@pytest.mark.clause("A1-n2", "holds")
@pytest.mark.clause("A1-n2", "boundary")
def test_the_cap_is_the_sum_over_the_areas() -> None:
    assert AREAS.mbps == 300
    assert offerings.contracted_mbps({"east-1": 100}) == 100


@pytest.mark.clause("F-2", "refused")
@pytest.mark.clause("F-2", "boundary")
def test_a_cap_without_areas_is_kept_for_contracts_accepted_to_2024_11_30() -> None:
    undivided = Bandwidth(undivided_mbps=150)

    def form(accepted_on: str) -> list[str]:
        old = contract(Offering.IPOE_CAPPED, accepted_on=accepted_on, bandwidth=undivided)
        return clauses(changes.form(old, qualified=True, on=ON))

    assert form("2024-11-30") == []
    assert form("2024-12-01") == ["F-2"]
    assert revisions.is_grandfathered(Offering.IPOE_CAPPED, accepted_on=day("2024-11-30"))
    assert not revisions.is_grandfathered(Offering.IPOE, accepted_on=day("2024-11-30"))


@pytest.mark.clause("A6-1-1", "refused")
@pytest.mark.parametrize(
    ("effective_on", "to"),
    [
        ("2026-03-02", Offering.IPOE_CAPPED),
        ("2026-01-01", Offering.IPOE_CAPPED),
        ("2026-03-01", Offering.IPOE),
    ],
)
def test_a_change_of_offering_off_the_first_or_to_the_same_is_refused(effective_on: str, to: Offering) -> None:
    areas = AREAS if to is Offering.IPOE_CAPPED else None
    change = change_to(to, effective_on, bandwidth=areas)
    assert clauses(changes.change_offering(contract(), change=change, on=ON)) == ["A6-1-1"]


@pytest.mark.clause("A6-1-1", "boundary")
@pytest.mark.parametrize(("accepted_on", "refused"), [("2026-01-31", []), ("2026-02-01", ["A6-1-1"])])
def test_a_change_holds_from_a_first_after_acceptance(accepted_on: str, refused: list[str]) -> None:
    change = change_to(Offering.IPOE_CAPPED, "2026-02-01", accepted_on=accepted_on, bandwidth=AREAS)
    assert clauses(changes.change_offering(contract(), change=change, on=ON)) == refused


def test_the_offering_in_force_then_counts_not_the_one_now() -> None:
    going = with_change(contract(), change_to(Offering.IPOE_CAPPED, "2026-03-01", bandwidth=AREAS))
    again = change_to(Offering.IPOE_CAPPED, "2026-04-01", bandwidth=AREAS)
    back = change_to(Offering.IPOE, "2026-03-01")
    assert clauses(changes.change_offering(going, change=again, on=ON)) == ["A6-1-1"]
    assert changes.change_offering(going, change=back, on=ON) == ()
    assert standing.terms_on(with_change(going, back), day("2026-03-01")).offering is Offering.IPOE


def test_a_change_to_capped_needs_areas() -> None:
    change = change_to(Offering.IPOE_CAPPED, "2026-03-01")
    assert clauses(changes.change_offering(contract(), change=change, on=ON)) == ["A1-n1"]


@pytest.mark.clause("A5-5", "refused")
def test_a_change_that_would_leave_multi_unit_lines_is_refused() -> None:
    capped = contract(Offering.IPOE_CAPPED, having=[multi_unit()])
    change = change_to(Offering.IPOE, "2026-03-01")
    assert clauses(changes.change_offering(capped, change=change, on=ON)) == ["A5-5"]


@pytest.mark.clause("A5-5", "boundary")
@pytest.mark.parametrize(("last_on", "refused"), [("2026-02-28", []), ("2026-03-01", ["A5-5"])])
def test_a_multi_unit_line_gone_the_day_before_does_not_matter(last_on: str, refused: list[str]) -> None:
    capped = contract(Offering.IPOE_CAPPED, having=[multi_unit(last_on=last_on)])
    change = change_to(Offering.IPOE, "2026-03-01")
    assert clauses(changes.change_offering(capped, change=change, on=ON)) == refused


@pytest.mark.clause("A5-5", "boundary")
@pytest.mark.parametrize(("starts_on", "refused"), [("2026-02-28", ["A5-5"]), ("2026-03-01", [])])
def test_a_new_line_faces_the_offering_of_its_start_and_later_ones(starts_on: str, refused: list[str]) -> None:
    leaving = with_change(contract(), change_to(Offering.IPOE_CAPPED, "2026-03-01", bandwidth=AREAS))
    assert clauses(changes.add_lines(leaving, lines=[multi_unit(starts_on=starts_on)], on=ON)) == refused


def test_a_change_scheduled_after_the_end_of_the_contract_is_not_faced() -> None:
    capped = with_change(contract(Offering.IPOE_CAPPED), change_to(Offering.IPOE, "2026-06-01"))
    assert clauses(changes.add_lines(capped, lines=[multi_unit()], on=ON)) == ["A5-5"]
    assert clauses(changes.add_lines(ended(capped, "2026-06-01"), lines=[multi_unit()], on=ON)) == ["A5-5"]
    assert changes.add_lines(ended(capped, "2026-05-31"), lines=[multi_unit()], on=ON) == ()


def test_a_change_to_shared_passes_the_gate_also_without_lines() -> None:
    change = change_to(Offering.IPOE_SHARED, "2026-03-01")
    assert clauses(changes.change_offering(contract(), change=change, on=ON)) == ["A5-6-1"]
    open_ = contract(policy=AGREED, having=[line("L1"), line("L2", consent=None), line("L3", partner="P1")])
    assert clauses(changes.change_offering(open_, change=change, on=ON)) == ["A5-6-2", "A5-6-3"]
    without = with_removal(open_, ["L2", "L3"], last_on=day("2026-02-28"))
    assert changes.change_offering(without, change=change, on=ON) == ()


@pytest.mark.clause("A4-2", "refused")
@pytest.mark.clause("A4-2", "boundary")
@pytest.mark.parametrize(("last_on", "refused"), [(None, ["A4-2"]), ("2026-03-01", ["A4-2"]), ("2026-02-28", [])])
def test_a_change_to_shared_waits_for_barred_options(last_on: str | None, refused: list[str]) -> None:
    running = contract(policy=AGREED, having=[line()], units=[unit(last_on=last_on)])
    change = change_to(Offering.IPOE_SHARED, "2026-03-01")
    found = changes.change_offering(running, change=change, on=day("2026-01-29"))
    assert clauses(found) == refused
    if refused:
        assert "2026年3月1日" in found[0].reason


@pytest.mark.parametrize(("on", "earliest"), [("2026-01-29", "2026-03-01"), ("2026-01-30", "2026-04-01")])
def test_the_earliest_change_after_a_stop_that_arrives_today(on: str, earliest: str) -> None:
    assert options.earliest_change_after_stop(day(on)) == day(earliest)


@pytest.mark.clause("A6-1-2", "holds")
def test_a_reduction_needs_no_thirty_days_and_zero_lines_end_nothing() -> None:
    two = contract(having=[line("L1"), line("L2")])
    assert changes.remove_lines(two, lines=["L1", "L2"], last_on=day("2026-01-20")) == ()
    none = with_removal(two, ["L1", "L2"], last_on=day("2026-01-20"))
    assert standing.lines_on(none, day("2026-01-21")) == ()
    assert len(standing.lines_on(none, day("2026-01-20"))) == 2
    assert standing.last_on(none) is None


@pytest.mark.clause("A6-1-3", "refused")
def test_ceilings_change_only_while_capped_and_on_a_later_first() -> None:
    good = {"east-1": 500}
    first, second = bandwidth_change("2026-02-01", good), bandwidth_change("2026-02-02", good)
    assert clauses(changes.change_bandwidth(contract(), change=first)) == ["A6-1-3"]
    capped = contract(Offering.IPOE_CAPPED)
    assert clauses(changes.change_bandwidth(capped, change=second)) == ["A6-1-3"]
    bad = bandwidth_change("2026-02-01", {"east-1": 50})
    assert clauses(changes.change_bandwidth(capped, change=bad)) == ["A1-n1"]


@pytest.mark.clause("A6-1-3", "boundary")
def test_new_ceilings_hold_from_their_first_day() -> None:
    capped, change = contract(Offering.IPOE_CAPPED), bandwidth_change("2026-02-01", {"east-1": 500}, "2026-01-31")
    assert changes.change_bandwidth(capped, change=change) == ()
    changed = with_change(capped, change)
    for on, mbps in (("2026-01-31", 300), ("2026-02-01", 500)):
        bandwidth = standing.terms_on(changed, day(on)).bandwidth
        assert bandwidth is not None
        assert bandwidth.mbps == mbps
    same_day = bandwidth_change("2026-02-01", {"east-1": 500}, "2026-02-01")
    assert clauses(changes.change_bandwidth(capped, change=same_day)) == ["A6-1-3"]


@pytest.mark.clause("A6-1-3", "refused")
@pytest.mark.clause("A6-1-3", "boundary")
def test_a_port_type_changes_on_a_later_first_without_a_stop() -> None:
    having = contract(having=[line()], units=[unit(kind=OptionKind.IPV4_PORTS_12800)])

    def ask(to: OptionKind, effective_on: str) -> list[str]:
        change = PortTypeChange(to=to, accepted_on=day("2026-01-20"), effective_on=day(effective_on))
        return clauses(options.change_port_type(having, unit="U1", change=change))

    assert ask(OptionKind.IPV4_PORTS_64000, "2026-02-01") == []
    assert ask(OptionKind.IPV4_PORTS_64000, "2026-02-02") == ["A6-1-3"]
    assert ask(OptionKind.IPV4_PORTS_12800, "2026-02-01") == ["A6-1-3"]
    assert ask(OptionKind.ROUTER_RENTAL, "2026-02-01") == ["A6-1-3"]
    change = PortTypeChange(
        to=OptionKind.IPV4_PORTS_64000, accepted_on=day("2026-01-20"), effective_on=day("2026-02-01")
    )
    changed = replace(having.units["U1"], port_changes=(change,))
    assert standing.kind_on(changed, day("2026-01-31")) is OptionKind.IPV4_PORTS_12800
    assert standing.kind_on(changed, day("2026-02-01")) is OptionKind.IPV4_PORTS_64000
    assert with_units(having, [changed]).units["U1"].last_on is None


@pytest.mark.clause("A9", "refused")
def test_a_notice_that_arrived_is_not_taken_back() -> None:
    assert clauses(changes.withdraw_notice()) == ["A9"]


@pytest.mark.clause("A9", "boundary")
@pytest.mark.clause("A9", "refused")
def test_nothing_begins_after_the_end() -> None:
    ending = ended(contract(Offering.IPOE_CAPPED, having=[line("L1")]), "2026-03-01")
    assert changes.add_lines(ending, lines=[line("L2", starts_on="2026-03-01")], on=ON) == ()
    assert clauses(changes.add_lines(ending, lines=[line("L2", starts_on="2026-03-02")], on=ON)) == ["A9"]
    assert changes.change_bandwidth(ending, change=bandwidth_change("2026-03-01", {"a": 100})) == ()
    assert clauses(changes.change_bandwidth(ending, change=bandwidth_change("2026-04-01", {"a": 100}))) == ["A9"]
    assert clauses(changes.change_offering(ending, change=change_to(Offering.IPOE, "2026-04-01"), on=ON)) == ["A9"]
    late = unit(kind=OptionKind.IPV4_FIXED, starts_on="2026-03-02")
    assert clauses(options.add_options(ending, units=[late])) == ["A9", "A7-1"]


@pytest.mark.clause("A9", "holds")
def test_the_earliest_end_counts_and_lines_end_with_it() -> None:
    twice = ended(ended(contract(having=[line(), line("L2", last_on="2026-04-30")]), "2026-06-30"), "2026-05-31")
    assert standing.last_on(twice) == day("2026-05-31")
    assert [one.id for one in standing.lines_on(twice, day("2026-05-31"))] == ["L1"]
    assert standing.lines_on(twice, day("2026-06-01")) == ()


def test_a_new_contract_answers_for_its_lines_and_options_too() -> None:
    whole = contract(
        Offering.IPOE_SHARED,
        policy=AGREED,
        having=[line("L1"), multi_unit("M1", consent=None)],
        units=[unit("U1", on="L1"), unit("U2", OptionKind.DSLITE_BUNDLE, on="L1", starts_on="2026-01-14")],
    )
    assert clauses(changes.form(whole, qualified=False, on=ON)) == ["A4-1", "A5-5", "A5-6-2", "A7-1", "A4-2"]
    good = with_lines(contract(Offering.IPOE_SHARED, policy=AGREED), [line()])
    good = with_units(good, [unit("U1", OptionKind.DSLITE_BUNDLE)])
    assert changes.form(good, qualified=True, on=ON) == ()
