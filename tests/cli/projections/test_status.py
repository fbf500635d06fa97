"""`campus projections list` and `status`: what there is, how far it is, who works on it."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import pytest

from adapters.settings import Settings
from projections.catalog import Catalog
from projections.gradebook import Gradebook
from projections.overview import Overview
from projections.registry import PROJECTIONS
from tests.support.campus_up import CAMPUS, campus, environment
from tests.support.polling import guard
from tests.support.projections_command import answer, execute, projections, refusal, small_campus, variables
from tests.support.workers import writer

NAMES = [projection.name for projection in PROJECTIONS]


async def test_the_list_says_what_there_is_and_what_is_served(settings: Settings) -> None:
    """Every read model, in the order for people; changed code shows, with and without version."""
    code, before = await answer(settings, "list")
    assert (code, [each["name"] for each in before["projections"]]) == (0, NAMES)
    assert all(each["live"] is None and each["change"] is None for each in before["projections"])
    async with small_campus(settings):
        await execute(settings, "UPDATE projections SET code = 'other' WHERE name = 'gradebook'")
        await execute(settings, "UPDATE projections SET code = 'other', version = 700 WHERE name = 'catalog'")
        _, after = await answer(settings, "list")
        found = {each["name"]: each for each in after["projections"]}
        assert found["overview"]["live"] | {"code": ""} == {"generation": 1, "version": Overview.version, "code": ""}
        assert found["overview"]["tables"] == ["overview", "overview_people", "overview_runs"]
        assert "progress.activity_recorded" in found["overview"]["reads"]
        assert found["overview"]["description"] == "Counts of each run, and who is on which."
        changes = {name: found[name]["change"] for name in ("overview", "gradebook", "catalog")}
        assert changes == {"overview": "none", "gradebook": "code", "catalog": "both"}
        _, said, _ = await projections(settings, "list")
        assert f"{Catalog.version}; live is generation 1 of version 700" in said
        assert f"{Gradebook.version}; live is generation 1, by other code of the same version" in said


async def test_the_status_accounts_for_every_fact(settings: Settings) -> None:
    """Every generation is at the head, and what was applied, ignored, parked and skipped adds up to the log."""
    async with small_campus(settings):
        code, state = await answer(settings, "status")
        assert code == 0
        assert sorted(each["name"] for each in state["projections"]) == sorted(NAMES)
        assert "segments" not in state
        for each in state["projections"]:
            assert (each["position"], each["lag_events"], each["lag_seconds"], each["parked"]) == (200, 0, 0.0, 0)
            assert each["heartbeat_seconds"] < 3
            assert each["notes"] == []
            account = each["account"]
            assert (account["events"], account["adds_up"]) == (200, True)
            assert account["applied"] + account["ignored"] == 200
        _, said, _ = await projections(settings, "status")
        assert said.count("adds up") == len(NAMES)
        assert "projector seen" in said


async def test_the_status_of_one_names_the_owners(settings: Settings) -> None:
    """Each segment with its position, its epoch, its counts and the process that has it."""
    async with small_campus(settings):
        _, state = await answer(settings, "status", "overview")
        assert [each["name"] for each in state["projections"]] == ["overview"]
        segments = state["segments"]
        assert [each["segment"] for each in segments] == [0, 1, 2, 3]
        assert all(each["position"] == 200 and each["epoch"] >= 1 and each["adds_up"] for each in segments)
        assert {each["owner"].rpartition(":")[2] for each in segments} == {str(os.getpid())}
        _, said, _ = await projections(settings, "status", "overview")
        assert said.count(f":{os.getpid()}") == 4
        _, everything = await answer(settings, "status", "--segments")
        assert len(everything["segments"]) == sum(projection.segments for projection in PROJECTIONS)


async def test_an_account_that_does_not_add_up_is_told(settings: Settings) -> None:
    """A fact that was counted twice shows as a difference."""
    async with small_campus(settings):
        await execute(
            settings, "UPDATE segments SET applied = applied + 3 WHERE projection = 'overview' AND segment = 1"
        )
        _, state = await answer(settings, "status", "overview")
        assert state["projections"][0]["account"]["adds_up"] is False
        _, said, _ = await projections(settings, "status", "overview")
        assert "+3 of 200 facts" in said


async def test_what_stands_still_because_of_its_version_says_what_to_do(settings: Settings) -> None:
    """The code has another version than what is served: rebuild and promote."""
    async with small_campus(settings):
        await execute(settings, "UPDATE projections SET version = 7 WHERE name = 'overview'")
        _, said, _ = await projections(settings, "status", "overview")
        flat = " ".join(said.split())
        assert "overview: generation 1 is followed by a projector that was started with version 7 of the code" in flat
        assert "`campus projections rebuild overview` and `campus projections promote overview`" in flat
        await projections(settings, "rebuild", "overview")
        _, said, _ = await projections(settings, "status", "overview")
        assert "`campus projections diff overview` and `campus projections promote overview`" in " ".join(said.split())
    await execute(settings, "UPDATE segments SET owner = NULL")
    _, said, _ = await projections(settings, "status", "overview")
    flat = " ".join(said.split())
    assert f"since version 7 of the code built it; the code on disk is version {Overview.version}" in flat


async def test_watching_prints_what_changes_until_it_is_interrupted(settings: Settings) -> None:
    """Without a terminal: a line for each generation, again when it has moved; Ctrl-C is no failure."""
    async with small_campus(settings) as log:
        process = await asyncio.create_subprocess_exec(
            *CAMPUS,
            *("projections", "status", "overview", "--watch"),
            env=environment(variables(settings)),
            stdout=asyncio.subprocess.PIPE,
            stderr=sys.stderr,
        )
        assert process.stdout is not None
        async with guard():
            assert b"overview 1 live: position 200, lag 0 facts" in await process.stdout.readline()
            await log.record_many(20)
            while b"position 220, lag 0 facts" not in await process.stdout.readline():
                pass
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0


async def test_watching_as_json_gives_an_object_a_line(settings: Settings) -> None:
    """For scripts: everything, every second."""
    process = await asyncio.create_subprocess_exec(
        *CAMPUS,
        *("projections", "status", "--watch", "--json"),
        env=environment(variables(settings)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with guard():
        assert json.loads(await process.stdout.readline()) == {"projections": []}
        assert json.loads(await process.stdout.readline()) == {"projections": []}
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0


async def test_every_command_knows_the_names(settings: Settings) -> None:
    """A wrong name is answered with those that there are."""
    there_are = "no read model is called grades; there are catalog, learner_dashboard"
    for command in ("plan", "rebuild", "status", "verify", "diff", "promote", "rollback", "parked"):
        assert there_are in await refusal(settings, command, "grades"), command
    assert there_are in await refusal(settings, "drop", "grades", "1")
    assert there_are in await refusal(settings, "repair", "grades", "--key", "ann")


async def test_a_campus_without_a_projector_says_so(settings: Settings) -> None:
    """Nothing was ever built: there is nothing to show, and nothing to verify."""
    async with writer(settings) as log:
        await log.record_many(20)
    assert "no projector is running" in (await projections(settings, "status"))[1]
    assert "the read model overview has not been built yet: is a projector running?" in await refusal(
        settings, "verify", "overview"
    )


@pytest.mark.slow
async def test_doctor_names_what_stands_still_because_of_its_version(settings: Settings) -> None:
    """With what to do; as long as a projector follows it, nothing is wrong."""
    async with small_campus(settings):
        assert (await versions(settings))["detail"] == "all served in the version of this code"
        await execute(settings, "UPDATE projections SET version = 7 WHERE name = 'overview'")
        followed = await versions(settings)
        assert (followed["ok"], followed["detail"]) == (
            True,
            "overview served in another version than this code's, and followed",
        )
    await execute(settings, "UPDATE segments SET owner = NULL")
    standing = await versions(settings)
    assert standing["ok"] is False
    assert standing["detail"] == "overview stands still, built by another version of the code"
    assert "`campus projections rebuild overview`" in standing["hint"]


async def versions(settings: Settings) -> dict[str, Any]:
    """What `campus doctor` finds about versions."""
    examined = await asyncio.to_thread(campus, "doctor", "--json", env=variables(settings))
    checks = {check["name"]: check for check in json.loads(examined.stdout)["checks"]}
    found: dict[str, Any] = checks["versions"]
    return found
