"""Every table in one place, for the migrations."""

from portal.records import (
    applications,
    closings,
    consents,
    contracts,
    events,
    invoices,
    lines,
    members,
    notices,
    numbers,
    outbox,
    partners,
    policies,
    prices,
    submissions,
    subscribers,
    uploads,
)
from portal.records.base import metadata

NOUNS = (
    applications,
    closings,
    consents,
    contracts,
    events,
    invoices,
    lines,
    members,
    notices,
    numbers,
    outbox,
    partners,
    policies,
    prices,
    submissions,
    subscribers,
    uploads,
)

__all__ = ["NOUNS", "metadata"]
