"""受付番号: what one wrong digit or two digits that changed places look like."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.terms import references
from portal.terms.references import check_character, is_reference, reference

LOOK_ALIKES = set("0O1IL2Z5S8BU")
KINDS = st.sampled_from("ASKG")
DAYS = st.dates(date(2016, 6, 1), date(2099, 12, 31))
SERIALS = st.integers(1, 99_999)


@pytest.mark.parametrize(
    ("kind", "day", "serial", "number"),
    [
        # 1×55+2×49+3×48+4×48+5×48+6×45+7×50+8×50+9×49+10×49+11×54+12×50+13×48+14×50+15×45+16×65 = 6913 = 363×19 + 16
        ("A", date(2026, 11, 22), 17, "A-20261122-00017-W"),
        # 1×49+2×48+3×48+4×48+5×48+6×45+7×50+8×48+9×49+10×49+11×54+12×50+13×48+14×50+15×45+16×83 = 7177 = 377×19 + 14
        ("S", date(2026, 11, 2), 1, "S-20261102-00001-T"),
    ],
)
def test_a_number_is_type_day_serial_and_check_character(kind: str, day: date, serial: int, number: str) -> None:
    assert reference(kind, day, serial) == number
    assert is_reference(number)


def test_no_letters_that_look_alike() -> None:
    assert not LOOK_ALIKES & set(references.LETTERS)
    assert len(set(references.LETTERS)) == len(references.LETTERS) == 19


@settings(deadline=None)
@given(KINDS, DAYS, SERIALS)
def test_every_number_is_whole(kind: str, day: date, serial: int) -> None:
    assert is_reference(reference(kind, day, serial))


@settings(deadline=None)
@given(KINDS, DAYS, SERIALS)
def test_one_wrong_digit_is_found_at_every_place(kind: str, day: date, serial: int) -> None:
    number = reference(kind, day, serial)
    for place, character in enumerate(number):
        for other in set("0123456789") - {character} if character.isdigit() else ():
            assert not is_reference(number[:place] + other + number[place + 1 :])


@settings(deadline=None)
@given(KINDS, DAYS, SERIALS)
def test_two_neighbours_that_changed_places_are_found(kind: str, day: date, serial: int) -> None:
    """Neighbours as they are typed without hyphens: the day's last digit is one of the serial's first, too."""
    number = reference(kind, day, serial)
    places = [place for place, character in enumerate(number) if character != "-"]
    for one, next_ in pairwise(places):
        swapped = list(number)
        swapped[one], swapped[next_] = number[next_], number[one]
        assert number[one] == number[next_] or not is_reference("".join(swapped))


@settings(deadline=None)
@given(KINDS, DAYS, SERIALS)
def test_every_other_check_character_is_wrong(kind: str, day: date, serial: int) -> None:
    number = reference(kind, day, serial)
    right = [letter for letter in references.LETTERS if is_reference(number[:-1] + letter)]
    assert right == [number[-1]]


def test_control_without_weights_a_swap_goes_unnoticed() -> None:
    def unweighted(body: str) -> str:
        return references.LETTERS[sum(map(ord, body)) % len(references.LETTERS)]

    assert unweighted("A-20261122-00017") == unweighted("A-20261122-00071")
    assert check_character("A-20261122-00017") != check_character("A-20261122-00071")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "W",
        "-W",
        "A-20261122-00017",
        "A-20261122-00017-",
        "A2026112200017W",
        "a-20261122-00017-w",
        "A-20261122-00017-W ",
        "A-20261122-00017-W\n",
        "Ａ-20261122-00017-W",
        "A-２０261122-00017-W",
        "A-20261122-0017-W",
        "7-20261122-00017-W",
    ],
)
def test_what_is_no_number_of_ours(text: str) -> None:
    assert not is_reference(text)
