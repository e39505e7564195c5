"""A stored row of an application in words: as it was read, and what of it was read otherwise than it was typed."""

from datetime import date

from portal.records.applications import ApplicationLine
from portal.terms.offerings import DWELLING_LABELS, Dwelling
from portal.terms.periods import TOKYO
from portal.usecases.consent_files import METHODS, choice_label
from portal.usecases.file_findings import ReadAs
from portal.usecases.line_files import ParsedLine, check_line_row, option_words
from portal.usecases.masked_keys import KEY

# A row without its key is read again; the key, which was read before, is not told.
_ANY_KEY = "00000000"


def as_read(line: ApplicationLine) -> dict[str, str]:
    """A row by the columns of the file, without the access key: as read where it is whole, else as given."""
    if not line.whole or line.dwelling is None:
        return {name: value for name, value in line.given.items() if name != KEY}
    words = {
        "回線ID": line.access_line_id,
        "住居種別": DWELLING_LABELS[Dwelling(line.dwelling)],
        "都道府県": line.prefecture,
        "エリア区分": line.area,
        "自社管理番号": line.own_reference,
        "再販先コード": line.partner_code,
        "開通希望日": f"{line.wanted_on:%Y-%m-%d}" if line.wanted_on else None,
        "オプション": option_words(tuple(line.options)),
        "利用者番号": line.end_user_ref,
        "同意日時": _moment(line),
        "同意方法": choice_label(METHODS)[line.consent_method] if line.consent_method else None,
        "提供条件版": line.policy_version,
        "証跡ファイル": line.evidence_file,
        "証跡SHA256": line.evidence_sha256,
        "取得者": line.collector,
    }
    return {name: value for name, value in words.items() if value}


def _moment(line: ApplicationLine) -> str | None:
    if line.consented_at is None:
        return None
    at = line.consented_at.astimezone(TOKYO)
    return f"{at:%Y-%m-%d %H:%M:%S}" if line.consent_has_time else f"{at:%Y-%m-%d}"


def read_otherwise(line: ApplicationLine, *, offering: str, today: date) -> tuple[ReadAs, ...]:
    """読み替え of a row, by the same rules as in files; nothing for a row that is not whole."""
    given = {name: value for name, value in line.given.items() if name != KEY}
    parsed = check_line_row({**given, KEY: _ANY_KEY}, offering=offering, today=today)
    return parsed.read_as if line.whole and isinstance(parsed, ParsedLine) else ()
