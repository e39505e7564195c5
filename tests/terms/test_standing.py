"""A contract, a line and an option unit on a given day, and why a date is what it is."""

from dataclasses import replace

import pytest

from portal.terms import changes, derivations, standing
from portal.terms.contract import BandwidthChange, Suspension, with_change
from portal.terms.offerings import Bandwidth, Offering
from portal.terms.option_kinds import OptionKind
from portal.terms.periods import Span
from portal.terms.standing import ContractState, ServiceState

from .facts import AGREED, change_to, clauses, contract, day, ended, line, unit

AREAS = Bandwidth(areas={"east-1": 200})


@pytest.mark.parametrize(
    ("on", "state", "state_of_ending"),
    [
        ("2026-01-14", ContractState.PREPARING, ContractState.ENDING),
        ("2026-01-15", ContractState.IN_BILLING, ContractState.ENDING),
        ("2026-03-31", ContractState.IN_BILLING, ContractState.ENDING),
        ("2026-04-01", ContractState.IN_BILLING, ContractState.ENDED),
    ],
)
def test_the_state_of_a_contract_follows_from_its_dates(
    on: str, state: ContractState, state_of_ending: ContractState
) -> None:
    assert standing.contract_state(contract(), day(on)) is state
    assert standing.contract_state(ended(contract(), "2026-03-31"), day(on)) is state_of_ending


def test_a_contract_without_a_billing_start_is_being_prepared() -> None:
    assert standing.contract_state(contract(billing=None), day("2030-01-01")) is ContractState.PREPARING


@pytest.mark.parametrize(
    ("on", "state", "state_of_ending"),
    [
        ("2026-01-14", ServiceState.PLANNED, ServiceState.PLANNED),
        ("2026-01-15", ServiceState.IN_SERVICE, ServiceState.ENDING),
        ("2026-01-31", ServiceState.IN_SERVICE, ServiceState.ENDING),
        ("2026-02-01", ServiceState.IN_SERVICE, ServiceState.ENDED),
    ],
)
def test_the_state_of_a_line_follows_from_its_dates(
    on: str, state: ServiceState, state_of_ending: ServiceState
) -> None:
    first = day("2026-01-15")
    assert standing.service_state(Span(first), day(on)) is state
    assert standing.service_state(Span(first, day("2026-01-31")), day(on)) is state_of_ending
    assert standing.service_state(Span(first, day("2026-01-10")), day(on)) is ServiceState.ENDED


@pytest.mark.parametrize(
    ("on", "suspended"), [("2026-01-31", False), ("2026-02-01", True), ("2026-02-28", True), ("2026-03-01", False)]
)
def test_a_suspension_has_days(on: str, *, suspended: bool) -> None:
    paused = replace(contract(), suspensions=(Suspension(starts_on=day("2026-02-01"), last_on=day("2026-02-28")),))
    assert standing.is_suspended(paused, day(on)) is suspended


def test_on_one_day_the_change_later_in_the_list_replaces_the_other() -> None:
    """A change of offering takes its bandwidth with it; a change of bandwidth leaves the offering."""
    to_capped = change_to(Offering.IPOE_CAPPED, "2026-03-01", bandwidth=AREAS)
    ceilings = BandwidthChange(
        accepted_on=day("2026-01-21"), effective_on=day("2026-03-01"), bandwidth=Bandwidth(areas={"west-1": 500})
    )
    changed = standing.terms_on(with_change(with_change(contract(), to_capped), ceilings), day("2026-03-01"))
    assert (changed.offering, changed.bandwidth) == (Offering.IPOE_CAPPED, Bandwidth(areas={"west-1": 500}))
    back = with_change(with_change(contract(), to_capped), change_to(Offering.IPOE, "2026-03-01"))
    replaced = standing.terms_on(back, day("2026-03-01"))
    assert (replaced.offering, replaced.bandwidth) == (Offering.IPOE, None)
    assert standing.offerings_from(back, day("2026-01-01")) == {Offering.IPOE}


def test_lines_and_their_options_can_be_applied_for_together() -> None:
    shared = contract(Offering.IPOE_SHARED, policy=AGREED)
    units = [unit("U1"), unit("U2", OptionKind.DSLITE_BUNDLE)]
    assert clauses(changes.add_lines(shared, lines=[line()], units=units, on=day("2026-01-12"))) == ["A4-2"]
    assert changes.add_lines(shared, lines=[line()], units=units[1:], on=day("2026-01-12")) == ()


@pytest.mark.parametrize(
    ("requested", "why"),
    [
        (None, "指定日がないため"),
        ("2026-04-02", "指定日 2026年4月2日 より遅いため"),
        ("2026-04-03", "指定日と同じ日"),
        ("2026-04-04", "指定日 2026年4月4日 の方が遅いため"),
    ],
)
def test_a_date_says_why(requested: str | None, why: str) -> None:
    text = derivations.notice(day("2026-03-04"), day(requested) if requested else None)
    assert "到達日 2026年3月4日 ＋ 30日（到達日を含めない）= 2026年4月3日" in text
    assert why in text


def test_one_day_of_a_month_is_warned_about() -> None:
    assert derivations.last_use_warning(day("2026-03-31")) is None
    assert "4月分" in (derivations.last_use_warning(day("2026-04-01")) or "")
    assert "2026年2月14日 まで" in derivations.minimum_term(day("2026-01-15"))
