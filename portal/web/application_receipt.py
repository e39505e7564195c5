"""完了 of an application: its number, when it arrived, what it says; as a page, a PDF and a file for Excel."""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from portal.records import applications, events
from portal.records.applications import Application
from portal.terms.applications import KINDS, ApplicationKind, ApplicationState
from portal.usecases.outcomes import NotFound
from portal.web.application_paper import paper
from portal.web.applications import answers_shown, offering_label, own
from portal.web.lines_listed import ListedLine, lines_file, listed_lines
from portal.web.rendering import moment
from portal.web.shown import Paging
from portal.web.transaction import Call


@dataclass(frozen=True)
class ReceiptPage:
    id: str
    number: str
    at: datetime
    """When it arrived; after a resubmission, when it was handed in again."""
    first_at: datetime | None
    """到達日時, when there was a resubmission since."""
    title: str
    at_label: str
    kind: str
    offering: str
    content_title: str
    answers: tuple[tuple[str, str], ...]
    lines: tuple[ListedLine, ...]
    line_count: int
    paging: Paging


@dataclass(frozen=True)
class Arrival:
    """When an application was handed in: first, and again after it was returned."""

    first: datetime
    again: datetime | None


async def receipt(call: Call) -> Response:
    """完了: the number, when it arrived, what it says, who acts next."""
    application = await own(call)
    arrival = await _arrival(call, application)
    lines, paging = await listed_lines(call, application, path=f"/applications/{application.id}/receipt")
    total, _ = await applications.line_counts(call.db, application.id, subscriber_id=call.subscriber_id)
    page = ReceiptPage(
        id=str(application.id),
        number=application.number or "",
        at=arrival.again or arrival.first,
        first_at=arrival.first if arrival.again else None,
        title="申込の再提出を受け付けました" if arrival.again else "申込を受け付けました",
        at_label="再提出日時" if arrival.again else "到達日時",
        kind=KINDS[ApplicationKind(application.kind)].label,
        offering=offering_label(application.offering),
        content_title=_content_title(application),
        answers=answers_shown(application, on=call.today),
        lines=lines,
        line_count=total,
        paging=paging,
    )
    return call.page("applications/receipt.html", page)


async def receipt_pdf(call: Call) -> Response:
    """The same as a document to keep."""
    application = await own(call)
    arrival = await _arrival(call, application)
    again = (("再提出日時", moment(arrival.again)),) if arrival.again else ()
    facts = (
        ("到達日時", moment(arrival.first)),
        *again,
        ("内容", _content_title(application)),
        ("品目", offering_label(application.offering)),
        *answers_shown(application, on=call.today),
    )
    return await paper(call, application, at=arrival.again or arrival.first, facts=facts)


async def lines_csv(call: Call) -> Response:
    """The lines of an application as a file for Excel, without access keys."""
    return await lines_file(call, await own(call))


def _content_title(application: Application) -> str:
    """While a returned application is corrected, its rows are not those that arrived."""
    return "差戻しの後に直している内容" if application.state == ApplicationState.RETURNED else "申し込んだ内容"


async def _arrival(call: Call, application: Application) -> Arrival:
    """NotFound for what was not submitted."""
    if application.number is None or application.submitted_at is None:
        raise NotFound
    told = await events.of_object(call.db, "application", application.id)
    again = [one.at for one in told if one.verb == "application_resubmitted"]
    return Arrival(application.submitted_at, again[-1] if again else None)
