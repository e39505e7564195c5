"""Renders every macro in each of its states to artifacts/gallery/*.html: `python -m tests.web.gallery.build`."""

import shutil
from pathlib import Path
from types import SimpleNamespace as Thing

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from portal.web import rendering
from tests.web.gallery import samples

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "artifacts" / "gallery"
SUBSCRIBER = {
    "home": "ホーム",
    "apply": "申込",
    "confirm": "申込",
    "done": "申込",
    "statement": "請求",
    "parts": "",
}
STAFF = {"queue": "申込の審査", "review": "申込の審査", "job": "月次の締め"}
ERRORS = ("403", "404", "409", "413", "422", "429", "500", "503", "signed-out")
SIGNED_OUT = ("500", "503", "signed-out")
ERROR_PAGE = Thing(
    path="/applications/new",
    message="",
    reference="E-8F3K2M",
    roles=("署名権者",),
    kept=(("reference", "東日本 第2期"),),
    limit="25MB",
    retry_at=samples.NOW,
    violations=samples.VIOLATIONS[:1],
    sign_in_href="/sign-in",
)


def environment() -> Environment:
    """The portal's own environment, which also finds the gallery's pages."""
    found = rendering.environment()
    found.loader = ChoiceLoader(
        [FileSystemLoader(ROOT / "templates"), FileSystemLoader(Path(__file__).parent / "pages")]
    )
    found.globals["asset"] = lambda path: f"static/{path}"
    return found


def main() -> None:
    """Writes the gallery afresh, with the static files beside it."""
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.copytree(ROOT / "static", OUT / "static")
    found = environment()
    for realm, pages in (("subscriber", SUBSCRIBER), ("staff", STAFF)):
        for name, current in pages.items():
            text = found.get_template(f"{name}.html").render(site=samples.site(realm, current), samples=samples)
            (OUT / f"{name}.html").write_text(text)
    for name in ERRORS:
        site = samples.site(None if name in SIGNED_OUT else "subscriber")
        text = found.get_template(f"errors/{name}.html").render(site=site, page=ERROR_PAGE)
        (OUT / f"error-{name}.html").write_text(text)


if __name__ == "__main__":
    main()
