"""Mail to the outside: an SMTP server, or a directory of files (demo).

A message is the same bytes however often it is sent: its Message-ID and its date come with it, so that whoever gets it
twice can tell.
"""

import asyncio
import smtplib
import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

# For every answer of the server. A sending is over well before the worker's claim on its letter ends.
SECONDS = 20
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
LONGEST_ERROR = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One mail to one address."""

    id: str
    at: datetime
    to: str
    subject: str
    text: str


class NotSent(Exception):
    """It was not handed over. `for_good`: the server refuses this message itself; another try would meet the same."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        self.for_good = for_good
        super().__init__(why[:LONGEST_ERROR])


def message_id(number: int, at: datetime, *, sender: str) -> str:
    """The Message-ID of a row: of its number and its moment, so that a database made anew repeats none."""
    return f"<{number}.{at:%Y%m%d%H%M%S%f}@{sender.rpartition('@')[2]}>"


def written(message: Message, *, sender: str) -> bytes:
    """The message as it is sent. Raises NotSent for an address or a subject that would break out of its header."""
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"], mail["To"], mail["Subject"] = sender, message.to, message.subject
        mail["Date"], mail["Message-ID"] = format_datetime(message.at), message.id
        # RFC 3834: no holiday notes and the like in answer.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text, charset="utf-8", cte="base64")
        return mail.as_bytes()
    except (ValueError, IndexError, HeaderParseError) as error:
        raise NotSent(f"the message cannot be written: {error}", for_good=True) from error


class Smtp:
    """An SMTP server at `smtp://`, `smtp+starttls://` or `smtps://`, with a name and a password where it asks."""

    def __init__(self, url: str, *, sender: str, seconds: float = SECONDS) -> None:
        self.sender = sender
        self._url = urlsplit(url)
        self._seconds = seconds

    async def send(self, message: Message) -> None:
        """Hand a message over; raises NotSent. In a thread: the event loop never waits for a server."""
        content = written(message, sender=self.sender)
        await asyncio.to_thread(partial(self._send, message.to, content))

    def _send(self, to: str, content: bytes) -> None:
        try:
            with closing(self._connected()) as server:
                server.sendmail(self.sender, [to], content)
                # From here on the message is the server's; what becomes of the farewell is of no account.
                _farewell(server)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = error.recipients[to]
            raise NotSent(f"{code} {_words(text)}", for_good=code >= 500) from error
        except smtplib.SMTPSenderRefused as error:
            # Our own address: a fault of the installation, and put right there.
            raise NotSent(f"{error.smtp_code} {_words(error.smtp_error)}") from error
        except smtplib.SMTPDataError as error:
            raise NotSent(f"{error.smtp_code} {_words(error.smtp_error)}", for_good=error.smtp_code >= 500) from error
        except ValueError as error:  # an address with a line break, or of letters that the server does not take
            raise NotSent(f"the address cannot be used: {error}", for_good=True) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error

    def _connected(self) -> smtplib.SMTP:
        scheme, host = self._url.scheme, self._url.hostname or ""
        port = self._url.port or PORTS[scheme]
        trusted = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(host, port, timeout=self._seconds, context=trusted)
            if scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=self._seconds)
        )
        try:
            if scheme == "smtp+starttls":
                server.starttls(context=trusted)
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
        except BaseException:
            server.close()
            raise
        return server


class Folder:
    """A directory as the receiving end: a file a message, named by its Message-ID."""

    def __init__(self, directory: Path, *, sender: str) -> None:
        self.directory = directory
        self.sender = sender
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def send(self, message: Message) -> None:
        """Write the file; the same message again is the same file."""
        content = written(message, sender=self.sender)
        await asyncio.to_thread((self.directory / f"{message.id.strip('<>')}.eml").write_bytes, content)


def _farewell(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        return


def _words(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer
