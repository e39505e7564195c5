"""The facts of a contract, as the terms ask for them, loaded from the records: one mapping, used by every use-case."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from portal.records import consents, lines, notices, partners, policies, prices
from portal.records.applications import ApplicationLine
from portal.records.base import Db
from portal.records.contracts import Contract as ContractRecord
from portal.records.notices import LivingNotice
from portal.records.prices import Band, OptionPrice, Sheet
from portal.terms import fees
from portal.terms.contract import (
    Consent,
    Contract,
    End,
    EndCause,
    Line,
    OptionUnit,
    PartnerEdge,
    PolicyStanding,
    PolicyVersion,
)
from portal.terms.fees import LineCountBasis, PriceSheet
from portal.terms.notices import NoticeKind
from portal.terms.offerings import Bandwidth, Dwelling, Offering
from portal.terms.option_kinds import OptionKind
from portal.terms.periods import earliest, tokyo_date

WEAK_METHOD = "terms_only"


async def policy_standing(db: Db, *, subscriber_id: UUID) -> PolicyStanding:
    """A5-6-1: the published versions of the traffic policy, and those this subscriber agreed to."""
    published = list(reversed(await policies.published(db)))
    versions = {policy.id: policy.version for policy in published}
    agreed = await policies.agreed(db, subscriber_id=subscriber_id)
    return PolicyStanding(
        versions=tuple(
            PolicyVersion(
                version=policy.version,
                effective_on=policy.effective_on,
                agree_by=policy.agree_by,
                consent_again=policy.material,
            )
            for policy in published
        ),
        agreed=frozenset(versions[row.policy_id] for row in agreed if row.policy_id in versions),
    )


async def partner_edges(db: Db, *, subscriber_id: UUID) -> dict[str, PartnerEdge]:
    """A5-6-3: the edges of the subscriber's tree of partners, by partner code."""
    found = await partners.of_subscriber(db, subscriber_id=subscriber_id)
    codes = {partner.id: partner.code for partner in found}
    return {
        partner.code: PartnerEdge(
            partner=partner.code,
            parent=codes.get(partner.parent_id) if partner.parent_id else None,
            contracted_on=partner.contracted_on,
            clause_confirmed=partner.contracted_on is not None,
            version=partner.policy_version,
        )
        for partner in found
    }


async def price_sheets(db: Db, *, subscriber_id: UUID, contract_id: UUID | None) -> tuple[PriceSheet, ...]:
    """A10: the shown price sheets of a contract, or (None) of the subscriber's contracts to come."""
    sheets = await prices.in_force_for(db, subscriber_id=subscriber_id, contract_id=contract_id)
    ids = [sheet.id for sheet in sheets]
    return sheets_from(sheets, await prices.bands_of(db, ids), await prices.options_of(db, ids))


def sheets_from(
    sheets: Iterable[Sheet], bands: Iterable[Band], options: Iterable[OptionPrice]
) -> tuple[PriceSheet, ...]:
    """Price sheets as the terms compute with them."""
    bands_by_sheet: dict[tuple[UUID, str], list[fees.Band]] = defaultdict(list)
    for band in bands:
        bands_by_sheet[band.sheet_id, band.offering].append(fees.Band(band.up_to, band.amount))
    options_by_sheet: dict[UUID, list[OptionPrice]] = defaultdict(list)
    for option in options:
        options_by_sheet[option.sheet_id].append(option)
    return tuple(_sheet(sheet, bands_by_sheet, options_by_sheet[sheet.id]) for sheet in sheets)


def _sheet(
    sheet: Sheet, bands: Mapping[tuple[UUID, str], Sequence[fees.Band]], options: Sequence[OptionPrice]
) -> PriceSheet:
    return PriceSheet(
        effective_on=sheet.effective_from,
        initial_fee=sheet.initial_fee,
        base={
            Offering.IPOE: tuple(bands[sheet.id, Offering.IPOE]),
            Offering.IPOE_SHARED: tuple(bands[sheet.id, Offering.IPOE_SHARED]),
            Offering.IPOE_CAPPED: (fees.Band(None, sheet.base_capped),),
        },
        line_maintenance={
            Offering.IPOE: sheet.line_maintenance_ipoe,
            Offering.IPOE_SHARED: sheet.line_maintenance_shared,
        },
        bandwidth_per_100mbps=sheet.bandwidth_per_100mbps,
        option_initial={OptionKind(option.option): option.initial for option in options},
        option_monthly={OptionKind(option.option): option.monthly for option in options},
        offering_change_fee=sheet.offering_change_fee,
        loss_charge_per_device=sheet.loss_charge_per_device,
        option_stop_fee_per_device=sheet.option_stop_fee_per_device,
        line_count_basis=LineCountBasis(sheet.line_count_basis),
    )


