"""`campus projections plan`, `rebuild`, `promote`, `rollback`, `drop`: from a changed rule to what is served."""

import asyncio
import json
from pathlib import Path

from adapters.postgres.queries.overview import Part, overview
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from projections.overview import Overview
from projections.registry import PROJECTIONS
from tests.support.campus_up import campus
from tests.support.projections_command import answer, done, execute, projections, refusal, small_campus, variables
from tests.support.workers import caught_up
from workers.rebuild.lock import rebuild_lock
from workers.support.session import open_session

NAMES = [projection.name for projection in PROJECTIONS]
VERSIONS = {projection.name: projection.version for projection in PROJECTIONS}


async def test_the_plan_says_what_a_rebuild_would_do(settings: Settings) -> None:
    """What it reads, by type and in which way, into how many segments, beside what, and what to type next."""
    async with small_campus(settings):
        code, plan = await answer(settings, "plan", "overview", "--workers", "3")
        assert code == 0
        assert (plan["head"], plan["facts"], plan["share"]) == (200, 200, 1.0)
        assert plan["by_type"]["progress.activity_recorded"] == 200
        assert plan["by_type"]["run.scheduled"] == 0
        assert (plan["reads_by"], plan["segments"], plan["workers"], plan["change"]) == ("pages", 4, 3, "none")
        assert plan["live"]["generation"] == 1
        assert plan["live"]["size_bytes"] > 0
        assert plan["sample"]["positions"] > 0
        assert plan["eta_seconds"] >= 0
        assert plan["unfinished"] == []
        commands = [f"campus projections {command} overview" for command in ("rebuild", "diff", "promote")]
        assert plan["next"] == commands
        code, few = await answer(settings, "plan", "catalog")
        assert (few["reads_by"], few["facts"], few["segments"]) == ("index", 0, 1)
        _, said, _ = await projections(settings, "plan", "learner_dashboard")
        assert "of Valkey's memory" in said


async def test_the_plan_knows_what_was_left_and_what_has_changed(settings: Settings) -> None:
    """A rebuild that was left is gone on with if the code is the same; a rule changed without a version is reported."""
    async with small_campus(settings):
        await done(settings, "rebuild", "overview")
        _, plan = await answer(settings, "plan", "overview")
        assert [(each["generation"], each["status"], each["resumable"]) for each in plan["unfinished"]] == [
            (2, "ready", True)
        ]
        assert plan["next"][0] == "campus projections diff overview"
        await execute(settings, "UPDATE projections SET status = 'building', step = 'bulk' WHERE generation = 2")
        _, said, _ = await projections(settings, "plan", "overview")
        assert "generation 2 was left at step bulk, by the same code: a rebuild goes on with it" in said
        await execute(settings, "UPDATE projections SET code = 'other'")
        _, said, _ = await projections(settings, "plan", "overview")
        flat = " ".join(said.split())
        assert "generation 2 (building), begun by other code: a rebuild throws it away" in flat
        assert f"the code is not that of generation 1, but its version is the same ({Overview.version})" in flat


async def test_a_rebuild_is_ready_beside_the_live_one(settings: Settings) -> None:
    """It says what came out and how fast; nothing that is served has moved; a second one goes on with it."""
    async with small_campus(settings):
        code, report = await answer(settings, "rebuild", "overview", "gradebook", "--workers", "2")
        assert code == 0
        assert sorted(each["projection"] for each in report["built"]) == ["gradebook", "overview"]
        for each in report["built"]:
            assert (each["generation"], each["version"], each["resumed"], each["position"]) == (
                2,
                VERSIONS[each["projection"]],
                False,
                202,  # with the facts that ask for it
            )
            assert len(each["digest"]) == 32
        assert report["facts"] == 202
        assert len(report["processes"]) == 2
        assert {"tables", "bulk", "catch_up", "write", "index", "digest"} == set(report["seconds"])
        yardsticks = report["yardsticks"]
        assert yardsticks["copy_per_second"] is None  # of so few facts it would say nothing
        assert yardsticks == {"copy_per_second": None, "copy_facts": 202, "of_copy": None}
        _, state = await answer(settings, "status", "overview")
        ready, live = sorted(state["projections"], key=lambda each: each["status"] == "live")
        assert (live["generation"], ready["generation"], ready["position"]) == (1, 2, 202)
        _, verdict = await answer(settings, "verify", "overview", "--generation", "2")
        assert verdict["ok"]
        built = {each["projection"]: each["digest"] for each in report["built"]}
        assert verdict["projections"][0]["digest_live"] == built["overview"]
        _, said, _ = await projections(settings, "rebuild", "overview")
        assert "overview: this continued an earlier rebuild by the same code" in " ".join(said.split())
        assert "only what came since was folded" in said
        _, again = await answer(settings, "rebuild", "overview", "--from-scratch")
        assert [(each["generation"], each["digest"]) for each in again["built"]] == [(3, built["overview"])]


