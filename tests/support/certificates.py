"""Certificates of an authority that one test has made."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificates(NamedTuple):
    """Of an authority, and of a server on `localhost` for which it vouches; files in PEM."""

    authority: Path
    certificate: Path
    key: Path


def made(directory: Path, host: str = "localhost") -> Certificates:
    """New certificates for an hour."""
    directory.mkdir(exist_ok=True)
    now, authority = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    key, issuer = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {directory.name}")]),
    )
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    names, basic = x509.SubjectAlternativeName([x509.DNSName(host)]), x509.BasicConstraints(ca=True, path_length=None)

    def signed(subject: x509.Name, public: Any, extension: Any) -> bytes:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(minutes=5))
        builder = builder.not_valid_after(now + timedelta(hours=1)).add_extension(extension, critical=False)
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    found = Certificates(*(directory / name for name in ("ca.pem", "server.pem", "server.key")))
    found.authority.write_bytes(signed(issuer, authority.public_key(), basic))
    found.certificate.write_bytes(signed(own, key.public_key(), names))
    plain = serialization.NoEncryption()
    encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    found.key.write_bytes(encoded)
    return found
