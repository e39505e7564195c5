"""Portals as processes of their own, quickly: one parent that has imported everything forks a child for each order.

An order is a line of JSON on standard input (`database_url`, `base_url`, `port`, `at`); the answer is the child's
process id on a line of standard output, once it serves.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import datetime

import uvicorn

from portal.app import create_app
from tests.portals import HandClock, settings_for


class Told(uvicorn.Server):
    """Says when it serves."""

    async def startup(self, sockets: list[object] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"{os.getpid()}\n")
        sys.stdout.flush()


def serve(order: dict[str, str]) -> None:
    """Serve until killed."""
    settings = settings_for(order["database_url"], base_url=order["base_url"])
    app = create_app(settings, clock=HandClock(datetime.fromisoformat(order["at"])))
    config = uvicorn.Config(app, host="127.0.0.1", port=int(order["port"]), log_level="critical", access_log=False)
    asyncio.run(Told(config).serve())


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            sys.stdin.close()
            serve(json.loads(line))
            os._exit(0)


if __name__ == "__main__":
    main()
