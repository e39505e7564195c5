"""What a person who issues a month has seen of its trial."""

from uuid import UUID

from portal.records import closings
from portal.records.base import Db


async def shown(db: Db, closing_id: UUID) -> str:
    """The digest of the trial that the page of the close shows now."""
    closing = await closings.get(db, closing_id)
    assert closing is not None
    return closing.digest
