"""The settings of one process: its own roles in the servers, as `campus up` gives them to it."""

from urllib.parse import urlsplit, urlunsplit

from adapters.embedded.nats import OPERATOR as NATS_OPERATOR
from adapters.embedded.nats import USERS as NATS_USERS
from adapters.embedded.postgres import OPERATOR, ROLE_OF
from adapters.embedded.valkey import USERS as VALKEY_USERS
from adapters.settings import Settings
from tests.support.servers import kept_passwords


def as_process(settings: Settings, process: str) -> Settings:
    """*settings* with the rights of a process, where they have those of the operator; at the same addresses."""
    passwords = kept_passwords()
    role = ROLE_OF[process]
    urls = {"postgres_url": _as(settings.postgres_url, OPERATOR, role, passwords[role])}
    for name, operator, users in (("nats", NATS_OPERATOR, NATS_USERS), ("valkey", "", VALKEY_USERS)):
        url = getattr(settings, f"{name}_url")
        used = process in users
        urls[f"{name}_url"] = _as(url, operator, process, passwords[f"{name}_{process}"]) if used else ""
    return settings.model_copy(update=urls)


def _as(url: str, operator: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    if parts.username != operator:
        return url
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"))
