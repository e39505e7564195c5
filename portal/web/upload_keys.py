"""What the masked access keys of an uploaded file stand for: keys of the same draft, and of no other."""

import asyncio
from datetime import date
from typing import Any

from portal.gateways.spreadsheets import read_rows
from portal.records import applications, uploads
from portal.records.applications import Application
from portal.records.uploads import Upload
from portal.usecases.line_files import line_kind
from portal.usecases.masked_keys import keys_of, masked_ids
from portal.web.line_rows import KEY
from portal.web.transaction import Call

PURPOSE = "upload"
LOOKED_AT = 5
"""So many earlier files are looked through for a key, the newest first."""


def masked_in(content: bytes, offering: str) -> frozenset[str]:
    """The lines of a file whose key is masked; run in a process of its own, as the next."""
    return masked_ids(_kind(offering), read_rows(content))


def keys_in(content: bytes, offering: str, wanted: frozenset[str]) -> dict[str, str]:
    """The keys that a file holds for some lines."""
    return keys_of(_kind(offering), read_rows(content), wanted)


def _kind(offering: str) -> Any:
    return line_kind(offering=offering, today=date.min)


async def keys_behind_masks(
    call: Call, application: Application, content: bytes, *, before: Upload | None
) -> dict[str, str]:
    """The keys by line: of the newest earlier file that has one, else of the draft's row.

    `before`: the file itself, once it is kept; only files that came earlier speak for it.
    """
    run, processes = asyncio.get_running_loop().run_in_executor, call.services.processes
    offering, owner = application.offering or "", application.subscriber_id
    wanted = await run(processes, masked_in, content, offering)
    found: dict[str, str] = {}
    if not wanted:
        return found
    kept = await uploads.of_application(call.db, application.id, subscriber_id=owner)
    earlier = [one for one in kept if before is None or (one.id != before.id and one.uploaded_at <= before.uploaded_at)]
    for one in earlier[:LOOKED_AT]:
        missing = wanted - found.keys()
        if missing:
            found |= await run(processes, keys_in, await upload_content(call, one), offering, missing)
    for line in await applications.lines(call.db, application.id, subscriber_id=owner):
        if line.access_line_id in wanted and line.access_line_id not in found and line.access_key_sealed:
            found[line.access_line_id] = call.services.cipher.open(line.access_key_sealed, purpose=KEY).decode()
    return found


async def upload_content(call: Call, upload: Upload) -> bytes:
    """The file as it came; empty when it was not kept."""
    sealed = await uploads.content(call.db, upload.id, subscriber_id=call.subscriber_id)
    return call.services.cipher.open(sealed, purpose=PURPOSE)
