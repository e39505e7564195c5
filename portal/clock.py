"""The only reader of the system clock."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the moment. The application is built with one; tests build it with one of their own."""

    def now(self) -> datetime:
        """The moment, as an aware datetime in UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
