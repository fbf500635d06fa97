"""No secret is where others read: not in logs, command lines, errors, or in what a process has no use for."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import Settings, SettingsError
from cli.up.plan import SECRETS, SECRETS_OF
from tests.support.campus_up import RunningCampus, campus

CANARY = "canary4b0a7c"
AWAY = {
    "CAMPUS_POSTGRES_URL": f"postgresql://campus_app:{CANARY}1@127.0.0.1:1/campus",
    "CAMPUS_POSTGRES_OWNER_URL": f"postgresql://campus_migrator:{CANARY}2@127.0.0.1:1/campus",
    "CAMPUS_POSTGRES_ANALYST_URL": f"postgresql://campus_analyst:{CANARY}3@127.0.0.1:1/campus",
    "CAMPUS_NATS_URL": f"nats://campus:{CANARY}4@127.0.0.1:1",
    "CAMPUS_VALKEY_URL": f"redis://:{CANARY}5@127.0.0.1:1/0",
    "CAMPUS_TOKEN_SECRET": f"{CANARY}6-long-enough",
    "CAMPUS_STRIPE_KEY": f"sk_test_{CANARY}7",
    "CAMPUS_STRIPE_API_BASE": "http://127.0.0.1:1",
    "CAMPUS_SMTP_URL": f"smtp://a:{CANARY}8@127.0.0.1:1",
}
"""Servers that are away, with secrets that are found wherever they come out."""


def secrets_of(running: RunningCampus) -> dict[str, str]:
    """Every secret of a campus, by name."""
    kept: dict[str, Any] = json.loads((running.data_dir / "run" / "secrets.json").read_text())
    return {name: value for name, value in kept.items() if isinstance(value, str)}


def test_a_running_campus_says_no_secret(running: RunningCampus) -> None:
    """In its logs, on command lines, in what it prints, and in what the commands print that look at it."""
    shown = {f"log of {log.name}": log.read_text(errors="replace") for log in (running.data_dir / "log").iterdir()}
    shown |= {f"arguments of {name}": Path(f"/proc/{pid}/cmdline").read_text() for name, pid in running.pids.items()}
    shown["output"] = running.said
    for command in (("doctor", "--json"), ("status", "--json"), ("projections", "status"), ("privileges",)):
        done = campus(*command, "--data", str(running.data_dir))
        shown[" ".join(command)] = done.stdout + done.stderr
    secrets = secrets_of(running)
    assert len(secrets) > 20
    assert {
        (name, where) for where, text in shown.items() for name, secret in secrets.items() if secret in text
    } == set()


def test_a_process_has_the_secrets_that_it_uses(running: RunningCampus) -> None:
    """Each process its own password of each server, and none of another's."""
    passwords = {name: secret for name, secret in secrets_of(running).items() if name not in ("token_secret", "paysim")}
    for process in ("api", "relay", "projector", "reactor", "dispatcher", "auditor"):
        environment = Path(f"/proc/{running.pid(process)}/environ").read_text().split("\0")
        values = dict(each.partition("=")[::2] for each in environment)
        held = {name for name, secret in passwords.items() if any(secret in value for value in values.values())}
        others = {"master_key"} if "MASTER_KEYS" in SECRETS_OF.get(process, ()) else set()
        assert held - others <= {f"campus_{process}", f"nats_{process}", f"valkey_{process}"}, process
        assert f"campus_{process}" in held
        kept = [each for each in SECRETS if values[f"CAMPUS_{each}"] and each not in SECRETS_OF.get(process, ())]
        assert kept == [], process


@pytest.mark.processes
@pytest.mark.parametrize(
    "command",
    [("doctor",), ("migrate",), ("status",), ("worker", "relay", "--check"), ("log", "tail"), ("privileges",)],
    ids=" ".join,
)
def test_an_error_says_no_secret(command: tuple[str, ...], tmp_path: Path) -> None:
    """Where servers are away."""
    done = campus(*command, env={**AWAY, "CAMPUS_DATA_DIR": str(tmp_path)})
    assert done.returncode != 0
    assert CANARY not in done.stdout + done.stderr


@pytest.mark.parametrize("field", [name for name, each in Settings.model_fields.items() if not each.repr])
def test_a_setting_that_is_refused_is_not_shown(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the sentence nor in the error behind it, which a traceback would show."""
    for variable, value in AWAY.items():
        monkeypatch.setenv(variable, value)
    good = Settings.load()
    assert CANARY not in repr(good)
    monkeypatch.setenv("CAMPUS_NAME", CANARY.upper())  # what is wrong, beside all secrets
    if field == "token_secret":
        monkeypatch.setenv("CAMPUS_TOKEN_SECRET", CANARY[-8:])
    elif not field.endswith("_url"):
        monkeypatch.setenv(f"CAMPUS_{field.upper()}", f"{CANARY[-8:]}!")
    with pytest.raises(SettingsError) as refused:
        Settings.load()
    said = f"{refused.value} {refused.value.__cause__}"
    assert CANARY[-8:] not in said.replace(CANARY.upper(), "")
