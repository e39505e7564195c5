"""Sealing: opened only with the same key, for the same purpose, unchanged."""

import pytest

from portal.gateways.cipher import CannotOpen, Cipher

KEY = bytes(range(32))
PLAIN = b"ABCD1234"


@pytest.mark.parametrize("plain", [b"", PLAIN, bytes(1_000_000)])
def test_what_was_sealed_is_opened(plain: bytes) -> None:
    assert Cipher(KEY).open(Cipher(KEY).seal(plain, purpose="access key"), purpose="access key") == plain


def test_the_plain_text_is_not_in_the_sealed_and_no_two_are_alike() -> None:
    cipher = Cipher(KEY)
    sealed = {cipher.seal(PLAIN, purpose="access key") for _ in range(100)}
    assert len(sealed) == 100
    assert not any(PLAIN in one for one in sealed)
    assert {len(one) for one in sealed} == {12 + len(PLAIN) + 16}


def test_another_purpose_does_not_open_it() -> None:
    sealed = Cipher(KEY).seal(PLAIN, purpose="access key")
    with pytest.raises(CannotOpen):
        Cipher(KEY).open(sealed, purpose="upload")


def test_another_key_does_not_open_it() -> None:
    sealed = Cipher(KEY).seal(PLAIN, purpose="access key")
    with pytest.raises(CannotOpen):
        Cipher(bytes(32)).open(sealed, purpose="access key")


def test_a_change_of_any_byte_is_found() -> None:
    cipher = Cipher(KEY)
    sealed = cipher.seal(PLAIN, purpose="access key")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(CannotOpen):
            cipher.open(bytes(changed), purpose="access key")


def test_a_part_of_it_is_found() -> None:
    cipher = Cipher(KEY)
    sealed = cipher.seal(PLAIN, purpose="access key")
    for length in range(len(sealed)):
        with pytest.raises(CannotOpen):
            cipher.open(sealed[:length], purpose="access key")
    with pytest.raises(CannotOpen):
        cipher.open(sealed + b"\0", purpose="access key")


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Cipher(bytes(length))
