"""What the application is built from, handed to every request."""

from concurrent.futures import Executor
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from portal.clock import Clock
from portal.gateways.cipher import Cipher
from portal.gateways.oidc import OpenIDConnect
from portal.settings import Settings
from portal.web.rendering import Pages


@dataclass(frozen=True)
class Services:
    settings: Settings
    clock: Clock
    pool: AsyncEngine
    pages: Pages
    cipher: Cipher
    oidc: OpenIDConnect
    # CPU-bound work (PDF, XLSX, big files, the close) runs in processes, not on the event loop.
    processes: Executor
