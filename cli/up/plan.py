"""
What a campus consists of: the servers that have no URL of their own, and the processes that live on them.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

from adapters.embedded import Nats, Postgres, Program, Secrets, Server, Valkey
from adapters.settings import PREFIX, Settings, SettingsError, refuse_unknown_variables

API = "api"
WORKERS = ("relay", "projector", "reactor")
CAMPUS = (sys.executable, "-P", "-m", "cli.main")  # -P: a folder called `api` where we were called is not ours


@dataclass(frozen=True)
class Plan:
    """Everything `campus up` runs, and the settings they share."""

    settings: Settings
    servers: tuple[Server, ...]

    @property
    def log_dir(self) -> Path:
        """One file per process."""
        return self.settings.data_dir / "log"

    def process(self, name: str) -> Program:
        """Return the API or a worker; both get on without the owner's password."""
        arguments = ("serve",) if name == API else ("worker", name)
        environment = {**variables(self.settings), f"{PREFIX}POSTGRES_OWNER_URL": ""}
        return Program(name, (*CAMPUS, *arguments), self.log_dir / f"{name}.log", environment, death_signal=SIGKILL)

    def once(self, command: str, *, in_terminal: bool = False) -> Program:
        """Return a `campus` command that runs to its end (`migrate`, `seed`)."""
        log = self.log_dir / f"{command}.log"
        return Program(command, (*CAMPUS, command), log, variables(self.settings), in_terminal=in_terminal)


def make_plan(data_dir: Path, name: str | None, port: int | None, environment: Mapping[str, str] = os.environ) -> Plan:
    """
    Decide what to embed: each server whose URL the *environment* does not give.

    Raises:
        SettingsError: a variable is unknown or wrong.
    """
    refuse_unknown_variables(environment)
    secrets = Secrets(data_dir)
    servers = tuple(make(data_dir, secrets) for url, make in EMBEDDABLE.items() if PREFIX + url not in environment)
    if PREFIX + "POSTGRES_URL" in environment and PREFIX + "POSTGRES_OWNER_URL" not in environment:
        raise SettingsError("with CAMPUS_POSTGRES_URL, CAMPUS_POSTGRES_OWNER_URL is needed too, for the migrations")
    values: dict[str, Any] = {"data_dir": data_dir}
    for server in servers:
        values |= server.settings()
    if PREFIX + "TOKEN_SECRET" not in environment:
        values["token_secret"] = secrets.password("token_secret")
    if name is not None:
        values["name"] = name
    if port is not None:
        values["api_port"] = port
    return Plan(Settings.load(**values), servers)


EMBEDDABLE = {"POSTGRES_URL": Postgres, "VALKEY_URL": Valkey, "NATS_URL": Nats}


def variables(settings: Settings) -> dict[str, str]:
    """Return *settings* as the environment of a child."""
    return {PREFIX + field.upper(): str(value) for field, value in settings.model_dump().items()}
