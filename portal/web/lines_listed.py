"""The rows of an application, to read: page by page as they were read, and all of them as a file for Excel."""

from dataclasses import dataclass

from starlette.responses import Response

from portal.records import applications, partners
from portal.records.applications import Application, ApplicationLine
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.usecases.line_files import line_kind
from portal.usecases.lines_read import as_read, read_otherwise
from portal.usecases.masked_keys import KEY
from portal.web.contract_view import excel_csv
from portal.web.shown import PAGE_ROWS, Paging, page_of, paged
from portal.web.transaction import Call


@dataclass(frozen=True)
class ListedLine:
    """One row as it was read; as it was typed while something of it could not be read."""

    id: int
    position: int
    access_line_id: str
    dwelling: str
    prefecture: str
    area: str
    options: str
    partner: str
    wanted_on: str
    own_reference: str
    end_user_ref: str
    consented_at: str
    consent_method: str
    policy_version: str
    evidence: tuple[str, ...]
    sha256: tuple[str, ...]
    """In pieces, between which a narrow cell may break."""
    whole: bool
    read_otherwise: tuple[tuple[str, str, str], ...]
    """読み替え: (column, typed, read)."""


async def listed_lines(call: Call, application: Application, *, path: str) -> tuple[tuple[ListedLine, ...], Paging]:
    """One page of an application's rows, to read."""
    number = page_of(call.query("page"))
    first = (number - 1) * PAGE_ROWS
    rows, paging = paged(await _lines(call, application, first, PAGE_ROWS + 1), number, path=path, query={})
    return tuple(rows), paging


async def first_lines(call: Call, application: Application, *, most: int) -> tuple[ListedLine, ...]:
    """The first rows of an application, to print."""
    return tuple(await _lines(call, application, 0, most))


async def _lines(call: Call, application: Application, offset: int, limit: int) -> list[ListedLine]:
    found = await applications.lines(
        call.db,
        application.id,
        subscriber_id=application.subscriber_id,
        offset=offset,
        limit=limit,
    )
    known = await partners.of_subscriber(call.db, subscriber_id=application.subscriber_id)
    names = {one.code: one.name for one in known}
    return [_listed(call, application, line, names) for line in found]


def _listed(call: Call, application: Application, line: ApplicationLine, names: dict[str, str]) -> ListedLine:
    words = as_read(line)
    code = words.get("再販先コード", "")
    otherwise = read_otherwise(line, offering=application.offering or "", today=call.today)
    evidence = (words.get("証跡ファイル"), words.get("取得者"))
    digest = words.get("証跡SHA256", "")
    return ListedLine(
        id=line.id,
        position=line.position,
        access_line_id=words.get("回線ID", ""),
        dwelling=words.get("住居種別", ""),
        prefecture=words.get("都道府県", ""),
        area=words.get("エリア区分", ""),
        options="、".join(OPTIONS[OptionKind(one)].label for one in line.options) or words.get("オプション", ""),
        partner=f"{code} {names.get(code, '')}".strip() if code else "自社が直接提供",
        wanted_on=words.get("開通希望日", ""),
        own_reference=words.get("自社管理番号", ""),
        end_user_ref=words.get("利用者番号", ""),
        consented_at=words.get("同意日時", ""),
        consent_method=words.get("同意方法", ""),
        policy_version=words.get("提供条件版", ""),
        evidence=tuple(one for one in evidence if one),
        sha256=tuple(digest[at : at + 8] for at in range(0, len(digest), 8)),
        whole=line.whole,
        read_otherwise=tuple((one.column, one.typed, one.read) for one in otherwise),
    )


async def lines_file(call: Call, application: Application) -> Response:
    """All rows as CSV（Excel用）, as they were read: formulas neutralised, access keys never in it."""
    kind = line_kind(offering=application.offering or "", today=call.today)
    names = [column.name for column in kind.columns if column.name != KEY]
    rows = [["行", *names]]
    for line in await applications.lines(call.db, application.id, subscriber_id=application.subscriber_id):
        words = as_read(line)
        rows.append([str(line.position), *(words.get(name, "") for name in names)])
    name = f"lines-{application.number or 'draft'}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(excel_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)
