"""`campus admin`: the first admin, and roles, from the command line."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import PREFIX, Settings
from cli.operator import operator
from tests.support.api import workers
from tests.support.appends import opened, query
from tests.support.campus_up import CAMPUS, campus, environment
from tests.support.people import Browser, town
from tests.support.polling import PATIENCE, until
from tests.support.projections_command import variables
from workers.dispatching import bulk_jobs

ADA, BOB = "ada@example.org", "bob@example.org"
PASSWORD = "eleven blue kites"


async def said(settings: Settings, *arguments: str, typed: str | None = None) -> tuple[int, str, str]:
    """Exit code, answer and remarks of `campus admin …`, with what is typed in."""
    env = {**variables(settings), f"{PREFIX}MASTER_KEYS": settings.master_keys}
    if typed is None:
        done = await asyncio.to_thread(campus, "admin", *arguments, env=env)
    else:
        command = [*CAMPUS, "admin", *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, input=typed, capture_output=True, text=True, check=False, timeout=PATIENCE,
            env=environment(env),
        )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


async def answer(settings: Settings, *arguments: str, typed: str | None = None) -> Any:
    """The JSON of `campus admin … --json`, which succeeds."""
    code, out, err = await said(settings, *arguments, "--json", typed=typed)
    assert code == 0, err
    return json.loads(out)


@pytest.mark.processes
async def test_the_first_admin_is_made_on_the_machine(settings: Settings) -> None:
    """By a password that is typed in, which is shown nowhere; without one, nothing happens. The person can sign in."""
    for typed, why in (("", "standard input"), ("short one\n", "characters"), ("eleven kite\n", "12 characters")):
        code, out, err = await said(settings, "create", ADA, typed=typed)
        assert (code, out) == (1, ""), err
        assert why in err
    assert await query(settings, "SELECT count(*) FROM events") == [(0,)]
    made = await answer(settings, "create", ADA, "--ticket", "HELP-1", typed=f"{PASSWORD}\n")
    assert (made["had_account"], made["link"]) == (False, None)
    again = await answer(settings, "create", ADA)
    assert again == {**made, "had_account": True}, "a person with an account keeps the password"
    async with opened(settings) as log:
        facts = await log.history(made["learner_id"])
    assert [fact.type for fact in facts] == [
        "user.registered", "credentials.password_set", "user.email_verified", "role.granted",
    ]  # fmt: skip
    assert {(fact.meta.actor, fact.meta.source) for fact in facts} == {(operator(), "cli")}
    assert PASSWORD not in str(facts)
    for filters in (["--ticket", "HELP-1"], ["--about", ADA], ["--actor", operator()]):
        acts = (await answer(settings, "audit", *filters))["acts"]
        assert [(each["action"], each["role"]) for each in acts] == [(fact.type, "operator") for fact in facts[::-1]]
    code, _, err = await said(settings, "remove-factors", ADA, "--reason", "has shown the passport")
    assert (code, "set CAMPUS_SMTP_URL" in err) == (1, True), "the mailbox has to be proved, too"
    code, _, err = await said(settings, "create", ADA, "--ticket", "ask Ada")
    assert (code, "HELP-123" in err) == (1, True), err
    async with town(settings) as there:
        browser = Browser(there.client)
        assert (await browser.post("/auth/login", {"email": ADA, "password": PASSWORD})).status_code == 200
        await query(settings, "UPDATE sessions SET factor_at = now()")
        wrong = {"learner_id": "x", "role": "instructor", "scope": "run:none", "reason": "x"}
        assert (await browser.post("/roles/grant", wrong)).json()["code"] == "run_not_found"


async def test_an_admin_chooses_the_password_by_a_link(settings: Settings) -> None:
    """The link is printed, and completes the registration as that of a mail does."""
    code, out, err = await said(settings, "create", "nonsense")
    assert (code, out) == (1, "")
    assert "no e-mail address" in err
    made = await answer(settings, "create", ADA, "--link")
    assert "/welcome#" in made["link"]
    async with town(settings) as there:
        browser = Browser(there.client)
        body = {"token": made["link"].partition("#")[2], "password": PASSWORD, "display_name": "Ada"}
        assert (await browser.post("/auth/complete", body)).json()["learner_id"] == made["learner_id"]
        assert (await browser.post("/roles/grant", {"role": "admin"})).json()["code"] == "second_factor_needed"


async def test_roles_are_granted_revoked_and_listed(settings: Settings) -> None:
    """By id or address, with a reason; the last admin stays one."""
    ada = await answer(settings, "create", ADA, typed=f"{PASSWORD}\n")
    bob = await answer(settings, "create", BOB, "--link")
    code, _, err = await said(settings, "roles", "grant", "zoe@example.org", "auditor", "--reason", "audits")
    assert code == 1
    assert "no account has the address" in err
    for arguments, why in (
        ((ADA, "root", "--reason", "x"), "no role"),
        ((ADA, "assistant", "--reason", "x"), "but for run:ID"),
        ((ADA, "auditor", "--reason", " "), "a reason has"),
        ((ADA, "instructor", "--scope", "run:none", "--reason", "x"), "there is no course run none"),
        ((ADA, "auditor", "--reason", "x", "--until", "2020-01-01"), "it is past"),
    ):
        code, _, err = await said(settings, "roles", "grant", *arguments)
        assert code == 1
        assert why in err
    with workers(settings):
        await answer(settings, "roles", "grant", ADA, "auditor", "--reason", "audits", "--until", "2126-01-01")

        async def listed(count: int) -> bool:
            try:
                roles = (await answer(settings, "roles", "list"))["roles"]
            except AssertionError:
                return False
            return len(roles) == count

        await until(lambda: listed(3))
        (audits,) = [
            each
            for each in (await answer(settings, "roles", "list", "--person", ADA))["roles"]
            if each["role"] == "auditor"
        ]
        assert (audits["until"], audits["granted_by"]) == ("2126-01-01T00:00:00Z", operator())
        await answer(settings, "roles", "revoke", bob["learner_id"], "admin", "--reason", "leaves")
        await until(lambda: listed(2))
        code, _, err = await said(settings, "roles", "revoke", ADA, "admin", "--reason", "leaves")
    assert code == 1
    assert f"{ada['learner_id']} is the only admin" in err


@pytest.mark.processes
async def test_many_at_once_from_a_file(settings: Settings, tmp_path: Path) -> None:
    """A dry run, the start with a dispatcher, the report, and a setting that the operator changes."""
    file = tmp_path / "class.csv"
    file.write_text("learner_id,run_id\nann,nowhere\n,x\n")
    prepared = await answer(settings, "bulk", "prepare", "enroll", str(file))
    assert ["nowhere" in prepared["lines"][0]["problem"], prepared["lines"][1]["problem"]] == [
        True,
        "learner_id is missing",
    ]
    stop = asyncio.Event()
    async with opened(settings) as log:
        carrying_out = asyncio.create_task(bulk_jobs.keep_carrying_out(log, stop))
        code, out, err = await said(
            settings, "bulk", "start", prepared["job_id"], "--reason", "a class", "--ticket", "HELP-3", "--json"
        )
        stop.set()
        await carrying_out
    assert (code, json.loads(out)["refused"]) == (1, 2), err
    report = await answer(settings, "bulk", "report", prepared["job_id"])
    assert [each["outcome"] for each in report["items"]] == ["refused", "refused"]
    assert [each["status"] for each in (await answer(settings, "bulk", "list"))["jobs"]] == ["ended"]
    await answer(settings, "settings", "change", "campus_name", "Academy", "--reason", "it is its name")
    names = {each["name"]: each["value"] for each in (await answer(settings, "settings", "show"))["settings"]}
    assert names["campus_name"] == "Academy"
    code, _, err = await said(settings, "settings", "change", "colour", "red", "--reason", "x")
    assert (code, "no setting is called colour" in err) == (1, True)
    await answer(settings, "settings", "change", "tickets", "required", "--reason", "from now on")
    code, _, err = await said(settings, "bulk", "stop", prepared["job_id"])
    assert (code, "type --ticket" in err) == (1, True), err
    ticket = ("--ticket", "HELP-4")
    await answer(settings, "settings", "change", "reasons", "required", "--reason", "from now on", *ticket)
    code, _, err = await said(settings, "bulk", "stop", prepared["job_id"], *ticket)
    assert (code, "type --reason" in err) == (1, True), err
    await answer(settings, "bulk", "stop", prepared["job_id"], *ticket, "--reason", "is not needed")
    assert len((await answer(settings, "bulk", "list"))["jobs"]) == 1, "who looks at something is asked for none"


@pytest.mark.processes
async def test_programs_of_other_systems_are_let_in_from_the_machine(settings: Settings) -> None:
    """Registered with the role of a service; a secret is printed once, and removed; each with a reason."""
    client, why = "service-reports", ("--reason", "asked for by IT")
    await answer(settings, "clients", "register", client, "Reports", *why)
    added = await answer(settings, "clients", "add", client, "--days", "30", *why)
    assert added["secret"].startswith("campus_client_")
    shown = await answer(settings, "clients", "show", client)
    assert [each["credential_id"] for each in shown["credentials"]] == [added["credential_id"]]
    await answer(settings, "clients", "remove", client, added["credential_id"], *why)
    assert await query(settings, "SELECT count(*) FROM client_secrets") == [(0,)]
    await answer(settings, "clients", "end", client, *why)
    types = await query(settings, "SELECT type FROM events ORDER BY position")
    assert [kind for (kind,) in types] == [
        "client.registered", "role.granted", "client.credential_added", "client.credential_removed", "client.ended",
    ]  # fmt: skip
    for wrong, says in (
        (("clients", "add", client, *why), "has ended"),
        (("clients", "register", "reports", "Reports", *why), "service-"),
        (("clients", "register", "service-a", "A", "--scope", "all", *why), "scopes of read and write"),
        (("clients", "show", "service-b"), "there is no client"),
    ):
        code, _, err = await said(settings, *wrong)
        assert (code, says in err) == (1, True), err
