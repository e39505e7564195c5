"""Facts for the tests of the terms: one price sheet with round figures, and short ways to write contracts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from portal.terms import statements
from portal.terms.contract import (
    Consent,
    Contract,
    End,
    EndCause,
    Line,
    OfferingChange,
    OptionUnit,
    PartnerEdge,
    PolicyStanding,
    PolicyVersion,
)
from portal.terms.fees import Band, ChargeCode, PriceSheet
from portal.terms.offerings import Bandwidth, Dwelling, Offering
from portal.terms.option_kinds import OptionKind
from portal.terms.periods import Month
from portal.terms.statements import Statement
from portal.terms.violations import Violations

SHEET = PriceSheet(
    effective_on=date(2016, 6, 1),
    initial_fee=100_000,
    base={
        Offering.IPOE: (Band(100, 50_000), Band(None, 90_000)),
        Offering.IPOE_SHARED: (Band(10, 40_000), Band(None, 70_000)),
        Offering.IPOE_CAPPED: (Band(None, 30_000),),
    },
    line_maintenance={Offering.IPOE: 300, Offering.IPOE_SHARED: 200},
    bandwidth_per_100mbps=40_000,
    option_initial={
        OptionKind.ROUTER_RENTAL: 1_000,
        OptionKind.IPV4_PORTS_12800: 700,
        OptionKind.IPV4_PORTS_64000: 900,
        OptionKind.IPV4_FIXED: 500,
        OptionKind.DSLITE_BUNDLE: 50,
    },
    option_monthly={
        OptionKind.ROUTER_RENTAL: 500,
        OptionKind.IPV4_PORTS_12800: 300,
        OptionKind.IPV4_PORTS_64000: 900,
        OptionKind.IPV4_FIXED: 1_000,
        OptionKind.DSLITE_BUNDLE: 100,
    },
    offering_change_fee=5_000,
    loss_charge_per_device=12_000,
    option_stop_fee_per_device=3_000,
)
AGREED = PolicyStanding(versions=(PolicyVersion(version="v1"),), agreed=frozenset({"v1"}))


def day(text: str) -> date:
    return date.fromisoformat(text)


def line(id_: str = "L1", *, starts_on: str = "2026-01-15", last_on: str | None = None, **facts: Any) -> Line:
    """A detached line with a consent, unless the test says otherwise."""
    facts = {"dwelling": Dwelling.DETACHED, "consent": Consent()} | facts
    return Line(id=id_, starts_on=day(starts_on), last_on=day(last_on) if last_on else None, **facts)


def lines(count: int, **facts: Any) -> list[Line]:
    return [line(f"L{number}", **facts) for number in range(1, count + 1)]


def multi_unit(id_: str = "M1", **facts: Any) -> Line:
    return line(id_, dwelling=Dwelling.MULTI_UNIT, **facts)


def unit(
    id_: str = "U1",
    kind: OptionKind = OptionKind.ROUTER_RENTAL,
    *,
    on: str = "L1",
    accepted_on: str = "2026-01-10",
    starts_on: str = "2026-01-15",
    last_on: str | None = None,
) -> OptionUnit:
    return OptionUnit(
        id=id_,
        kind=kind,
        line=on,
        accepted_on=day(accepted_on),
        starts_on=day(starts_on),
        last_on=day(last_on) if last_on else None,
    )


def contract(
    offering: Offering = Offering.IPOE,
    *,
    accepted_on: str = "2025-12-10",
    billing: str | None = "2026-01-15",
    having: Iterable[Line] = (),
    units: Iterable[OptionUnit] = (),
    **facts: Any,
) -> Contract:
    """A contract in billing from 2026-01-15, at SHEET; capped ones have 300 Mbps in one area."""
    if offering is Offering.IPOE_CAPPED:
        facts = {"bandwidth": Bandwidth(areas={"east-1": 300})} | facts
    return Contract(
        offering=offering,
        accepted_on=day(accepted_on),
        billing_starts_on=day(billing) if billing else None,
        price_sheets=facts.pop("price_sheets", (SHEET,)),
        lines={one.id: one for one in having},
        units={one.id: one for one in units},
        **facts,
    )


def ended(of: Contract, last_on: str, cause: EndCause = EndCause.TERMINATION_NOTICE) -> Contract:
    return replace(of, ends=(*of.ends, End(cause=cause, last_on=day(last_on))))


def change_to(
    to: Offering, effective_on: str, *, accepted_on: str = "2026-01-20", bandwidth: Bandwidth | None = None
) -> OfferingChange:
    return OfferingChange(to=to, accepted_on=day(accepted_on), effective_on=day(effective_on), bandwidth=bandwidth)


def edge(partner: str, parent: str | None = None, **facts: Any) -> PartnerEdge:
    """A complete edge, unless the test says otherwise."""
    facts = {"contracted_on": day("2025-11-01"), "clause_confirmed": True, "version": "v1"} | facts
    return PartnerEdge(partner=partner, parent=parent, **facts)


def clauses(violations: Violations) -> list[str]:
    return [violation.clause for violation in violations]


def month(text: str) -> Month:
    return Month.parse(text)


def amount(statement: Statement, code: ChargeCode) -> int | None:
    """The yen of one code on a statement; None when there is no such row."""
    rows = [charge.amount for charge in statement.charges if charge.code is code]
    return sum(rows) if rows else None


def charged(of: Contract, in_month: str) -> dict[str, int]:
    """The rows of a month that are not zero, by code."""
    statement = statements.month(of, month(in_month))
    return {charge.code.value: charge.amount for charge in statement.charges if charge.amount}
