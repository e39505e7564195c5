"""控え of an application as PDF: what was applied for and when it arrived, to be kept."""

import asyncio
from datetime import datetime

from starlette.responses import Response

from portal.gateways import pdf
from portal.records import applications
from portal.records.applications import Application
from portal.terms.applications import KINDS, ApplicationKind
from portal.terms.periods import tokyo_date
from portal.web.lines_listed import ListedLine, first_lines
from portal.web.rendering import number
from portal.web.transaction import Call

COLUMNS = (
    *("行", "回線ID", "住居種別・地域", "オプション", "再販先", "開通希望日", "自社管理番号", "利用者番号"),
    *("同意（日時・方法・版）", "証跡"),
)
PRINTED_LINES = 300
"""More lines than this are in the file for Excel alone."""


async def paper(call: Call, application: Application, *, at: datetime, facts: tuple[tuple[str, str], ...]) -> Response:
    """The document, made in a process of its own, as of the moment `at` at which it arrived."""
    lines = await first_lines(call, application, most=PRINTED_LINES)
    total, _ = await applications.line_counts(call.db, application.id, subscriber_id=call.subscriber_id)
    on = tokyo_date(at)
    note = "受付は承諾ではありません。当社が承諾したときに契約が成立します。アクセスキーは載せていません。"
    if total > len(lines):
        note += f"回線は最初の{number(len(lines))}件を載せています。すべては「回線の一覧」のCSVにあります。"
    data: dict[str, object] = {
        "title": "申込の控え",
        "author": application.company,
        "made": {"year": on.year, "month": on.month, "day": on.day},
        "number": application.number,
        "company": application.company,
        "facts": [
            {"label": label, "value": value}
            for label, value in (
                ("受付番号", application.number or ""),
                ("申込", KINDS[ApplicationKind(application.kind)].label),
                *facts,
            )
        ],
        "line_count": f"{number(total)}件",
        "columns": list(COLUMNS),
        "lines": [_cells(line) for line in lines],
        "note": note,
    }
    loop = asyncio.get_running_loop()
    made = await loop.run_in_executor(call.services.processes, _render, data, at)
    headers = {"Content-Disposition": f'attachment; filename="application-{application.number}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


def _render(data: dict[str, object], at: datetime) -> bytes:
    return pdf.render("application.typ", data, made_at=at)


def _cells(line: ListedLine) -> list[str]:
    consent = f"{line.consented_at}　{line.consent_method}　{line.policy_version}版" if line.consented_at else "なし"
    # Between the pieces of a digest stands a zero-width space, so that it breaks within its cell.
    digest = "SHA-256 " + "\u200b".join(line.sha256) if line.sha256 else ""
    return [
        str(line.position),
        line.access_line_id,
        "　".join(one for one in (line.dwelling, line.prefecture, line.area) if one),
        line.options or "なし",
        line.partner,
        line.wanted_on or "指定なし",
        line.own_reference,
        line.end_user_ref,
        consent,
        "　".join((*line.evidence, digest) if digest else line.evidence) or "なし",
    ]
