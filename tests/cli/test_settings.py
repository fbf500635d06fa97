"""Settings: from arguments, the environment, a running instance; a typo is an error."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import Settings, SettingsError, fields_in_environment, instance_file
from cli.up.instance import write
from cli.up.plan import variables

URLS: dict[str, Any] = {"postgres_url": "postgresql://a", "nats_url": "nats://a", "valkey_url": "redis://a"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "sixteen bytes or more"


def test_an_unknown_variable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo cannot pass; the message names what was probably meant."""
    monkeypatch.setenv("CAMPUS_POSTGRES_ULR", "postgresql://somewhere")
    with pytest.raises(SettingsError, match=r"unknown variable CAMPUS_POSTGRES_ULR.*did you mean CAMPUS_POSTGRES_URL"):
        Settings.load(token_secret=SECRET, **URLS)


def test_nothing_running_and_nothing_set_says_what_to_do(tmp_path: Path) -> None:
    """Without any server the message says how to get one."""
    with pytest.raises(SettingsError, match="start one with `campus up`"):
        Settings.load(tmp_path)


def test_a_running_instance_is_found(tmp_path: Path) -> None:
    """What `campus up` has written down leads the other commands to it."""
    running = Settings(name="found", api_port=1234, token_secret=SECRET, data_dir=tmp_path, **URLS)
    write(running, (), {}, NOW)
    assert Settings.load(tmp_path) == running
    assert instance_file(tmp_path).stat().st_mode & 0o077 == 0


def test_the_environment_is_stronger_than_a_running_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set wins."""
    write(Settings(token_secret=SECRET, data_dir=tmp_path, **URLS), (), {}, NOW)
    monkeypatch.setenv("CAMPUS_VALKEY_URL", "redis://elsewhere")
    assert Settings.load(tmp_path).valkey_url == "redis://elsewhere"


@pytest.mark.parametrize("name", ["", "Demo", "a-b", "1st", "x" * 41])
def test_a_name_must_fit_schema_and_subject(name: str) -> None:
    """A campus's name is part of SQL and of NATS subjects."""
    with pytest.raises(SettingsError, match="CAMPUS_NAME cannot be used"):
        Settings.load(name=name, token_secret=SECRET, **URLS)


@pytest.mark.parametrize("shift", ["inf", "-inf", "nan", "1e300", "1e12", "-1e12"])
def test_a_clock_shift_that_leads_to_no_date(monkeypatch: pytest.MonkeyPatch, shift: str) -> None:
    """It is refused when the process starts, not when the first time is computed."""
    monkeypatch.setenv("CAMPUS_CLOCK_SHIFT", shift)
    with pytest.raises(SettingsError, match="CAMPUS_CLOCK_SHIFT cannot be used"):
        Settings.load(token_secret=SECRET, **URLS)


def test_a_clock_shift_of_a_century(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as it may be moved, the longest offer of a seat still ends on a date."""
    monkeypatch.setenv("CAMPUS_CLOCK_SHIFT", str(100 * 365 * 86_400))
    clock = Settings.load(token_secret=SECRET, **URLS).clock()
    assert clock.now() + timedelta(hours=8_760) > datetime.now(UTC) + timedelta(days=36_500)


def test_passwords_do_not_show() -> None:
    """Settings can be logged without giving anything away."""
    settings = Settings(token_secret=SECRET, **{**URLS, "postgres_url": "postgresql://u:hidden@h/d"})
    assert "hidden" not in repr(settings)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("other", "variable"),
    [
        ({"api_host": "0.0.0.0"}, "CAMPUS_API_HOST"),  # noqa: S104 - refused
        ({"api_host": "::"}, "CAMPUS_API_HOST"),
        ({"api_host": "localhost.campus.example"}, "CAMPUS_API_HOST"),
        ({"public_url": "https://campus.example"}, "CAMPUS_PUBLIC_URL"),
    ],
)
def test_the_development_login_stays_on_this_machine(other: dict[str, Any], variable: str) -> None:
    """It gives every token to all who reach the API: no process starts with it where these are other machines."""
    with pytest.raises(SettingsError, match=f"^the development login .*{variable} .*set CAMPUS_DEV_LOGIN=false$"):
        Settings.load(token_secret=SECRET, dev_login=True, **URLS, **other)
    assert not Settings.load(token_secret=SECRET, **URLS, **other).dev_login
    for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        assert Settings.load(token_secret=SECRET, dev_login=True, api_host=host, **URLS).dev_login


def test_a_setting_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As secrets of containers do; what `campus up` starts gets the value, and reads no file again."""
    secret = tmp_path / "token"
    secret.write_text(f"{SECRET}\n")
    monkeypatch.setenv("CAMPUS_TOKEN_SECRET_FILE", str(secret))
    monkeypatch.setenv("CAMPUS_TOKEN_SECRET", "")  # as compose.yaml sets what has no value
    monkeypatch.setenv("CAMPUS_CA_FILE", __file__)  # a setting itself
    settings = Settings.load(**URLS)
    assert settings.token_secret == SECRET
    assert fields_in_environment() >= {"token_secret", "ca_file"}
    given = variables(settings)
    assert (given["CAMPUS_TOKEN_SECRET"], given["CAMPUS_TOKEN_SECRET_FILE"]) == (SECRET, "")
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    assert Settings.load() == settings


def test_a_process_that_signs_nothing_needs_no_secret() -> None:
    """It has one of its own, which no other believes; one that signs refuses to start without the campus's."""
    without = [Settings.load(**URLS), Settings.load(token_secret="", **URLS)]
    assert len({each.token_secret for each in without}) == 2
    for each in without:
        assert len(each.token_secret) > 32
        with pytest.raises(SettingsError, match="set CAMPUS_TOKEN_SECRET"):
            each.must_sign()
    Settings.load(token_secret=SECRET, **URLS).must_sign()
    with pytest.raises(SettingsError, match="CAMPUS_TOKEN_SECRET cannot be used"):
        Settings.load(token_secret="short", **URLS)


def test_a_file_that_says_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the variable and the file, and not what the file says."""
    (tmp_path / "bytes").write_bytes(b"\xff secret")
    monkeypatch.setenv("CAMPUS_TOKEN_SECRET_FILE", str(tmp_path / "bytes"))
    with pytest.raises(SettingsError, match=r"^CAMPUS_TOKEN_SECRET_FILE cannot be read: UnicodeDecodeError, .*bytes$"):
        Settings.load(**URLS)
    monkeypatch.setenv("CAMPUS_TOKEN_SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="CAMPUS_TOKEN_SECRET_FILE cannot be read: FileNotFoundError"):
        Settings.load(**URLS)
    monkeypatch.setenv("CAMPUS_TOKEN_SECRET", SECRET)
    with pytest.raises(SettingsError, match="CAMPUS_TOKEN_SECRET and CAMPUS_TOKEN_SECRET_FILE are both set"):
        Settings.load(**URLS)
    monkeypatch.setenv("CAMPUS_TOKEN_SECERT_FILE", "x")
    with pytest.raises(SettingsError, match="did you mean CAMPUS_TOKEN_SECRET_FILE"):
        Settings.load(**URLS)
