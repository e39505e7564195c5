"""What a browser does between our redirect and its return, without one."""

import re
from html import unescape
from typing import Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2


class Walker:
    """A browser's cookies and its way through the provider's pages."""

    def __init__(self) -> None:
        self._client = httpx2.AsyncClient(timeout=10)

    async def open(self, url: str, *, back_to: str, press: dict[str, str] | None = None) -> dict[str, str]:
        """Follow redirects and press `press` on forms until the browser stands at `back_to`; gives its query."""
        answer = await self._client.get(url)
        for _ in range(12):
            if answer.is_redirect:
                there = urljoin(str(answer.request.url), answer.headers["Location"])
                if there.split("?")[0] == back_to:
                    return dict(parse_qsl(urlsplit(there).query))
                answer = await self._client.get(there)
            elif "<form" in answer.text and press is not None:
                action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                assert action is not None
                hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
                fields = {name: unescape(value) for name, value in hidden} | press
                answer = await self._client.post(urljoin(str(answer.request.url), unescape(action[1])), data=fields)
            else:
                raise AssertionError(f"stuck at {answer.request.url}: {answer.status_code}\n{answer.text[:2000]}")
        raise AssertionError("too many steps")

    async def page(self, url: str) -> httpx2.Response:
        """The page at which the browser stops."""
        return await self._client.get(url, follow_redirects=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
