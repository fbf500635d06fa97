"""
The state file of a running campus, `DATA/run/instance.json`: how the other commands find it.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.embedded import NatsServer, Server
from adapters.embedded.secrets import write_private
from adapters.settings import Settings, instance_file


def write(settings: Settings, servers: tuple[Server, ...], pids: dict[str, int], started: datetime) -> None:
    """Write the state file; it holds passwords, so only its owner can read it."""
    health = {f"{server.name}_health": server.health_port for server in servers if isinstance(server, NatsServer)}
    state: dict[str, Any] = {
        "api": settings.api_url,
        "started_at": started.isoformat(),
        "pids": pids,
        "ports": {server.name: server.port for server in servers} | health | {"api": settings.api_port},
        "settings": settings.model_dump(mode="json"),
    }
    write_private(instance_file(settings.data_dir), json.dumps(state, indent=2))


def read(data_dir: Path) -> dict[str, Any]:
    """The state of the instance on *data_dir*; empty if none runs."""
    try:
        state: dict[str, Any] = json.loads(instance_file(data_dir).read_text())
    except FileNotFoundError:
        return {}
    return state


def forget(data_dir: Path) -> None:
    """Remove the state file: no instance runs."""
    instance_file(data_dir).unlink(missing_ok=True)
