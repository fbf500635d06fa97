"""
What `CAMPUS_REQUIRE_TLS` refuses: a URL that leads to another machine without TLS, and a port that other machines reach
in the clear. What a URL looks like that asks for TLS: adapters/tls.py.
"""

from collections.abc import Iterator
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from adapters.tls import WHOLE_CHECK, is_far_in_the_clear, is_loopback


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

    @property
    def api_host(self) -> str:
        """Where the API or the gateway listens."""
        ...

    @property
    def instance_url(self) -> str:
        """Where gateways reach this process; empty: where it listens."""
        ...

    @property
    def proof_witnesses(self) -> str:
        """The URLs of witnesses, and their keys."""
        ...

    @property
    def tls_certificate_file(self) -> str:
        """The certificate of the port."""
        ...


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
    if any(is_far_in_the_clear(word) for word in settings.proof_witnesses.replace(",", " ").split()):
        yield "proof_witnesses"
    if is_far_in_the_clear(settings.instance_url):
        yield "instance_url"
    if not is_loopback(settings.api_host) and not settings.tls_certificate_file:
        yield "api_host"


def _is_postgres_safe(url: str) -> bool:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    hosts = [each.rpartition("@")[2].rsplit(":", 1)[0] for each in parts.netloc.split(",")] + query.get("host", [])
    far = [host for host in hosts if host and not is_loopback(host) and not host.startswith("/")]
    return not url or not far or query.get("sslmode") == [WHOLE_CHECK]


HINTS = {
    "nats_url": "it begins with tls://",
    "valkey_url": "it begins with rediss://",
    "proof_witnesses": "each begins with https://",
    "instance_url": "it begins with https://",
    "api_host": "set CAMPUS_TLS_CERTIFICATE_FILE and CAMPUS_TLS_KEY_FILE",
}
"""What is safe in the place of each; URLs of PostgreSQL have a parameter."""


def problem_of(settings: Urls) -> str | None:
    """Why TLS is required and not there, in one sentence."""
    for field in in_the_clear(settings):
        hint = HINTS.get(field, f"it has ?sslmode={WHOLE_CHECK}")
        leads = "lets other machines in" if field == "api_host" else "leads to another machine"
        return f"CAMPUS_{field.upper()} {leads} without TLS, which CAMPUS_REQUIRE_TLS asks for: {hint}"
    return None
