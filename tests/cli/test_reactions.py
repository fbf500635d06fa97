"""`campus reactions`: what should have followed from a fact and did not; tried again or dismissed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.postgres.connection import connect
from adapters.postgres.ops import failed_reactions
from adapters.postgres.ops.failed_reactions import Selection
from adapters.settings import Settings
from cli.console import Failure
from cli.doctor import examine
from cli.operator import Justification
from cli.reactions import commands
from commands.enrollment import ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.quiz import SubmitAttempt
from tests.support.campus_up import campus as call
from tests.support.polling import until
from tests.support.projections_command import variables
from tests.support.reactors import Campus, small_campus


@pytest.fixture
async def campus(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Campus]:
    """Nothing is tried again because time has passed."""
    monkeypatch.setattr(failed_reactions, "FIRST_PAUSE", 3_000)
    async with small_campus(settings) as campus:
        yield campus


async def reactions(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """Exit code, answer and remarks of `campus reactions …`."""
    done = await asyncio.to_thread(call, "reactions", *arguments, env=variables(settings))
    return done.returncode, done.stdout, done.stderr


async def answer(settings: Settings, *arguments: str) -> tuple[int, Any]:
    """Exit code and JSON of `campus reactions … --json`."""
    code, out, err = await reactions(settings, *arguments, "--json")
    assert out, err
    return code, json.loads(out)


async def refused(campus: Campus) -> None:
    """Ada has left when her attempt is graded (it can pass); bob's has too many answers (it cannot)."""
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    await campus.do(WithdrawEnrollment("ada", "small", "ill"))
    await campus.do(RequestEnrollment("bob", "small"))
    await campus.hand_in_too_much("bob")


async def finding(settings: Settings) -> dict[str, Any]:
    """What doctor says about reactions."""
    return next(each for each in await examine(settings) if each["name"] == "reactions")


async def test_what_failed_is_listed_by_cause(campus: Campus) -> None:
    """With fact, key, cause, tries and the next try, for people and as JSON; `--key` and `--reaction` select."""
    settings = campus.settings
    assert await answer(settings, "failed") == (0, {"failed": []})
    assert (await reactions(settings, "failed"))[1].strip() == "no reaction waits"
    await refused(campus)
    async with campus.reacting():
        await campus.settled()
    code, listed = await answer(settings, "failed")
    found = {row["key"]: row for row in listed["failed"]}
    assert (code, set(found)) == (0, {"ada", "bob"})
    assert (found["ada"]["code"], found["ada"]["waits_for"]) == ("no_access", "enrollment-ada:small")
    assert (found["bob"]["code"], found["bob"]["next_try_at"], found["bob"]["attempts"]) == (
        "answer_count_mismatch",
        None,
        1,
    )
    assert [row["key"] for row in (await answer(settings, "failed", "--key", "bob"))[1]["failed"]] == ["bob"]
    only = (await answer(settings, "failed", "--reaction", "complete_passed_unit"))[1]["failed"]
    assert [row["key"] for row in only] == ["ada"]
    _, shown, _ = await reactions(settings, "failed")
    assert "complete_passed_unit, no_access: 1 reaction" in shown
    assert "or when enrollment-ada:small changes" in shown
    assert "when retried" in shown


async def test_doctor_names_what_waits(campus: Campus) -> None:
    """What can pass is named and no fault; what cannot is, with what to type."""
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    await campus.do(WithdrawEnrollment("ada", "small", "ill"))
    async with campus.reacting():
        await campus.settled()
        found = await finding(campus.settings)
        assert found["ok"]
        assert "1 reaction refused for now" in found["detail"]
        assert "complete_passed_unit of ada (no_access: " in found["detail"]
    await campus.do(RequestEnrollment("bob", "small"))
    await campus.hand_in_too_much("bob")
    async with campus.reacting():
        await campus.settled()
        found = await finding(campus.settings)
    assert not found["ok"]
    assert found["detail"].startswith("1 reaction not carried out: grade_by_key of bob (answer_count_mismatch: ")
    assert found["detail"].endswith("; 1 reaction refused for now")
    assert "`campus reactions failed`" in found["hint"]


async def test_a_retry_waits_until_the_reactor_has_tried(campus: Campus) -> None:
    """Exit code 1 while it is refused; 0 once it is carried out."""
    settings = campus.settings
    await refused(campus)
    async with campus.reacting():
        await campus.settled()
        code, left = await answer(settings, "retry", "--all")
        assert (code, left["ok"]) == (1, False)
        assert {row["key"]: row["attempts"] for row in left["failed"]} == {"ada": 2, "bob": 2}
        await campus.do(WithdrawEnrollment("bob", "small", "moved"), ReactivateEnrollment("ada", "small"))
        await until_gone(settings, "ada")
        err = (await reactions(settings, "retry", "--key", "ada"))[2]
        assert "no reaction of this selection waits; 1 other does, such as grade_by_key of bob" in err


async def until_gone(settings: Settings, key: str) -> None:
    """Wait until nothing of *key* waits."""

    async def is_gone() -> bool:
        async with await connect(settings, application="test") as connection:
            return not await failed_reactions.listed(connection, Selection(key=key))

    await until(is_gone)


async def test_a_dismissed_reaction_keeps_its_reason(campus: Campus) -> None:
    """It leaves the list, stands in `dismissed` with who, when and why, and `retry --position` opens it again."""
    settings = campus.settings
    await refused(campus)
    async with campus.reacting():
        await campus.settled()
        code, report = await answer(settings, "dismiss", "--key", "bob", "--reason", "graded on paper")
        (row,) = report["dismissed"]
        assert (code, row["state"], row["reason"]) == (0, "dismissed", "graded on paper")
        assert "@" in row["settled_by"]
        assert [each["key"] for each in (await answer(settings, "failed"))[1]["failed"]] == ["ada"]
        assert (await answer(settings, "dismissed"))[1]["dismissed"] == [row]
        assert "graded on paper" in (await reactions(settings, "dismissed"))[1]
        code, left = await answer(settings, "retry", "--position", str(row["position"]))
        assert (code, [each["state"] for each in left["failed"]]) == (1, ["waiting"])


async def test_what_is_meant_has_to_be_said(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A selection, a reason, and a reactor that is there; each refusal says what to type."""
    settings = campus.settings
    assert "type --key, --reaction, --position, or --all" in (await reactions(settings, "retry"))[2]
    assert "--all contradicts" in (await reactions(settings, "retry", "--all", "--key", "ada"))[2]
    assert "--reason" in (await reactions(settings, "dismiss", "--all"))[2]
    assert "type --reason TEXT" in (await reactions(settings, "dismiss", "--all", "--reason", " "))[2]
    for arguments in (("failed", "--key", "\udcff"), ("dismiss", "--all", "--reason", " \udcff ")):
        assert "'\\udcff' on the command line is no text in UTF-8" in (await reactions(settings, *arguments))[2]
    assert "no reaction waits" in (await reactions(settings, "retry", "--all"))[2]
    assert "no reaction waits" in (await reactions(settings, "dismiss", "--all", "--reason", "x"))[2]
    await refused(campus)
    async with campus.reacting():
        await campus.settled()
    monkeypatch.setattr(commands, "PATIENCE", 0.3)
    with pytest.raises(Failure, match="start one with `campus worker reactor`"):
        await commands._retry(settings, Selection(), Justification())
