"""`campus account`: people are invited from a file, and one takes what is held."""

import asyncio
import json
from pathlib import Path

import pytest

from adapters.command_bus.bus import Bus
from adapters.settings import PREFIX, Settings
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.user import RegisterAccount
from tests.support.appends import opened, query
from tests.support.campus_up import campus
from tests.support.usecases import AT, COURSE, LASTING, LONG

pytestmark = pytest.mark.processes

FIELDS = ("name", "postgres_url", "postgres_owner_url", "valkey_url", "nats_url", "token_secret", "master_keys")


def environment(settings: Settings) -> dict[str, str]:
    """What leads a command to the campus, whose mail server is away."""
    env = {PREFIX + field.upper(): str(getattr(settings, field)) for field in FIELDS}
    return {**env, "CAMPUS_SMTP_URL": "smtp://127.0.0.1:1"}


async def test_people_are_invited_from_a_file(settings: Settings, tmp_path: Path) -> None:
    """A line that is wrong is named with exit code 1; the mended file does the rest, and nothing twice."""
    env, file = environment(settings), tmp_path / "people.csv"
    async with opened(settings) as log:
        for command in (*COURSE, *LASTING):
            await Bus(log).handle(command, Context("admin", AT))
    file.write_text(f"email,run_id\nada@example.org,{LONG}\nbob@example,\n")

    async def invite(*arguments: str) -> tuple[int, dict[str, object]]:
        done = await asyncio.to_thread(campus, "account", "invite", *arguments, "--json", env=env)
        return done.returncode, json.loads(done.stdout)

    code, dry = await invite(str(file), "--dry-run")
    assert (code, dry["invited"], dry["enrolled"]) == (1, 1, 1)
    assert dry["refused"] == [
        {"line": 3, "field": "email", "problem": "has to be an e-mail address, such as ada@example.org"}
    ]
    assert await query(settings, "SELECT count(*) FROM events WHERE type = 'user.invited'") == [(0,)]
    assert (await invite(str(file)))[0] == 1
    file.write_text(file.read_text().replace("bob@example,", "bob@example.org,"))
    assert await invite(str(file)) == (
        0,
        {"dry_run": False, "invited": 1, "known": 1, "enrolled": 1, "refused": []},
    )
    assert await query(settings, "SELECT count(*) FROM events WHERE type = 'user.invited'") == [(2,)]
    assert await query(settings, "SELECT count(*) FROM events WHERE type = 'record.viewed'") == [(1,)]
    file.write_bytes(b"email\n\xff@example.org\n")
    refused = await asyncio.to_thread(campus, "account", "invite", str(file), env=env)
    assert refused.returncode == 1
    assert "line 2: not UTF-8" in refused.stderr


async def test_what_is_held_about_a_person_is_written_to_a_file(settings: Settings, tmp_path: Path) -> None:
    """As JSON and as a page, with names in clear; that it was taken is a look at the record."""
    env = environment(settings)
    async with opened(settings) as log:
        for command in (
            *(*COURSE, *LASTING, RegisterAccount("ann", "ann@example.org"), RequestEnrollment("ann", LONG)),
            WithdrawEnrollment("ann", LONG, "my mother is ill"),
        ):
            await Bus(log).handle(command, Context("ann", AT))
    for options, name in (((), "a.json"), (("--html",), "a.html")):
        arguments = ("account", "export", "ann", *options, "--out", str(tmp_path / name), "--reason", "a letter")
        done = await asyncio.to_thread(campus, *arguments, env=env)
        assert done.returncode == 0, done.stderr
        text = (tmp_path / name).read_text()
        assert "ann@example.org" in text
        assert "my mother is ill" in text
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    found = json.loads((tmp_path / "a.json").read_text())
    looks = [each for each in found["facts"] if each["type"] == "record.viewed"]
    assert [(each["data"]["what"], each["data"]["reason"]) for each in looks] == [("campus account export", "a letter")]
    nothing = await asyncio.to_thread(campus, "account", "export", "zoe", "--out", str(tmp_path / "z"), env=env)
    assert (nothing.returncode, "nothing is recorded about zoe" in nothing.stderr) == (1, True)


async def test_a_person_is_erased_on_the_machine(settings: Settings) -> None:
    """By the operator, also one without an account; not one of whom nothing is known, and not without a ground."""
    env = environment(settings)
    async with opened(settings) as log:
        for command in (*COURSE, *LASTING, RequestEnrollment("28400", LONG)):
            await Bus(log).handle(command, Context("import", AT))
    for arguments, says in (
        (("28401", "--ground", "asked"), "there is no account 28401"),
        (("28400", "--ground", "so"), "there are own_wish, asked,"),
    ):
        refused = await asyncio.to_thread(campus, "account", "erase", *arguments, env=env)
        assert (refused.returncode, says in refused.stderr) == (1, True), refused.stderr
    done = await asyncio.to_thread(campus, "account", "erase", "28400", "--ground", "asked", "--json", env=env)
    assert done.returncode == 0, done.stderr
    async with opened(settings) as log:
        (fact,) = await log.stream("user-28400")
        assert (fact.type, fact.data, fact.meta.source) == ("user.erasure_requested", {"ground": "asked"}, "cli")
        assert fact.position == json.loads(done.stdout)["position"]


async def test_keys_are_wrapped_by_a_new_master_key(settings: Settings) -> None:
    """Which stands in front of the old one; without the old one the command says which is missing."""
    async with opened(settings) as log:
        await log.keys.writing("user-ann")
    old, new = settings.master_keys, "bmV3LWZvci10aGUtdGVzdHMtb2YtY2FtcHVzbG9nISE="
    env = {**environment(settings), "CAMPUS_MASTER_KEYS": new}
    missing = await asyncio.to_thread(campus, "account", "rewrap-keys", env=env)
    assert missing.returncode == 1
    assert "is not in CAMPUS_MASTER_KEYS" in missing.stderr
    done = await asyncio.to_thread(campus, "account", "rewrap-keys", env={**env, "CAMPUS_MASTER_KEYS": f"{new},{old}"})
    assert (done.returncode, "1 keys wrapped" in done.stdout + done.stderr) == (0, True), done.stderr