async def test_all_read_models_are_rebuilt_in_one_pass(settings: Settings) -> None:
    """`--all` has a generation of each, and tells what to do with them."""
    async with small_campus(settings):
        code, said, progress = await projections(settings, "rebuild", "--all")
        assert code == 0, progress
        for name in NAMES:
            assert f"campus projections diff {name}" in said
            assert f"campus projections promote {name}" in said
        facts = 200 + len(NAMES)
        assert f"{facts:,} facts replayed at" in said
        assert "ProjectionRunner" not in said  # what was not measured here is not divided by
        assert f"bulk: {facts:,} facts" in progress


async def test_a_changed_rule_of_the_same_version_is_told(settings: Settings) -> None:
    """Before anything is built, since a projector would go on with the old rows by the new rule."""
    async with small_campus(settings):
        await execute(settings, "UPDATE projections SET code = 'other' WHERE name = 'overview'")
        code, _, remarks = await projections(settings, "rebuild", "overview")
        assert code == 0
        assert (
            f"overview: the code is not that of generation 1, but its version is the same ({Overview.version})"
            in remarks
        )


async def test_a_rebuild_reads_from_an_export_what_that_has(settings: Settings, tmp_path: Path) -> None:
    """And the rest from the log: the same rows come out."""
    async with small_campus(settings) as log:
        exported = await asyncio.to_thread(campus, "log", "export", str(tmp_path / "files"), env=variables(settings))
        assert exported.returncode == 0, exported.stderr
        await log.record_many(20)
        _, report = await answer(settings, "rebuild", "overview", "--from-export", str(tmp_path / "files"))
        assert report["built"][0]["position"] == 221
        _, verdict = await answer(settings, "verify", "overview", "--generation", "2")
        assert (verdict["ok"], verdict["projections"][0]["digest_live"]) == (True, report["built"][0]["digest"])
        next((tmp_path / "files").glob("*/*.parquet")).unlink()
        bad = ("--from-scratch", "--from-export", str(tmp_path / "files"))
        assert "is missing or damaged" in await refusal(settings, "rebuild", "overview", *bad)
        _, state = await answer(settings, "status", "overview")
        assert [(each["generation"], each["status"]) for each in state["projections"]] == [(1, "live"), (2, "ready")]


async def test_what_cannot_be_rebuilt_is_refused(settings: Settings) -> None:
    """Nothing named, both, no export there, another rebuild running."""
    assert "say which read models to rebuild, or --all" in await refusal(settings, "rebuild")
    assert "say which read models to rebuild, or --all" in await refusal(settings, "rebuild", "overview", "--all")
    assert "has no _manifest.parquet" in await refusal(settings, "rebuild", "overview", "--from-export", "/nowhere")
    async with (
        small_campus(settings),
        open_session(settings, "overview", "rebuild") as (connection, _),
        rebuild_lock(connection, settings, ["overview"], "rebuild"),
    ):
        for command in (("rebuild", "overview"), ("promote", "overview"), ("drop", "overview", "1")):
            assert "overview is busy with a rebuild by process" in await refusal(settings, *command)
        _, plan = await answer(settings, "plan", "overview")
        assert "overview is busy with a rebuild by process" in plan["busy"]
        assert plan["next"] == ["campus projections status overview --watch"]
        assert (await answer(settings, "plan", "gradebook"))[1]["busy"] is None


