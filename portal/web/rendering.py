"""Templates: one finished frozen dataclass a page, under StrictUndefined, and the ways dates and money are written."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portal.settings import ROOT
from portal.terms.periods import TOKYO, Month, tokyo_date

# As typed or pasted for "-" (NFKC leaves them apart): ー, hyphens, dashes, minus, and the lines that IMEs offer.
HYPHENS = str.maketrans(dict.fromkeys("ー‐‑‒–—―−⁃─━", "-"))
WEEKDAYS = "月火水木金土日"
ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
    (date(1868, 1, 25), "明治"),
)


@dataclass(frozen=True)
class NavItem:
    label: str
    href: str
    current: bool
    count: int | None = None


@dataclass(frozen=True)
class ShownPerson:
    name: str
    company: str
    realm: str
    role_labels: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """What every page shows besides its own."""

    product_name: str
    provider_name: str
    person: ShownPerson | None
    nav: tuple[NavItem, ...]
    now: datetime


def tokyo_day(value: date | datetime) -> date:
    return tokyo_date(value) if isinstance(value, datetime) else value


def day(value: date | datetime) -> str:
    """2026年10月15日（木）"""
    on = tokyo_day(value)
    return f"{on.year}年{on.month}月{on.day}日（{WEEKDAYS[on.weekday()]}）"


def era_year(on: date) -> str:
    """令和8年; the first year of an era is 元年. Before 明治: 西暦."""
    start, era = next((row for row in ERAS if row[0] <= on), (date.min, "西暦"))
    year = on.year - start.year + 1
    return f"{era}{'元' if year == 1 else year}年"


def day_era(value: date | datetime) -> str:
    """2026年10月15日（令和8年10月15日）"""
    on = tokyo_day(value)
    return f"{on.year}年{on.month}月{on.day}日（{era_year(on)}{on.month}月{on.day}日）"


def day_short(value: date | datetime) -> str:
    """2026/10/15"""
    return f"{tokyo_day(value):%Y/%m/%d}"


def moment(value: datetime) -> str:
    """2026年10月15日（木）14:03:22, in Asia/Tokyo"""
    return f"{day(value)}{value.astimezone(TOKYO):%H:%M:%S}"


def month_name(value: date | Month) -> str:
    """2026年10月"""
    month = value if isinstance(value, Month) else Month.of(value)
    return f"{month.year}年{month.number}月"


def machine(value: date | datetime) -> str:
    """The value of a `datetime` attribute."""
    return value.astimezone(TOKYO).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def yen(value: int) -> str:
    return f"{value:,}円" if value >= 0 else f"-{-value:,}円"


def yen_paper(value: int) -> str:
    """As documents write it: ▲ for less than nothing."""
    return f"{value:,}円" if value >= 0 else f"▲{-value:,}円"


def number(value: int) -> str:
    return f"{value:,}"


def folded(value: str) -> str:
    """Text as people search for numbers: NFKC, every kind of hyphen one hyphen, capitals, no space around."""
    return unicodedata.normalize("NFKC", value).translate(HYPHENS).strip().upper()


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / "static" / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file; it changes with the file, so browsers may keep it for good."""
    return f"/static/{name}?v={_digest(name)}"


def environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters |= {
        "day": day,
        "day_era": day_era,
        "day_short": day_short,
        "moment": moment,
        "month": month_name,
        "machine": machine,
        "yen": yen,
        "yen_paper": yen_paper,
        "number": number,
    }
    env.globals["asset"] = asset
    return env


class Pages:
    """Renders whole pages, and single blocks of them for htmx."""

    def __init__(self) -> None:
        self._env = environment()

    def whole(self, template: str, **context: Any) -> str:
        return self._env.get_template(template).render(**context)

    def block(self, template: str, block: str, **context: Any) -> str:
        """One {% block %} of a page: the fragment that htmx swaps is a part of the page, not a second template."""
        page = self._env.get_template(template)
        return "".join(page.blocks[block](page.new_context(context)))
