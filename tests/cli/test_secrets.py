"""No error says a secret; tests/cli/test_up.py looks at a running campus."""

from pathlib import Path

import pytest

from adapters.settings import Settings, SettingsError
from tests.support.campus_up import campus

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
