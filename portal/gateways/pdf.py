"""PDF documents from typst templates: PDF/A-3a, PDF/UA-1, Japanese fonts embedded, same bytes for same data."""

import importlib.util
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates" / "pdf"
FONT_PACKAGES = ("noto_cjk_sans_jp_regular", "noto_cjk_sans_jp_bold")
# PDF/A refuses a character without a glyph; documents must be made whatever a name contains.
MISSING = "〓"


class CannotRender(Exception):
    """The document could not be made; the message is the compiler's."""


@cache
def _fonts() -> typst.Fonts:
    directories = []
    for package in FONT_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise CannotRender(f"the font package {package} is not installed")
        directories.append(str(Path(spec.origin).parent))
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=directories)


def render(template: str, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """The document of a template in `templates/pdf` with these data (JSON). CPU-bound: to be run in a process.

    Raises CannotRender. A character that no embedded font has is printed as 〓.
    """
    text = json.dumps(data, ensure_ascii=False)
    for _ in range(20):
        try:
            return _compile(template, text, made_at)
        except typst.TypstError as error:
            missing = _without_glyph(error)
            if not missing or missing not in text:
                raise CannotRender(str(error)) from error
            text = text.replace(missing, MISSING)
    raise CannotRender("too many characters without a glyph")


def _compile(template: str, text: str, made_at: datetime) -> bytes:
    compiler = typst.Compiler(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": text},
    )
    made = compiler.compile(format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=made_at)
    if not isinstance(made, bytes):
        raise CannotRender("nothing was made")
    return made


def _without_glyph(error: typst.TypstError) -> str | None:
    found = re.search(r"U\+([0-9A-Fa-f]{4,6})", f"{error.message} {error.diagnostic}")
    return chr(int(found[1], 16)) if found else None
