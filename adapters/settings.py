"""
Settings: the one place where the environment is read.

A value comes from the first of: an argument, a `CAMPUS_…` variable or the file that `CAMPUS_…_FILE` names, the state
file of the running instance (`DATA/run/instance.json`, written by `campus up`), the default. A `CAMPUS_…` variable that
means nothing is an error, so that a typo cannot pass.
"""

import base64
import binascii
import difflib
import json
import os
import re
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from adapters.networks import networks_of
from adapters.oidc_settings import OidcProvider, oidc_providers
from adapters.secret_files import SUFFIX, UnreadableSetting, read_settings
from adapters.tls import check_certificate, is_loopback, with_authorities
from adapters.tls_required import problem_of
from commands.clock import Clock

PREFIX = "CAMPUS_"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # part of a schema's name (63 bytes at most) and of NATS subjects
MASTER_KEY_SIZE = 32  # bytes
DEFAULT_DATA_DIR = Path(".campus")
MOST_CLOCK_SHIFT = timedelta(days=36_525).total_seconds()  # a hundred years: every time that follows is still a date


class SettingsError(Exception):
    """What the environment says cannot be used; the message is one sentence for the operator."""


class Settings(BaseSettings):
    """Where the servers are, and who may do what there. URLs carry passwords, so they stay out of `repr`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = "demo"
    """The campus. Its PostgreSQL schema, NATS subjects and Valkey keys are named after it."""
    postgres_url: str = Field(repr=False)
    """Role `campus_app`: reads, appends through `append_events()`, writes read models."""
    postgres_owner_url: str = Field(default="", repr=False)
    """Role that owns the schema, for migrations only; the API and the workers are started without it."""
    postgres_analyst_url: str = Field(default="", repr=False)
    """Role of analysts, which reads the views of `analytics_schema` and nothing else; empty where there is none."""
    nats_url: str = Field(repr=False)
    """One server, or all of a cluster with commas between; those without a user have that of the first."""
    nats_replicas: int = Field(default=1, ge=1, le=5)
    """On how many servers of a cluster JetStream keeps each message."""
    valkey_url: str = Field(repr=False)
    ca_file: str = ""
    """Certificates of those who vouch for servers and instances where a URL asks for TLS; empty: the system's."""
    require_tls: bool = False
    """Refuse to start where what this process asks, or who asks it, is on another machine and there is no TLS."""
    tls_certificate_file: str = ""
    """The certificate of the port of the API or the gateway, and those between it and its authority, in PEM."""
    tls_key_file: str = ""
    """The private key of `tls_certificate_file`, in PEM; with both the port speaks TLS 1.3 only."""
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=1, le=65535)
    api_workers: int = Field(default=1, ge=1)
    """Processes that share the API's port."""
    api_streams: int = Field(default=10_000, ge=1)
    """Streams of events that one process holds, where it may open as many files; one more is refused (503)."""
    api_streams_per_user: int = Field(default=100, ge=1)
    """Streams of events that one process holds for one user."""
    api_origins: str = ""
    """Origins whose pages may use the API, with commas between, such as `https://campus.example`; `*` for all."""
    rate_per_user: int = Field(default=12_000, ge=0)
    """Requests that one user may send in a minute to one process of the API; 0: as many as they like."""
    rate_per_network: int = Field(default=60_000, ge=0)
    """Requests in a minute from one network (an IPv4 address, an IPv6 /64), but for this machine; 0: no limit."""
    sign_ins_per_network: int = Field(default=600, ge=0)
    """Attempts to sign in, register or confirm a password within five minutes from one network; 0: no limit."""
    orders_per_user: int = Field(default=300, ge=0)
    """Orders that one user may try to place within five minutes; 0: no limit."""
    access_log: Literal["none", "refused", "all"] = "refused"
    """Which requests get a line in the log: refusals and errors, all, or none."""
    token_secret: str = Field(default_factory=token_urlsafe, min_length=16, repr=False)
    """HMAC key of links, tickets and development tokens; a process without it has one that no other believes."""
    public_url: str = ""
    """Where browsers reach the API, such as `https://campus.example`; empty: at `api_url`, by the name `localhost`."""
    stripe_key: str = Field(default="", repr=False)
    """Secret key of Stripe (`sk_…` or `rk_…`); empty: `campus up` runs paysim, its stand-in."""
    stripe_api_base: str = ""
    """Where Stripe's API answers; empty: at Stripe. `campus up` sets it to paysim's."""
    stripe_webhook_secrets: str = Field(default="", repr=False)
    """Signing secrets of Stripe's webhook endpoint (`whsec_…`); two with a comma between while one is replaced."""
    reconcile_every: float = Field(default=3_600.0, ge=1)
    """Seconds from one reconciliation with the provider to the next; a minute where `campus up` runs paysim."""
    tax_rates: str = ""
    """Tax that prices include, in basis points by country, such as `DE=1900,AT=2000`; others have none."""
    proof_witnesses: str = ""
    """Witnesses that cosign what the notary signs: URLs with commas between, each with its keys after it or without."""
    proof_keys: str = Field(default="", repr=False)
    """Private keys of the notary, 32 bytes in base64, with commas between; empty: it keeps one in `data_dir`."""
    master_keys: str = Field(default="", repr=False)
    """Wrap the keys of persons: 32 bytes in base64 each, with commas between, the newest first; empty: no accounts."""
    oidc_providers: str = Field(default="", repr=False)
    """Providers by which people sign in, a JSON array or a file with one: docs/howto/sign-in-with-a-provider.md."""
    smtp_url: str = Field(default="", repr=False)
    """Where mails leave, `smtp://USER:PASSWORD@HOST:PORT` or `smtps://…`; empty: `campus up` runs an inbox."""
    mail_from: str = "Campuslog <no-reply@campus.invalid>"
    """Who writes the mails: an address, or a name and an address in angle brackets."""
    bounce_address: str = ""
    """Where mails come back to, such as `bounces@campus.example`, for `campus mail bounces`; empty: at the sender."""
    mails_per_minute: int = Field(default=0, ge=0)
    """Mails of notifications that go to the mail server within a minute, about; 0: as many as it takes."""
    password_words: str = ""
    """Words of which no password is made, with commas between: names of the school, its town, its courses."""
    webhook_hosts: str = ""
    """Hosts to which outgoing webhooks may go, with commas between, also to private addresses; empty: public ones."""
    trusted_proxies: str = ""
    """Networks of proxies that are believed from where a request comes (`X-Forwarded-For`), with commas between."""
    identity_key: str = Field(default="", repr=False)
    """Ed25519 key with which the gateway signs whom it has recognised: 32 bytes in base64; for the gateway only."""
    identity_public_keys: str = ""
    """Public keys of gateways, in base64 with commas between; a process that has none believes no gateway."""
    instance_url: str = ""
    """Where the gateway reaches this process, such as `http://10.0.0.7:8000`; empty: where it listens."""
    dev_login: bool = False
    """Whether `POST /v1/dev/login` gives a token of any user to all who reach the API; on loopback only."""
    data_dir: Path = DEFAULT_DATA_DIR
    """Everything that `campus up` keeps."""
    clock_shift: float = Field(default=0.0, ge=-MOST_CLOCK_SHIFT, le=MOST_CLOCK_SHIFT)
    """Seconds by which the campus's clock is ahead; for tests and rehearsals only. Offers and deadlines go by it."""
    background_niceness: int = Field(default=19, ge=0, le=19)
    """By how much a rebuild and the auditor give way to other processes; 0 when a rebuild is urgent."""
    log_level: Literal["debug", "info", "warning", "error", "critical"] = "info"

    def must_sign(self) -> None:
        """Raise SettingsError if this process has not been given the secret that it needs to sign or check tokens."""
        if "token_secret" not in self.model_fields_set:
            raise SettingsError("this process signs or checks links and tokens: set CAMPUS_TOKEN_SECRET")

    def clock(self) -> Clock:
        """A clock for this process."""
        return Clock(timedelta(seconds=self.clock_shift))

    @property
    def schema_name(self) -> str:
        """The PostgreSQL schema that holds this campus."""
        return f"campus_{self.name}"

    @property
    def read_schema(self) -> str:
        """The PostgreSQL schema that holds the rows of this campus's read models."""
        return f"{self.schema_name}_read"

    @property
    def analytics_schema(self) -> str:
        """The PostgreSQL schema that holds the views of this campus's analysts."""
        return f"{self.schema_name}_analytics"

    @property
    def nats_servers(self) -> list[str]:
        """The servers of `nats_url`, as the client wants them."""
        first, *others = self.nats_url.split(",")
        access = first[: first.rfind("@") + 1] or f"{urlsplit(first).scheme}://"
        return [first, *(each if "://" in each else access + each for each in others)]

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return f"{'https' if self.tls_certificate_file else 'http'}://{self.api_host}:{self.api_port}"

    @property
    def web_url(self) -> str:
        """Where browsers reach the API; on this machine at `localhost`, where they take a session without TLS, too."""
        scheme = self.api_url.partition(":")[0]
        here = f"{scheme}://localhost:{self.api_port}" if is_loopback(self.api_host) else self.api_url
        return (self.public_url or here).rstrip("/")

    @property
    def webhook_host_names(self) -> list[str]:
        """The hosts of `webhook_hosts`."""
        return [host.strip() for host in self.webhook_hosts.split(",") if host.strip()]

    @property
    def webhook_secrets(self) -> list[str]:
        """The secrets of `stripe_webhook_secrets`."""
        return [secret.strip() for secret in self.stripe_webhook_secrets.split(",") if secret.strip()]

    @property
    def providers(self) -> tuple[OidcProvider, ...]:
        """The providers of `oidc_providers`."""
        return oidc_providers(self.oidc_providers)

    @property
    def tax_table(self) -> dict[str, int]:
        """The rates of `tax_rates`, by country."""
        return rates_of(self.tax_rates)

    @field_validator("tax_rates")
    @classmethod
    def _rates_fit(cls, rates: str) -> str:
        rates_of(rates)
        return rates

    @field_validator("oidc_providers")
    @classmethod
    def _providers_fit(cls, providers: str) -> str:
        oidc_providers(providers)
        return providers

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url_fits(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("it is smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the beginning")
        return url

    @field_validator("mail_from")
    @classmethod
    def _mail_from_fits(cls, sender: str) -> str:
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+|[^<>\r\n]* <[^@\s<>]+@[^@\s<>]+>", sender):
            raise ValueError("it is an address, or `Name <address>`")
        return sender

    @field_validator("bounce_address")
    @classmethod
    def _bounce_address_fits(cls, address: str) -> str:
        if address and not re.fullmatch(r"[A-Za-z0-9._-]{1,24}@[A-Za-z0-9.-]+", address):
            raise ValueError("it is an address whose name has 1 to 24 letters, digits, dots, dashes or underscores")
        return address

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, networks: str) -> str:
        networks_of(networks)
        return networks

    @field_validator("master_keys", "identity_key", "identity_public_keys")
    @classmethod
    def _keys_fit(cls, keys: str) -> str:
        base64_keys(keys)
        return keys

    @model_validator(mode="before")
    @classmethod
    def _authorities_are_named(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Put `ca_file` into the URLs of PostgreSQL and Valkey, whose clients take it from there."""
        if values.get("token_secret") == "":  # as compose.yaml leaves it where none is needed
            values = {field: value for field, value in values.items() if field != "token_secret"}
        ca_file = str(values.get("ca_file") or "")
        if ca_file and not Path(ca_file).is_file():
            raise ValueError(f"CAMPUS_CA_FILE cannot be used: there is no file {ca_file}")
        urls = {field: url for field, url in values.items() if field.endswith("_url") and isinstance(url, str)}
        return values | {field: with_authorities(field, url, ca_file) for field, url in urls.items() if ca_file}

    @model_validator(mode="after")
    def _tls_is_asked_for(self) -> Self:
        """Refuse half a certificate, and a connection in the clear where the operator wants none."""
        try:
            check_certificate(self.tls_certificate_file, self.tls_key_file)
        except ValueError as error:
            raise ValueError(f"CAMPUS_TLS_CERTIFICATE_FILE and CAMPUS_TLS_KEY_FILE: {error}") from None
        if self.require_tls and (problem := problem_of(self)):
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _dev_login_stays_here(self) -> Self:
        """Refuse to hand out every user where other machines reach the API."""
        listens = (("CAMPUS_API_HOST", self.api_host), ("CAMPUS_PUBLIC_URL", urlsplit(self.public_url).hostname))
        for variable, host in listens if self.dev_login else ():
            if host and not is_loopback(host):
                raise ValueError(
                    f"the development login gives every token, also the admin's, to all who reach the API, and"
                    f" {variable} lets other machines reach it ({host}): set CAMPUS_DEV_LOGIN=false"
                )
        return self

    @field_validator("name")
    @classmethod
    def _name_fits(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError("a campus name is a lower-case letter, then up to 39 lower-case letters, digits or _")
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library calls with all of them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, files, the environment, the running instance; no dotenv file, no secrets directory."""
        from_files = InitSettingsSource(settings_cls, {**read_settings(PREFIX, cls.model_fields)})
        instance = InitSettingsSource(settings_cls, running_instance(init_settings()))
        return init_settings, from_files, env_settings, instance

    @classmethod
    def load(cls, data_dir: Path | None = None, **values: Any) -> Self:
        """
        Read the settings of this process.

        Raises:
            SettingsError: a variable is unknown, a value is wrong, a file cannot be read, or nothing says where the
                servers are.
        """
        fields_in_environment()
        if data_dir is not None:
            values["data_dir"] = data_dir
        try:
            return cls(**values)
        except ValidationError as error:
            raise SettingsError(_sentence(error, data_dir_of(values))) from error
        except UnreadableSetting as error:
            raise SettingsError(str(error)) from error


def fields_in_environment() -> set[str]:
    """
    Return the settings that the environment gives, or files that it names.

    Raises:
        SettingsError: a `CAMPUS_…` variable is none of them; the message has the nearest known name.
    """
    known = {PREFIX + field.upper(): field for field in Settings.model_fields}
    given = {variable.upper() for variable in os.environ if variable.upper().startswith(PREFIX)}
    from_files = {variable + SUFFIX: field for variable, field in known.items() if field != "data_dir"}
    for variable in sorted(given - known.keys() - from_files.keys()):
        near = difflib.get_close_matches(variable, [*known, *from_files], n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise SettingsError(f"unknown variable {variable} in the environment: {hint}")
    return {(known | from_files)[variable] for variable in given}


def instance_file(data_dir: Path) -> Path:
    """Where `campus up` writes down what it runs, for the other commands."""
    return data_dir / "run" / "instance.json"


def running_instance(values: dict[str, Any]) -> dict[str, Any]:
    """The settings which `campus up` left in its data directory; empty where there are none."""
    try:
        instance = json.loads(instance_file(data_dir_of(values)).read_text())
    except FileNotFoundError:
        return {}
    settings: dict[str, Any] = instance["settings"]
    return settings


def data_dir_of(values: dict[str, Any]) -> Path:
    """The data directory: as given, or that of the environment, or the usual one."""
    return Path(values.get("data_dir") or os.environ.get(f"{PREFIX}DATA_DIR") or DEFAULT_DATA_DIR)


def base64_keys(text: str) -> list[bytes]:
    """The keys of a list with commas between; raises ValueError if one is none."""
    try:
        keys = [base64.b64decode(part, validate=True) for part in text.replace(",", " ").split()]
    except binascii.Error:
        keys = [b""]
    if any(len(key) != MASTER_KEY_SIZE for key in keys):
        raise ValueError(f"a key is {MASTER_KEY_SIZE} random bytes in base64: make it with `openssl rand -base64 32`")
    return keys


def rates_of(text: str) -> dict[str, int]:
    """The rates of tax in basis points, by country, of `DE=1900,AT=2000`; raises ValueError if it is not like that."""
    rates: dict[str, int] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        if not (found := re.fullmatch(r"([A-Z]{2})=(\d{1,4})", part)):
            raise ValueError(f"{part!r} is no rate: write basis points by country, such as DE=1900,AT=2000")
        rates[found[1]] = int(found[2])
    return rates


def _sentence(error: ValidationError, data_dir: Path) -> str:
    """Say in one sentence what is wrong with the first bad setting."""
    first = error.errors()[0]
    said = str(first["msg"]).removeprefix("Value error, ")
    if not first["loc"]:  # of settings that do not go together
        return said
    field = str(first["loc"][0])
    variable = PREFIX + field.upper()
    if first["type"] == "missing":
        return (
            f"no running campus found in {data_dir.absolute()}: start one with `campus up` (or name its --data"
            f" directory), or set {variable}"
        )
    return f"{variable} cannot be used: {said}"
