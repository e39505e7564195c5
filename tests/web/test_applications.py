"""申込 in the browser: typed, saved, confirmed, submitted; kept when it does not hold; shown to those who may."""

import asyncio
import re
from uuid import UUID, uuid4

import httpx2
import pytest

from portal.records import applications, database
from tests.makers_applications import cells, drafted, ready, submitted
from tests.portals import Portal, text_of

NAMES = {
    "回線ID": "access_line_id",
    "アクセスキー": "access_key",
    "住居種別": "dwelling",
    "都道府県": "prefecture",
    "利用者番号": "end_user_ref",
    "同意日時": "consented_at",
    "同意方法": "consent_method",
    "提供条件版": "policy_version",
    "再販先コード": "partner_code",
    "オプション": "options",
}
ANSWERS = {"purpose": "resale", "contact_email": "moushikomi@example-a.example", "wanted_on": "2026/11/1", "note": "備考"}


def row(key: str, typed: dict[str, str]) -> dict[str, str]:
    return {f"lines-{key}-{NAMES[column]}": value for column, value in typed.items()}


def form(revision: int = 1, act: str = "save", **rows: dict[str, str]) -> dict[str, str | list[str]]:
    typed = {name: value for key, cells_ in rows.items() for name, value in row(key.lstrip("_"), cells_).items()}
    return {**ANSWERS, "rows": "typed", "revision": str(revision), "act": act, **typed}


def id_in(answer: httpx2.Response) -> UUID:
    found = re.search(r"/applications/([0-9a-f-]{36})", answer.headers["location"])
    assert found is not None
    return UUID(found[1])


@pytest.fixture(scope="module", autouse=True)
async def _ready(portal: Portal) -> None:
    await ready(portal.pool, portal.world)


async def begun(portal: Portal) -> UUID:
    answer = await portal.post(
        portal.world.ours.operator, "/applications/new", {"kind": "new_contract:ipoe_shared"}
    )
    assert answer.status_code == 303
    return id_in(answer)


async def test_from_nothing_to_a_number(portal: Portal) -> None:
    ours = portal.world.ours
    application_id = await begun(portal)
    home = f"/applications/{application_id}"
    assert (await portal.get(ours.operator, f"{home}/edit")).status_code == 200
    saved = await portal.post(ours.operator, f"{home}/edit", form(act="confirm", n1=cells(101), n2=cells(102)))
    assert (saved.status_code, saved.headers["location"]) == (303, f"{home}/confirm")
    confirm = await portal.get(ours.signatory, f"{home}/confirm")
    words = text_of(confirm)
    assert "この内容で申し込む" in words
    # 100,000円 to begin with; 40,000円 up to 50 lines and 200円 for each of the two, taxed once.
    assert "100,000円" in words
    assert "44,440円" in words
    sent = await portal.post(ours.signatory, f"{home}/confirm", {"revision": "2"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{home}/receipt")
    receipt = text_of(await portal.get(ours.viewer, f"{home}/receipt"))
    assert re.search(r"A-20261015-\d{5}-[0-9A-Z]", receipt)
    assert "受付は承諾ではありません" in receipt
    shown = text_of(await portal.get(ours.viewer, home))
    assert "受付済" in shown
    assert "CAF0000000102" in shown
    assert "Ab3dEf7h" not in shown
