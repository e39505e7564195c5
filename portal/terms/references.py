"""受付番号 and its kin: type, date, serial and a check character, without letters that look alike."""

import re
from datetime import date

# No digits, no I/L/O, B, S, Z, U: what people read aloud and type again. Nineteen, a prime.
LETTERS = "ACDEFGHJKMNPQRTVWXY"
SERIAL_DIGITS = 5
_WHOLE = re.compile(rf"[A-Z]-\d{{8}}-\d{{{SERIAL_DIGITS},}}-[{LETTERS}]", re.ASCII)


def reference(kind: str, day: date, serial: int) -> str:
    """`A-20261122-00017-K`: kind, day, serial and check character."""
    body = f"{kind}-{day:%Y%m%d}-{serial:0{SERIAL_DIGITS}}"
    return f"{body}-{check_character(body)}"


def is_reference(text: str) -> bool:
    """Whether a number as we write it is whole: its form, and its check character fits."""
    return _WHOLE.fullmatch(text) is not None and text[-1] == check_character(text[:-2])


def check_character(body: str) -> str:
    """A weighted sum modulo the number of letters: finds one wrong digit, and two digits that changed places.

    That holds because the letters are a prime number of them, more than the ten digits and than the places of a body.
    """
    total = sum(place * ord(character) for place, character in enumerate(reversed(body), start=1))
    return LETTERS[total % len(LETTERS)]
