"""The amounts of the demo, in round figures that nobody charges."""

from datetime import date

from portal.terms.fees import Band, LineCountBasis, PriceSheet
from portal.terms.offerings import Offering
from portal.terms.option_kinds import OptionKind


def price_sheet(effective_on: date, *, line_maintenance: int = 200) -> PriceSheet:
    """A price sheet of the demo from the first of a month."""
    return PriceSheet(
        effective_on=effective_on,
        initial_fee=300_000,
        base={
            Offering.IPOE: (Band(100, 60_000), Band(1_000, 240_000), Band(None, 480_000)),
            Offering.IPOE_SHARED: (Band(100, 40_000), Band(1_000, 160_000), Band(3_000, 320_000), Band(None, 480_000)),
            Offering.IPOE_CAPPED: (Band(None, 50_000),),
        },
        line_maintenance={Offering.IPOE: 300, Offering.IPOE_SHARED: line_maintenance},
        bandwidth_per_100mbps=40_000,
        option_initial={
            OptionKind.ROUTER_RENTAL: 1_000,
            OptionKind.IPV4_PORTS_12800: 0,
            OptionKind.IPV4_PORTS_64000: 0,
            OptionKind.IPV4_FIXED: 500,
            OptionKind.DSLITE_BUNDLE: 100,
        },
        option_monthly={
            OptionKind.ROUTER_RENTAL: 500,
            OptionKind.IPV4_PORTS_12800: 300,
            OptionKind.IPV4_PORTS_64000: 900,
            OptionKind.IPV4_FIXED: 1_000,
            OptionKind.DSLITE_BUNDLE: 150,
        },
        offering_change_fee=5_000,
        loss_charge_per_device=12_000,
        option_stop_fee_per_device=3_000,
        line_count_basis=LineCountBasis.PEAK,
    )
