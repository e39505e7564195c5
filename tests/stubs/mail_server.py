"""A receiving SMTP server (aiosmtpd) that keeps what it took, and answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

TAKEN = "250 OK"


@dataclass
class MailServer:
    """`to_recipient` and `to_content`: the answers to the next RCPT and DATA; after them everything is taken."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    to_recipient: list[str] = field(default_factory=list)
    to_content: list[str] = field(default_factory=list)
    first: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[str]:
        return [str(one["Message-ID"]) for one in self.taken]

    async def _recipient(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:
        answer = self.to_recipient.pop(0) if self.to_recipient else TAKEN
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def _content(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        answer = self.to_content.pop(0) if self.to_content else TAKEN
        if answer == TAKEN:
            assert isinstance(envelope.original_content, bytes)
            made = message_from_bytes(envelope.original_content, policy=policy.default)
            assert isinstance(made, EmailMessage)
            assert [str(made["To"])] == envelope.rcpt_tos
            self.taken.append(made)
            self.first.set()
        return answer

    def hooks(self) -> dict[str, object]:
        """What the server does, under the names by which aiosmtpd looks for it."""
        return {"handle_RCPT": self._recipient, "handle_DATA": self._content}


def _authenticated(_: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (b"portal@relay", b"a secret/:"))


@asynccontextmanager
async def mail_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[MailServer]:
    """A server on a free port of this machine; with `tls` it asks for STARTTLS, name and password."""
    handler, loop = MailServer(), asyncio.get_running_loop()
    hooks = SimpleNamespace(**handler.hooks())
    options: dict[str, Any] = {"hostname": "mail.example"}
    if tls:
        options |= {"tls_context": tls, "require_starttls": True}
        options |= {"authenticator": _authenticated, "auth_required": True}
    listening = await loop.create_server(lambda: SMTP(hooks, **options), "127.0.0.1", 0)
    handler.port = listening.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        listening.close()
        await listening.wait_closed()
