"""Every route of the table, visited as nobody, as each role of both realms: the answer must be what the table says."""

import re
from uuid import uuid4

import httpx2
import pytest

from portal.records.members import Person
from portal.web.routes import ENTRIES, Entry
from tests.portals import Portal

GUARDED = [entry for entry in ENTRIES if entry.who is not None]
OPEN = {entry.path for entry in ENTRIES if entry.who is None}


def address(entry: Entry) -> str:
    """The route with identifiers of things that do not exist: who may enter is decided before they are looked for."""
    path = entry.path.replace("{id:uuid}", str(uuid4()))
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: str(uuid4()) if found[2] == ":uuid" else "1", path)


async def visit(portal: Portal, person: Person | None, entry: Entry) -> httpx2.Response:
    if entry.method == "GET":
        return await portal.get(person, address(entry))
    return await portal.post(person, address(entry), {})


def name(entry: Entry) -> str:
    return f"{entry.method} {entry.path}"


def test_only_sign_in_and_sign_out_are_open() -> None:
    assert {
        "/sign-in",
        "/sign-in/callback",
        "/sign-in/{slug}",
        "/sign-out",
        "/signed-out",
    } == OPEN


@pytest.mark.parametrize("entry", GUARDED, ids=name)
async def test_nobody_enters(portal: Portal, entry: Entry) -> None:
    answer = await visit(portal, None, entry)
    if entry.method == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?return_to=")
    else:
        assert answer.status_code == 401


@pytest.mark.parametrize("entry", GUARDED, ids=name)
async def test_each_role_meets_what_the_table_says(portal: Portal, entry: Entry) -> None:
    assert entry.who is not None
    for person in (*portal.world.ours.people, *portal.world.desk.people):
        status = (await visit(portal, person, entry)).status_code
        roles = entry.who.subscriber if person.realm == "subscriber" else entry.who.staff
        if not roles:
            assert status == 404, f"{person.roles} is told that {name(entry)} exists"
        elif not set(roles) & set(person.roles):
            assert status == 403, f"{person.roles} enters {name(entry)}"
        else:
            # Let in: the thing asked for does not exist, or the empty form does not hold, or there is a page.
            assert status in {200, 303, 404, 409, 422}, f"{person.roles} at {name(entry)}: {status}"


async def test_the_auditor_changes_nothing(portal: Portal) -> None:
    """Control of the table itself: no route that writes admits a role that only reads."""
    writing = [entry for entry in GUARDED if entry.method == "POST" and entry.who is not None]
    assert writing
    for entry in writing:
        assert entry.who is not None
        assert not {"auditor"} & set(entry.who.staff), name(entry)
        assert not {"viewer", "admin"} & set(entry.who.subscriber), name(entry)


async def test_a_form_from_another_site_is_refused(portal: Portal) -> None:
    entry = next(entry for entry in GUARDED if entry.method == "POST")
    async with await portal.client(portal.world.ours.signatory) as browser:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            answer = await browser.post(address(entry), data={"submission_key": str(uuid4())}, headers=headers)
            assert answer.status_code == 403
        del browser.headers["Sec-Fetch-Site"]
        answer = await browser.post(address(entry), headers={"Origin": "https://attacker.example"})
        assert answer.status_code == 403


async def test_another_host_is_refused(portal: Portal) -> None:
    async with await portal.client(None) as browser:
        assert (await browser.get("/contracts", headers={"Host": "attacker.example"})).status_code == 421


async def test_every_answer_carries_the_security_headers(portal: Portal) -> None:
    for path in ("/contracts", "/nowhere", "/static/portal.css"):
        answer = await portal.get(portal.world.ours.viewer, path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_static_files_are_kept_by_the_browser(portal: Portal) -> None:
    hashed = await portal.get(None, "/static/portal.css?v=0123456789ab")
    assert hashed.headers["cache-control"] == "public, max-age=31536000"
    assert (await portal.get(None, "/static/portal.css")).headers["cache-control"] == "public, max-age=86400"
    assert (await portal.get(portal.world.ours.viewer, "/contracts")).headers["cache-control"] == "no-store"
