"""What a contract's page shows to its subscriber and to staff alike: few queries, finished values."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from starlette.responses import Response

from portal.records import contracts, events, lines
from portal.records.contracts import Overview
from portal.records.lines import ListedLine, PrefectureCount
from portal.terms import standing
from portal.terms.applications import STATE_LABELS, ApplicationState
from portal.terms.offerings import DWELLING_LABELS, OFFERINGS, Dwelling, Offering
from portal.terms.option_kinds import OPTIONS, OptionKind
from portal.terms.periods import Span, earliest, japanese, minimum_term_last_day, tokyo_date
from portal.terms.revisions import in_force_on
from portal.terms.standing import CONTRACT_STATE_LABELS, SERVICE_STATE_LABELS, ContractState, ServiceState
from portal.usecases.assessments import PURPOSE_LABELS
from portal.usecases.contracts import outline
from portal.usecases.outcomes import NotFound
from portal.usecases.readings import neutralise
from portal.web.desk.application_view import METHOD_LABELS
from portal.web.forms import Form
from portal.web.rendering import folded
from portal.web.shown import PAGE_ROWS, ClauseRef, Paging, Why, clause_ref, page_of, paged, why
from portal.web.timeline import ShownEvent, shown_events
from portal.web.transaction import Call

CONTRACT_TONES = {
    ContractState.PREPARING: "waiting",
    ContractState.IN_BILLING: "good",
    ContractState.ENDING: "attention",
    ContractState.ENDED: "ended",
}
LINE_TONES = {
    ServiceState.PLANNED: "waiting",
    ServiceState.IN_SERVICE: "good",
    ServiceState.ENDING: "attention",
    ServiceState.ENDED: "ended",
}


@dataclass(frozen=True)
class ShownLine:
    access_line_id: str
    state: str
    tone: str
    dwelling: str
    prefecture: str
    own_reference: str
    partner: str
    starts_on: date
    last_on: date | None
    options: str
    consented_at: datetime | None
    consent: str


@dataclass(frozen=True)
class ShownSheet:
    href: str
    effective_on: date
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ContractView:
    """One contract as pages show it. `term_why` is the derivation of the minimum term's last day (A2)."""

    id: UUID
    path: str
    number: str
    company: str
    offering: str
    offering_clause: ClauseRef
    purpose: str
    revision: str
    accepted_at: datetime
    billing_starts_on: date | None
    billing_clause: ClauseRef
    term_last_on: date | None
    term_why: Why | None
    state: str
    tone: str
    counts: tuple[tuple[str, str, str | None], ...]
    prefectures: tuple[tuple[str, int], ...]
    lines: tuple[ShownLine, ...]
    shows_consent: bool
    paging: Paging
    form: Form
    sheet: ShownSheet | None
    events: tuple[ShownEvent, ...]
    statements_href: str
    last_on: date | None
    notice_href: str | None
    notice_number: str | None


async def contract_view(call: Call, *, subscriber_id: UUID | None) -> ContractView:
    """Four queries: the contract with its price sheet, a page of lines, the counts, the events. 404 for another's."""
    on = call.today
    contract = await contracts.overview(call.db, call.id(), on=on, subscriber_id=subscriber_id)
    if contract is None:
        raise NotFound
    owner, base = contract.subscriber_id, "/contracts" if subscriber_id else "/desk/contracts"
    search, page = call.query("q"), page_of(call.query("page"))
    found = await lines.listed(
        call.db,
        contract.id,
        subscriber_id=owner,
        on=on,
        search=folded(search),
        offset=(page - 1) * PAGE_ROWS,
        limit=PAGE_ROWS + 1,
    )
    entry = OFFERINGS[Offering(contract.offering)]
    ended = contract.last_on is not None and contract.last_on < on
    counted = (
        ()
        if ended
        else await lines.count_by_prefecture(
            call.db, contract.id, subscriber_id=owner, on=on, consents=entry.controls_traffic
        )
    )
    told = await events.of_object(call.db, "contract", contract.id)
    path = f"{base}/{contract.id}"
    rows, paging = paged(found, page, path=path, query={"q": search})
    state = standing.contract_state(outline(contract), on)
    term_last_on = minimum_term_last_day(contract.billing_starts_on) if contract.billing_starts_on else None
    statements = "/statements" if subscriber_id else "/desk/invoices"
    return ContractView(
        id=contract.id,
        path=path,
        number=contract.number,
        company=contract.company,
        offering=entry.label,
        offering_clause=clause_ref(entry.clause),
        purpose=PURPOSE_LABELS[contract.purpose],
        revision=_revision(contract),
        accepted_at=contract.accepted_at,
        billing_starts_on=contract.billing_starts_on,
        billing_clause=clause_ref("A10"),
        term_last_on=term_last_on,
        term_why=_term(contract.billing_starts_on, term_last_on),
        state=CONTRACT_STATE_LABELS[state],
        tone=CONTRACT_TONES[state],
        counts=_counts(counted, consents=entry.controls_traffic, awaited=contract.awaits_service),
        prefectures=tuple((one.prefecture, one.in_service + one.planned) for one in counted),
        lines=tuple(_line(row, on, contract) for row in rows),
        shows_consent=entry.controls_traffic,
        paging=paging,
        form=Form({"q": search}),
        sheet=_sheet(contract, base),
        events=shown_events(reversed(told), to_staff=subscriber_id is None),
        statements_href=f"{statements}?contract={contract.id}",
        last_on=contract.last_on,
        notice_href=f"{base.removesuffix('contracts')}notices/{contract.notice_id}" if contract.notice_id else None,
        notice_number=contract.notice_number,
    )


def _revision(contract: Overview) -> str:
    revision = in_force_on(contract.terms_revision_on)
    return revision.label if revision else japanese(contract.terms_revision_on)


def _term(billing_starts_on: date | None, last_on: date | None) -> Why | None:
    if billing_starts_on is None or last_on is None:
        return None
    because = (
        f"課金開始日 {japanese(billing_starts_on)} を初日として1か月。翌月の応当日の前日（応当日がなければ月末）。"
    )
    return why(("A2",), f"{because}末日は {japanese(last_on)} です。", source="reading")


def _counts(
    counted: Sequence[PrefectureCount], *, consents: bool, awaited: bool
) -> tuple[tuple[str, str, str | None], ...]:
    in_service, planned = sum(one.in_service for one in counted), sum(one.planned for one in counted)
    rows: list[tuple[str, str, str | None]] = [
        ("手配中の回線" if awaited else "利用中の回線", f"{in_service:,}回線", None),
        ("開通予定の回線", f"{planned:,}回線", None),
    ]
    if consents and in_service + planned:
        given, every = sum(one.consented for one in counted), in_service + planned
        # Cut off, so that 100% is said only when no line is without.
        rows.append(("利用者の同意", f"{given * 100 // every}%", f"{given:,} / {every:,}回線"))
    return tuple(rows)


def _state(row: ListedLine, on: date, contract: Overview) -> tuple[str, str]:
    """A line's word and tone; before 開通 is recorded, a line whose day has come is not said to be in use."""
    state = standing.service_state(Span(row.starts_on, _last_on(row, contract)), on)
    if contract.awaits_service and state in {ServiceState.IN_SERVICE, ServiceState.ENDING}:
        return STATE_LABELS[ApplicationState.PROVISIONING], "progress"
    return SERVICE_STATE_LABELS[state], LINE_TONES[state]


def _last_on(row: ListedLine, contract: Overview) -> date | None:
    """A9: a line ends with its contract at the latest."""
    return earliest(row.last_on, contract.last_on)


def _line(row: ListedLine, on: date, contract: Overview) -> ShownLine:
    last_on = _last_on(row, contract)
    state, tone = _state(row, on, contract)
    return ShownLine(
        access_line_id=row.access_line_id,
        state=state,
        tone=tone,
        dwelling=DWELLING_LABELS[Dwelling(row.dwelling)],
        prefecture=row.prefecture if row.area is None else f"{row.prefecture}　{row.area}",
        own_reference=row.own_reference or "",
        partner=row.partner_code or "",
        starts_on=row.starts_on,
        last_on=last_on,
        options="、".join(OPTIONS[OptionKind(option)].file_label for option in row.options),
        consented_at=row.consented_at,
        consent=f"{METHOD_LABELS[row.consent_method]}・{row.policy_version}版" if row.consent_method else "記録なし",
    )


def _sheet(contract: Overview, base: str) -> ShownSheet | None:
    if contract.sheet_id is None or contract.sheet_from is None:
        return None
    if contract.offering == Offering.IPOE_CAPPED:
        rows = [
            ("月額基本料", _yen(contract.base_capped)),
            ("帯域費用（100Mbps）", _yen(contract.bandwidth_per_100mbps)),
        ]
    else:
        shared = contract.offering == Offering.IPOE_SHARED
        unit = contract.line_maintenance_shared if shared else contract.line_maintenance_ipoe
        bands = [(_up_to(limit), _yen(amount)) for limit, amount in contract.bands]
        rows = [*bands, ("回線維持費用（1回線）", _yen(unit))]
    sheets = "/price-sheets" if base == "/contracts" else "/desk/price-sheets"
    return ShownSheet(f"{sheets}/{contract.sheet_id}", contract.sheet_from, tuple(rows))


def _up_to(limit: int | None) -> str:
    return f"月額基本料（{'上限なし' if limit is None else f'{limit:,}回線まで'}）"


def _yen(amount: int | None) -> str:
    return f"{amount or 0:,}円"


HEADER = (
    "回線ID",
    "状態",
    "住居種別",
    "都道府県",
    "エリア区分",
    "自社管理番号",
    "再販先コード",
    "利用開始日",
    "最終利用日",
    "オプション",
    "利用者番号",
    "同意日",
    "同意方法",
    "提供条件版",
)


async def lines_file(call: Call, *, subscriber_id: UUID | None) -> Response:
    """Every line of a contract as CSV（Excel用）: BOM, CRLF, formulas neutralised; access keys are never in it."""
    contract = await contracts.overview(call.db, call.id(), on=call.today, subscriber_id=subscriber_id)
    if contract is None:
        raise NotFound
    found = await lines.listed(call.db, contract.id, subscriber_id=contract.subscriber_id, on=call.today)
    body = excel_csv((HEADER, *(_cells(row, call.today, contract) for row in found)))
    name = f"lines-{contract.number}-{call.today:%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def excel_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as Excel opens them with a double click."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([neutralise(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cells(row: ListedLine, on: date, contract: Overview) -> tuple[str, ...]:
    last_on = _last_on(row, contract)
    return (
        row.access_line_id,
        _state(row, on, contract)[0],
        DWELLING_LABELS[Dwelling(row.dwelling)],
        row.prefecture,
        row.area or "",
        row.own_reference or "",
        row.partner_code or "",
        f"{row.starts_on:%Y/%m/%d}",
        f"{last_on:%Y/%m/%d}" if last_on else "",
        ";".join(OPTIONS[OptionKind(option)].file_label for option in row.options),
        row.end_user_ref or "",
        f"{tokyo_date(row.consented_at):%Y/%m/%d}" if row.consented_at else "",
        METHOD_LABELS[row.consent_method] if row.consent_method else "",
        row.policy_version or "",
    )
