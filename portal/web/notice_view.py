"""What a 解約申込書 says and brings, as its pages and its PDF show it: one reading of it for both realms."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from starlette.responses import Response

from portal.gateways import pdf
from portal.records import contracts, notices
from portal.records.notices import Notice, Unit
from portal.terms import derivations
from portal.terms.notices import (
    NOTICE_CLAUSES,
    NOTICE_KIND_LABELS,
    NOTICE_STATE_LABELS,
    VOID_LABELS,
    NoticeKind,
    NoticeState,
    VoidCode,
    notice_state,
)
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.terms.periods import tokyo_date
from portal.usecases import facts, notice_outlook
from portal.usecases.outcomes import NotFound
from portal.web.notice_rows import Row, outlook_rows
from portal.web.rendering import day, day_era, moment
from portal.web.shown import Why, why
from portal.web.transaction import Call

CHANNELS = {"web": "この画面から", "paper": "書面"}
NOTE = (
    "解約申込書は、到達した時に効力が定まります。承諾は要らず、撤回はできません。"
    "条項は個別規程の条番号に基づく略号です。"
)
TONES = {
    NoticeState.ARRIVED: "waiting",
    NoticeState.WAITING: "attention",
    NoticeState.ENDED: "ended",
    NoticeState.VOID: "bad",
}


@dataclass(frozen=True)
class ShownUnit:
    id: str
    access_line_id: str
    own_reference: str
    option: str
    stops_on: date | None


@dataclass(frozen=True)
class ListedNotice:
    href: str
    number: str
    company: str
    kind: str
    contract_number: str
    state: str
    tone: str
    received_at: datetime
    effective_on: date


@dataclass(frozen=True)
class ShownNotice:
    """One notice. `rows`: what follows from it, empty when it is void. `void`: (label, text) of what makes it void."""

    id: str
    number: str
    company: str
    kind: str
    contract_number: str
    contract_href: str
    state: str
    tone: str
    received_at: datetime
    channel: str
    given_by: str
    requested_on: date | None
    effective_on: date
    why: Why
    remarks: str
    acknowledged_at: datetime | None
    void_prepared_at: datetime | None
    voided_at: datetime | None
    void: tuple[tuple[str, str], ...]
    units: tuple[ShownUnit, ...]
    rows: tuple[Row, ...]
    warning: str | None


def _state(notice: Notice, on: date) -> NoticeState:
    return notice_state(
        effective_on=notice.effective_on,
        acknowledged=notice.acknowledged_at is not None,
        void=notice.voided_at is not None,
        on=on,
    )


def listed(notice: Notice, *, on: date, path: str) -> ListedNotice:
    state = _state(notice, on)
    return ListedNotice(
        href=f"{path}/{notice.id}",
        number=notice.number,
        company=notice.company,
        kind=NOTICE_KIND_LABELS[NoticeKind(notice.kind)],
        contract_number=notice.contract_number,
        state=NOTICE_STATE_LABELS[state],
        tone=TONES[state],
        received_at=notice.received_at,
        effective_on=notice.effective_on,
    )


async def asked_for(call: Call, *, subscriber_id: UUID | None) -> Notice:
    """The notice of the address; with a subscriber only that one's."""
    notice = await notices.get(call.db, call.id(), subscriber_id=subscriber_id)
    if notice is None:
        raise NotFound
    return notice


async def view(call: Call, notice: Notice, *, contracts_path: str) -> ShownNotice:
    kind, state = NoticeKind(notice.kind), _state(notice, call.today)
    units = await _units(call, notice)
    rows, warning = ((), None) if state is NoticeState.VOID else await _follows(call, notice, units)
    return ShownNotice(
        id=str(notice.id),
        number=notice.number,
        company=notice.company,
        kind=NOTICE_KIND_LABELS[kind],
        contract_number=notice.contract_number,
        contract_href=f"{contracts_path}/{notice.contract_id}",
        state=NOTICE_STATE_LABELS[state],
        tone=TONES[state],
        received_at=notice.received_at,
        channel=CHANNELS[notice.received_by],
        given_by=_giver(notice),
        requested_on=notice.requested_on,
        effective_on=notice.effective_on,
        why=why((NOTICE_CLAUSES[kind],), _because(notice)),
        remarks=notice.remarks or "なし",
        acknowledged_at=notice.acknowledged_at,
        void_prepared_at=notice.void_prepared_at,
        voided_at=notice.voided_at,
        void=_void(notice),
        units=tuple(shown_unit(unit) for unit in units),
        rows=rows,
        warning=warning,
    )


def _because(notice: Notice) -> str:
    return derivations.notice(tokyo_date(notice.received_at), notice.requested_on)


def _giver(notice: Notice) -> str:
    return f"{notice.given_by_name}（{notice.authority}）" if notice.given_by_name else "書面による"


def _void(notice: Notice) -> tuple[tuple[str, str], ...]:
    if notice.void_code is None:
        return ()
    return (("無効の理由", VOID_LABELS[VoidCode(notice.void_code)]), ("確かめたこと", notice.void_reason or ""))


async def _units(call: Call, notice: Notice) -> tuple[Unit, ...]:
    if notice.kind != NoticeKind.OPTIONS:
        return ()
    return tuple(await notices.units(call.db, notice_id=notice.id, subscriber_id=notice.subscriber_id))


def shown_unit(unit: Unit) -> ShownUnit:
    return ShownUnit(
        id=str(unit.id),
        access_line_id=unit.access_line_id,
        own_reference=unit.own_reference or "",
        option=OPTIONS[OptionKind(unit.option)].label,
        stops_on=unit.stops_on,
    )


async def _follows(call: Call, notice: Notice, units: tuple[Unit, ...]) -> tuple[tuple[Row, ...], str | None]:
    """What follows from a stored notice, beside whatever else has arrived for its contract."""
    record = await contracts.get(call.db, notice.contract_id, subscriber_id=notice.subscriber_id)
    if record is None:
        raise NotFound
    contract = await facts.contract(call.db, record, without=notice.id)
    kind, received_on = NoticeKind(notice.kind), tokyo_date(notice.received_at)
    if kind is NoticeKind.CONTRACT:
        outlook = notice_outlook.of_contract(contract, received_on=received_on, requested_on=notice.requested_on)
    else:
        outlook = notice_outlook.of_options(
            contract, [str(unit.id) for unit in units], received_on=received_on, requested_on=notice.requested_on
        )
    return outlook_rows(kind, outlook), outlook.warning


async def pdf_response(call: Call, notice: Notice) -> Response:
    """控え as PDF, made in a process: what arrived and the day that follows, the same bytes for ever."""
    units = await _units(call, notice)
    loop = asyncio.get_running_loop()
    data = pdf_data(notice, units, provider=call.services.settings.provider.name)
    made = await loop.run_in_executor(call.services.processes, _render, data, notice.received_at)
    headers = {"Content-Disposition": f'attachment; filename="notice-{notice.number}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


def _render(data: dict[str, object], received_at: datetime) -> bytes:
    return pdf.render("notice.typ", data, made_at=received_at)


def pdf_data(notice: Notice, units: tuple[Unit, ...], *, provider: str) -> dict[str, object]:
    """What the 控え prints."""
    kind, received_on = NoticeKind(notice.kind), tokyo_date(notice.received_at)
    return {
        "title": f"解約申込書（控え） {notice.number}",
        "number": notice.number,
        "issued": {"year": received_on.year, "month": received_on.month, "day": received_on.day},
        "provider": provider,
        "company": notice.company,
        "kind": NOTICE_KIND_LABELS[kind],
        "facts": [
            ["契約番号", notice.contract_number],
            ["届け出た人", _giver(notice)],
            ["届出の方法", CHANNELS[notice.received_by]],
            ["希望した最終利用日", day(notice.requested_on) if notice.requested_on else "指定なし"],
            ["備考", notice.remarks or "なし"],
        ],
        "received_at": moment(notice.received_at),
        "effective_on": day_era(notice.effective_on),
        "because": _because(notice),
        "clause": NOTICE_CLAUSES[kind],
        "units": [[unit.access_line_id, OPTIONS[OptionKind(unit.option)].label] for unit in units],
        "note": NOTE,
    }
