"""第7条第2項: the options. A new option type is one entry here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.terms.offerings import Offering


class OptionKind(StrEnum):
    """オプション. The two port types are kinds of their own, of which a line has one."""

    ROUTER_RENTAL = "router_rental"
    IPV4_PORTS_12800 = "ipv4_ports_12800"
    IPV4_PORTS_64000 = "ipv4_ports_64000"
    IPV4_FIXED = "ipv4_fixed"
    DSLITE_BUNDLE = "dslite_bundle"


@dataclass(frozen=True, slots=True)
class OptionEntry:
    """What the terms say of one option."""

    label: str
    file_label: str
    """As it is written in the column オプション of uploaded files."""
    barred_on: frozenset[Offering]
    has_device: bool = False
    is_port_type: bool = False


_NOT_SHARED = frozenset({Offering.IPOE_SHARED})
OPTIONS: Mapping[OptionKind, OptionEntry] = {
    OptionKind.ROUTER_RENTAL: OptionEntry("ルータレンタルオプション", "ルータレンタル", _NOT_SHARED, has_device=True),
    OptionKind.IPV4_PORTS_12800: OptionEntry(
        "IPv4接続ポート拡張オプション（12800）", "IPv4ポート拡張12800", _NOT_SHARED, is_port_type=True
    ),
    OptionKind.IPV4_PORTS_64000: OptionEntry(
        "IPv4接続ポート拡張オプション（64000）", "IPv4ポート拡張64000", _NOT_SHARED, is_port_type=True
    ),
    OptionKind.IPV4_FIXED: OptionEntry("IPv4接続固定IPオプション", "IPv4固定IP", _NOT_SHARED),
    OptionKind.DSLITE_BUNDLE: OptionEntry("バンドル配信オプション：DS-Lite", "DS-Liteバンドル", frozenset()),
}
