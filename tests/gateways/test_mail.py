"""Mail as it leaves: the same bytes each time, nothing that breaks out of a header, and what each refusal means."""

import asyncio
import ssl
from datetime import UTC, datetime
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from portal.gateways import mail
from portal.gateways.mail import Folder, Message, NotSent, Smtp, written
from tests.stubs.mail_server import mail_server

AT = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
SENDER = "portal@provider.example"
MESSAGE = Message(
    id="<7.1@provider.example>", at=AT, to="a@example-a.example", subject="申込を受け付けました", text="本文\n二行目\n"
)


def changed(**fields: str) -> Message:
    values = {"id": MESSAGE.id, "to": MESSAGE.to, "subject": MESSAGE.subject, "text": MESSAGE.text, **fields}
    return Message(at=AT, **values)


def test_a_message_is_the_same_bytes_each_time() -> None:
    assert written(MESSAGE, sender=SENDER) == written(changed(), sender=SENDER)
    made = message_from_bytes(written(MESSAGE, sender=SENDER), policy=policy.default)
    assert str(made["Subject"]) == "申込を受け付けました"
    assert str(made["Message-ID"]) == "<7.1@provider.example>"
    assert str(made["Date"]) == "Thu, 15 Oct 2026 03:00:00 +0000"
    assert made.get_content().splitlines() == ["本文", "二行目"]


@pytest.mark.parametrize("fields", [{"to": "a@x.example\nBcc: b@x.example"}, {"subject": "件名\r\nBcc: b@x.example"}])
async def test_nothing_breaks_out_of_a_header(fields: dict[str, str]) -> None:
    async with mail_server() as server:
        with pytest.raises(NotSent) as refused:
            await Smtp(server.url, sender=SENDER).send(changed(**fields))
        assert refused.value.for_good
        assert server.taken == []


@pytest.mark.parametrize(
    ("answers", "for_good"),
    [
        ({"to_recipient": ["550 no such person"]}, True),
        ({"to_recipient": ["450 mailbox busy"]}, False),
        ({"to_content": ["554 refused"]}, True),
        ({"to_content": ["452 no room"]}, False),
    ],
)
async def test_what_a_refusal_means(answers: dict[str, list[str]], for_good: bool) -> None:
    async with mail_server() as server:
        for where, given in answers.items():
            getattr(server, where).extend(given)
        with pytest.raises(NotSent) as refused:
            await Smtp(server.url, sender=SENDER).send(MESSAGE)
        assert refused.value.for_good is for_good
        await Smtp(server.url, sender=SENDER).send(MESSAGE)
        assert server.ids == [MESSAGE.id]


async def test_an_address_that_the_server_cannot_take_is_refused_for_good() -> None:
    async with mail_server() as server:
        with pytest.raises(NotSent) as refused:
            await Smtp(server.url, sender=SENDER).send(changed(to="見本@example-a.example"))
        assert refused.value.for_good
        assert server.taken == []


async def test_what_does_not_speak_or_does_not_answer_is_tried_again() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def rude(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 go away\r\n")
        writer.close()

    for behaviour in (silent, rude):
        listening = await asyncio.start_server(behaviour, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        async with listening:
            with pytest.raises(NotSent) as refused:
                await Smtp(f"smtp://127.0.0.1:{port}", sender=SENDER, seconds=0.2).send(MESSAGE)
        assert not refused.value.for_good


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS, by a certificate for 127.0.0.1 that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.example")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "relay.pem").write_bytes(secret + made.public_bytes(Encoding.PEM))
    (tmp_path / "trusted.pem").write_bytes(made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "relay.pem")
    return context


async def test_name_and_password_go_through_tls_to_a_server_that_is_trusted(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_server(tls) as server:
        url = f"smtp+starttls://portal%40relay:a%20secret%2F%3A@127.0.0.1:{server.port}"
        # CONTROL: a certificate that the machine does not trust is not spoken to.
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            await Smtp(url, sender=SENDER, seconds=5).send(MESSAGE)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
        await Smtp(url, sender=SENDER, seconds=5).send(MESSAGE)
        assert server.ids == [MESSAGE.id]
        with pytest.raises(NotSent) as refused:
            await Smtp(url.replace("secret", "guess"), sender=SENDER, seconds=1).send(MESSAGE)
        assert not refused.value.for_good


async def test_without_the_tls_that_was_asked_for_nothing_is_said() -> None:
    async with mail_server() as server:
        for scheme in ("smtp+starttls", "smtps"):
            with pytest.raises(NotSent) as refused:
                await Smtp(f"{scheme}://u:secret@127.0.0.1:{server.port}", sender=SENDER, seconds=1).send(MESSAGE)
            assert not refused.value.for_good
            assert "secret" not in str(refused.value)
        assert server.taken == []


async def test_a_folder_keeps_a_file_a_message(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "mail", sender=SENDER)
    await folder.send(MESSAGE)
    await folder.send(MESSAGE)
    (file,) = sorted(folder.directory.glob("*"))
    assert file.name == "7.1@provider.example.eml"
    assert file.read_bytes() == written(MESSAGE, sender=SENDER)
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700


def test_a_sending_is_over_before_its_claim_ends() -> None:
    """Greeting, EHLO, STARTTLS, EHLO, AUTH (three steps), MAIL, RCPT, DATA, content, QUIT."""
    assert 12 * mail.SECONDS < 10 * 60
