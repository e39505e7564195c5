"""The mailbox of the demo: the mail that its worker has sent, or is about to. Elsewhere there is no such page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from portal.records import outbox
from portal.records.outbox import Letter
from portal.usecases import mail
from portal.usecases.outcomes import NotFound
from portal.web.shown import Paging
from portal.web.transaction import Call
from portal.web.verbs import VERB_LABELS

ROWS = 50
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Row:
    id: int
    at: datetime
    to: str
    subject: str
    state: str
    tone: str


@dataclass(frozen=True)
class IndexPage:
    rows: tuple[Row, ...]
    paging: Paging


@dataclass(frozen=True)
class ShowPage:
    row: Row
    sent_at: datetime | None
    act: str
    paragraphs: tuple[tuple[str, ...], ...]


async def index(call: Call) -> Response:
    """`?before=` is the id of a letter: pages stay the same while new letters come in on top."""
    _only_in_the_demo(call)
    before = call.query("before")
    known = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found = await outbox.latest(call.db, before=known, limit=ROWS + 1)
    shown = found[:ROWS]
    older = f"/desk/mailbox?before={shown[-1].id}" if len(found) > ROWS else None
    paging = Paging(f"{len(shown)}通を表示", "/desk/mailbox" if known is not None else None, older)
    return call.page("desk/mailbox/list.html", IndexPage(tuple(_row(letter) for letter in shown), paging))


async def show(call: Call) -> Response:
    _only_in_the_demo(call)
    number: Any = call.request.path_params["id"]
    letter = await outbox.get(call.db, number) if number <= LARGEST_ID else None
    if letter is None:
        raise NotFound
    _, text = mail.whole(letter, call.services.settings)
    act = VERB_LABELS.get(letter.verb, letter.verb)
    paragraphs = tuple(tuple(part.strip().split("\n")) for part in text.split("\n\n"))
    return call.page("desk/mailbox/show.html", ShowPage(_row(letter), letter.sent_at, act, paragraphs))


def _only_in_the_demo(call: Call) -> None:
    if not call.services.settings.demo:
        raise NotFound


def _row(letter: Letter) -> Row:
    if letter.sent_at is not None:
        state, tone = "送信済み", "good"
    elif letter.failed_at is not None:
        state, tone = "送信できません", "bad"
    else:
        state, tone = "送信待ち", "waiting"
    return Row(letter.id, letter.at, letter.to_address, letter.subject, state, tone)
