"""Bodies of forms, of every kind that can be sent: read whole, or refused; never a fault of ours."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message

from portal.web.bodies import Unreadable, posted

WHOLE = (
    b'--x\r\nContent-Disposition: form-data; name="word"\r\n\r\n\xe4\xbe\x8b\xe7\xa4\xba\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n1,2\r\n'
    b'--x\r\nContent-Disposition: form-data; name="sure"\r\n\r\n1\r\n--x--\r\n'
)
MULTIPART = "multipart/form-data; boundary=x"
URLENCODED = "application/x-www-form-urlencoded"


def request_of(content_type: str, pieces: Iterable[bytes], *, cut_off: bool = False) -> Request:
    """A request whose body comes in these pieces; `cut_off`: then the sender goes away."""
    messages: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.disconnect"} if cut_off else {"type": "http.request", "body": b""})
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    headers = [(b"content-type", content_type.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def read(content_type: str, *pieces: bytes, cut_off: bool = False) -> list[tuple[str, str]]:
    """Names and values; of a file its name and content."""

    async def to_the_end() -> list[tuple[str, str]]:
        data = await posted(request_of(content_type, pieces, cut_off=cut_off))
        items = [(name, await shown(value)) for name, value in data.multi_items()]
        await data.close()
        return items

    return asyncio.run(to_the_end())


async def shown(value: str | UploadFile) -> str:
    return value if isinstance(value, str) else f"{value.filename}: {(await value.read()).decode()}"


def part(name: bytes, value: bytes) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value + b"\r\n"


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_whole_form_in_pieces_of_any_size(size: int) -> None:
    items = read(MULTIPART, *[WHOLE[at : at + size] for at in range(0, len(WHOLE), size)])
    assert items == [("word", "例示"), ("file", "a.csv: 1,2"), ("sure", "1")]


def test_a_form_that_is_cut_off_anywhere_is_refused() -> None:
    """Its last fields would be missing in silence: a box that was ticked would read as not ticked."""
    end = WHOLE.rindex(b"--\r\n") + 2
    for length in range(end):
        with pytest.raises(Unreadable):
            read(MULTIPART, WHOLE[:length])
    assert read(MULTIPART, WHOLE[:end])[-1] == ("sure", "1")


def test_control_the_framework_itself_reads_a_part_of_it() -> None:
    cut = WHOLE[: WHOLE.index(b'name="sure"')]

    async def by_the_framework() -> list[str]:
        async with request_of(MULTIPART, [cut]).form() as data:
            return list(data)

    assert asyncio.run(by_the_framework()) == ["word", "file"]


def test_it_says_that_it_was_cut_off() -> None:
    with pytest.raises(Unreadable, match="送信が途中で切れました"):
        read(MULTIPART, WHOLE[:-10])


@pytest.mark.parametrize("content_type", [MULTIPART, URLENCODED])
def test_a_sender_who_goes_away_is_no_fault_of_ours(content_type: str) -> None:
    with pytest.raises(Unreadable):
        read(content_type, WHOLE[:50], cut_off=True)


@pytest.mark.parametrize("count", [20_000, 20_001])
def test_so_many_fields_and_no_more(count: int) -> None:
    fields = part(b"f", b"1") * count + b"--x--"
    encoded = b"&".join([b"f=1"] * count)
    if count == 20_000:
        assert len(read(MULTIPART, fields)) == len(read(URLENCODED, encoded)) == 20_000
        return
    for content_type, body in ((MULTIPART, fields), (URLENCODED, encoded)):
        with pytest.raises(Unreadable):
            read(content_type, body)


def test_so_many_files_and_no_more() -> None:
    file = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n1\r\n'
    assert len(read(MULTIPART, file * 4 + b"--x--")) == 4
    with pytest.raises(Unreadable):
        read(MULTIPART, file * 5 + b"--x--")


@pytest.mark.parametrize("charset", ["utf-16", "idna", "base64", "unicode_escape", "undefined", "no-such", "utf-7"])
def test_a_charset_of_the_senders_choice_is_no_fault_of_ours(charset: str) -> None:
    for value in (b"\\ud800", b"\xff\xfe\x00\xd8", b"+2AA-", b"a\x00b", b"xn--\xff"):
        with pytest.raises(Unreadable):
            read(f"{MULTIPART}; charset={charset}", part(b"f", value) + part(b"g", b"a\x00\xff") + b"--x--")


@pytest.mark.parametrize("text", ["\0", "\x01", "\x1f", "\x7f", "\x80", "\x9f", "\ufffd", "\ufffe", "\uffff"])
def test_what_is_no_text_is_refused_wherever_it_stands(text: str) -> None:
    raw = text.encode()
    file_name = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a' + raw + b'.csv"\r\n\r\n1\r\n--x--'
    for body in (part(b"f", b"a" + raw) + b"--x--", part(b"f" + raw, b"a") + b"--x--", file_name):
        with pytest.raises(Unreadable):
            read(MULTIPART, body)


@pytest.mark.parametrize(
    "text", ["\t", "\r\n", "\n", "例示\u3000太郎", "髙﨑①㈱", "𠮷", "葛\U000e0100", "\u200d", "é", "\ue000"]
)
def test_what_people_write_is_text(text: str) -> None:
    assert read(MULTIPART, part(b"f", text.encode()) + b"--x--") == [("f", text)]


def test_the_place_is_shown_with_what_stands_around_it() -> None:
    with pytest.raises(Unreadable) as refusal:
        read(MULTIPART, part(b"f", "あいうえおかきくけこさ\0し".encode()) + b"--x--")
    assert str(refusal.value) == (
        "「いうえおかきくけこさ□し」の□のところに、文字として読み取れないものが入っています。取り除いて、もう一度送ってください。"
    )


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"--x", b"--x--", b"\r\n", b"\r\n\r\n", b'Content-Disposition: form-data; name="f"', b"%00", b"&", b"="]
        ),
    ),
    max_size=12,
)
TYPES = st.sampled_from(
    [
        MULTIPART,
        URLENCODED,
        "multipart/form-data",
        f"{MULTIPART}; charset=utf-16",
        "",
        "MULTIPART/FORM-DATA; BOUNDARY=x",
    ]
)


@settings(deadline=None)
@given(TYPES, PIECES)
def test_whatever_is_sent_is_read_or_refused(content_type: str, pieces: list[bytes]) -> None:
    try:
        items = read(content_type, *pieces)
    except Unreadable:
        return
    assert "\0" not in "".join(name + value.partition(": ")[0] for name, value in items)
