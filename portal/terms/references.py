"""受付番号 and its kin: type, date, serial and a check character, without letters that look alike."""

from datetime import date

# No 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V: what people read aloud and type again.
LETTERS = "34679ACDEFGHJKMNPQRTWXY"
SERIAL_DIGITS = 5


def reference(kind: str, day: date, serial: int) -> str:
    """`A-20261122-00017-K`: kind, day, serial and check character."""
    body = f"{kind}-{day:%Y%m%d}-{serial:0{SERIAL_DIGITS}}"
    return f"{body}-{check_character(body)}"


def is_reference(text: str) -> bool:
    """Whether a typed number is whole: its check character fits."""
    body, _, check = text.rpartition("-")
    return bool(body) and check == check_character(body)


def check_character(body: str) -> str:
    """A weighted sum modulo the (prime) number of letters: finds a wrong digit and two swapped neighbours."""
    total = sum((place + 1) * (ord(character) % len(LETTERS)) for place, character in enumerate(reversed(body)))
    return LETTERS[total % len(LETTERS)]
