"""第10条, 別紙1: what a month costs, to the yen."""

from dataclasses import replace

import pytest

from portal.terms import fees, standing, statements, yen
from portal.terms.contract import (
    BandwidthChange,
    EndCause,
    Loss,
    PortTypeChange,
    with_change,
    with_loss,
    with_units,
)
from portal.terms.fees import ChargeCode, NoPriceError, TaxClass
from portal.terms.offerings import Bandwidth, Offering
from portal.terms.option_kinds import OptionKind
from portal.terms.periods import Span
from portal.terms.readings import Source, tax_rate_on

from .facts import SHEET, amount, change_to, charged, contract, day, ended, line, lines, month, unit

AREAS = Bandwidth(areas={"east-1": 200, "west-1": 100})
ROUTER, PORTS = OptionKind.ROUTER_RENTAL, OptionKind.IPV4_PORTS_12800


@pytest.mark.clause("A1-1", "holds")
@pytest.mark.clause("B2-1-i", "holds")
def test_ipoe_is_a_flat_fee_by_line_count() -> None:
    having = contract(having=lines(3))
    assert charged(having, "2026-02") == {"base": 50_000, "line_maintenance": 900}


@pytest.mark.clause("A1-2", "holds")
def test_shared_is_a_flat_fee_by_line_count() -> None:
    having = contract(Offering.IPOE_SHARED, having=lines(11))
    assert charged(having, "2026-02") == {"base": 70_000, "line_maintenance": 2_200}


@pytest.mark.clause("A1-3", "holds")
@pytest.mark.clause("B2-1-iii", "holds")
def test_capped_is_a_flat_fee_by_bandwidth() -> None:
    having = contract(Offering.IPOE_CAPPED, bandwidth=AREAS, having=lines(200))
    assert charged(having, "2026-02") == {"base": 30_000, "bandwidth": 120_000}


@pytest.mark.clause("B2-1-i", "boundary")
@pytest.mark.clause("A1-1", "boundary")
@pytest.mark.parametrize(("count", "base"), [(0, 50_000), (100, 50_000), (101, 90_000)])
def test_a_band_reaches_through_its_limit(count: int, base: int) -> None:
    assert amount(statements.month(contract(having=lines(count)), month("2026-02")), ChargeCode.BASE) == base


@pytest.mark.clause("A1-2", "boundary")
@pytest.mark.parametrize(("count", "base"), [(10, 40_000), (11, 70_000)])
def test_shared_has_bands_of_its_own(count: int, base: int) -> None:
    having = contract(Offering.IPOE_SHARED, having=lines(count))
    assert amount(statements.month(having, month("2026-02")), ChargeCode.BASE) == base


@pytest.mark.clause("B2-1-i", "boundary")
@pytest.mark.parametrize(
    ("billing", "last_on", "months"),
    [
        ("2026-01-31", "2026-02-01", {"2026-01": True, "2026-02": True, "2026-03": False}),
        ("2026-02-01", "2026-02-28", {"2026-01": False, "2026-02": True, "2026-03": False}),
    ],
)
def test_one_day_costs_the_month_in_full(billing: str, last_on: str, months: dict[str, bool]) -> None:
    having = ended(contract(billing=billing, having=lines(1, starts_on="2026-01-01")), last_on)
    for name, due in months.items():
        assert (charged(having, name).get("base") == 50_000) is due


@pytest.mark.clause("B2-1-ii", "holds")
def test_line_maintenance_is_per_line_and_zero_on_capped() -> None:
    statement = statements.month(contract(Offering.IPOE_CAPPED, having=lines(5)), month("2026-02"))
    (zero,) = (charge for charge in statement.charges if charge.code is ChargeCode.LINE_MAINTENANCE)
    assert (zero.amount, zero.clause) == (0, "B2-1-ii")
    assert "0円" in zero.because
    assert charged(contract(having=lines(5)), "2026-02")["line_maintenance"] == 1_500


@pytest.mark.clause("B2-1-ii", "boundary")
def test_a_line_of_one_day_is_maintained_for_the_whole_month() -> None:
    one_day = contract(having=[line(starts_on="2026-02-28", last_on="2026-02-28")])
    assert charged(one_day, "2026-02")["line_maintenance"] == 300
    assert "line_maintenance" not in charged(one_day, "2026-03")


@pytest.mark.clause("B2-1-iii", "boundary")
def test_bandwidth_is_cut_to_a_yen_and_zero_on_others() -> None:
    sheet = replace(SHEET, bandwidth_per_100mbps=333)
    old = contract(
        Offering.IPOE_CAPPED, bandwidth=Bandwidth(undivided_mbps=150), accepted_on="2024-11-30", price_sheets=(sheet,)
    )
    assert charged(old, "2026-02")["bandwidth"] == 499
    assert yen.per_hundred(333, 150) == 499
    assert yen.per_hundred(333, 100) == 333
    zero = statements.month(contract(), month("2026-02"))
    assert amount(zero, ChargeCode.BANDWIDTH) == 0


