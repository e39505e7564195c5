"""第1条: the three offerings, and the bandwidth of the one that is contracted by bandwidth."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.terms.revisions import is_grandfathered
from portal.terms.violations import Violation, Violations, name_some

UNIT_MBPS = 100


class Offering(StrEnum):
    """品目. 帯域制限 (capped, an offering) is not 帯域制御 (traffic control, a duty on the shared one)."""

    IPOE = "ipoe"
    IPOE_SHARED = "ipoe_shared"
    IPOE_CAPPED = "ipoe_capped"


class Dwelling(StrEnum):
    """住居種別 of a line. A subscriber's own office counts as detached (a reading)."""

    DETACHED = "detached"
    MULTI_UNIT = "multi_unit"


@dataclass(frozen=True, slots=True)
class OfferingEntry:
    """What the terms say of one offering."""

    label: str
    clause: str
    counts_lines: bool
    """Its flat fee follows the number of lines; otherwise the contracted bandwidth."""
    detached_only: bool
    controls_traffic: bool


OFFERINGS: Mapping[Offering, OfferingEntry] = {
    Offering.IPOE: OfferingEntry("IPoE接続", "A1-1", True, True, False),
    Offering.IPOE_SHARED: OfferingEntry("IPoE接続 帯域共有", "A1-2", True, True, True),
    Offering.IPOE_CAPPED: OfferingEntry("IPoE接続 帯域制限", "A1-3", False, False, False),
}
DWELLING_LABELS: Mapping[Dwelling, str] = {Dwelling.DETACHED: "戸建", Dwelling.MULTI_UNIT: "集合"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bandwidth:
    """The ceilings of an `ipoe_capped` contract: by area, or one undivided figure of a grandfathered contract."""

    areas: Mapping[str, int] | None = None
    undivided_mbps: int | None = None

    @property
    def mbps(self) -> int:
        """A1-n2: the contract's cap."""
        return contracted_mbps(self.areas) if self.areas is not None else self.undivided_mbps or 0


def contracted_mbps(areas: Mapping[str, int]) -> int:
    """A1-n2: the contract's cap in Mbps is the sum over its areas; never stored on its own."""
    return sum(areas.values())


def area_violations(areas: Mapping[str, int] | None) -> Violations:
    """A1-n1: refuses missing or empty areas, and a ceiling that is not a positive multiple of 100 Mbps."""
    if not areas:
        return (Violation("A1-n1", "エリア区分ごとの通信量の上限を、100Mbps単位で一つ以上指定してください。"),)
    bad = tuple(area for area, mbps in areas.items() if mbps < UNIT_MBPS or mbps % UNIT_MBPS)
    if not bad:
        return ()
    return (Violation("A1-n1", f"上限は100Mbps以上、100Mbps単位で指定してください（{name_some(bad)}）。", bad),)


def formation_violations(offering: Offering, bandwidth: Bandwidth | None, *, accepted_on: date) -> Violations:
    """A1-3, A1-n1, F-2: refuses bandwidth that the offering does not have, and an undivided one from 2024-12-01 on."""
    if offering is not Offering.IPOE_CAPPED:
        if bandwidth is None:
            return ()
        return (
            Violation("A1-3", "帯域を指定できる品目は、IPoE接続 帯域制限だけです。帯域の指定を取り消してください。"),
        )
    if bandwidth is None or bandwidth.undivided_mbps is None:
        return area_violations(None if bandwidth is None else bandwidth.areas)
    return undivided_violations(bandwidth, accepted_on=accepted_on)


def undivided_violations(bandwidth: Bandwidth, *, accepted_on: date) -> Violations:
    """F-2: a cap without areas is kept for contracts accepted to 2024-11-30; refused for later ones."""
    if bandwidth.areas is not None or (bandwidth.undivided_mbps or 0) <= 0:
        return (Violation("A1-n1", "エリア区分ごとの上限か、正の契約帯域のどちらか一方を指定してください。"),)
    if is_grandfathered(Offering.IPOE_CAPPED, accepted_on=accepted_on):
        return ()
    reason = (
        "エリア区分のない契約帯域は、2024年11月30日以前に承諾された契約に限られます。"
        "上限をエリア区分ごとに指定してください。"
    )
    return (Violation("F-2", reason),)
