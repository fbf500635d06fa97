"""
TLS to PostgreSQL, NATS and Valkey: which URL asks for it, and by which certificates a server is believed.

`CAMPUS_CA_FILE` names the authorities of a campus's own servers; without it those of the system are asked. A URL says
whether it speaks TLS: `?sslmode=verify-full`, `tls://`, `rediss://`. `CAMPUS_REQUIRE_TLS` refuses to start where one
does not, except on loopback.
"""

import ipaddress
import ssl
from collections.abc import Iterator
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

WHOLE_CHECK = "verify-full"


class Urls(Protocol):
    """The part of the settings that this is about."""

    @property
    def nats_servers(self) -> list[str]:
        """The servers of `nats_url`."""
        ...

    @property
    def valkey_url(self) -> str:
        """Where Valkey is."""
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


def in_the_clear(settings: Urls) -> Iterator[str]:
    """The settings whose URL leads to another machine, and lets others read what is sent or be the server."""
    for field in ("postgres_url", "postgres_owner_url", "postgres_analyst_url"):
        if not _is_postgres_safe(getattr(settings, field)):
            yield field
    servers = [urlsplit(url) for url in settings.nats_servers if url]
    if any(each.scheme != "tls" and not is_loopback(each.hostname or "") for each in servers):
        yield "nats_url"
    valkey = urlsplit(settings.valkey_url)
    unchecked = parse_qs(valkey.query).get("ssl_cert_reqs", ["required"]) != ["required"]
    if settings.valkey_url and not is_loopback(valkey.hostname or "") and (valkey.scheme != "rediss" or unchecked):
        yield "valkey_url"


def _is_postgres_safe(url: str) -> bool:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    hosts = [each.rpartition("@")[2].rsplit(":", 1)[0] for each in parts.netloc.split(",")] + query.get("host", [])
    far = [host for host in hosts if host and not is_loopback(host) and not host.startswith("/")]
    return not url or not far or query.get("sslmode") == [WHOLE_CHECK]


HINTS = {
    "nats_url": "it begins with tls://",
    "valkey_url": "it begins with rediss://",
}
"""What a URL looks like that is safe; those of PostgreSQL have a parameter."""


def problem_of(settings: Urls) -> str | None:
    """Why TLS is required and not there, in one sentence."""
    for field in in_the_clear(settings):
        hint = HINTS.get(field, f"it has ?sslmode={WHOLE_CHECK}")
        return f"CAMPUS_{field.upper()} leads to another machine without TLS, which CAMPUS_REQUIRE_TLS asks for: {hint}"
    return None