async def test_from_rebuild_to_promotion_and_back(settings: Settings) -> None:
    """Promote serves what was rebuilt, rollback what was served before, drop takes a generation that is not served."""
    async with small_campus(settings) as log:
        await done(settings, "rebuild", "overview")
        await log.record_many(40)
        code, switched = await answer(settings, "promote", "overview")
        assert code == 0
        assert (switched["projection"], switched["before"], switched["after"]) == ("overview", 1, 2)
        assert switched["position"] == 243  # that it was rebuilt are three facts
        assert 0 < switched["seconds"] < 10
        assert (await answer(settings, "verify", "overview"))[1]["projections"][0]["generation"] == 2
        code, said, _ = await projections(settings, "rollback", "overview")
        assert code == 0
        assert "overview: generation 1 is served, generation 2 was" in said
        assert "to undo this: campus projections rollback overview" in said
        assert (await answer(settings, "verify", "overview"))[1]["ok"]
        why = ("--reason", "counts too much", "--ticket", "HELP-7")
        assert await answer(settings, "drop", "overview", "2", *why) == (0, {"projection": "overview", "dropped": 2})
        dropped = (await log.log.stream("projection-overview"))[-1]
        assert (dropped.type, dropped.meta.role, dropped.meta.ticket) == (
            "projection.generation_dropped",
            "operator",
            "HELP-7",
        )
        _, state = await answer(settings, "status", "overview")
        assert [(each["generation"], each["status"]) for each in state["projections"]] == [(1, "live")]


async def test_a_switch_that_is_not_possible_is_refused(settings: Settings) -> None:
    """Each with what is wrong."""
    async with small_campus(settings):
        assert "no generation of overview is ready" in await refusal(settings, "promote", "overview")
        assert "overview has no generation 5: see `campus projections status overview`" in await refusal(
            settings, "promote", "overview", "--generation", "5"
        )
        assert "overview has no generation to go back to" in await refusal(settings, "rollback", "overview")
        assert "overview has no generation 5" in await refusal(settings, "drop", "overview", "5")
        assert "is the one that is served" in await refusal(settings, "drop", "overview", "1")


async def test_a_rollback_to_other_code_has_to_be_asked_for(settings: Settings) -> None:
    """
    What this code cannot bring up to date is served as it was only with `--as-it-was`.

    Its views have the columns and tables that there are; a promotion goes forward again.
    """
    async with small_campus(settings) as log:
        await execute(settings, "UPDATE projections SET version = 7 WHERE name = 'overview'")
        await execute(settings, f"ALTER TABLE {settings.read_schema}.overview_g1 DROP COLUMN first_people CASCADE")
        await execute(settings, f"DROP TABLE {settings.read_schema}.overview_runs_g1 CASCADE")
        await done(settings, "rebuild", "overview")
        await caught_up(settings, await log.log.head(), [Overview()])  # past the facts of the rebuild
        await done(settings, "promote", "overview")
        reader = Reader(settings)
        await reader.open()
        _, of_this_code = await overview(reader, Part())
        await log.record_many(20)
        assert "was built by version 7 of its code" in await refusal(settings, "rollback", "overview")
        code, switched = await answer(settings, "rollback", "overview", "--as-it-was")
        assert (code, switched["after"], switched["facts_behind"]) == (0, 1, 21)  # the promotion is a fact
        _, as_it_was = await overview(reader, Part())
        await reader.close()
        for before, after in zip(of_this_code[:3], as_it_was[:3], strict=True):  # campus, sources, runs
            assert json.loads(after) == json.loads(before)
        await done(settings, "promote", "overview", "--generation", "2")


def test_what_was_stopped_says_how_to_go_on(settings: Settings) -> None:
    """`--help` of every command has an example that can be typed."""
    for command in ("plan", "rebuild", "status", "verify", "diff", "try", "promote", "rollback", "drop", "repair"):
        helped = campus("projections", command, "--help", env=variables(settings)).stdout
        assert f"Example: campus projections {command}" in " ".join(helped.split()), command
