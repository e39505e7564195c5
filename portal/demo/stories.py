"""Stories that go on beside each other: each says when its next act is, and the earliest act of all is played next."""

import heapq
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime

# `at = yield moment` waits for the moment; what follows is played then.
Story = AsyncGenerator[datetime, datetime]


async def play(stories: Iterable[Story]) -> None:
    """Play all stories in the order of time, so that the log reads as it would have been written."""
    waiting: list[tuple[datetime, int, Story]] = []
    for place, story in enumerate(stories):
        heapq.heappush(waiting, (await anext(story), place, story))
    while waiting:
        moment, place, story = heapq.heappop(waiting)
        try:
            heapq.heappush(waiting, (await story.asend(moment), place, story))
        except StopAsyncIteration:
            continue
