"""Where the terms are silent or unclear: every reading and every general term the portal relies on, named and dated.

The rules look their settings up here; screens show the wording and the source beside the date or the yen it decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Source(StrEnum):
    """Where a rule comes from."""

    TEXT = "text"
    READING = "reading"
    GENERAL_TERMS = "general terms"


SOURCE_LABELS: Mapping[Source, str] = {
    Source.TEXT: "個別規程",
    Source.READING: "解釈",
    Source.GENERAL_TERMS: "一般規程",
}
_BEGIN = date(2016, 6, 1)


@dataclass(frozen=True, slots=True)
class Reading:
    """One setting: what it says in short, where it comes from, since when, and the clauses it completes."""

    id: str
    wording: str
    source: Source
    since: date
    clauses: tuple[str, ...]


_ALL = (
    Reading(
        "first-of-month",
        "品目・帯域・ポート種別の変更は、承諾日より後の月の1日に効力を生じる（月額に日割がないため）。",
        Source.READING,
        _BEGIN,
        ("A6-1-1", "A6-1-3"),
    ),
    Reading(
        "one-port-type",
        "IPv4接続ポート拡張の種別は、1回線につき同時に一つとする。",
        Source.READING,
        _BEGIN,
        ("A7-2",),
    ),
    Reading(
        "per-line-dslite", "バンドル配信オプション：DS-Liteは、回線ごとに数える。", Source.READING, _BEGIN, ("A7-2",)
    ),
    Reading(
        "own-office-detached",
        "契約者が自ら使う事務所の回線は、戸建として扱う。",
        Source.READING,
        _BEGIN,
        ("A1-1", "A1-2", "A5-5"),
    ),
    Reading(
        "consent-by-start",
        "利用者の同意は、遅くとも回線の利用開始日に得られていることを要する。",
        Source.READING,
        _BEGIN,
        ("A5-6-2",),
    ),
    Reading(
        "term-day-one",
        "最低利用期間は、課金開始日を初日として数える（応当日の前日、応当日がなければ月末に終わる）。",
        Source.READING,
        _BEGIN,
        ("A2",),
    ),
    Reading(
        "arrival-not-counted",
        "30日の計算に、通知が到達した日を含めない。休日でも延ばさない。",
        Source.READING,
        _BEGIN,
        ("A9", "A7-9"),
    ),
    Reading("end-at-24", "最終利用日は24時まで利用できる。", Source.READING, _BEGIN, ("A9", "A7-9", "A2")),
    Reading(
        "options-end-with-contract",
        "契約が終わるとオプションも同日に終わる。30日を加えず、解約費用も生じない。",
        Source.READING,
        _BEGIN,
        ("A7-x", "B3-3"),
    ),
    Reading(
        "line-count-peak",
        "契約回線数は、課金対象日のうち利用中の回線が最も多い日の数とする（料金表に別の定めがあればそれによる）。",
        Source.READING,
        _BEGIN,
        ("B2-1-i", "B2-1-ii"),
    ),
    Reading(
        "offering-at-month-end",
        "月額費用は、月末（契約が先に終わるときは最終利用日）の品目と帯域による。",
        Source.READING,
        _BEGIN,
        ("B2-1-i", "B2-1-ii", "B2-1-iii"),
    ),
    Reading(
        "sheet-on-first",
        "月額費用は月の初日、その他の費用は発生した日の料金表による。",
        Source.READING,
        _BEGIN,
        ("A10",),
    ),
    Reading("loss-due", "亡失負担金は、亡失の通知が到達した日に発生する。", Source.READING, _BEGIN, ("A7-6", "B3-2")),
    Reading("stop-fee-due", "解約費用は、利用の停止の効力が生じる日に発生する。", Source.READING, _BEGIN, ("B3-3",)),
    Reading(
        "tax-classes",
        "亡失負担金と最低利用期間内解除調定金は不課税、その他は標準税率とする。",
        Source.READING,
        _BEGIN,
        ("A7-6", "A11"),
    ),
    Reading(
        "day-proration",
        "オプションの月額は、暦月の実日数で日割とする。",
        Source.GENERAL_TERMS,
        _BEGIN,
        ("B2-2",),
    ),
    Reading(
        "rounding",
        "1円未満は、オプション1件ごと、および消費税率ごとに切り捨てる。",
        Source.GENERAL_TERMS,
        _BEGIN,
        ("B2-2", "B2-1-iii"),
    ),
    Reading(
        "abolition-exempt",
        "サービスの廃止による終了には、最低利用期間内解除調定金を求めない。",
        Source.GENERAL_TERMS,
        _BEGIN,
        ("A8", "A11"),
    ),
)
READINGS: Mapping[str, Reading] = {reading.id: reading for reading in _ALL}

# Per cent, from the day named; the first row is older than the service itself.
TAX_RATES: tuple[tuple[date, int], ...] = ((date(2014, 4, 1), 8), (date(2019, 10, 1), 10))


def tax_rate_on(day: date) -> int:
    """The rate of the consumption tax in per cent on a day: 8 to 2019-09-30, 10 from 2019-10-01."""
    return next((rate for since, rate in reversed(TAX_RATES) if since <= day), TAX_RATES[0][1])


def readings_of(clause: str) -> tuple[Reading, ...]:
    """The readings and general terms that complete a clause."""
    return tuple(reading for reading in _ALL if clause in reading.clauses)
