"""第4条第2項, 第7条: options of a line."""

import pytest

from portal.terms import changes, options, standing
from portal.terms.contract import with_change, with_stop
from portal.terms.offerings import Offering
from portal.terms.option_kinds import OPTIONS, OptionKind

from .facts import AGREED, change_to, clauses, contract, day, ended, line, unit


@pytest.mark.clause("A7-1", "refused")
@pytest.mark.clause("A7-1", "boundary")
@pytest.mark.parametrize(
    ("starts_on", "refused"),
    [("2026-01-14", ["A7-1"]), ("2026-01-15", []), ("2026-03-31", []), ("2026-04-01", ["A7-1"])],
)
def test_an_option_starts_while_its_line_is_in_service(starts_on: str, refused: list[str]) -> None:
    having = contract(having=[line(starts_on="2026-01-15", last_on="2026-03-31")])
    assert clauses(options.add_options(having, units=[unit(starts_on=starts_on)])) == refused


@pytest.mark.clause("A4-2", "refused")
@pytest.mark.parametrize("kind", [kind for kind in OptionKind if kind is not OptionKind.DSLITE_BUNDLE])
def test_shared_has_neither_router_nor_ports_nor_fixed_address(kind: OptionKind) -> None:
    shared = contract(Offering.IPOE_SHARED, policy=AGREED, having=[line()])
    assert clauses(options.add_options(shared, units=[unit(kind=kind)])) == ["A4-2"]


@pytest.mark.clause("A4-2", "boundary")
@pytest.mark.parametrize("offering", list(Offering))
def test_the_dslite_bundle_is_barred_on_none(offering: Offering) -> None:
    having = contract(offering, policy=AGREED, having=[line()])
    assert options.add_options(having, units=[unit(kind=OptionKind.DSLITE_BUNDLE)]) == ()
    router = options.add_options(having, units=[unit()])
    assert clauses(router) == (["A4-2"] if offering is Offering.IPOE_SHARED else [])


@pytest.mark.clause("A4-2", "refused")
def test_an_option_that_a_scheduled_offering_bars_is_refused_now() -> None:
    going = with_change(contract(having=[line()]), change_to(Offering.IPOE_SHARED, "2026-09-01"))
    assert clauses(options.add_options(going, units=[unit(starts_on="2026-02-01")])) == ["A4-2"]


@pytest.mark.clause("A7-2", "refused")
@pytest.mark.clause("A7-2", "boundary")
@pytest.mark.parametrize(("starts_on", "refused"), [("2026-03-31", ["A7-2"]), ("2026-04-01", [])])
def test_one_port_type_per_line(starts_on: str, refused: list[str]) -> None:
    first = unit("U1", OptionKind.IPV4_PORTS_12800, last_on="2026-03-31")
    having = contract(having=[line("L1"), line("L2")], units=[first])
    second = unit("U2", OptionKind.IPV4_PORTS_64000, starts_on=starts_on)
    assert clauses(options.add_options(having, units=[second])) == refused
    other_line = unit("U3", OptionKind.IPV4_PORTS_64000, on="L2", starts_on=starts_on)
    assert options.add_options(having, units=[other_line]) == ()


@pytest.mark.clause("A7-2", "refused")
def test_two_port_types_in_one_application_are_one_too_many() -> None:
    both = [unit("U1", OptionKind.IPV4_PORTS_12800), unit("U2", OptionKind.IPV4_PORTS_64000)]
    (violation,) = options.add_options(contract(having=[line()]), units=both)
    assert (violation.clause, violation.subjects) == ("A7-2", ("U2",))


@pytest.mark.clause("A7-9", "refused")
@pytest.mark.clause("A7-9", "boundary")
@pytest.mark.parametrize(("last_on", "refused"), [("2026-03-30", ["A7-9"]), ("2026-03-31", [])])
def test_a_line_does_not_leave_before_its_options(last_on: str, refused: list[str]) -> None:
    having = contract(having=[line(), line("L2")], units=[unit(last_on="2026-03-31")])
    assert clauses(changes.remove_lines(having, lines=["L1"], last_on=day(last_on))) == refused
    assert changes.remove_lines(having, lines=["L2"], last_on=day(last_on)) == ()


@pytest.mark.clause("A7-9", "holds")
def test_of_several_stops_the_earliest_counts() -> None:
    having = contract(having=[line()], units=[unit()])
    having = with_stop(having, ["U1"], last_on=options.stop_last_day(day("2026-03-04"), day("2026-06-30")))
    having = with_stop(having, ["U1"], last_on=options.stop_last_day(day("2026-03-05"), None))
    assert having.units["U1"].last_on == day("2026-04-04")
    having = with_stop(having, ["U1"], last_on=options.stop_last_day(day("2026-03-06"), None))
    assert having.units["U1"].last_on == day("2026-04-04")


@pytest.mark.clause("A7-x", "holds")
@pytest.mark.clause("A7-x", "boundary")
def test_options_end_with_the_contract_without_another_thirty_days() -> None:
    having = ended(contract(having=[line()], units=[unit()]), "2026-03-31")
    span = standing.unit_span(having.units["U1"], standing.last_on(having))
    assert span.holds(day("2026-03-31"))
    assert not span.holds(day("2026-04-01"))


@pytest.mark.clause("A7-4", "holds")
@pytest.mark.clause("A7-4", "boundary")
def test_a_router_is_to_be_returned_from_the_day_after_its_end() -> None:
    router = unit(last_on="2026-02-28")
    assert options.return_from(router, None) == day("2026-03-01")
    assert options.return_from(router, day("2026-02-27")) == day("2026-02-28")
    assert options.return_from(unit(), None) is None
    assert options.return_from(unit(kind=OptionKind.IPV4_FIXED, last_on="2026-02-28"), None) is None


@pytest.mark.clause("A7-7", "refused")
@pytest.mark.clause("A7-7", "boundary")
def test_a_device_once_lost_is_not_lent_again() -> None:
    assert clauses(options.lendable("SN-1", lost={"SN-1"})) == ["A7-7"]
    assert options.lendable("SN-2", lost={"SN-1"}) == ()


def test_every_option_has_an_entry() -> None:
    assert set(OPTIONS) == set(OptionKind)
