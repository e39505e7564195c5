"""What people type into one field of a form, read as a value; what cannot be read is refused beside the field."""

import re
from datetime import date

from portal.usecases.readings import ReadingError, read_day
from portal.web.forms import Form

# 1,234 or 1234, with the signs people put around an amount.
_YEN = re.compile(r"[¥\\]?\s*(\d{1,3}(?:,\d{3})+|\d+)\s*円?", re.ASCII)
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+|\d+", re.ASCII)
MOST_YEN = 999_999_999_999
MOST_LINES = 9_999_999


def day(form: Form, name: str) -> date | None:
    """A day in any of the forms that name one day; None (and a message) when it is missing or cannot be read."""
    form.need(name)
    if form.error(name):
        return None
    try:
        read = read_day(form.value(name))
    except ReadingError as error:
        form.refuse(name, error.message)
        return None
    if read.at is not None:
        form.refuse(name, "日付だけを入力してください。")
    return read.on


def yen(form: Form, name: str) -> int | None:
    """Whole yen of 0 or more, with or without separators, in any width; None (and a message) for anything else."""
    form.need(name)
    if form.error(name):
        return None
    found = _YEN.fullmatch(form.code(name))
    amount = int(found[1].replace(",", "")) if found else None
    if amount is None or amount > MOST_YEN:
        form.refuse(name, "0以上の整数を円で入力してください。例：1,234")
        return None
    return amount


def count(form: Form, name: str) -> int | None:
    """A whole number of 1 or more; None without a message when nothing was typed."""
    typed = form.code(name)
    if not typed:
        return None
    number = int(typed.replace(",", "")) if _COUNT.fullmatch(typed) else 0
    if not 1 <= number <= MOST_LINES:
        form.refuse(name, "1以上の整数を入力してください。上限がないときは空欄にしてください。")
        return None
    return number
