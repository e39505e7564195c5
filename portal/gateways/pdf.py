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
NAMED = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
# Half of a character beyond the first plane: JSON for the compiler cannot carry it.
HALF = re.compile("[\ud800-\udfff]")


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
    shown = _replaced(data, {})
    while True:
        try:
            return _compile(template, json.dumps(shown, ensure_ascii=False), made_at)
        except typst.TypstError as error:
            replaced = _replaced(shown, dict.fromkeys(_without_glyph(error), MISSING))
            if replaced == shown:
                raise CannotRender(error.diagnostic or error.message) from error
            shown = replaced


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


def _without_glyph(error: typst.TypstError) -> list[str]:
    """The texts (a character, or one with its marks) that the compiler names as having no glyph, all of them."""
    named = NAMED.findall(error.diagnostic or error.message)
    return [ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) for text in named]


def _replaced(value: object, instead: Mapping[str, str]) -> object:
    """The data with these texts replaced, wherever they stand in a value."""
    if isinstance(value, str):
        for text, other in instead.items():
            value = value.replace(text, other)
        return HALF.sub(MISSING, value)
    if isinstance(value, Mapping):
        return {name: _replaced(inner, instead) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(inner, instead) for inner in value]
    return value
