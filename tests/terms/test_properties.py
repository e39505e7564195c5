"""What holds for every history: properties of the rules and of the statements."""

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.terms import early_termination, events, statements
from portal.terms.contract import Contract, EndCause
from portal.terms.fees import TaxClass
from portal.terms.offerings import Bandwidth, Dwelling, Offering
from portal.terms.option_kinds import OptionKind
from portal.terms.periods import Month, add_days, notice_last_day, previous_day, tokyo_midnight
from portal.terms.simulation import answer, simulate

from .facts import SHEET, contract, ended, lines, unit

DAYS = st.dates(min_value=date(2024, 6, 1), max_value=date(2028, 12, 31))
MONTHS = st.builds(Month, st.integers(2024, 2028), st.integers(1, 12))
THROUGH = Month(2026, 12)
IDS = st.sampled_from(["L1", "L2", "L3"])
UNITS = st.sampled_from(["U1", "U2"])
YEAR = st.dates(min_value=date(2025, 12, 1), max_value=date(2026, 12, 31))
INSTANTS = st.builds(
    lambda day, hour: datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC), YEAR, st.integers(0, 23)
)
STARTS = st.one_of(YEAR, st.builds(lambda number: date(2026, number, 1), st.integers(1, 12)))
AREAS = st.dictionaries(st.sampled_from(["east", "west"]), st.sampled_from([100, 200, 150]), max_size=2)
NEW_LINES = st.lists(
    st.builds(
        events.NewLine,
        id=IDS,
        dwelling=st.sampled_from(Dwelling),
        consented=st.booleans(),
        partner=st.sampled_from([None, "P1"]),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda line: line.id,
).map(tuple)
LINE_IDS = st.lists(IDS, min_size=1, max_size=2, unique=True).map(tuple)
UNIT_IDS = st.lists(UNITS, min_size=1, max_size=2, unique=True).map(tuple)
EVENTS = st.one_of(
    st.builds(events.PublishPolicy, at=INSTANTS, version=st.just("v1")),
    st.builds(events.AgreePolicy, at=INSTANTS, version=st.sampled_from(["v1", "v2"])),
    st.builds(events.ImposeDuties, at=INSTANTS, partner=st.just("P1")),
    st.builds(events.LineAdd, at=INSTANTS, lines=NEW_LINES, accepted_at=INSTANTS, starts_on=STARTS),
    st.builds(events.LineConsent, at=INSTANTS, lines=LINE_IDS),
    st.builds(events.LineRemove, at=INSTANTS, lines=LINE_IDS, accepted_at=INSTANTS, last_on=YEAR),
    st.builds(
        events.OptionAdd,
        at=INSTANTS,
        unit=UNITS,
        option=st.sampled_from(OptionKind),
        line=IDS,
        accepted_at=INSTANTS,
        starts_on=STARTS,
    ),
    st.builds(events.OptionStop, at=INSTANTS, units=UNIT_IDS, requested_on=st.none() | YEAR),
    st.builds(
        events.OfferingChanged,
        at=INSTANTS,
        to=st.sampled_from(Offering),
        accepted_at=INSTANTS,
        effective_on=STARTS,
        areas=AREAS,
    ),
    st.builds(events.BandwidthChanged, at=INSTANTS, areas=AREAS, accepted_at=INSTANTS, effective_on=STARTS),
    st.builds(events.DeviceLost, at=INSTANTS, unit=UNITS),
    st.builds(events.TerminationNotice, at=INSTANTS, requested_on=st.none() | YEAR),
    st.builds(events.WithdrawNotice, at=INSTANTS),
    st.builds(
        events.Terminate,
        at=INSTANTS,
        cause=st.sampled_from([cause for cause in EndCause if cause is not EndCause.TERMINATION_NOTICE]),
        last_on=YEAR,
    ),
)
CONTRACTS = st.sampled_from(
    [
        contract(Offering.IPOE),
        contract(Offering.IPOE_SHARED),
        contract(Offering.IPOE_CAPPED),
        contract(Offering.IPOE_CAPPED, accepted_on="2024-11-30", bandwidth=Bandwidth(undivided_mbps=150)),
    ]
)


def runnable(start: Contract, history: list[events.Event]) -> list[events.Event]:
    """The events of a history that name only what is known, in their order."""
    kept, state = [], start
    for event in history:
        try:
            violations, changed = answer(state, event, "event")
        except events.InvalidScenarioError:
            continue
        kept.append(event)
        state = state if violations else changed
    return kept


@given(received_on=DAYS, requested_on=st.none() | DAYS)
def test_a_notice_takes_effect_never_before_thirty_days_nor_before_the_request(
    received_on: date, requested_on: date | None
) -> None:
    last_on = notice_last_day(received_on, requested_on)
    assert (last_on - received_on).days >= 30
    assert requested_on is None or last_on >= requested_on
    assert (last_on - received_on).days == 30 or last_on == requested_on


@given(billing=DAYS, later=st.integers(0, 400), requested=st.none() | DAYS)
def test_a_notice_from_the_billing_start_on_never_owes_the_early_termination_charge(
    billing: date, later: int, requested: date | None
) -> None:
    last_on = notice_last_day(add_days(billing, later), requested)
    whole = ended(contract(billing=billing.isoformat(), having=lines(2)), last_on.isoformat())
    assert early_termination.uncharged_months(whole) == ()


@given(month=MONTHS, first=st.integers(1, 31), last=st.integers(1, 31), count=st.integers(0, 3))
def test_monthly_fees_do_not_depend_on_the_day_within_the_month(
    month: Month, first: int, last: int, count: int
) -> None:
    """Billing that begins or ends on any day of the month costs what the whole month costs."""
    begins, ends = (add_days(month.first, min(number, month.days) - 1) for number in (first, last))
    having = lines(count, starts_on="2020-01-01")
    whole = contract(accepted_on="2020-01-01", billing="2020-01-01", having=having)
    partial = contract(accepted_on="2020-01-01", billing=min(begins, ends).isoformat(), having=having)
    partial = ended(partial, max(begins, ends).isoformat())
    assert statements.monthly_fees(partial, month) == statements.monthly_fees(whole, month)


@settings(deadline=None, max_examples=60)
@given(start=CONTRACTS, history=st.lists(EVENTS, max_size=12))
def test_a_statement_is_the_sum_of_its_charges_and_taxed_once(start: Contract, history: list[events.Event]) -> None:
    for statement in simulate(start, runnable(start, history), through=THROUGH).statements:
        standard = sum(charge.amount for charge in statement.charges if charge.tax is TaxClass.STANDARD)
        other = sum(charge.amount for charge in statement.charges if charge.tax is TaxClass.OUT_OF_SCOPE)
        assert (statement.standard, statement.out_of_scope) == (standard, other)
        assert statement.tax == standard * 10 // 100
        assert statement.total == standard + other + statement.tax
        assert all(charge.amount >= 0 for charge in statement.charges)
        kinds = [(charge.code, charge.option) for charge in statement.charges]
        assert len(kinds) == len(set(kinds))


@settings(deadline=None, max_examples=60)
@given(start=CONTRACTS, history=st.lists(EVENTS, max_size=12))
def test_refused_events_change_nothing(start: Contract, history: list[events.Event]) -> None:
    history = runnable(start, history)
    outcome = simulate(start, history, through=THROUGH)
    refused = {refusal.event for refusal in outcome.refused}
    accepted = [event for place, event in enumerate(history) if place not in refused]
    without = simulate(start, accepted, through=THROUGH)
    assert without.refused == ()
    assert without.contract == outcome.contract
    assert without.statements == outcome.statements


@settings(deadline=None, max_examples=60)
@given(
    received=st.lists(INSTANTS, min_size=3, max_size=3),
    requested=st.lists(st.none() | YEAR, min_size=2, max_size=2),
    order=st.permutations(range(4)),
)
def test_the_order_of_independent_events_does_not_matter(
    received: list[datetime], requested: list[date | None], order: list[int]
) -> None:
    """A stop of one unit, a loss of another, a notice and the imposing of duties do not look at each other."""
    first = [
        events.LineAdd(
            at=received[0],
            lines=tuple(events.NewLine(id=id_, dwelling=Dwelling.DETACHED, consented=True) for id_ in ("L1", "L2")),
            accepted_at=received[0],
            starts_on=date(2026, 1, 15),
        ),
        *(
            events.OptionAdd(
                at=received[0],
                unit=unit,
                option=OptionKind.ROUTER_RENTAL,
                line=line,
                accepted_at=received[0],
                starts_on=date(2026, 1, 20),
            )
            for unit, line in (("U1", "L1"), ("U2", "L2"))
        ),
    ]
    independent = [
        events.OptionStop(at=received[1], units=("U1",), requested_on=requested[0]),
        events.DeviceLost(at=received[2], unit="U2"),
        events.TerminationNotice(at=received[1], requested_on=requested[1]),
        events.ImposeDuties(at=received[2], partner="P1"),
    ]
    plain = simulate(contract(), [*first, *independent], through=THROUGH)
    other = simulate(contract(), [*first, *(independent[place] for place in order)], through=THROUGH)
    assert plain.refused == other.refused == ()
    assert plain.statements == other.statements
    assert plain.last_on == other.last_on


@given(day=DAYS)
def test_an_instant_before_midnight_in_tokyo_belongs_to_the_day_before(day: date) -> None:
    midnight = tokyo_midnight(day).astimezone(UTC)
    assert midnight.date() == previous_day(day)
    assert midnight.hour == 15


@given(amounts=st.lists(st.integers(0, 10**6), min_size=5, max_size=5))
def test_tax_is_rounded_down_once_never_per_row(amounts: list[int]) -> None:
    """Five options with initial fees of their own, on a bill of six rows."""
    sheet = replace(SHEET, initial_fee=9, option_initial=dict(zip(OptionKind, amounts, strict=True)))
    units = [unit(kind.value, kind, accepted_on="2025-12-20") for kind in OptionKind]
    bill = contract(billing=None, having=lines(1), units=units, price_sheets=(sheet,))
    statement = statements.month(bill, Month(2025, 12))
    assert len(statement.charges) == 6
    assert statement.tax == (9 + sum(amounts)) // 10
