"""Renders every macro in each of its states to artifacts/gallery/*.html: `python -m tests.web.gallery.build`."""

import shutil
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.web.gallery import samples

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "artifacts" / "gallery"
TOKYO = ZoneInfo("Asia/Tokyo")
WEEKDAYS = "月火水木金土日"
REALMS = {"home": ("subscriber", "ホーム"), "apply": ("subscriber", "申込"), "confirm": ("subscriber", "申込"),
          "done": ("subscriber", "申込"), "statement": ("subscriber", "請求"), "parts": ("subscriber", ""),
          "queue": ("staff", "申込の審査"), "review": ("staff", "申込の審査"), "job": ("staff", "月次の締め")}  # fmt: skip


def local(value: date) -> date:
    return value.astimezone(TOKYO) if isinstance(value, datetime) else value


def day(value: date) -> str:
    shown = local(value)
    return f"{shown.year}年{shown.month}月{shown.day}日（{WEEKDAYS[shown.weekday()]}）"


FILTERS = {
    "day": day,
    "day_era": lambda value: (
        f"{value.year}年{value.month}月{value.day}日（令和{value.year - 2018}年{value.month}月{value.day}日）"
    ),
    "day_short": lambda value: f"{value:%Y/%m/%d}",
    "moment": lambda value: f"{day(value)}{local(value):%H:%M:%S}",
    "month": lambda value: f"{value.year}年{value.month}月",
    "number": lambda value: f"{value:,}",
    "yen": lambda value: f"{value:,}円",
    "yen_paper": lambda value: f"▲{-value:,}" if value < 0 else f"{value:,}",
}


def environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader([ROOT / "templates", Path(__file__).parent / "pages"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(FILTERS)
    found.globals["asset"] = lambda path: f"static/{path}"
    return found


def error_page() -> dict[str, object]:
    return {
        "reference": "E-8F3K2M",
        "roles": ("署名権者",),
        "limit": "20 MB",
        "retry_at": samples.NOW,
        "violations": samples.VIOLATIONS[:1],
        "sign_in_href": "/sign-in",
    }


def main() -> None:
    """Writes the gallery afresh, with the static files beside it."""
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.copytree(ROOT / "static", OUT / "static")
    found = environment()
    for name, (realm, current) in REALMS.items():
        text = found.get_template(f"{name}.html").render(site=samples.site(realm, current), page={}, samples=samples)
        (OUT / f"{name}.html").write_text(text)
    for path in sorted((ROOT / "templates" / "errors").glob("[!_]*.html")):
        realm = None if path.stem in {"500", "503", "signed-out"} else "subscriber"
        text = found.get_template(f"errors/{path.name}").render(site=samples.site(realm), page=error_page())
        (OUT / f"error-{path.name}").write_text(text)


if __name__ == "__main__":
    main()
