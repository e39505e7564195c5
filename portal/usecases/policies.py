"""提供条件 (A5-6-1): prepared by one of the staff, published by another, agreed to by signatories."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as insert_once

from portal.records import events, numbers, policies
from portal.records.base import Db
from portal.records.members import Person
from portal.records.policies import Agreement, Policy
from portal.terms import eligibility
from portal.terms.periods import tokyo_date
from portal.terms.references import reference
from portal.usecases import facts, mail
from portal.usecases.outcomes import Conflict, Forbidden, NotFound, Refused

CLAUSE = "A5-6-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A version of the traffic policy as staff write it. `material` (実質): end users must consent again."""

    version: str
    title: str
    body: str
    material: bool
    effective_on: date
    agree_by: date


def canonical(text: str) -> str:
    """One spelling of a text: NFC, every line end a newline, no space at its ends."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def document(*, title: str, version: str, body: str) -> bytes:
    """Exactly what is shown and agreed to, as bytes: title, version and body of the canonical text in UTF-8."""
    return f"{canonical(title)}\n{canonical(version)}\n\n{canonical(body)}\n".encode()


def fingerprint(*, title: str, version: str, body: str) -> str:
    """SHA-256 of the document; it is part of every agreement (A5-6-1)."""
    return hashlib.sha256(document(title=title, version=version, body=body)).hexdigest()


async def prepare(db: Db, *, by: Person, at: datetime, draft: Draft) -> Policy:
    """Prepare a version of the traffic policy; subscribers see nothing of it yet. Conflict when the version exists."""
    content = _content(draft)
    if await policies.get(db, draft.version) is not None:
        raise Conflict(f"{draft.version}版はすでにあります。別の版番号を付けるか、下書きを直してください。")
    statement = insert(policies.policies).values(id=uuid4(), prepared_by=by.id, prepared_at=at, **content)
    await db.execute(statement)
    return await _told(db, draft.version, by=by, at=at, verb="policy_prepared")


async def revise(db: Db, *, by: Person, at: datetime, draft: Draft) -> Policy:
    """Replace an unpublished draft; whoever revises it is its preparer from then on. Refuses a published version."""
    content = _content(draft)
    former = await _draft(db, draft.version)
    mine = policies.policies.c.id == former.id
    await db.execute(update(policies.policies).where(mine).values(prepared_by=by.id, prepared_at=at, **content))
    return await _told(db, draft.version, by=by, at=at, verb="policy_revised")


async def publish(db: Db, *, by: Person, at: datetime, version: str, sha256: str) -> Policy:
    """A5-6-1: show a version to subscribers, for good. By another person than the preparer, who read this very text.

    Conflict when it is published already, was revised since it was read, or would take effect before its publication.
    """
    draft = await _draft(db, version)
    if draft.prepared_by == by.id:
        raise Forbidden("自分が準備した提供条件は公表できません。ほかの決裁者が公表します。")
    if draft.sha256 != sha256:
        raise Conflict("この画面を開いた後に下書きが直されました。新しい内容を確かめてから公表してください。")
    if draft.effective_on < tokyo_date(at):
        raise Conflict("効力発生日を過ぎています。下書きの効力発生日を今日以後に直してから公表してください。")
    await db.execute(
        update(policies.policies).where(policies.policies.c.id == draft.id).values(published_by=by.id, published_at=at)
    )
    return await _told(db, version, by=by, at=at, verb="policy_published")


async def agree(db: Db, *, by: Person, at: datetime, version: str, sha256: str) -> Agreement:
    """A5-6-1: agree for the company, by a person with authority, to the current version, whose very text was shown.

    Refuses a version that is not the current one. A second agreement changes nothing and gives the first.
    """
    if by.subscriber_id is None or by.authority is None:
        raise Forbidden("提供条件への同意には、契約者を代表する権限が必要です。")
    policy = await policies.get(db, version)
    if policy is None or policy.published_at is None:
        raise NotFound
    if policy.sha256 != sha256:
        raise Conflict("表示した提供条件と、同意しようとした内容が一致しません。提供条件を開き直してください。")
    if existing := await policies.agreement(db, subscriber_id=by.subscriber_id, policy_id=policy.id):
        return existing
    on = tokyo_date(at)
    standing = await facts.policy_standing(db, subscriber_id=by.subscriber_id)
    if violations := eligibility.agreeable(standing, version, on=on):
        raise Refused(violations)
    number = reference("G", on, await numbers.next_serial(db, "agreement", on))
    made = await db.scalar(
        insert_once(policies.agreements)
        .values(
            id=uuid4(),
            subscriber_id=by.subscriber_id,
            number=number,
            policy_id=policy.id,
            member_id=by.id,
            member_name=by.name,
            authority=by.authority,
            sha256=policy.sha256,
            agreed_at=at,
        )
        .on_conflict_do_nothing(index_elements=["subscriber_id", "policy_id"])
        .returning(policies.agreements.c.id)
    )
    if made is not None:
        await events.record(
            db,
            by=by,
            at=at,
            verb="policy_agreed",
            object_kind="policy",
            object_id=policy.id,
            subscriber_id=by.subscriber_id,
            clauses=(CLAUSE,),
            details={"number": number, "version": version, "sha256": policy.sha256, "authority": by.authority},
        )
        await _mailed(db, policy, at=at, verb="policy_agreed", subscriber_id=by.subscriber_id, number=number)
    agreement = await policies.agreement(db, subscriber_id=by.subscriber_id, policy_id=policy.id)
    if agreement is None:
        raise NotFound
    return agreement


def _content(draft: Draft) -> dict[str, Any]:
    if draft.agree_by < draft.effective_on:
        raise Conflict("同意の期限は、効力発生日以後の日にしてください。")
    text = {"version": draft.version, "title": draft.title, "body": draft.body}
    return {
        **{name: canonical(value) for name, value in text.items()},
        "sha256": fingerprint(**text),
        "material": draft.material,
        "effective_on": draft.effective_on,
        "agree_by": draft.agree_by,
    }


async def _draft(db: Db, version: str) -> Policy:
    """The unpublished version, locked. A published one cannot be locked by anybody: row-level security hides it."""
    draft = await policies.get(db, version, for_update=True)
    if draft is None and await policies.get(db, version) is not None:
        raise Conflict(f"{version}版はすでに公表されています。公表した版は変更できません。")
    if draft is None:
        raise NotFound
    return draft


async def _told(db: Db, version: str, *, by: Person, at: datetime, verb: str) -> Policy:
    policy = await policies.get(db, version)
    if policy is None:
        raise NotFound
    await events.record(
        db,
        by=by,
        at=at,
        verb=verb,
        object_kind="policy",
        object_id=policy.id,
        subscriber_id=None,
        clauses=(CLAUSE,),
        details={"version": version, "sha256": policy.sha256},
    )
    await _mailed(db, policy, at=at, verb=verb, subscriber_id=None)
    return policy


async def _mailed(
    db: Db, policy: Policy, *, at: datetime, verb: str, subscriber_id: UUID | None, **more: object
) -> None:
    await mail.tell(
        db,
        verb=verb,
        at=at,
        object_kind="policy",
        object_id=policy.id,
        subscriber_id=subscriber_id,
        version=policy.version,
        sha256=policy.sha256,
        material=policy.material,
        effective_on=policy.effective_on,
        agree_by=policy.agree_by,
        **more,
    )