@pytest.mark.clause("B2-2", "holds")
def test_an_option_is_prorated_by_the_day() -> None:
    having = contract(having=[line()], units=[unit(starts_on="2026-01-28", accepted_on="2025-12-20")])
    assert charged(having, "2026-01")["option_monthly"] == 64
    assert charged(having, "2026-02")["option_monthly"] == 500
    (row,) = (one for one in statements.month(having, month("2026-01")).charges if one.option is ROUTER)
    assert "500円 × 4日 ÷ 31日 = 64円（1円未満切捨て）" in row.because
    assert row.source is Source.GENERAL_TERMS


@pytest.mark.clause("B2-2", "boundary")
def test_each_unit_is_cut_off_by_itself() -> None:
    three = [unit(f"U{number}", on=f"L{number}", starts_on="2026-01-28") for number in (1, 2, 3)]
    having = contract(having=lines(3), units=[*three, unit("U4", on="L1", starts_on="2026-01-31")])
    statement = statements.month(having, month("2026-01"))
    (row,) = (charge for charge in statement.charges if charge.code is ChargeCode.OPTION_MONTHLY)
    assert (row.quantity, row.amount) == (4, 64 * 3 + 16)
    # Each sign of equality stands between two that are equal.
    assert row.because.endswith(
        " 1件 500円 × 4日 ÷ 31日 = 64円（1円未満切捨て）、64円 × 3件 = 192円"
        "、500円 × 1日 ÷ 31日 = 16円（1円未満切捨て）、計 208円"
    )
    assert yen.prorated(500, days=4, of_days=31) == 64
    assert yen.prorated(500, days=31, of_days=31) == 500


@pytest.mark.clause("B2-2", "boundary")
@pytest.mark.parametrize(
    ("starts_on", "last_on", "due"),
    [("2026-01-01", None, 274), ("2028-02-01", "2028-02-28", 482), ("2028-02-01", "2028-02-29", 500)],
)
def test_only_days_in_billing_and_in_service_count(starts_on: str, last_on: str | None, due: int) -> None:
    """500 × 17 ÷ 31 from 課金開始日 01-15; 500 × 28 ÷ 29 in a leap year's February."""
    having = contract(having=[line(starts_on="2026-01-01")], units=[unit(starts_on=starts_on, last_on=last_on)])
    assert charged(having, starts_on[:7])["option_monthly"] == due


def test_a_changed_port_type_costs_its_own_price_and_no_initial_fee() -> None:
    change = PortTypeChange(
        to=OptionKind.IPV4_PORTS_64000, accepted_on=day("2026-01-20"), effective_on=day("2026-02-01")
    )
    having = contract(having=[line()], units=[unit(kind=PORTS, accepted_on="2026-01-10")])
    having = with_units(having, [replace(having.units["U1"], port_changes=(change,))])
    assert charged(having, "2026-02") == {"base": 50_000, "line_maintenance": 300, "option_monthly": 900}


@pytest.mark.clause("B1-1", "holds")
@pytest.mark.clause("B1-1", "boundary")
@pytest.mark.clause("A10", "holds")
def test_the_initial_fee_is_owed_on_acceptance_before_billing() -> None:
    having = contract(accepted_on="2025-12-31", billing=None)
    assert charged(having, "2025-12") == {"initial_fee": 100_000}
    assert charged(having, "2026-01") == {}


@pytest.mark.clause("B1-2", "holds")
@pytest.mark.clause("B1-2", "boundary")
def test_options_have_initial_fees_by_unit_in_the_month_of_acceptance() -> None:
    two = [unit("U1", accepted_on="2026-01-31", starts_on="2026-02-10"), unit("U2", on="L2", accepted_on="2026-02-01")]
    having = contract(billing=None, having=lines(2), units=two)
    assert charged(having, "2026-01") == {"option_initial": 1_000}
    assert charged(having, "2026-02") == {"option_initial": 1_000}


@pytest.mark.clause("A10", "holds")
@pytest.mark.clause("A10", "boundary")
def test_monthly_fees_run_from_the_billing_start_to_the_last_day() -> None:
    having = ended(contract(billing="2026-02-01", having=lines(1, starts_on="2026-01-15")), "2026-03-31")
    assert [bool(charged(having, name)) for name in ("2026-01", "2026-02", "2026-03", "2026-04")] == [
        False,
        True,
        True,
        False,
    ]
    assert standing.billing_span(having) == Span(day("2026-02-01"), day("2026-03-31"))
    assert standing.billing_span(ended(having, "2026-01-31")) is None
    assert statements.billing_window(having, month("2026-04")) is None


@pytest.mark.clause("A10", "boundary")
def test_a_new_sheet_holds_from_its_first_day() -> None:
    raised = replace(SHEET, effective_on=day("2026-03-01"), loss_charge_per_device=15_000)
    having = contract(price_sheets=(raised, SHEET), having=[line()], units=[unit()])
    before = with_loss(having, Loss(unit="U1", reported_on=day("2026-02-28")))
    after = with_loss(having, Loss(unit="U1", reported_on=day("2026-03-01")))
    assert charged(before, "2026-02")["loss_charge"] == 12_000
    assert charged(after, "2026-03")["loss_charge"] == 15_000
    with pytest.raises(NoPriceError):
        fees.sheet_on([SHEET], day("2016-05-31"))


