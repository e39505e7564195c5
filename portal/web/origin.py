"""What every answer and every request must hold to, whatever the route: same origin, known host, strict headers."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LONGEST_PATH = 2_000
LONGEST_QUERY = 8_000
# So much of a body that is too large is read and thrown away: a browser that is still sending sees no answer.
READ_ON = 8


class Origin:
    """Refuses cross-site writes (Sec-Fetch-Site, else Origin), foreign hosts, addresses without end, and bodies of
    more than `body_bytes`; adds the security headers.
    """

    def __init__(self, app: ASGIApp, *, base_url: str, body_bytes: int) -> None:
        self.app = app
        parts = urlsplit(base_url.lower())
        self.host = parts.netloc
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.secure = parts.scheme == "https"
        self.body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                protect(MutableHeaders(scope=message), path=scope["path"], secure=self.secure)
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
        else:
            await self.app(scope, limited(receive, self.body_bytes), send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        if headers.get("host", "").lower() != self.host:
            return PlainTextResponse("この宛先では提供していません。", 421)
        if not _readable(scope):
            return PlainTextResponse("アドレスを読み取れません。ホームから開き直してください。", 400)
        if scope["method"] not in SAFE and not self._same_origin(headers):
            return PlainTextResponse("別のサイトからの送信は受け付けません。画面を開き直してください。", 403)
        return None

    def _same_origin(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        # Every browser that does not send Sec-Fetch-Site sends Origin with a write.
        return headers.get("origin") == self.origin


def protect(headers: MutableHeaders, *, path: str, secure: bool) -> None:
    """Put the security headers on an answer; only static files may be kept by the browser."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if not path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"


def limited(receive: Receive, most: int) -> Receive:
    """The body, of which at most so many bytes are handed on: then it ends with a 413."""
    seen = 0

    async def receive_some() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen <= most:
            return message
        while message.get("more_body") and seen <= READ_ON * most:
            message = await receive()
            seen += len(message.get("body", b""))
        raise HTTPException(413)

    return receive_some


def _readable(scope: Scope) -> bool:
    path, query = scope["path"], scope.get("query_string", b"")
    return len(path) <= LONGEST_PATH and len(query) <= LONGEST_QUERY and query.isascii()
