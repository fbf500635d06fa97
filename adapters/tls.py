"""
TLS to PostgreSQL, NATS, Valkey, instances and witnesses: which URL asks for it, and by which certificates each is
believed; and the certificate of the port of the API or the gateway.

`CAMPUS_CA_FILE` names the authorities of a campus's own servers; without it those of the system are asked. A URL says
whether it speaks TLS: `?sslmode=verify-full`, `tls://`, `rediss://`, `https://`. Where that is required:
adapters/tls_required.py.
"""

import ipaddress
import ssl
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

WHOLE_CHECK = "verify-full"


class OwnApi(Protocol):
    """The part of the settings that says how the API of this machine is reached."""

    @property
    def ca_file(self) -> str:
        """The authorities of the campus's own servers."""
        ...

    @property
    def api_host(self) -> str:
        """Where it listens."""
        ...

    @property
    def tls_certificate_file(self) -> str:
        """The certificate of its port."""
        ...


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on *host*."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def with_authorities(field: str, url: str, ca_file: str) -> str:
    """The URL of a setting, with the file of authorities where the URL asks for TLS and names none."""
    query = parse_qs(urlsplit(url).query)
    joint = "&" if query else "?"
    if field.startswith("postgres") and query.get("sslmode") == [WHOLE_CHECK] and "sslrootcert" not in query:
        return f"{url}{joint}sslrootcert={quote(ca_file, safe='/')}"
    if field == "valkey_url" and url.startswith("rediss://") and "ssl_ca_certs" not in query:
        return f"{url}{joint}ssl_ca_certs={quote(ca_file, safe='/')}"
    return url


def context_of(ca_file: str) -> ssl.SSLContext:
    """How NATS is believed: by the authorities of the file, or of the system; raises OSError if it cannot be read."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def own_api_context(settings: OwnApi) -> ssl.SSLContext | None:
    """
    How commands on this machine believe the API of *settings*; None where it speaks no TLS.

    The certificate is for the name by which others reach it: at a loopback address its name is not compared.
    """
    if not settings.tls_certificate_file:
        return None
    context = context_of(settings.ca_file)
    context.check_hostname = not is_loopback(settings.api_host)
    return context


def check_certificate(certificate: str, key: str) -> None:
    """Raise ValueError, with what is wrong, if these files are no certificate and its key; none at all is right."""
    if not certificate and not key:
        return
    if not certificate or not key:
        raise ValueError("a certificate of a port and its key go together, and one of them is not named")
    for file in (certificate, key):
        if not Path(file).is_file():
            raise ValueError(f"a certificate of a port or its key cannot be read: there is no file {file}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
    except OSError as error:
        raise ValueError(f"{certificate} and {key} do not go together, or are no PEM: {error}") from None


def is_far_in_the_clear(url: str) -> bool:
    """Whether *url* leads to another machine over HTTP without TLS."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