@pytest.mark.clause("B3-1", "holds")
@pytest.mark.clause("B3-1", "boundary")
def test_a_change_of_offering_costs_once_per_acceptance_also_when_replaced() -> None:
    having = with_change(contract(), change_to(Offering.IPOE_CAPPED, "2026-04-01", bandwidth=AREAS))
    having = with_change(having, change_to(Offering.IPOE_SHARED, "2026-04-01", accepted_on="2026-02-01"))
    ceilings = BandwidthChange(accepted_on=day("2026-02-01"), effective_on=day("2026-03-01"), bandwidth=AREAS)
    having = ended(with_change(having, ceilings), "2026-03-31")
    assert charged(having, "2026-01")["offering_change_fee"] == 5_000
    assert charged(having, "2026-02")["offering_change_fee"] == 5_000
    assert "offering_change_fee" not in charged(having, "2026-03")


@pytest.mark.clause("A7-6", "holds")
@pytest.mark.clause("A7-6", "boundary")
@pytest.mark.clause("B3-2", "holds")
@pytest.mark.clause("B3-2", "boundary")
def test_each_loss_is_charged_in_its_month_outside_the_tax() -> None:
    having = contract(billing=None, having=[line()], units=[unit(accepted_on="2025-12-20")])
    for reported in ("2026-01-31", "2026-02-01", "2026-02-28"):
        having = with_loss(having, Loss(unit="U1", reported_on=day(reported)))
    january, february = (statements.month(having, month(name)) for name in ("2026-01", "2026-02"))
    assert (january.out_of_scope, january.tax, january.total) == (12_000, 0, 12_000)
    assert (february.out_of_scope, february.tax, february.total) == (24_000, 0, 24_000)


@pytest.mark.clause("B3-3", "holds")
@pytest.mark.clause("B3-3", "boundary")
@pytest.mark.parametrize(
    ("stopped_on", "contract_last_on", "due"),
    [
        ("2026-03-31", None, True),
        ("2026-03-31", "2026-03-31", True),
        ("2026-03-31", "2026-03-30", False),
        ("2026-03-15", None, True),
        ("2026-03-14", None, False),
    ],
)
def test_a_stopped_device_costs_once_unless_the_contract_ended_first(
    stopped_on: str, contract_last_on: str | None, *, due: bool
) -> None:
    router = unit(starts_on="2026-03-15", last_on=stopped_on)
    having = contract(having=lines(2), units=[router, unit("U2", PORTS, on="L2", last_on=stopped_on)])
    if contract_last_on is not None:
        having = ended(having, contract_last_on)
    assert charged(having, "2026-03").get("option_stop_fee") == (3_000 if due else None)
    assert "option_stop_fee" not in charged(having, "2026-04")


def test_the_offering_of_the_last_day_decides_the_month() -> None:
    change = change_to(Offering.IPOE_CAPPED, "2026-03-01", bandwidth=AREAS)
    having = with_change(contract(having=lines(2)), change)
    assert charged(having, "2026-02") == {"base": 50_000, "line_maintenance": 600}
    assert charged(having, "2026-03") == {"base": 30_000, "bandwidth": 120_000}


@pytest.mark.parametrize(("on", "rate"), [("2019-09-30", 8), ("2019-10-01", 10), ("2016-06-01", 8)])
def test_the_rate_of_the_tax(on: str, rate: int) -> None:
    assert tax_rate_on(day(on)) == rate


@pytest.mark.parametrize(("name", "tax"), [("2019-09", 4_072), ("2019-10", 5_090)])
def test_a_month_is_taxed_at_the_rate_of_its_last_day_once(name: str, tax: int) -> None:
    having = contract(accepted_on="2019-01-10", billing="2019-09-30", having=lines(3, starts_on="2019-09-30"))
    statement = statements.month(having, month(name))
    assert (statement.standard, statement.tax, statement.total) == (50_900, tax, 50_900 + tax)


def test_tax_is_cut_off_once_over_the_sum() -> None:
    units = [unit("U1", starts_on="2026-01-28"), unit("U2", PORTS, starts_on="2026-01-28")]
    statement = statements.month(contract(having=[line()], units=units), month("2026-01"))
    assert statement.standard == 1_000 + 700 + 50_000 + 300 + 64 + 38
    assert (statement.tax, statement.total) == (5_210, 57_312)
    assert yen.tax(19, rate=10) == 1


def test_every_charge_carries_its_derivation() -> None:
    having = contract(having=lines(2), units=[unit(accepted_on="2026-02-01", last_on="2026-02-20")])
    having = with_loss(
        with_change(having, change_to(Offering.IPOE_CAPPED, "2026-04-01")),
        Loss(unit="U1", reported_on=day("2026-02-03")),
    )
    having = ended(having, "2026-02-25", EndCause.AGREED)
    statement = statements.month(having, month("2026-02"))
    assert all("円" in charge.because for charge in statement.charges)
    assert {charge.tax for charge in statement.charges} == set(TaxClass)
