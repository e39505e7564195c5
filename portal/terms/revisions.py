"""附則: the original terms and their nine revisions, and what the last one keeps as it was."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Revision:
    """F-1: one version of the terms and the day from which it holds."""

    number: int
    """0 is the original."""
    effective_on: date
    label: str


REVISIONS: tuple[Revision, ...] = (
    Revision(0, date(2016, 6, 1), "平成28年6月1日施行"),
    Revision(1, date(2017, 9, 1), "平成29年9月1日変更"),
    Revision(2, date(2018, 1, 1), "平成30年1月1日変更"),
    Revision(3, date(2018, 8, 1), "平成30年8月1日変更"),
    Revision(4, date(2019, 10, 1), "令和元年10月1日変更"),
    Revision(5, date(2020, 5, 1), "令和2年5月1日変更"),
    Revision(6, date(2020, 12, 1), "令和2年12月1日変更"),
    Revision(7, date(2023, 12, 1), "令和5年12月1日変更"),
    Revision(8, date(2024, 8, 1), "令和6年8月1日変更"),
    Revision(9, date(2024, 12, 1), "令和6年12月1日変更"),
)
GRANDFATHERED_THROUGH = date(2024, 11, 30)


def in_force_on(day: date) -> Revision | None:
    """F-1: the version of the terms in force on a day; None before the original."""
    return next((revision for revision in reversed(REVISIONS) if revision.effective_on <= day), None)


def is_grandfathered(offering: str, *, accepted_on: date) -> bool:
    """F-2: whether a contract goes on unchanged: `ipoe_capped`, accepted on or before 2024-11-30."""
    return offering == "ipoe_capped" and accepted_on <= GRANDFATHERED_THROUGH
