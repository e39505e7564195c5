"""The invoice as PDF: text that can be read out, fonts inside, the same bytes twice, data never interpreted."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pypdf
import pytest

from portal.gateways import pdf
from portal.gateways.pdf import CannotRender, render

ISSUED_AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
TEMPLATE = "invoice.typ"


def row(number: int, **changed: str) -> dict[str, str]:
    written = {"label": f"基本料金{number}", "because": f"理由{number}", "clause": "B2-1-i", "quantity": "1 式"}
    return {**written, "amount": "40,000円", "tax": "10%", **changed}


def document(*rows: dict[str, str], **addressee: str) -> dict[str, Any]:
    return {
        "title": "請求書 S-20261102-00001-T",
        "number": "S-20261102-00001-T",
        "issued": {"year": 2026, "month": 11, "day": 2},
        "issued_on": "2026年11月2日（令和8年11月2日）",
        "due_on": "2026年12月31日（木）",
        "period": "2026年10月1日〜10月31日",
        "contract_number": "K-20261008-00001-A",
        "issuer": {
            "name": "架空ネットワーク株式会社",
            "postal_code": "999-9999",
            "address": "東京都架空区架空町9番9号",
            "registration_number": "T6999999999993",
            "bank_account": "架空銀行 本店営業部 普通 0000000",
        },
        "addressee": {
            "name": "例示通信株式会社",
            "postal_code": "100-0000",
            "address": "東京都架空区例示一丁目1番1号",
            "contact": "経理部",
            **addressee,
        },
        "offering": "帯域共有",
        "total": "154,481円",
        "rows": list(rows or (row(1),)),
        "taxes": [{"label": "10%対象", "base": "140,438円", "tax": "14,043円"}],
        "note": "条項は略号です。",
    }


def read(made: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(made))


def words(made: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(made).pages)


def test_every_word_of_it_can_be_read_out() -> None:
    made = words(render(TEMPLATE, document(), made_at=ISSUED_AT))
    for word in (
        "S-20261102-00001-T",
        "2026年11月2日（令和8年11月2日）",
        "2026年12月31日（木）",
        "T6999999999993",
        "例示通信株式会社",
        "〒100-0000",
        "基本料金1",
        "B2-1-i",
        "154,481円",
        "140,438円",
        "14,043円",
        "10%対象",
    ):
        assert word in made, word


def test_fonts_are_inside_and_it_is_made_to_be_kept() -> None:
    made = read(render(TEMPLATE, document(), made_at=ISSUED_AT))
    fonts = [font.get_object() for page in made.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "NotoSansCJKjp" in descriptor["/FontName"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
        assert "/ToUnicode" in font
    told = made.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in told
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in told
    assert "<pdfuaid:part>1</pdfuaid:part>" in told
    assert made.trailer["/Root"]["/Lang"] == "ja"
    assert made.metadata is not None
    assert (made.metadata.title, made.metadata.author) == ("請求書 S-20261102-00001-T", "架空ネットワーク株式会社")


def test_the_same_data_make_the_same_bytes() -> None:
    first, second = (render(TEMPLATE, document(), made_at=ISSUED_AT) for _ in range(2))
    assert first == second
    assert first != render(TEMPLATE, document(contact="総務部"), made_at=ISSUED_AT)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("例示𓀀通信", "例示〓通信"),
        ("😀例示👍", "〓例示〓"),
        ("例\x07示", "例〓示"),
        ("例示\x7f", "例示〓"),
        ("例示\ue000", "例示〓"),
        ("例示\ufffe", "例示〓"),
        ("例\ud800示", "例〓示"),
        ("นคร", "〓"),
        ("".join(chr(0x13000 + place) for place in range(30)), "〓" * 30),
    ],
)
def test_a_character_without_a_glyph_is_a_geta_and_no_error(name: str, shown: str) -> None:
    assert shown in "".join(words(render(TEMPLATE, document(name=name), made_at=ISSUED_AT)).split())


def test_control_without_the_replacement_it_is_an_error() -> None:
    with pytest.raises(pdf.typst.TypstError, match="could not be displayed"):
        pdf._compile(TEMPLATE, json.dumps(document(name="例示𓀀通信")), ISSUED_AT)


@pytest.mark.parametrize("name", ["髙﨑①㈱", "𠮷野家", "渡邊・渡邉", "é", "ｶﾞｷﾞ", "ゔ〆々", "ⅣⅢ", "～－∥", "〓"])
def test_rare_characters_that_have_one_are_printed(name: str) -> None:
    assert name in words(render(TEMPLATE, document(name=name), made_at=ISSUED_AT))


@pytest.mark.parametrize(
    "markup",
    [
        "#set page(width: 10pt)",
        "#panic()",
        '#read("invoice.typ")',
        "*bold* _slanted_ `raw`",
        "$x^2$",
        "= heading",
        "<label> @reference",
        "\\u{41} \\ // comment /* another */",
        "\"quoted\" 'single' -- ---",
        "\\u0041{{ 7 * 7 }}",
    ],
)
def test_markup_in_data_is_not_interpreted(markup: str) -> None:
    made = words(render(TEMPLATE, document(row(1, label=markup, because=markup), name=markup), made_at=ISSUED_AT))
    assert "".join(made.split()).count("".join(markup.split())) == 3


def test_a_long_table_repeats_its_head_and_numbers_its_pages() -> None:
    made = read(render(TEMPLATE, document(*map(row, range(1, 121))), made_at=ISSUED_AT))
    pages = [page.extract_text() for page in made.pages]
    assert len(pages) >= 4
    for place, page in enumerate(pages, start=1):
        assert f"{place} / {len(pages)}" in page
        assert "請求書番号 S-20261102-00001-T" in page
        if "基本料金" in page:
            assert "金額（税抜）" in page
    whole = "\n".join(pages)
    assert all(f"基本料金{number}\n" in whole for number in range(1, 121))


def test_a_name_that_is_too_long_for_a_line_is_printed_whole() -> None:
    name = "例示通信" * 60
    made = words(render(TEMPLATE, document(name=name), made_at=ISSUED_AT))
    assert name in "".join(made.split())


def test_data_that_are_not_whole_are_an_error_with_its_place() -> None:
    with pytest.raises(CannotRender, match="addressee"):
        render(TEMPLATE, {**document(), "addressee": None}, made_at=ISSUED_AT)
