"""Strict reading of JSON values: the exact type or an InvalidScenarioError that names the place."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from portal.terms.events import InvalidScenarioError
from portal.terms.periods import Month

Parser = Callable[[object, str], Any]
_E = TypeVar("_E", bound=StrEnum)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)", re.ASCII)
# Instants and months stay a year away from the last date that Python knows, so that thirty days can be added.
_LAST_YEAR = 9998
_LARGEST = 10**15
_SHOWN = 60


class _Object(dict[str, object]):
    """A JSON object that remembers a key that stood in it twice."""

    repeated: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One key of an object: how its value is read, the keyword it becomes, and whether it may be left out (None)."""

    parser: Parser
    name: str
    optional: bool = False


def load(text: str) -> object:
    """The JSON value of a text; refuses what is not JSON, NaN and infinities included."""
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant)
    except RecursionError:
        raise InvalidScenarioError("file", "is nested too deeply") from None
    except ValueError as error:
        raise InvalidScenarioError("file", f"is not JSON ({error})") from None


def fail(place: str, value: object, expected: str) -> NoReturn:
    """Refuse a value: `place: 'value' is not expected`."""
    shown = repr(value)
    raise InvalidScenarioError(place, f"{shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'} is not {expected}")


def record(value: object, place: str, fields: Mapping[str, Field]) -> dict[str, Any]:
    """An object with these keys and no others, as keywords."""
    given = mapping(value, place)
    for key in given:
        if key not in fields:
            raise InvalidScenarioError(below(place, key), "is not a known key")
    read = {}
    for key, entry in fields.items():
        if key in given:
            read[entry.name] = entry.parser(given[key], below(place, key))
        elif entry.optional:
            read[entry.name] = None
        else:
            raise InvalidScenarioError(below(place, key), "is missing")
    return read


def mapping(value: object, place: str) -> Mapping[str, object]:
    """An object without repeated keys."""
    if not isinstance(value, _Object):
        fail(place or "scenario", value, "an object")
    if value.repeated is not None:
        raise InvalidScenarioError(below(place, value.repeated), "stands there twice")
    for key in value:
        text(key, below(place, repr(key)))
    return value


def below(place: str, key: str) -> str:
    """The place of a key of an object."""
    return f"{place}.{key}" if place else key


def or_none(parser: Parser) -> Parser:
    """A parser of what `parser` reads, or null."""
    return lambda value, place: None if value is None else parser(value, place)


def array(parser: Parser) -> Parser:
    """A parser of arrays of what `parser` reads."""

    def read(value: object, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            fail(place, value, "an array")
        return tuple(parser(element, f"{place}[{index}]") for index, element in enumerate(value))

    return read


def choice(kind: type[_E], *, without: frozenset[str] = frozenset()) -> Callable[[object, str], _E]:
    """A parser of the members of an enumeration, some of them left out."""
    members = {member.value: member for member in kind if member not in without}

    def read(value: object, place: str) -> _E:
        if not isinstance(value, str) or value not in members:
            fail(place, value, f"one of {', '.join(members)}")
        return members[value]

    return read


def text(value: object, place: str) -> str:
    """A string that can be written out again (no lone surrogates)."""
    if not isinstance(value, str):
        fail(place, value, "a string")
    if any("\ud800" <= character <= "\udfff" for character in value):
        fail(place, value, "a valid string")
    return value


def boolean(value: object, place: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        fail(place, value, "true or false")
    return value


def integer(value: object, place: str) -> int:
    """A whole number: no fraction, no exponent, not true or false, of a size that is still an amount."""
    if not isinstance(value, int) or isinstance(value, bool):
        fail(place, value, "a whole number")
    if abs(value) > _LARGEST:
        raise InvalidScenarioError(place, "is too large a number")
    return value


def amount(value: object, place: str) -> int:
    """A whole number of yen, not negative."""
    number = integer(value, place)
    if number < 0:
        fail(place, value, "an amount of 0 yen or more")
    return number


def areas(value: object, place: str) -> Mapping[str, int]:
    """Mbps by エリア区分. Whether they are good is asked by the rules (A1-n1)."""
    return {name: integer(mbps, below(place, name)) for name, mbps in mapping(value, place).items()}


def day(value: object, place: str) -> date:
    """A date, written 2026-04-01."""
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        fail(place, value, "a date")
    try:
        return date.fromisoformat(value)
    except ValueError:
        fail(place, value, "a date")


def bounded_day(value: object, place: str) -> date:
    """A date from which other dates are computed."""
    found = day(value, place)
    if found.year > _LAST_YEAR:
        fail(place, value, "a date that can be reckoned with")
    return found


def instant(value: object, place: str) -> datetime:
    """An instant in ISO 8601 with an offset."""
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        fail(place, value, "an instant with an offset")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        fail(place, value, "an instant with an offset")
    if not 1 < found.year <= _LAST_YEAR:
        fail(place, value, "an instant that can be reckoned with")
    return found


def month(value: object, place: str) -> Month:
    """A month, written 2026-04."""
    if not isinstance(value, str):
        fail(place, value, "a month")
    try:
        found = Month.parse(value)
    except ValueError:
        fail(place, value, "a month")
    if found.year > _LAST_YEAR:
        fail(place, value, "a month that can be reckoned with")
    return found


def _pairs(pairs: list[tuple[str, object]]) -> _Object:
    read = _Object()
    for key, value in pairs:
        if key in read:
            read.repeated = key
        read[key] = value
    return read


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
