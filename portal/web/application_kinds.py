"""The form of each kind of application: the fields of its rows. A kind that may be made has an entry here."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from portal.records import partners, policies
from portal.records.applications import Application, ApplicationLine
from portal.terms.applications import ApplicationKind
from portal.terms.offerings import DWELLING_LABELS, Offering
from portal.terms.option_kinds import OPTIONS
from portal.usecases.consent_files import METHODS
from portal.usecases.line_files import PREFECTURES
from portal.web.forms import Choices
from portal.web.line_rows import KEY, KEY_COLUMN, LineColumn
from portal.web.transaction import Call

RowForm = Callable[[Call, Application, Iterable[ApplicationLine]], Awaitable[tuple[LineColumn, ...]]]
_CHOOSE = (("", "選んでください"),)


async def columns_for(
    call: Call, application: Application, held: Iterable[ApplicationLine] = ()
) -> tuple[LineColumn, ...]:
    """The fields of a row, for the kind and the offering of an application."""
    return await FORMS[ApplicationKind(application.kind)](call, application, tuple(held))


async def _lines_with_consents(
    call: Call, application: Application, held: Iterable[ApplicationLine] = ()
) -> tuple[LineColumn, ...]:
    """A line and, for its end user, the consent; choices hold what the rows already name, too."""
    offering = Offering(application.offering or "")
    known_partners = await partners.of_subscriber(call.db, subscriber_id=application.subscriber_id)
    versions = [policy.version for policy in await policies.published(call.db)]
    stray_codes = {line.given.get("再販先コード", "") for line in held} - {one.code for one in known_partners} - {""}
    stray_versions = {line.given.get("提供条件版", "") for line in held} - {*versions, ""}
    options = tuple((entry.file_label, entry.label) for entry in OPTIONS.values() if offering not in entry.barred_on)
    return (
        LineColumn("access_line_id", "回線ID", help="CAFと数字10桁、またはCOPと数字8桁"),
        LineColumn(KEY, KEY_COLUMN, help="英数字8文字。保存した後は伏せて表示します"),
        LineColumn("dwelling", "住居種別", "select", choices=(*_CHOOSE, *_same(DWELLING_LABELS.values()))),
        LineColumn("prefecture", "都道府県", "select", choices=(*_CHOOSE, *_same(PREFECTURES))),
        LineColumn("area", "エリア区分", required=False),
        LineColumn("own_reference", "自社管理番号", required=False),
        LineColumn(
            "partner_code",
            "再販先コード",
            "select",
            required=False,
            choices=(
                ("", "自社が直接提供"),
                *((one.code, f"{one.code} {one.name}") for one in known_partners),
                *((code, f"{code}（登録なし）") for code in sorted(stray_codes)),
            ),
        ),
        LineColumn("wanted_on", "開通希望日", "date", required=False),
        LineColumn("options", "オプション", "checkboxes", required=False, choices=options),
        LineColumn("end_user_ref", "利用者番号", help="貴社の番号。氏名や住所は入力しないでください"),
        LineColumn("consented_at", "同意日時", "date", help="例：2026/10/1 14:30"),
        LineColumn("consent_method", "同意方法", "select", choices=(*_CHOOSE, *_same(METHODS.words))),
        LineColumn(
            "policy_version",
            "提供条件版",
            "select",
            choices=(*_CHOOSE, *_same(versions), *((one, f"{one}（公表なし）") for one in sorted(stray_versions))),
        ),
        LineColumn("evidence_file", "証跡ファイル", required=False, help="ファイルの名前だけを記録します"),
        LineColumn("evidence_sha256", "証跡SHA256", required=False),
        LineColumn("collector", "取得者", required=False),
    )


def _same(words: Iterable[str]) -> Choices:
    return tuple((word, word) for word in words)


FORMS: Mapping[ApplicationKind, RowForm] = {ApplicationKind.NEW_CONTRACT: _lines_with_consents}
