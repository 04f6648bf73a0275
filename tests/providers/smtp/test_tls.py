"""Encrypted and signed in, with a certificate of a house authority made for the test."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from regulars.domains.messages.model import Accepted, Deferral
from regulars.platform.settings import SmtpSettings
from regulars.providers.smtp.sender import SmtpSender
from regulars.shared.clock import SystemClock
from tests.providers.smtp.conftest import Loopback, mail_to


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    at = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "house.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def sign_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


@pytest.mark.parametrize(("password", "accepted"), [("right", True), ("wrong", False)])
async def test_mail_goes_out_encrypted_and_signed_in(
    certificate: Path, server_side: ssl.SSLContext, password: str, accepted: bool
) -> None:
    options = {
        "tls_context": server_side, "require_starttls": True, "authenticator": sign_in, "auth_required": True,
    }  # fmt: skip
    async with Loopback(options=options).listening() as server:
        settings = SmtpSettings("127.0.0.1", server.port, "starttls", "shop", password)
        sender = SmtpSender(settings, trust=ssl.create_default_context(cafile=str(certificate)))
        answer = await sender.send(mail_to("ana@example.com"), timeout_s=5)
        await sender.aclose()
        await asyncio.sleep(0.05)
    assert isinstance(answer, Accepted if accepted else Deferral), answer
    assert len(server.arrived) == int(accepted)


async def test_a_certificate_nobody_vouches_for_is_not_believed(server_side: ssl.SSLContext) -> None:
    async with Loopback(options={"tls_context": server_side}).listening() as server:
        sender = SmtpSender(SmtpSettings("127.0.0.1", server.port, "starttls", None, None))
        answer = await sender.send(mail_to("ana@example.com"), timeout_s=5)
        await asyncio.sleep(0.05)
    assert isinstance(answer, Deferral)
    assert answer.provider_down
    assert "certificate" in answer.reply.lower()
    assert server.arrived == []