async def contract(db: Db, record: ContractRecord, *, without: UUID | None = None) -> Contract:
    """Everything the terms ask about one contract that exists; `without`: as if that notice had not arrived."""
    owner = record.subscriber_id
    found = await lines.of_contract(db, record.id, subscriber_id=owner)
    units = await lines.options_of_contract(db, record.id, subscriber_id=owner)
    arrived = await notices.living(db, record.id, subscriber_id=owner)
    counting = [notice for notice in arrived if notice.id != without]
    stops = stops_from(counting)
    edges = await partners.of_subscriber(db, subscriber_id=owner)
    codes = {partner.id: partner.code for partner in edges}
    versions = {policy.id: policy.version for policy in await policies.published(db)}
    given = await consents.living(db, [line.access_line_id for line in found], subscriber_id=owner)
    by_line = {
        (consent.access_line_id, consent.partner_id): Consent(
            version=versions[consent.policy_id],
            obtained_on=tokyo_date(consent.consented_at),
            weak=consent.method == WEAK_METHOD,
        )
        for consent in sorted(given, key=lambda consent: consent.consented_at)
    }
    return Contract(
        offering=Offering(record.offering),
        accepted_on=tokyo_date(record.accepted_at),
        billing_starts_on=record.billing_starts_on,
        bandwidth=Bandwidth(undivided_mbps=record.bandwidth_mbps) if record.bandwidth_mbps else None,
        price_sheets=await price_sheets(db, subscriber_id=owner, contract_id=record.id),
        lines={
            str(line.id): Line(
                id=str(line.id),
                dwelling=Dwelling(line.dwelling),
                starts_on=line.starts_on,
                last_on=line.last_on,
                consent=by_line.get((line.access_line_id, line.partner_id)),
                partner=codes[line.partner_id] if line.partner_id else None,
            )
            for line in found
        },
        units={
            str(unit.id): OptionUnit(
                id=str(unit.id),
                kind=OptionKind(unit.option),
                line=str(unit.line_id),
                accepted_on=tokyo_date(unit.accepted_at),
                starts_on=unit.starts_on,
                last_on=earliest(unit.last_on, stops.get(unit.id)),
            )
            for unit in units
        },
        ends=ends_from(counting),
        policy=await policy_standing(db, subscriber_id=owner),
        partners=await partner_edges(db, subscriber_id=owner),
    )


def ends_from(living: Iterable[LivingNotice]) -> tuple[End, ...]:
    """A9: the ends that the living notices of a contract bring, in the order of arrival; the earliest counts."""
    return tuple(
        End(cause=EndCause.TERMINATION_NOTICE, last_on=notice.effective_on)
        for notice in living
        if notice.kind == NoticeKind.CONTRACT
    )


def stops_from(living: Iterable[LivingNotice]) -> dict[int, date]:
    """A7-9: the day on which each stopped option ends: of several living notices the earliest."""
    stops: dict[int, date] = {}
    for notice in living:
        for option_id in notice.option_ids:
            stops[option_id] = min(stops.get(option_id, notice.effective_on), notice.effective_on)
    return stops


async def proposed(
    db: Db,
    rows: Sequence[ApplicationLine],
    *,
    subscriber_id: UUID,
    offering: Offering,
    accepted_on: date,
    starts_on: date,
) -> Contract:
    """The contract that a 新規 application asks for, as if accepted on a day; rows that are not whole are left out.

    A line starts on the day its row wants, at the earliest on `starts_on`.
    """
    whole = [row for row in rows if row.whole and row.access_line_id and row.dwelling]
    made = [_proposed_line(row, starts_on) for row in whole]
    units = [
        OptionUnit(
            id=f"{row.access_line_id}/{option}",
            kind=OptionKind(option),
            line=line.id,
            accepted_on=accepted_on,
            starts_on=line.starts_on,
        )
        for row, line in zip(whole, made, strict=True)
        for option in row.options
    ]
    return Contract(
        offering=offering,
        accepted_on=accepted_on,
        price_sheets=await price_sheets(db, subscriber_id=subscriber_id, contract_id=None),
        lines={line.id: line for line in made},
        units={unit.id: unit for unit in units},
        policy=await policy_standing(db, subscriber_id=subscriber_id),
        partners=await partner_edges(db, subscriber_id=subscriber_id),
    )


def _proposed_line(row: ApplicationLine, starts_on: date) -> Line:
    consent = None
    if row.consented_at and row.policy_version:
        consent = Consent(
            version=row.policy_version,
            obtained_on=tokyo_date(row.consented_at),
            weak=row.consent_method == WEAK_METHOD,
        )
    return Line(
        id=row.access_line_id or "",
        dwelling=Dwelling(row.dwelling or ""),
        starts_on=max(row.wanted_on or starts_on, starts_on),
        consent=consent,
        partner=row.partner_code,
    )
