"""Whole yen: how amounts are written, prorated and taxed. Nothing here is a float."""


def show(amount: int) -> str:
    """An amount as people read it: 1,234円, ▲1,234円."""
    return f"▲{-amount:,}円" if amount < 0 else f"{amount:,}円"


def prorated(price: int, *, days: int, of_days: int) -> int:
    """B2-2: a monthly price for some of a month's days, less than a yen cut off (general terms)."""
    return price * days // of_days


def per_hundred(price: int, mbps: int) -> int:
    """B2-1-iii: a price per 100 Mbps for a bandwidth, less than a yen cut off."""
    return price * mbps // 100


def tax(taxable: int, *, rate: int) -> int:
    """The consumption tax on the sum of one rate's amounts, cut off once, never per row."""
    return taxable * rate // 100
