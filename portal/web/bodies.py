"""The body of a form: whole, and nothing in it but text that can be kept and shown."""

import re
from collections.abc import AsyncGenerator

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

MOST_FIELDS = 20_000
MOST_FILES = 4
# Control characters but tab and line ends (PostgreSQL keeps no NUL), halves of characters, and what has been lost.
BARRED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff]")
SHOWN = 10


class Unreadable(Exception):
    """The form cannot be read as it was meant; the message (Japanese) says what to do, or is empty."""


class _WholeMultipart(MultiPartParser):
    """Refuses a body without its closing boundary: fields at the end would be missing in silence."""

    def __init__(self, request: Request) -> None:
        super().__init__(
            request.headers, self._to_its_end(request.stream()), max_files=MOST_FILES, max_fields=MOST_FIELDS
        )
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def _to_its_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for piece in stream:
            yield piece
        if not self._ended:
            raise Unreadable("送信が途中で切れました。何も変更していません。もう一度送ってください。")


async def posted(request: Request) -> FormData:
    """What a form sent. Raises Unreadable: cut off, malformed, too many fields, characters that are no text.

    The caller closes it, for its files.
    """
    try:
        data = await _parsed(request)
    except (MultiPartException, FormParserError, UnicodeError, LookupError, ClientDisconnect) as error:
        raise Unreadable("") from error
    except HTTPException as error:
        if error.status_code == 400:
            raise Unreadable("") from error
        raise
    barred = next((text for text in _texts(data) if BARRED.search(text)), None)
    if barred is not None:
        await data.close()
        raise Unreadable(_what_is_barred(barred))
    return data


async def _parsed(request: Request) -> FormData:
    content_type = request.headers.get("content-type", "")
    if content_type.lower().startswith("multipart/form-data"):
        return await _WholeMultipart(request).parse()
    return await request.form(max_fields=MOST_FIELDS)


def _texts(data: FormData) -> list[str]:
    texts = []
    for name, value in data.multi_items():
        texts += [name, value if isinstance(value, str) else value.filename or ""]
    return texts


def _what_is_barred(text: str) -> str:
    found = BARRED.search(text)
    at = found.start() if found else 0
    around = BARRED.sub("□", text[max(at - SHOWN, 0) : at + SHOWN])
    return f"「{around}」の□のところに、文字として読み取れないものが入っています。取り除いて、もう一度送ってください。"
