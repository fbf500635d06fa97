"""
What `campus up` runs: an embedded server for each URL that is not set, paysim if no key of Stripe is, a witness if none
is set, an inbox if no mail server is, the API and the workers.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

from adapters.embedded import NatsServer, PostgresServer, Program, Secrets, Server, ValkeyServer
from adapters.secret_files import SUFFIX, variables_of_files
from adapters.settings import PREFIX, Settings, SettingsError, fields_in_environment
from adapters.tls import is_loopback
from cli.up.inbox import InboxServer
from cli.up.paysim import PaysimServer
from cli.up.witness import WitnessServer

API = "api"
WORKERS = ("relay", "projector", "reactor", "dispatcher", "auditor")
GUESTS = {"relay": ("notary",)}
"""Workers in the process of another one: a process more would take a second of every start and 90 MB."""
CAMPUS = (sys.executable, "-P", "-m", "cli.main")  # -P: do not import a folder `api` of the current directory
NOT_FOR_CHILDREN = ("POSTGRES_OWNER_URL",)
SECRETS = (
    "POSTGRES_ANALYST_URL",
    "TOKEN_SECRET",
    "MASTER_KEYS",
    "STRIPE_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "SMTP_URL",
    "OIDC_PROVIDERS",
    "PROOF_KEYS",
    "IDENTITY_KEY",
)
SECRETS_OF = {
    API: (
        *("POSTGRES_ANALYST_URL", "TOKEN_SECRET", "MASTER_KEYS"),
        *("STRIPE_WEBHOOK_SECRETS", "SMTP_URL", "OIDC_PROVIDERS"),
    ),
    "relay": ("PROOF_KEYS",),
    "reactor": ("MASTER_KEYS",),
    "dispatcher": ("TOKEN_SECRET", "MASTER_KEYS", "STRIPE_KEY", "SMTP_URL"),
}
"""Which of the secrets a process uses, besides its passwords; the others are kept from it."""
EMBEDDABLE = {"postgres_url": PostgresServer, "valkey_url": ValkeyServer, "nats_url": NatsServer}


@dataclass(frozen=True)
class Plan:
    """Everything `campus up` runs, and the settings they share."""

    settings: Settings
    servers: tuple[Server, ...]

    @property
    def log_dir(self) -> Path:
        """The directory of the logs, one file per process."""
        return self.settings.data_dir / "log"

    def process(self, name: str) -> Program:
        """The API or a worker; each gets the passwords of its own roles, and the secrets that it uses."""
        arguments = ("serve",) if name == API else ("worker", name, *GUESTS.get(name, ()))
        kept = (*NOT_FOR_CHILDREN, *(each for each in SECRETS if each not in SECRETS_OF.get(name, ())))
        environment = {**variables(self.settings), **{f"{PREFIX}{each}": "" for each in kept}}
        for server in self.servers:
            if isinstance(server, PostgresServer | ValkeyServer | NatsServer):
                environment |= {PREFIX + field.upper(): value for field, value in server.settings_of(name).items()}
        return Program(name, (*CAMPUS, *arguments), self.log_dir / f"{name}.log", environment, death_signal=SIGKILL)

    def once(self, command: str, *options: str, in_terminal: bool = False) -> Program:
        """A `campus` command that runs to its end (`migrate`, `seed`)."""
        log = self.log_dir / f"{command}.log"
        return Program(command, (*CAMPUS, command, *options), log, variables(self.settings), in_terminal=in_terminal)


def make_plan(data_dir: Path, name: str | None, port: int | None) -> Plan:
    """
    Decide which servers to embed: those whose URL is not in the environment, and paysim if no key of Stripe is.

    Raises:
        SettingsError: a variable is unknown, wrong or missing.
    """
    given = fields_in_environment()
    if "postgres_url" in given and "postgres_owner_url" not in given:
        raise SettingsError(
            "CAMPUS_POSTGRES_URL is set without CAMPUS_POSTGRES_OWNER_URL, which the migrations need: set both"
        )
    secrets = Secrets(data_dir)
    servers: tuple[Server, ...] = tuple(make(data_dir, secrets) for url, make in EMBEDDABLE.items() if url not in given)
    paysim = PaysimServer(data_dir, secrets) if "stripe_key" not in given else None
    servers += () if paysim is None else (paysim,)
    witness = WitnessServer(data_dir, secrets) if "proof_witnesses" not in given else None
    servers += () if witness is None else (witness,)
    servers += (InboxServer(secrets),) if "smtp_url" not in given else ()
    values: dict[str, Any] = {"data_dir": data_dir}
    for server in servers:
        values |= server.settings()
    if "token_secret" not in given:
        values["token_secret"] = secrets.password("token_secret")
    if "master_keys" not in given:
        values["master_keys"] = secrets.key("master_key")
    options = {"name": name, "api_port": port}
    values |= {option: value for option, value in options.items() if value is not None}
    settings = Settings.load(**values)
    if settings.tls_certificate_file and (paysim or witness):
        raise SettingsError(
            "paysim and the witness, which `campus up` starts, ask the API over HTTP: take CAMPUS_TLS_CERTIFICATE_FILE"
            " out, or set CAMPUS_STRIPE_KEY and CAMPUS_PROOF_WITNESSES"
        )
    if "dev_login" not in given:  # never where other machines reach the API
        here = is_loopback(settings.api_host) and not settings.public_url
        settings = settings.model_copy(update={"dev_login": here})
    if paysim is not None:
        paysim.sell_through(settings)
    if witness is not None:
        witness.look_at(settings)
    return Plan(settings, servers)


def variables(settings: Settings) -> dict[str, str]:
    """*settings* as the environment of a child; files that name some of them are read already."""
    values = {PREFIX + field.upper(): str(value) for field, value in settings.model_dump().items()}
    return {f"{variable}{SUFFIX}": "" for variable in variables_of_files(PREFIX)} | values
